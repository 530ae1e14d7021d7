/**
 * What a client hands out item by item.
 *
 * @module
 */
import type { Inbox } from "./inbox.ts";

/** How what comes is kept for who reads it. */
export interface FeedOptions {
  /** Items that wait to be read; beyond that the oldest is dropped and counted. Default 5000; 1 gives the latest only. */
  highWaterMark?: number;
  /** Ends the feed: what was not read is forgotten, and iteration throws the signal's reason. */
  signal?: AbortSignal;
}

/**
 * What came from a server, one item after the other: an async iterable, and a {@link stream}. Use one of the two.
 *
 * @example
 * ```ts
 * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * server.parameters.set("gain", 1.5);
 * server.parameters.on("subscribe", () => server.parameters.set("gain", 2));
 * const [serverEnd, clientEnd] = linkedTransports();
 * server.accept(serverEnd);
 *
 * const client = await connect(clientEnd);
 * for await (const { name, value } of client.parameterUpdates(["gain"])) {
 *   console.assert(name === "gain" && value === 2);
 *   break; // closes the feed
 * }
 * await client.close();
 * await server.close();
 * ```
 */
export class Feed<T extends object | bigint> implements AsyncIterable<T>, AsyncDisposable {
  readonly #inbox: Inbox<T>;
  readonly #close: () => void;
  #stream: ReadableStream<T> | undefined;

  /** @ignore Made by a client. */
  constructor(inbox: Inbox<T>, close: () => void) {
    this.#inbox = inbox;
    this.#close = close;
  }

  /** How many items were dropped because they were not read in time. */
  get dropped(): number {
    return this.#inbox.dropped;
  }

  /** How many items wait to be read. */
  get size(): number {
    return this.#inbox.size;
  }

  /** The same items as a `ReadableStream`, to pipe and transform; cancelling it closes the subscription. */
  get stream(): ReadableStream<T> {
    return this.#stream ??= new ReadableStream({
      pull: async (controller) => {
        const { done, value } = await this.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => this.close(),
      // The feed is the buffer: a second one here would only hide what waits.
    }, { highWaterMark: 0 });
  }

  /** The next item; waits for one. May be called again before it has come. */
  next(): Promise<IteratorResult<T, undefined>> {
    return this.#inbox.next();
  }

  /** Ends iteration early: closes the subscription. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Itself: leaving the loop closes the subscription. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the subscription and forgets what was not read. Idempotent. */
  close(): void {
    this.#close();
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}
