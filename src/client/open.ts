/**
 * From an address to a WebSocket.
 *
 * @module
 */
import type { Subprotocol } from "../protocol/constants.ts";
import { ConnectionError, errorMessage, FoxgloveError } from "../util/errors.ts";

/** Makes a `WebSocket` that is open or opening, offering `protocols`. */
export type WebSocketFactory = (url: string, protocols: string[]) => WebSocket | Promise<WebSocket>;

/** The text of a ws:// or wss:// address. @throws {TypeError} when it is something else. */
export function webSocketUrl(target: string | URL): string {
  const url = String(target);
  // By the URL standard, and no blank: runtimes differ in what they make of other texts. A WebSocket takes no fragment.
  if (!/^wss?:\/\/[^\s#]+$/i.test(url) || !URL.canParse(url)) {
    throw new TypeError(`Cannot connect to "${url}": need an address such as "ws://localhost:8765"`);
  }
  return url;
}

/** Makes what is on its way to `name`. @throws {ConnectionError} when the factory fails. */
export async function make<T>(factory: () => T | Promise<T>, name: string): Promise<T> {
  try {
    return await factory();
  } catch (cause) {
    throw new ConnectionError(`Cannot connect to ${name}: ${errorMessage(cause)}`, { cause });
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
export function opened(socket: WebSocket, name: string, subprotocols: readonly Subprotocol[]): Promise<void> {
  if (socket.readyState === 1) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const hint = `is a server there, and does it speak ${subprotocols.join(" or ")}?`;
    const fail = (detail: string, cause?: unknown) =>
      reject(new ConnectionError(`Cannot connect to ${name}${detail}: ${hint}`, { cause, closeCode: 1006 }));
    // Node 20 and 22 report a failed connect by `error` alone, others by `error` and `close`, with or without a text.
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", (event) => fail(detailOf(event), (event as ErrorEvent).error));
    socket.addEventListener("close", () => fail(""));
  });
}

function detailOf(event: Event): string {
  const { message = "", error } = event as Partial<ErrorEvent>;
  const text = message || (error === undefined ? "" : errorMessage(error));
  return text === "" ? "" : ` (${text})`;
}
