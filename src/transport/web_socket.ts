/**
 * A standard `WebSocket` as a {@link Transport}: every client, and the servers whose runtime hands out such sockets.
 * npm `ws` clients fit too.
 *
 * @module
 */
import { type Clock, systemClock } from "../util/time.ts";
import {
  DRAIN_BYTES,
  joinMessage,
  type Message,
  messageBytes,
  type Transport,
  type TransportSink,
} from "./transport.ts";

/** What a socket cannot tell of itself. */
export interface WebSocketTransportOptions {
  /** The negotiated subprotocol, for sockets that do not know it: Deno's server sockets report `""`. */
  protocol?: string;
  /** The clock that polls; a test may hold its hands. */
  clock?: Clock;
}

/** What is used of the events of a `WebSocket`; which members there are depends on the type. */
export interface WebSocketLikeEvent {
  /** `"open"`, `"message"`, `"error"` or `"close"`. */
  readonly type: string;
  /** The message. */
  readonly data?: unknown;
  /** Close code. */
  readonly code?: number;
  /** Why it was closed. */
  readonly reason?: string;
  /** Why it failed, where the runtime tells. */
  readonly message?: string;
  /** The same as an error. */
  readonly error?: unknown;
}

/** What is used of a `WebSocket`: the standard one has all of it, and so has npm `ws`. */
export interface WebSocketLike {
  /** Where it is connected to. */
  readonly url: string;
  /** 0 while it opens, 1 when it is open, 2 and 3 when it is closing and closed. */
  readonly readyState: number;
  /** The negotiated subprotocol. */
  readonly protocol: string;
  /** Bytes that wait to be sent; workerd does not say. */
  readonly bufferedAmount?: number;
  /** Is set to `"arraybuffer"`. */
  binaryType: string;
  /** Sends a message. */
  send(data: string | Uint8Array<ArrayBuffer>): void;
  /** Starts to close. */
  close(code?: number, reason?: string): void;
  /** Cuts the connection; npm `ws` can. */
  terminate?(): void;
  /** Sends a ping; npm `ws` can. */
  ping?(data: Uint8Array): void;
  /** Adds a listener of pongs; npm `ws` can. */
  on?(type: "pong", listener: (data: Uint8Array) => void): unknown;
  /** Adds a listener of `open`, `message`, `error` or `close`. */
  addEventListener(type: string, listener: (event: WebSocketLikeEvent) => void): void;
  /** Removes it. */
  removeEventListener(type: string, listener: (event: WebSocketLikeEvent) => void): void;
}

/**
 * Makes a {@link Transport} of a socket that is open or opening; what is sent before it opens waits here, and its
 * `protocol` is `""` until then. `connect()` and `accept()` take sockets as they are; this is for code in between.
 *
 * @param socket Nobody else may listen to it or send on it from now on.
 *
 * @example
 * ```ts
 * import { connect, webSocketTransport } from "@foxwire/foxwire";
 * import { serve } from "@foxwire/foxwire/server";
 *
 * const server = await serve({ port: 0 });
 * const socket = new WebSocket(server.url, ["foxglove.sdk.v1"]);
 * await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
 * const client = await connect(webSocketTransport(socket)); // connect(socket) waits for it itself
 * await client.close();
 * await server.close();
 * ```
 */
