/**
 * The opening handshake: which requests become connections, and what the others are told.
 *
 * @module
 */
import { type Subprotocol, SUBPROTOCOLS } from "../protocol/constants.ts";
import { selectSubprotocol } from "../protocol/subprotocol.ts";

/** An HTTP request, as much of it as the handshake needs. */
export interface UpgradeRequest {
  /** HTTP method, in capitals. */
  method: string;
  /** Path and query, or the whole address. */
  url: string;
  /** Header lines by name in any case; repeated ones joined by a comma, as `Headers` does. */
  headers: { get(name: string): string | null };
  /** The peer's IP address, where the runtime tells it. */
  address?: string | undefined;
}

/** What becomes of a request: a connection, or an HTTP answer. */
export type Admission =
  | {
    accepted: true;
    protocol: Subprotocol;
    /** What `authorize` says of the client, for {@link FoxgloveServer.accept}. */
    identity?: unknown;
  }
  | {
    accepted: false;
    /** `false` for a request that asks for no WebSocket: an adapter may hand it to the user's own handler. */
    upgrade: boolean;
    status: 400 | 401 | 403 | 405 | 426 | 500 | 503;
    headers: Record<string, string>;
    /** One line of plain text. */
    body: string;
  };

/** An {@link Admission} that is one. */
export type Accepted = Extract<Admission, { accepted: true }>;

/** The HTTP answer of an {@link Admission} that is none. */
export type Refusal = Extract<Admission, { accepted: false }>;

/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** Enough of what a client offered to recognise it, however much it was. */
const SHOWN_OFFER_CHARS = 200;

/**
 * Decides on a request by the rules of the protocol: a GET upgrade to WebSocket 13 that offers one of its names.
 *
 * @returns The newest name that both sides know, or the answer that says what was wrong.
 */
export function negotiate({ method, headers }: UpgradeRequest): Admission {
  if (!asksForWebSocket(headers)) {
    const answer = refuse(426, "This is a Foxglove WebSocket server: connect to it with a WebSocket client", {
      Upgrade: "websocket",
      Connection: "Upgrade",
    });
    return { ...answer, upgrade: false };
  }
  if (method !== "GET") return refuse(405, "A WebSocket handshake is a GET request", { Allow: "GET" });
  if (headers.get("Sec-WebSocket-Version") !== "13") {
    return refuse(400, "Sec-WebSocket-Version must be 13", { "Sec-WebSocket-Version": "13" });
  }
  if (!KEY.test(headers.get("Sec-WebSocket-Key") ?? "")) {
    return refuse(400, "Sec-WebSocket-Key must be 16 bytes in base64");
  }
  const offer = headers.get("Sec-WebSocket-Protocol");
  const protocol = selectSubprotocol(offer);
  return protocol === undefined ? refuse(400, noCommonProtocol(offer)) : { accepted: true, protocol };
}

/** Whether a request is for a WebSocket; others are for the user's own handlers. */
export function asksForWebSocket(headers: UpgradeRequest["headers"]): boolean {
  return hasToken(headers.get("Upgrade"), "websocket") && hasToken(headers.get("Connection"), "upgrade");
}

function hasToken(list: string | null, token: string): boolean {
  return list !== null && list.split(",").some((item) => item.trim().toLowerCase() === token);
}

/** A refusal of somebody who asked for a WebSocket. */
export function refuse(status: Refusal["status"], text: string, headers: Record<string, string> = {}): Refusal {
  return { accepted: false, upgrade: true, status, headers, body: `${text}\n` };
}

function noCommonProtocol(offer: string | null): string {
  const offered = offer === null
    ? "No Sec-WebSocket-Protocol was offered"
    : `None of the offered subprotocols is supported: ${offer.slice(0, SHOWN_OFFER_CHARS)}`;
  return `${offered}; this server supports: ${SUBPROTOCOLS.join(", ")}`;
}
