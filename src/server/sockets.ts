/**
 * What a server is given as a connection.
 *
 * @module
 */
import { describe } from "../protocol/describe.ts";
import type { Transport } from "../transport/transport.ts";
import { type WebSocketLike, webSocketTransport } from "../transport/web_socket.ts";

/** The transport of a socket, or of what is one. @throws {TypeError} when it is neither. */
export function transportOf(socket: Transport | WebSocketLike): Transport {
  const members = Object(socket) as object;
  if ("bind" in members) return socket as Transport;
  if ("addEventListener" in members) return webSocketTransport(socket as WebSocketLike);
  if ("cork" in members) {
    throw new TypeError('Cannot accept a socket of Bun.serve: use upgrade() and websocket() of "@foxwire/foxwire/bun"');
  }
  throw new TypeError(`Cannot accept ${describe(socket)}: need a WebSocket or a Transport`);
}
