/**
 * The connection of a client, and the next one when it is lost.
 *
 * @module
 */
import type { ClientMessage } from "../protocol/messages.ts";
import { deferred } from "../util/async.ts";
import { ConnectionError, errorMessage } from "../util/errors.ts";
import { Attempt, type AttemptOptions, type Greeted } from "./attempt.ts";
import { Backoff, FATAL_CLOSE_CODES, type Reconnect } from "./backoff.ts";
import type { ConnectionStats } from "./client_stats.ts";
import {
  type CloseInfo,
  type Connection,
  type ConnectionClose,
  connectionEnded,
  type ConnectionSink,
} from "./connection.ts";
import type { Ending } from "./inbox.ts";

/** Whether a client has a connection, and what it does about it if not. */
export type ClientState =
  | {
    /** There is a connection. */
    readonly status: "connected";
  }
  | {
    /** The connection was lost: the client waits, or is trying. */
    readonly status: "reconnecting";
    /** Number of the attempt that it waits for, or makes: 1 for the first since the connection was lost. */
    readonly attempt: number;
    /** Milliseconds between the loss, or the end of the last attempt, and this one. */
    readonly delayMs: number;
    /** Why there is no connection: how the last one ended, or why the last attempt failed. */
    readonly error: unknown;
  }
  | (CloseInfo & {
    /** The client is over: it was closed, or has given up. */
    readonly status: "closed";
  });

/**
 * What outlives a connection: something that is told of its loss and of the next one. Both change what they keep and
 * send what is to be sent, and run no code of the user.
 */
export interface LinkPart {
  /** What waits for an answer fails with `error`; ids of the server mean nothing any more. */
  connectionLost(error: ConnectionError): void;
  /** There is another connection, with an empty catalogue: what the server has to know can be sent again. */
  resubscribe(): void;
  /** There will be no other connection. Only the first ending counts. */
  end(ending: Ending): void;
}

/** Takes what a {@link Link} delivers. */
export interface LinkSink extends Pick<ConnectionSink, "message" | "failed"> {
  /** The connection has ended; another may follow. */
  lost(error: ConnectionError): void;
  /** The client is reconnecting. */
  waiting(state: ClientState): void;
  /** There is another connection, and nothing of it has been delivered yet. */
  reconnected(greeted: Greeted, attempts: number): void;
  /** Once, as the last call. The ending has an error unless the client itself has closed. */
  closed(info: CloseInfo, ending: Ending): void;
}

/** What a {@link Link} needs. */
export interface LinkOptions extends AttemptOptions {
  /** Left out: the first connection is the only one. */
  readonly reconnect?: Reconnect | undefined;
  /** Time limit of an attempt. */
  readonly connectTimeoutMs: number;
}

/** A connection that comes back: same members as a {@link Connection}, and nothing of an old one after a new one. */
export class Link {
  readonly #options: LinkOptions;
  readonly #backoff: Backoff | undefined;
  readonly #ended = deferred<CloseInfo>();
  #sink!: LinkSink;
  #connection: Connection;
  #since: number;
  #state: ClientState = { status: "connected" };
  #closing = false;
  /** Ends the wait or the attempt that is under way. */
  #stop = () => {};
  #waiters: (() => void)[] = [];

  constructor(connection: Connection, options: LinkOptions) {
    this.#options = options;
    this.#connection = connection;
    this.#since = options.clock.now();
    this.#backoff = options.reconnect && new Backoff(options.reconnect);
  }

  get state(): ClientState {
    return this.#state;
  }

  /** Settles when no connection is left and none will come. */
  get ended(): Promise<CloseInfo> {
    return this.#ended.promise;
  }

  /** Names the sink; it gets all that came after `serverInfo`, from the next turn on. */
  start(sink: LinkSink): void {
    this.#sink = sink;
    this.#use(this.#connection);
  }

  /** Sends a request; does nothing while there is no connection. */
  send(message: ClientMessage): void {
    this.#connection.send(message);
  }

