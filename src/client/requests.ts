/**
 * Requests that wait for their answer: what the concerns of a client share.
 *
 * @module
 */
import { type Capability, MAX_U32 } from "../protocol/constants.ts";
import type { ClientMessage, ServerInfo } from "../protocol/messages.ts";
import { checkTimeout, type Deferred, deferred, type WaitOptions, within } from "../util/async.ts";
import { type ConnectionError, FoxgloveError } from "../util/errors.ts";
import type { Clock } from "../util/time.ts";
import type { Catalogue } from "./catalogue.ts";
import type { ClientCounters } from "./client_stats.ts";
import type { ClientLimits } from "./limits.ts";

/** What a concern (services, parameters, …) needs of its client. */
export interface RequestHost {
  readonly catalogue: Catalogue;
  readonly counters: ClientCounters;
  readonly clock: Clock;
  readonly limits: ClientLimits;
  /** Why nothing can be sent: set from the end of a connection until there is a new one. */
  readonly lost: ConnectionError | undefined;
  /** Why nothing can be sent any more: set when the client is over. */
  readonly over: ConnectionError | undefined;
  /** Sends a message. @throws {ConnectionError} when there is no connection. */
  send(message: ClientMessage): void;
}

/** What to ask. */
export interface Request<Context> {
  /** What is waited for, for the message of a {@link TimeoutError}. */
  what: string | (() => string);
  /** What belongs to the request while it is pending. */
  context: Context;
  /**
   * Sends it under an id; what this throws is what the request rejects with.
   *
   * @returns `false` when that cannot be yet: see {@link Requests.sendWaiting}.
   */
  start(id: number): void | false;
}

/** A request without its answer. */
export interface Pending<T, Context> extends Deferred<T> {
  readonly context: Context;
}

interface Entry<T, Context> extends Pending<T, Context> {
  start(id: number): void | false;
  sent: boolean;
}

/**
 * The pending requests of one kind, and their ids. Servers refuse more than so many at a time: those beyond
 * `limits.requests` wait for an answer to one before them.
 */
export class Requests<T, Context = undefined> {
  readonly #host: RequestHost;
  readonly #pending = new Map<number, Entry<T, Context>>();
  readonly #maxId: number;
  #lastId = 0;
  /** How many have been sent and wait for the answer. */
  #sent = 0;

  /** @param maxId The largest id, behind which they begin again with 1; another one for tests of that. */
  constructor(host: RequestHost, maxId = MAX_U32) {
    this.#host = host;
    this.#maxId = maxId;
  }

  /** Those that wait, by id. */
  get pending(): ReadonlyMap<number, Pending<T, Context>> {
    return this.#pending;
  }

  /** Sends a request, in this turn unless too many are under way, and waits for its answer. Whatever ends the wait, nothing of it stays behind. */
  async run({ what, context, start }: Request<Context>, options: WaitOptions): Promise<T> {
    const { clock, limits } = this.#host;
    const { signal, timeoutMs = limits.requestMs } = options;
    checkTimeout(timeoutMs);
    signal?.throwIfAborted();
    const id = this.#takeId();
    const pending = { ...deferred<T>(), context, start, sent: false };
    this.#pending.set(id, pending);
    try {
      this.sendWaiting();
      return await within(pending.promise, what, { ...options, timeoutMs, clock });
    } finally {
      // Not another one's entry: the id may have come round again.
      if (this.#pending.get(id) === pending) this.#remove(id);
      this.sendWaiting();
    }
  }

  /** Sends those that wait, oldest first, as far as they can be sent. */
  sendWaiting(): void {
    for (const [id, entry] of this.#pending) {
      if (this.#sent >= this.#host.limits.requests) return;
      if (!entry.sent) this.#start(id, entry);
    }
  }

  #start(id: number, entry: Entry<T, Context>): void {
    this.#sent++;
    entry.sent = true;
    try {
      entry.sent = entry.start(id) !== false;
      if (!entry.sent) this.#sent--;
    } catch (error) {
      this.#remove(id);
      entry.reject(error);
    }
  }

  #remove(id: number): void {
    if (this.#pending.get(id)?.sent) this.#sent--;
    this.#pending.delete(id);
  }

  /**
   * Takes out the request that an answer is for. An answer that nobody waits for (any more) is counted.
   *
   * @param fits Whether an answer to it can be like this one.
   */
  take(id: number, fits: (context: Context) => boolean = () => true): Pending<T, Context> | undefined {
    const pending = this.#pending.get(id);
    if (pending?.sent && fits(pending.context)) {
      this.#remove(id);
      return pending;
    }
    countStray(this.#host.counters, pending === undefined && id > 0 && id <= this.#lastId);
  }

  /** Gives up those that a test picks. */
  release(error: unknown, isOver: (context: Context) => boolean = () => true): void {
    for (const [id, { context, reject }] of this.#pending) {
      if (!isOver(context)) continue;
      this.#remove(id);
      reject(error);
    }
  }

  /** One that still waits is passed over when the ids have come round. */
  #takeId(): number {
    do this.#lastId = this.#lastId % this.#maxId + 1; while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }
}

/** Counts an answer that nobody waits for; `wasAsked`: somebody has. */
export function countStray(counters: ClientCounters, wasAsked: boolean): void {
  if (wasAsked) counters.lateMessages++;
  else counters.ignoredMessages++;
}

/** Whether a server declares a capability. */
export function declares({ capabilities }: ServerInfo, capability: Capability): boolean {
  return capabilities.includes(capability);
}

/**
 * @param what What is to be done, for the message: `Cannot fetch "package://a"`.
 * @throws {FoxgloveError} when the server does not declare a capability (code `"capability"`).
 * @throws {ConnectionError} when there is no server to ask, now or any more.
 */
export function requireToAsk({ lost, catalogue }: RequestHost, capability: Capability, what: string): void {
  if (lost !== undefined) throw lost;
  requireCapability(catalogue.serverInfo, capability, what);
}

/** The same for a feed, which goes on over a lost connection, and has ended at once when the client is over. */
export function requireToWatch({ over, catalogue }: RequestHost, capability: Capability, what: string): void {
  if (over !== undefined && !declares(catalogue.serverInfo, capability)) throw over;
  requireCapability(catalogue.serverInfo, capability, what);
}

/** @throws {FoxgloveError} when a server does not declare a capability (code `"capability"`). */
export function requireCapability(serverInfo: ServerInfo, capability: Capability, what: string): void {
  if (declares(serverInfo, capability)) return;
  throw new FoxgloveError(`${what}: the server does not declare the ${capability} capability`, { code: "capability" });
}
