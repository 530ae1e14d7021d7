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

/** A queue with one end for pushing and one for `await`; it drops its oldest items when it is full, and counts them. */
export class Inbox<T extends object> {
  readonly #limits: InboxLimits;
  // Taken from the head by index: shift() moves the whole array.
  #items: (T | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #dropped = 0;
  #waiters: Deferred<IteratorResult<T, undefined>>[] = [];
  #ending: Ending | undefined;

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
    if (this.#ending !== undefined) return settle(this.#ending);
    const waiter = deferred<IteratorResult<T, undefined>>();
    this.#waiters.push(waiter);
    return waiter.promise;
  }

  /** Takes nothing more; what is queued can still be read. Only the first ending counts. */
  end(ending: Ending = {}): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    for (const waiter of this.#waiters.splice(0)) settle(ending).then(waiter.resolve, waiter.reject);
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
function bytesOf({ data }: { readonly data?: Uint8Array }): number {
  return data?.length ?? 0;
}

function settle(ending: Ending): Promise<IteratorResult<never, undefined>> {
  return "error" in ending ? Promise.reject(ending.error) : Promise.resolve({ done: true, value: undefined });
}
