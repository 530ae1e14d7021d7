/**
 * The Transport contract: what the portable core needs of a socket. One adapter per way a runtime gives us sockets
 * fulfils it; one shared test suite (`tests/suites/transport.ts`) checks each of them.
 *
 * @module
 */
import { utf8Length } from "../util/bytes.ts";

/**
 * One WebSocket message: text, bytes, or bytes in two parts that go out as one binary message. Two parts let a large
 * payload travel behind its header without being copied.
 */
export type Message = string | Uint8Array | SplitMessage;

/** A binary message in two parts. */
export interface SplitMessage {
  /** The first bytes of the message. */
  readonly head: Uint8Array;
  /** The rest of it. */
  readonly body: Uint8Array;
}

/**
 * A transport that has more bytes than this waiting calls the sink's `drain` when it has come down to it, or lower. With
 * fewer it need not: they are on their way.
 */
export const DRAIN_BYTES = 64 * 1024;

/** Takes what a transport delivers. */
export interface TransportSink {
  /** A whole message. The bytes may be a view into a larger buffer and are the sink's to keep. */
  message(data: string | Uint8Array): void;
  /** What was buffered has gone out, or enough of it: a good moment to send more. May come without a need. */
  drain(): void;
  /** The connection has ended. Arrives exactly once, as the last call; code 1006 when it was cut, 1005 without a code. */
  close(code: number, reason: string): void;
  /** The peer has answered a ping, or sent a pong of its own accord; never comes where there is no `ping`. */
  pong?(data: Uint8Array): void;
}

/**
 * A connected WebSocket, seen from the core.
 *
 * - Whoever gets a transport calls {@link bind} once, in the same turn; nothing is delivered before.
 * - No member throws after the connection has ended.
 * - Bytes handed to {@link send} must not be changed afterwards: some runtimes keep a reference.
 */
export interface Transport {
  /** The negotiated subprotocol; `""` when there is none. */
  readonly protocol: string;
  /** Names the sink. The transport delivers to it from the next turn on, and calls `close` exactly once. */
  bind(sink: TransportSink): void;
  /**
   * Sends whole messages in order, in as few system calls as the runtime allows. Does nothing after the end. The array
   * is the transport's to keep: the caller does not touch it again.
   */
  send(batch: readonly Message[]): void;
  /** Bytes accepted by {@link send} that the kernel has not got yet; `undefined` where the runtime cannot tell. */
  buffered(): number | undefined;
  /**
   * Starts the closing handshake after what was sent. The sink's `close` comes when the peer answers; if it never
   * does, call {@link terminate}. `code` is 1000 to 1003, 1007 to 1014 or 3000 to 4999, `reason` at most 123 UTF-8
   * bytes; both may be left out. Where the runtime allows a client only 1000 and 3000 to 4999, others become 1000.
   */
  close(code?: number, reason?: string): void;
  /**
   * Sends a ping of at most 125 bytes, which the peer answers with a pong that repeats them; does nothing after the end.
   * Missing where the runtime cannot: standard `WebSocket`s have none.
   */
  ping?(data: Uint8Array): void;
  /** Ends the connection at once and frees what was buffered; the sink's `close` comes in a later turn. */
  terminate(): void;
}

/**
 * Refuses a code that a Close frame cannot carry: runtimes differ in what they make of one.
 *
 * @throws {RangeError} unless it is 1000 to 1014 without 1004 to 1006, or 3000 to 4999.
 */
export function checkCloseCode(code: number): void {
  const standard = code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006);
  if (Number.isInteger(code) && (standard || (code >= 3000 && code <= 4999))) return;
  throw new RangeError(`Cannot close with code ${code}: need 1000 to 1003, 1007 to 1014, or 3000 to 4999`);
}

/** How many payload bytes a message has on the wire. */
export function messageBytes(message: Message): number {
  if (typeof message === "string") return utf8Length(message);
  return message instanceof Uint8Array ? message.length : message.head.length + message.body.length;
}

/** A message whose parts, if it has two, are joined: for runtimes that take one buffer a message. */
export function joinMessage(message: Message): string | Uint8Array<ArrayBuffer> {
  if (typeof message === "string") return message;
  if (message instanceof Uint8Array) return message as Uint8Array<ArrayBuffer>;
  const joined = new Uint8Array(message.head.length + message.body.length);
  joined.set(message.head);
  joined.set(message.body, message.head.length);
  return joined;
}
