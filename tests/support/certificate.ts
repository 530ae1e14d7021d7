/**
 * A certificate for localhost and 127.0.0.1 that signs itself, and its key: for tests alone, nothing trusts it. Valid for
 * a hundred years. Made by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500
 * -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1`.
 */
export const TEST_CERTIFICATE = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUIQwDXdgLD1EerVUmD9Vf5btcalswCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjIwMzY1NloYDzIxMjYxMDI5
MjAzNjU2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAR4W3o3kNZjO8C37bn45+ei6CZyjBgG+2ilotZr44wVetSiZonqvKGR
jNfno9r4zRaMjSpzqIfvJG8wHjpeyZi6o28wbTAdBgNVHQ4EFgQUSNKEZiD5+L+J
j0SSoai4zr4yA1YwHwYDVR0jBBgwFoAUSNKEZiD5+L+Jj0SSoai4zr4yA1YwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhALXuNlsmT7wtFviZ8QyNbDuuLgBnIuv3NQq+STH2fX7XAiEA
0ok/ZBc7kfTUEbGKPnarE859RxrROwIRoGzkPChJj6c=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwZTw0jbefdzB7CT6
elONMeYucnKECAa7/lqMWv411AGhRANCAAR4W3o3kNZjO8C37bn45+ei6CZyjBgG
+2ilotZr44wVetSiZonqvKGRjNfno9r4zRaMjSpzqIfvJG8wHjpeyZi6
-----END PRIVATE KEY-----
`,
};
