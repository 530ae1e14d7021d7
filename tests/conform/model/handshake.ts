/** The opening handshake of the model (RFC 6455, section 4; subprotocols as the published specification has them). */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Faults } from "./faults.ts";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The subprotocols of the model, best first. */
export const PROTOCOLS = ["foxglove.sdk.v1.1", "foxglove.sdk.v1", "foxglove.websocket.v1"] as const;

/** Which of them a connection speaks. */
export type Protocol = typeof PROTOCOLS[number];

/** What is answered to a request. */
export interface Answer {
  /** Of a request that becomes a connection. */
  protocol?: Protocol;
  bytes: string;
}

interface Request {
  method: string;
  path: string;
  /** By name in lower case; repeated ones joined by a comma. */
  headers: Map<string, string>;
}

/** Answers a request. @param head From the first line to the empty one. */
export function handshake(head: string, faults: Faults): Answer {
  const request = readRequest(head, faults);
  const refusal = refuse(request, faults);
  if (refusal !== undefined) return { bytes: refusal };
  const offer = request.headers.get("sec-websocket-protocol");
  const protocol = select(offer, faults);
  if (protocol === undefined) {
    return {
      bytes: refused(400, `No common subprotocol: offered ${offer}, supported ${PROTOCOLS.join(", ")}`, faults),
    };
  }
  return { protocol, bytes: accepted(request, protocol, faults) };
}

function readRequest(head: string, faults: Faults): Request {
  const [first = "", ...lines] = head.split("\r\n");
  const [method = "", path = ""] = first.split(" ");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    if (before !== undefined && faults.has("handshake/first-line-only")) continue;
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { method, path, headers };
}

/** The answer to a request that is no good handshake. */
function refuse({ method, path, headers }: Request, faults: Faults): string | undefined {
  const has = (name: string, token: string) => {
    const value = headers.get(name) ?? "";
    return (faults.has("handshake/upgrade-by-case") ? value : value.toLowerCase()).split(/\s*,\s*/).includes(token);
  };
  const connection = faults.has("handshake/upgrade-by-case") ? "Upgrade" : "upgrade";
  if (!has("upgrade", "websocket") || !has("connection", connection)) return notAnUpgrade(faults);
  if (method !== "GET") return refused(405, "A handshake is a GET", faults);
  if (faults.has("handshake/one-path") && path !== "/") return refused(404, "Not found", faults);
  if (headers.get("sec-websocket-version") !== "13" && !faults.has("handshake/any-version")) {
    return refused(400, "Sec-WebSocket-Version must be 13", faults);
  }
  const key = headers.get("sec-websocket-key") ?? "";
  if (/^[A-Za-z0-9+/]{22}==$/.test(key) || faults.has("handshake/any-key")) return undefined;
  return refused(400, "Sec-WebSocket-Key must be 16 bytes in base64", faults);
}

function notAnUpgrade(faults: Faults): string {
  if (faults.has("handshake/http-ignored")) return "";
  const upgrade = faults.has("handshake/no-upgrade-header") ? "" : "Upgrade: websocket\r\n";
  return refused(faults.has("handshake/http-ok") ? 200 : 426, "Connect with a WebSocket", faults, upgrade);
}

/** The newest of our subprotocols that was offered. */
function select(offer: string | undefined, faults: Faults): Protocol | undefined {
  if (offer === undefined) return faults.has("handshake/no-offer-accepted") ? "foxglove.websocket.v1" : undefined;
  const offered = offer.split(",").map((name) => faults.has("handshake/untrimmed") ? name : name.trim());
  const names = faults.has("handshake/any-case") ? offered.map((name) => name.toLowerCase()) : offered;
  if (faults.has("handshake/any-protocol") && !PROTOCOLS.some((name) => names.includes(name))) return PROTOCOLS[1];
  if (faults.has("handshake/first-offered")) return PROTOCOLS.find((name) => name === names[0]);
  if (faults.has("handshake/prefix") && names.length === 1) return PROTOCOLS.find((name) => names[0]!.startsWith(name));
  const preferred = faults.has("handshake/oldest") ? PROTOCOLS.toReversed() : PROTOCOLS;
  return preferred.find((name) => names.includes(name));
}

function accepted({ headers }: Request, protocol: Protocol, faults: Faults): string {
  const key = `${headers.get("sec-websocket-key")}${faults.has("handshake/wrong-accept") ? "" : MAGIC}`;
  const accept = createHash("sha1").update(key).digest("base64");
  const named = faults.has("handshake/echoes-offer") ? headers.get("sec-websocket-protocol") : protocol;
  const protocolLine = faults.has("handshake/no-protocol") ? "" : `Sec-WebSocket-Protocol: ${named}\r\n`;
  const offered = headers.get("sec-websocket-extensions");
  const extended = faults.has("handshake/unasked-extension") || faults.has("handshake/other-extension") && offered;
  const extension = extended ? "Sec-WebSocket-Extensions: x-webkit-deflate-frame\r\n" : "";
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Accept: ${accept}\r\n${protocolLine}${extension}\r\n`;
}

function refused(status: number, reason: string, faults: Faults, headers = ""): string {
  if (faults.has("handshake/cut-instead-of-answer")) return "";
  const body = faults.has("handshake/no-reason") ? "" : `${reason}\n`;
  return `HTTP/1.1 ${status} Refused\r\n${headers}Content-Type: text/plain\r\nContent-Length: ${
    Buffer.byteLength(body)
  }\r\nConnection: close\r\n\r\n${body}`;
}
