/**
 * Certificates of `serve()`.
 *
 * @module
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { errorMessage, FoxgloveError } from "../util/errors.ts";
import type { TlsOptions } from "./adapter.ts";

/**
 * Throws unless certificate and key are ones and belong together. Deno would find out only when a client connects, and
 * Bun does not say which of them is wrong.
 */
export function checkTls({ cert, key }: TlsOptions): void {
  const certificate = parse("certificate", () => new X509Certificate(cert));
  const privateKey = parse("key", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new FoxgloveError("Cannot use tls: the key does not belong to the certificate", { code: "tls" });
  }
}

function parse<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const message = `Cannot use tls: the ${what} is not the text of a PEM file: ${errorMessage(error)}`;
    throw new FoxgloveError(message, { code: "tls", cause: error });
  }
}
