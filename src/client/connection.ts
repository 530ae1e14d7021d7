/**
 * One connection to a server: its greeting, what comes in, what goes out, and its end. Knows nothing of topics; a client
 * that connects again gets a new one.
 *
 * @module
 */
import { decodeServerMessage, encodeClientMessage } from "../protocol/codec.ts";
import type { ClientMessage, ServerInfo, ServerMessage } from "../protocol/messages.ts";
import { SchemaTableReader } from "../protocol/schema_table.ts";
import { DRAIN_BYTES, messageBytes, type Transport } from "../transport/transport.ts";
import { deferred } from "../util/async.ts";
import { truncateUtf8 } from "../util/bytes.ts";
import { ConnectionError, FoxgloveError } from "../util/errors.ts";
import { SilenceWatch } from "../util/silence.ts";
import { type Clock, isLimit } from "../util/time.ts";
import { type ClientCounters, type ConnectionStats, countFailure } from "./client_stats.ts";
import type { ClientLimits } from "./limits.ts";
import { isSign, SIGN_WANTED } from "./sign_of_life.ts";

/** How a connection ended. */
export interface CloseInfo {
  /** WebSocket close code; 1006 when the connection was cut. */
  readonly code: number;
  /** Text of the side that closed, `""` without one; or why the client has given up trying to reconnect. */
  readonly reason: string;
}

/** How to end a connection, and how long the peer has to answer. */
export interface ConnectionClose extends CloseInfo {
  readonly timeoutMs: number;
  /** Cuts it at once. */
  readonly signal?: AbortSignal | undefined;
}

/** Takes what a connection delivers. */
export interface ConnectionSink {
  message(message: ServerMessage<true>): void;
  /** A message could not be read, or taken; or the server takes nothing any more. */
  failed(error: unknown): unknown;
  /** Once, as the last call. */
  closed(info: CloseInfo): void;
}

/** What a {@link Connection} needs. */
export interface ConnectionOptions {
  readonly clock: Clock;
  readonly limits: ClientLimits;
  readonly counters: ClientCounters;
  /** What is known of the server, over all connections to it. */
  readonly known: { answersWhenSilent: boolean };
}

const MAX_REASON_BYTES = 123;

/** A writer waits above this. It is more than what makes a transport promise a drain event, so a writer is woken. */
const WRITER_BYTES = 4 * DRAIN_BYTES;

/**
 * A connection from the first byte to the last.
 *
 * What goes out is handed to the transport at once, in one order, so that an unadvertise cannot overtake what was
 * published before. There is no queue as servers have it: a standard `WebSocket` takes one message at a time and has
 * a queue of its own, which needs a bound and nothing else.
 */
export class Connection {
  readonly #transport: Transport;
  readonly #options: ConnectionOptions;
  #schemas: SchemaTableReader | undefined;
  readonly #greeted = deferred<ServerInfo>();
  readonly #ended = deferred<CloseInfo>();
  #sink: ConnectionSink;
  /** What came after `serverInfo` waits here until the client is listening. */
  #held: (() => void)[] | undefined;
  /** Set from the moment in which nothing is taken any more, by either side. */
  #closing: CloseInfo | undefined;
  #over = false;
  #cancelCut = () => {};
  #silence: SilenceWatch | undefined;
  #writers: (() => void)[] = [];
  readonly #stats = { receivedMessages: 0, receivedBytes: 0, sentMessages: 0, sentBytes: 0 };

  /** Takes over a transport, which may still be opening. */
  constructor(transport: Transport, options: ConnectionOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#sink = this.#greeter();
    // Whoever waits for the greeting may have given up before it fails.
    this.#greeted.promise.catch(() => {});
    transport.bind({
      message: (data) => this.#received(data),
      drain: () => this.#wakeWriters(),
      close: (code, reason) => this.#hold(() => this.#end({ code, reason })),
    });
  }

  /** The negotiated subprotocol. */
  get protocol(): string {
    return this.#transport.protocol;
  }

  /** The first `serverInfo`; rejects when the connection ends before. */
  get greeted(): Promise<ServerInfo> {
    return this.#greeted.promise;
  }

  /** Settles when the connection is over. */
  get ended(): Promise<CloseInfo> {
    return this.#ended.promise;
  }

