/**
 * Requests of node:http as the handshake sees them, and answers to those that become no connection.
 *
 * @module
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Admission, UpgradeRequest } from "../server/handshake.ts";
import { utf8Length } from "../util/bytes.ts";
import type { Refusal } from "./adapter.ts";

/** A request, as the handshake sees it. */
export function upgradeRequest({ method = "", url = "", headers, socket }: IncomingMessage): UpgradeRequest {
  return {
    method,
    url,
    headers: { get: (name) => headers[name.toLowerCase()]?.toString() ?? null },
    address: socket.remoteAddress,
  };
}

/** Answers a request that node:http has not taken for an upgrade. */
export function answer(response: ServerResponse, admission: Admission): void {
  // node:http gives upgrades to their own listener, so that nothing that comes here can be accepted.
  if (admission.accepted) return void response.destroy();
  response.writeHead(admission.status, answerHeaders(admission)).end(admission.body);
}

/** Answers on a socket that has left node:http. */
export function refuse(socket: Duplex, refusal: Refusal): void {
  const { status, body } = refusal;
  const headers = Object.entries({ Connection: "close", ...answerHeaders(refusal) });
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  socket.once("finish", () => socket.destroy());
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

function answerHeaders({ headers, body }: Refusal): Record<string, string | number> {
  return { "Content-Type": "text/plain; charset=utf-8", "Content-Length": utf8Length(body), ...headers };
}