  /** Sends a published message, unless too much waits already. @returns Whether it was taken. */
  publish(channelId: number, data: Uint8Array): boolean {
    return this.#connection.publish(channelId, data);
  }

  /** As with a connection; while it reconnects, a writer waits. */
  room(bytes: number): Promise<void> | undefined {
    if (this.#state.status !== "reconnecting") return this.#connection.room(bytes);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  stats(): ConnectionStats {
    return this.#connection.stats();
  }

  /** Closes what there is, and makes no more: at once when there is no connection. */
  close(how: ConnectionClose): Promise<CloseInfo> {
    this.#closing = true;
    if (this.#state.status === "reconnecting") this.#finish({ code: how.code, reason: how.reason });
    else this.#connection.close(how);
    return this.ended;
  }

  #use(connection: Connection): void {
    this.#connection = connection;
    this.#since = this.#options.clock.now();
    connection.start({
      message: (message) => this.#sink.message(message),
      failed: (error) => this.#sink.failed(error),
      closed: (info) => this.#lost(info),
    });
  }

  #lost(info: CloseInfo): void {
    if (this.#closing) return this.#finish(info);
    const error = connectionEnded("The connection has ended", info);
    this.#sink.lost(error);
    this.#backoff?.lasted(this.#options.clock.now() - this.#since);
    this.#retry(1, error, info);
  }

  #retry(attempt: number, error: unknown, info: CloseInfo): void {
    const { reconnect, clock } = this.#options;
    if (this.#backoff === undefined || reconnect === undefined) return this.#finish(info, error as ConnectionError);
    const verdict = giveUp(reconnect, attempt, { error, closeCode: info.code });
    if (verdict !== undefined) return this.#finish(info, verdict);
    const delayMs = this.#backoff.delay();
    this.#stop = clock.delay(delayMs, () => this.#attempt(attempt));
    this.#state = { status: "reconnecting", attempt, delayMs, error };
    this.#sink.waiting(this.#state);
  }

  #attempt(attempt: number): void {
    const abort = new AbortController();
    this.#stop = () => abort.abort();
    const { connectTimeoutMs: timeoutMs } = this.#options;
    new Attempt(this.#options).run({ timeoutMs, signal: abort.signal }).then(
      (greeted) => this.#reconnected(greeted, attempt),
      (error) => this.#failed(error, attempt),
    );
  }

  #failed(error: unknown, attempt: number): void {
    if (this.#closing) return;
    const code = error instanceof ConnectionError ? error.closeCode : undefined;
    this.#retry(attempt + 1, error, { code: code ?? 1006, reason: errorMessage(error) });
  }

  #reconnected(greeted: Greeted, attempts: number): void {
    // It may have been closed in the moment between.
    if (this.#closing) return greeted.connection.cut();
    this.#state = { status: "connected" };
    this.#options.counters.reconnects++;
    this.#use(greeted.connection);
    this.#wakeWaiters();
    this.#sink.reconnected(greeted, attempts);
  }

  #finish(info: CloseInfo, error?: ConnectionError): void {
    this.#stop();
    this.#closing = true;
    this.#state = { status: "closed", ...info };
    this.#wakeWaiters();
    this.#sink.closed(info, error === undefined ? {} : { error });
    this.#ended.resolve(info);
  }

  #wakeWaiters(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

/** The error to give up with, if the attempt of this number is not to be made. */
function giveUp(
  { attempts, fatalCloseCodes }: Reconnect,
  attempt: number,
  { error: cause, closeCode }: { error: unknown; closeCode: number },
): ConnectionError | undefined {
  const message = errorMessage(cause);
  if (fatalCloseCodes.has(closeCode)) {
    const reason = FATAL_CLOSE_CODES.get(closeCode) ?? "this code is final";
    return new ConnectionError(`${message}; not trying again: ${reason}`, { cause, closeCode });
  }
  if (attempt <= attempts) return undefined;
  return new ConnectionError(`Gave up after ${attempts} attempts to reconnect: ${message}`, { cause, closeCode });
}
