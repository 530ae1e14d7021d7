/*
 * The limit of loopback: a server that writes ready-made frames and does nothing else. It takes the flags of server.ts
 * (`--hwm` has no meaning here: a blocking write is its backpressure); `--k` is how many messages go into one write.
 */
#define _GNU_SOURCE
#include "native.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#define MAX_FRAME_HEADER 10

struct client {
  int fd;
  uint32_t subscription;
  /* `per_write` ready-made frames of `frame_bytes` each. */
  uint8_t *frames;
};

static volatile sig_atomic_t terminated;
static size_t payload_bytes, per_write, frame_bytes, frame_header;

/* ---- SHA-1 and base64, for the handshake alone ---- */

static uint32_t rotate(uint32_t x, int bits) { return x << bits | x >> (32 - bits); }

static void sha1_block(uint32_t h[5], const uint8_t *block) {
  uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
  for (int i = 0; i < 16; i++) {
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
           block[4 * i + 3];
  }
  for (int i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  for (int i = 0; i < 80; i++) {
    uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                 : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                 : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                          : (b ^ c ^ d) + 0xca62c1d6;
    uint32_t next = rotate(a, 5) + f + e + w[i];
    e = d, d = c, c = rotate(b, 30), b = a, a = next;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

/* Of texts of at most 119 bytes: two blocks. */
static void sha1(const char *text, uint8_t digest[20]) {
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  uint8_t blocks[128] = {0};
  size_t length = strlen(text), total = length < 56 ? 64 : 128;
  memcpy(blocks, text, length);
  blocks[length] = 0x80;
  blocks[total - 2] = (uint8_t)(length * 8 >> 8);
  blocks[total - 1] = (uint8_t)(length * 8);
  for (size_t at = 0; at < total; at += 64) sha1_block(h, blocks + at);
  for (int i = 0; i < 20; i++) digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static void base64_digest(const uint8_t digest[20], char text[29]) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < 7; i++) {
    uint32_t last = i < 6 ? digest[3 * i + 2] : 0;
    uint32_t three = (uint32_t)digest[3 * i] << 16 | (uint32_t)digest[3 * i + 1] << 8 | last;
    for (int j = 0; j < 4; j++) text[4 * i + j] = letters[three >> (18 - 6 * j) & 63];
  }
  text[27] = '=';
  text[28] = '\0';
}

static void accept_key(const char *key, char answer[29]) {
  char text[120];
  uint8_t digest[20];
  snprintf(text, sizeof text, "%.64s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
  sha1(text, digest);
  base64_digest(digest, answer);
}

/* ---- Just enough of the protocol ---- */

static void shake_hands(int fd) {
  char head[4096], key[128], offered[1024], answer[29], response[2048];
  if (read_head(fd, head, sizeof head) == 0) die("Client hung up during the handshake");
  if (!header_value(head, "Sec-WebSocket-Key", key, sizeof key) ||
      !header_value(head, "Sec-WebSocket-Protocol", offered, sizeof offered)) {
    die("Client sent no key or no subprotocol");
  }
  accept_key(key, answer);
  offered[strcspn(offered, ", ")] = '\0';
  int length = snprintf(response, sizeof response,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
                        answer, offered);
  write_all(fd, response, (size_t)length);
}

static void send_text(int fd, const char *text) {
  uint8_t frame[4 + 256] = {0x81, 126};
  size_t length = strlen(text);
  frame[3] = (uint8_t)length;
  memcpy(frame + 4, text, length);
  write_all(fd, frame, 4 + length);
}

static bool read_exactly(int fd, uint8_t *bytes, size_t length) {
  return recv(fd, bytes, length, MSG_WAITALL) == (ssize_t)length;
}

/* The id in the client's first message, which can only be a subscribe. */
static uint32_t read_subscription(int fd) {
  uint8_t header[2], mask[4];
  char text[126] = {0};
  if (!read_exactly(fd, header, 2) || (header[1] & 127) > 125) die("Client sent no short message");
  size_t length = header[1] & 127;
  if (!read_exactly(fd, mask, 4) || !read_exactly(fd, (uint8_t *)text, length)) die("Client hung up");
  for (size_t i = 0; i < length; i++) text[i] ^= (char)mask[i & 3];
  const char *id = strstr(text, "\"id\":");
  if (id == NULL) die("Client did not subscribe: %s", text);
  return (uint32_t)strtoul(id + 5, NULL, 10);
}

static size_t write_frame_header(uint8_t *frame, size_t length) {
  size_t extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
  frame[0] = 0x82;
  frame[1] = extended == 0 ? (uint8_t)length : extended == 2 ? 126 : 127;
  for (size_t i = 0; i < extended; i++) frame[2 + i] = (uint8_t)(length >> (8 * (extended - 1 - i)));
  return 2 + extended;
}

static void make_frames(struct client *client) {
  uint8_t header[MAX_FRAME_HEADER];
  frame_header = write_frame_header(header, MESSAGE_HEADER + payload_bytes);
  frame_bytes = frame_header + MESSAGE_HEADER + payload_bytes;
  client->frames = calloc(per_write, frame_bytes);
  for (size_t i = 0; i < per_write; i++) {
    uint8_t *frame = client->frames + i * frame_bytes;
    memcpy(frame, header, frame_header);
    frame[frame_header] = 1;
    memcpy(frame + frame_header + 1, &client->subscription, sizeof client->subscription);
  }
}

static void welcome(struct client *client, int listener) {
  int on = 1;
  client->fd = accept(listener, NULL, NULL);
  if (client->fd < 0) die("Cannot accept a client");
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  shake_hands(client->fd);
  send_text(client->fd, "{\"op\":\"serverInfo\",\"name\":\"limit\",\"capabilities\":[]}");
  /* The members of both advertise forms: each parser takes its own and ignores the rest. */
  send_text(client->fd, "{\"op\":\"advertise\",\"channels\":[{\"id\":1,\"topic\":\"/t\",\"encoding\":\"raw\","
                        "\"schemaName\":\"\",\"schema\":\"\"}]}");
}

/* Clients may all connect before the first of them subscribes. */
static struct client *welcome_all(int listener, int count) {
  struct client *clients = calloc((size_t)count, sizeof *clients);
  for (int i = 0; i < count; i++) welcome(&clients[i], listener);
  for (int i = 0; i < count; i++) {
    clients[i].subscription = read_subscription(clients[i].fd);
    make_frames(&clients[i]);
  }
  return clients;
}

/* ---- Sending ---- */

static void on_terminate(int signal) {
  (void)signal;
  terminated = 1;
}

static void stamp(struct client *client) {
  uint64_t now = now_ns();
  for (size_t i = 0; i < per_write; i++) {
    memcpy(client->frames + i * frame_bytes + frame_header + MESSAGE_HEADER, &now, sizeof now);
  }
}

/* Writes one batch to each client; false when one has gone. */
static bool send_batch(struct client *clients, int count, bool stamped) {
  for (int i = 0; i < count; i++) {
    if (stamped) stamp(&clients[i]);
    if (!write_all(clients[i].fd, clients[i].frames, per_write * frame_bytes)) return false;
  }
  return true;
}

static unsigned long long send_until(uint64_t end, struct client *clients, int count, double rate) {
  unsigned long long published = 0;
  uint64_t start = now_ns();
  for (uint64_t now = start; now < end && !terminated; now = now_ns()) {
    /* The rated run turns like an event loop that has something else to do: it does not sleep. */
    if (rate > 0 && (double)published > (double)(now - start) / 1e9 * rate) continue;
    if (!send_batch(clients, count, rate > 0)) break;
    published += per_write;
  }
  return published;
}

static void say_goodbye(struct client *client) {
  static const uint8_t going_away[] = {0x88, 2, 1001 >> 8, 1001 & 255};
  uint8_t rest[256];
  write_all(client->fd, going_away, sizeof going_away);
  shutdown(client->fd, SHUT_WR);
  while (read(client->fd, rest, sizeof rest) > 0) continue;
  close(client->fd);
}

static int listen_on(int *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 128) != 0) {
    die("Cannot listen on port %d", *port);
  }
  getsockname(fd, (struct sockaddr *)&address, &length);
  *port = ntohs(address.sin_port);
  return fd;
}

int main(int argc, char **argv) {
  (void)argc;
  int port = (int)number(argv, "--port", 0), count = (int)number(argv, "--clients", 1);
  double rate = number(argv, "--rate", 0), life = number(argv, "--life", 0);
  payload_bytes = (size_t)number(argv, "--size", 100);
  per_write = (size_t)number(argv, "--k", 1);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, on_terminate);

  int listener = listen_on(&port);
  uint64_t end = life > 0 ? now_ns() + (uint64_t)(life * 1e9) : UINT64_MAX;
  printf("Listening on ws://127.0.0.1:%d\n", port);
  fflush(stdout);

  struct client *clients = welcome_all(listener, count);
  unsigned long long published = send_until(end, clients, count, rate);
  for (int i = 0; i < count; i++) say_goodbye(&clients[i]);
  printf("{\"published\":%llu,\"dropped\":0}\n", published);
  return 0;
}