  /** Names the sink, to be called when greeted. It gets all that came after `serverInfo`, from the next turn on. */
  start(sink: ConnectionSink): void {
    this.#sink = sink;
    this.#options.clock.defer(() => this.#release());
    if (!isLimit(this.#options.limits.idleMs)) return;
    if (!this.#options.known.answersWhenSilent) this.send(SIGN_WANTED);
    this.#watchSilence();
  }

  /** Sends a request; does nothing when the connection is ending. */
  send(message: ClientMessage): void {
    if (this.#closing !== undefined) return;
    const encoded = encodeClientMessage(message);
    this.#stats.sentMessages++;
    this.#stats.sentBytes += messageBytes(encoded);
    this.#transport.send([encoded]);
    if (this.#unsent > this.#options.limits.sendBytes) this.#overflowed();
  }

  /** Sends a published message, unless too much waits already. @returns Whether it was taken. */
  publish(channelId: number, data: Uint8Array): boolean {
    if (this.#closing !== undefined || !this.#fits(data.length)) return false;
    this.send({ op: "messageData", channelId, data });
    return true;
  }

  /**
   * Whether a writer must wait before it publishes so many bytes: what it gets settles when it is time to ask again.
   * `undefined` when there is room, or when the connection is ending and there will be none.
   */
  room(bytes: number): Promise<void> | undefined {
    if (this.#closing !== undefined) return undefined;
    if (this.#unsent <= WRITER_BYTES && this.#fits(bytes)) return undefined;
    return new Promise((resolve) => this.#writers.push(resolve));
  }

  /** Closes after what was sent; cuts the connection when that takes longer than `timeoutMs`, or the signal aborts. */
  close({ code, reason, timeoutMs, signal }: ConnectionClose): Promise<CloseInfo> {
    if (this.#over) return this.ended;
    this.#cutLater(timeoutMs, signal);
    if (this.#closing === undefined) {
      this.#closing = { code, reason: truncateUtf8(reason, MAX_REASON_BYTES) };
      // What is held will not be listened to any more, but for the end that may be among it.
      this.#release();
      this.#transport.close(code, this.#closing.reason);
    }
    if (signal?.aborted) this.cut();
    return this.ended;
  }

  /** Ends the connection at once; one that the peer has closed is left to its close. */
  cut(reason = ""): void {
    if (this.#over) return;
    this.#transport.terminate();
    this.#end({ code: 1006, reason });
  }

  stats(): ConnectionStats {
    return { ...this.#stats, queuedBytes: this.#transport.buffered() };
  }

  get #unsent(): number {
    return this.#transport.buffered() ?? 0;
  }

  /** Whether a message may wait too. Up to `DRAIN_BYTES` nothing counts as waiting: no drain need come to tell of less. */
  #fits(bytes: number): boolean {
    const unsent = this.#unsent;
    return unsent <= DRAIN_BYTES || unsent + bytes <= this.#options.limits.publishBytes;
  }

  #received(data: string | Uint8Array): void {
    // A socket that was opening when we got it knows the subprotocol by now.
    if (this.#stats.receivedMessages++ === 0 && this.protocol === "foxglove.sdk.v1.1") {
      this.#schemas = new SchemaTableReader();
    }
    this.#stats.receivedBytes += messageBytes(data);
    this.#silence?.heard();
    if (this.#held === undefined) this.#take(data);
    else this.#held.push(() => this.#take(data));
  }

  #take(data: string | Uint8Array): void {
    if (this.#closing !== undefined) return;
    try {
      const message = decodeServerMessage(data, this.#schemas);
      if (message === undefined) return;
      if (this.#silence !== undefined && isSign(message)) this.#options.known.answersWhenSilent = true;
      else this.#sink.message(message);
    } catch (error) {
      this.#sink.failed(error);
    }
  }

  #hold(step: () => void): void {
    if (this.#held === undefined) step();
    else this.#held.push(step);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const step of held) step();
  }

  /** Stands in for the client until the server has said who it is. */
  #greeter(): ConnectionSink {
    const { counters } = this.#options;
    return {
      message: (message) => {
        if (message.op !== "serverInfo") counters.ignoredMessages++;
        else this.#greet(message);
      },
      failed: (error) => countFailure(counters, error),
      closed: (info) => this.#greeted.reject(connectionEnded("The connection has ended before serverInfo", info)),
    };
  }

  #greet({ op: _, ...serverInfo }: ServerMessage<true> & { op: "serverInfo" }): void {
    this.#held = [];
    this.#greeted.resolve(serverInfo);
  }

  #cutLater(timeoutMs: number, signal: AbortSignal | undefined): void {
    this.#cancelCut();
    const cut = () => this.cut();
    const cancel = timeoutMs === Infinity ? () => {} : this.#options.clock.delay(timeoutMs, cut);
    signal?.addEventListener("abort", cut);
    this.#cancelCut = () => {
      cancel();
      signal?.removeEventListener("abort", cut);
    };
  }

  #watchSilence(): void {
    const { clock, limits: { idleMs }, known } = this.#options;
    const silence = new SilenceWatch({
      clock,
      idleMs,
      buffered: () => this.#unsent,
      look: () => silence.isSilent && this.send(SIGN_WANTED),
      // A server that has never answered may be a quiet one.
      dead: () => known.answersWhenSilent ? this.cut(`No sign of life for ${idleMs} ms`) : this.#watchSilence(),
    });
    this.#silence = silence;
  }

  #wakeWriters(): void {
    for (const wake of this.#writers.splice(0)) wake();
  }

  #overflowed(): void {
    const { sendBytes } = this.#options.limits;
    const message = `Cannot send: the server does not read, and more than ${sendBytes} bytes wait`;
    this.#sink.failed(new FoxgloveError(message, { code: "overflow" }));
    this.cut();
  }

  #end(info: CloseInfo): void {
    if (this.#over) return;
    this.#over = true;
    this.#closing ??= info;
    this.#cancelCut();
    this.#silence?.stop();
    this.#wakeWriters();
    this.#sink.closed(info);
    this.#ended.resolve(info);
  }
}

/** The error of what is asked of a client that is over. @param error Why it is, unless it was closed. */
export function clientOver(error: unknown): ConnectionError {
  return error instanceof ConnectionError ? error : new ConnectionError("The client was closed");
}

/** The error of something that needed the connection. */
export function connectionEnded(what: string, { code, reason }: CloseInfo): ConnectionError {
  const because = reason === "" ? `code ${code}` : `code ${code}, "${reason}"`;
  return new ConnectionError(`${what} (${because})`, { closeCode: code });
}
