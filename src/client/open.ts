/**
 * From an address to a WebSocket.
 *
 * @module
 */
import { describe } from "../protocol/describe.ts";
import type { Subprotocol } from "../protocol/constants.ts";
import type { Transport } from "../transport/transport.ts";
import type { WebSocketLike, WebSocketLikeEvent } from "../transport/web_socket.ts";
import { ConnectionError, errorMessage, FoxgloveError } from "../util/errors.ts";

/** Makes a `WebSocket` that is open or opening, offering `protocols`; one of npm `ws` fits too. */
export type WebSocketFactory = (url: string, protocols: string[]) => WebSocketLike | Promise<WebSocketLike>;

const ADDRESS = `an address such as "ws://localhost:8765"`;

/** The text of a ws:// or wss:// address. @throws {TypeError} when it is something else. */
export function webSocketUrl(target: string | URL): string {
  const url = String(target);
  // By the URL standard, and no blank: runtimes differ in what they make of other texts. A WebSocket takes no fragment.
  if (!/^wss?:\/\/[^\s#]+$/i.test(url) || !URL.canParse(url)) {
    const hint = url.includes("#") ? `, without "#"` : "";
    throw new TypeError(`Cannot connect to "${url}": need ${ADDRESS}${hint}`);
  }
  return url;
}

/** An address for messages, which end up in logs: a token may be in its query. */
export function shownUrl(url: string): string {
  return `"${url.replace(/([?&][^=&]*=)[^&]+/g, "$1…")}"`;
}

/** What can be connected to as it is. @throws {TypeError} when it is something else. */
export function checkSocket<T extends WebSocketLike | Transport>(made: T): T {
  if (typeof made === "object" && made !== null && ("bind" in made || "readyState" in made)) return made;
  throw new TypeError(
    `Cannot connect to ${describe(made)}: need ${ADDRESS}, a WebSocket or a Transport`,
  );
}

/**
 * Makes what is on its way to `name`: in this turn if the factory can, as a socket may fail in the next one.
 *
 * @throws {ConnectionError} when the factory fails; or it rejects with that.
 */
export function make<T extends WebSocketLike | Transport>(factory: () => T | Promise<T>, name: string): T | Promise<T> {
  const fail = (cause: unknown): never => {
    throw new ConnectionError(`Cannot connect to ${name}: ${errorMessage(cause)}`, { cause });
  };
  try {
    const made = factory();
    return made instanceof Promise ? made.then(checkSocket).catch(fail) : checkSocket(made);
  } catch (cause) {
    return fail(cause);
  }
}

/** What makes sockets unless told otherwise. @throws {FoxgloveError} when there is nothing (code `"no_websocket"`). */
export function standardWebSocket(): WebSocketFactory {
  const { WebSocket } = globalThis as { WebSocket?: typeof globalThis.WebSocket };
  if (WebSocket === undefined) {
    const hint = `pass connect(url, { webSocket }) with webSocket from "@foxwire/foxwire/node"`;
    throw new FoxgloveError(`This runtime has no WebSocket: ${hint}`, { code: "no_websocket" });
  }
  return (url, protocols) => new WebSocket(url, protocols);
}

/** Settles when a socket is open. @param name What it connects to, for the message of the error. */
export function opened(socket: WebSocketLike, name: string, subprotocols: readonly Subprotocol[]): Promise<void> {
  if (socket.readyState === 1) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const hint = hintFor(socket.url, subprotocols);
    const fail = ({ message = "", error: cause }: Partial<WebSocketLikeEvent>) => {
      const text = message || (cause === undefined ? "" : errorMessage(cause));
      const detail = Object(cause).isExplained ? `: ${text}` : `${text && ` (${text})`}: ${hint}`;
      reject(new ConnectionError(`Cannot connect to ${name}${detail}`, { cause, closeCode: 1006 }));
    };
    // Node 20 and 22 report a failed connect by `error` alone, others by `error` and `close`, with or without a text.
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", fail);
    socket.addEventListener("close", () => fail({}));
    // One that was failed before it came here raises nothing any more.
    if (socket.readyState > 1) fail({});
  });
}

/**
 * What may be wrong, where nobody knows: errors of the sockets of `./node` may be explained already, others tell a refused
 * upgrade from an absent server by a text at best, and browsers not at all.
 */
function hintFor(url: string, subprotocols: readonly Subprotocol[]): string {
  const speaks = `is a server there, does it speak ${subprotocols.join(" or ")}`;
  const trusted = /^wss:/i.test(url) ? ", or is its certificate not trusted" : "";
  return `${speaks}, or did it refuse this client (token, origin, number of clients)${trusted}?`;
}