export function webSocketTransport(socket: WebSocketLike, options: WebSocketTransportOptions = {}): Transport {
  return new WebSocketTransport(socket, options);
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;

/** Sockets have no drain event, so they are polled. Polls without progress in consecutive turns before a timer takes over: a stalled peer must not cost a core. */
const EAGER_POLLS = 64;
const MAX_POLL_MS = 16;

class WebSocketTransport implements Transport {
  readonly #socket: WebSocketLike;
  readonly #clock: Clock;
  readonly #protocol: string | undefined;
  /** Where the socket can, and can tell of the answers too. */
  readonly ping?: (data: Uint8Array) => void;
  #sink: TransportSink | undefined;
  /** What was sent while the socket was opening. */
  #waiting: Message[] = [];
  /** The close that was asked for while the socket was opening. */
  #closeWaiting: [code: number | undefined, reason: string | undefined] | undefined;
  #opened: boolean;
  #ended = false;
  #cancelPoll: (() => void) | undefined;

  constructor(socket: WebSocketLike, { protocol, clock = systemClock }: WebSocketTransportOptions) {
    this.#socket = socket;
    this.#clock = clock;
    this.#protocol = protocol;
    this.#opened = socket.readyState === OPEN;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", this.#onOpen);
    socket.addEventListener("message", this.#onMessage);
    socket.addEventListener("error", this.#onError);
    socket.addEventListener("close", this.#onClose);
    if (!socket.ping || !socket.on) return;
    socket.on("pong", (data) => this.#sink?.pong?.(new Uint8Array(data)));
    this.ping = (data) => {
      if (socket.readyState === OPEN) socket.ping!(data);
    };
  }

  get protocol(): string {
    return this.#protocol ?? this.#socket.protocol;
  }

  bind(sink: TransportSink): void {
    this.#sink = sink;
  }

  send(batch: readonly Message[]): void {
    if (this.#ended || this.#closeWaiting !== undefined) return;
    if (this.#socket.readyState === CONNECTING) this.#waiting = this.#waiting.concat(batch);
    else this.#write(batch);
  }

  buffered(): number | undefined {
    if (this.#ended) return 0;
    const { bufferedAmount } = this.#socket;
    return bufferedAmount === undefined ? undefined : this.#waiting.reduce(addBytes, bufferedAmount);
  }

  close(code?: number, reason?: string): void {
    if (this.#ended || this.#closeWaiting !== undefined) return;
    if (this.#socket.readyState === CONNECTING) this.#closeWaiting = [code, reason];
    else closeSocket(this.#socket, code, reason);
  }

  terminate(): void {
    if (this.#ended) return;
    // First: Node's own WebSocket reports the close from inside the call.
    this.#detach();
    if (this.#socket.terminate !== undefined) this.#socket.terminate();
    else closeSocket(this.#socket);
    this.#clock.defer(() => this.#tellEnd(1006, ""));
  }

  #write(batch: readonly Message[]): void {
    for (const message of batch) {
      // The peer may have closed in mid-batch: some sockets then throw.
      if (this.#socket.readyState !== OPEN) return;
      this.#socket.send(joinMessage(message));
    }
    if (this.#cancelPoll === undefined && this.#unsent > DRAIN_BYTES) this.#pollLater(0, this.#unsent);
  }

  get #unsent(): number {
    return this.#socket.bufferedAmount ?? 0;
  }

  /** Looks whether enough is sent. @param idle How often in a row nothing had moved since `before`. */
  #poll(idle: number, before: number): void {
    const unsent = this.#unsent;
    if (unsent > DRAIN_BYTES) return this.#pollLater(unsent < before ? 0 : idle + 1, unsent);
    this.#cancelPoll = undefined;
    this.#sink?.drain();
  }

  #pollLater(idle: number, unsent: number): void {
    const poll = () => this.#poll(idle, unsent);
    if (idle > EAGER_POLLS) {
      this.#cancelPoll = this.#clock.delay(Math.min(idle - EAGER_POLLS, MAX_POLL_MS), poll);
      return;
    }
    let cancelled = false;
    this.#cancelPoll = () => cancelled = true;
    this.#clock.defer(() => {
      if (!cancelled) poll();
    });
  }

  #onOpen = (): void => {
    // Deno's server sockets forget a close that came before they were open.
    if (this.#ended) return closeSocket(this.#socket);
    this.#opened = true;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#write(batch);
    // What waited here counted as buffered: somebody may be holding back because of it.
    if (this.#cancelPoll === undefined) this.#sink?.drain();
    if (this.#closeWaiting !== undefined) closeSocket(this.#socket, ...this.#closeWaiting);
  };

  #onMessage = ({ data }: WebSocketLikeEvent): void => {
    this.#sink?.message(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer));
  };

  /**
   * A close follows an error, except that of a failed connect on Node 20 and 22, and any in workerd, whose sockets have no
   * `bufferedAmount`.
   */
  #onError = (): void => {
    const isLast = !this.#opened || this.#socket.bufferedAmount === undefined;
    if (isLast) this.#clock.defer(() => this.#end(1006, ""));
  };

  #onClose = ({ code, reason = "" }: WebSocketLikeEvent): void => {
    // workerd before April 2026 leaves the answer to its user.
    if (this.#socket.readyState === CLOSING) closeSocket(this.#socket, code, reason);
    // Deno reports a connection that was cut with code 0.
    this.#end(code || 1006, reason);
  };

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#detach();
    this.#tellEnd(code, reason);
  }

  /** Deno keeps a socket that was cut for as long as it may be idle: not what used it, too. */
  #tellEnd(code: number, reason: string): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.close(code, reason);
  }

  #detach(): void {
    this.#ended = true;
    this.#waiting = [];
    this.#cancelPoll?.();
    this.#socket.removeEventListener("message", this.#onMessage);
    this.#socket.removeEventListener("close", this.#onClose);
    // The error listener stays: npm `ws` throws an error that nobody listens to. So does the one for open.
  }
}

function addBytes(sum: number, message: Message): number {
  return sum + messageBytes(message);
}

/** Closes with `code`, or with 1000 where the runtime refuses it: the standard takes 1000 and 3000 to 4999 only. */
function closeSocket(socket: WebSocketLike, code?: number, reason?: string): void {
  try {
    socket.close(code, reason);
  } catch {
    socket.close(1000, reason);
  }
}
