/**
 * The bounded buffer between the socket, which in a browser cannot be told to wait, and a reader.
 *
 * @module
 */
import { type Deferred, deferred } from "../util/async.ts";

const COMPACT_FROM = 1024;

/** How much an {@link Inbox} holds before the oldest goes. */
export interface InboxLimits {
  /** Most items. */
  items: number;
  /** Most bytes of the `data` of all items; a single larger item is taken when nothing else waits. */
  bytes: number;
}

/** How an inbox ends for its reader, once what is queued has been read: normally, or with an error. */
export type Ending = { readonly error?: unknown };

/**
 * A queue with one end for pushing and one for `await`; it drops its oldest items when it is full, and counts them. Only
 * the first ending counts.
 */
export class Inbox<T extends object | bigint> {
  readonly #limits: InboxLimits;
  // Taken from the head by index: shift() moves the whole array.
  #items: (T | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #dropped = 0;
  #waiters: Deferred<IteratorResult<T, undefined>>[] = [];
  #ending: Ending | undefined;
  #stopListening = () => {};

  constructor(limits: InboxLimits) {
    this.#limits = limits;
  }

  /** How many items wait to be read. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** How many items were dropped because the reader was too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether nothing more will be taken. */
  get ended(): boolean {
    return this.#ending !== undefined;
  }

  /** Calls `onAbort` when the signal aborts before this has ended. */
  listen(signal: AbortSignal | undefined, onAbort: (reason: unknown) => void): void {
    if (signal === undefined) return;
    const abort = () => onAbort(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    this.#stopListening = () => signal.removeEventListener("abort", abort);
  }

  /** Adds an item, or hands it to whoever waits for one. */
  push(item: T): void {
    if (this.#ending !== undefined) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) return waiter.resolve({ done: false, value: item });
    const bytes = bytesOf(item);
    this.#makeRoom(bytes);
    this.#items.push(item);
    this.#bytes += bytes;
  }

  /** The next item, as an iterator gives it; waits for one. Rejects after the last when the inbox ended with an error. */
  next(): Promise<IteratorResult<T, undefined>> {
    const item = this.#take();
    if (item !== undefined) return Promise.resolve({ done: false, value: item });
    const waiter = deferred<IteratorResult<T, undefined>>();
    // Who reads ahead need not be waiting yet when the connection is lost; who never does has nothing to handle.
    waiter.promise.catch(() => {});
    if (this.#ending === undefined) this.#waiters.push(waiter);
    else settle(waiter, this.#ending);
    return waiter.promise;
  }

  /** Takes nothing more; what is queued can still be read. */
  end(ending: Ending = {}): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#stopListening();
    for (const waiter of this.#waiters.splice(0)) settle(waiter, ending);
  }

  /** Forgets what is queued, and ends. */
  discard(ending: Ending = {}): void {
    this.#clear();
    this.end(ending);
  }

  /** Drops what is queued, and counts it. */
  drop(): void {
    this.#dropped += this.size;
    this.#clear();
  }

  #clear(): void {
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  #makeRoom(bytes: number): void {
    const { items, bytes: maxBytes } = this.#limits;
    while (this.size > 0 && (this.size >= items || this.#bytes + bytes > maxBytes)) {
      this.#take();
      this.#dropped++;
    }
  }

  #take(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    this.#bytes -= bytesOf(item);
    if (this.#head === this.#items.length) this.#items.length = this.#head = 0;
    else if (this.#head >= COMPACT_FROM && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

/** The bytes of an item that has some; others are only counted. */
function bytesOf(item: object | bigint): number {
  return (item as { readonly data?: Uint8Array }).data?.length ?? 0;
}

function settle(
  { resolve, reject }: Pick<Deferred<IteratorReturnResult<undefined>>, "resolve" | "reject">,
  ending: Ending,
): void {
  if ("error" in ending) reject(ending.error);
  else resolve({ done: true, value: undefined });
}
