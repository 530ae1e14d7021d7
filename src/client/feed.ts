/**
 * What a client hands out item by item, with an end for putting in and one for reading.
 *
 * @module
 */
import { type Ending, Inbox, type InboxLimits } from "./inbox.ts";

/** The end at which items are put in. */
export class Tap<T extends object> {
  readonly inbox: Inbox<T>;
  #stopListening = () => {};

  constructor(limits: InboxLimits) {
    this.inbox = new Inbox(limits);
  }

  /** Calls `onAbort` when the signal aborts before this has ended. */
  listen(signal: AbortSignal | undefined, onAbort: (reason: unknown) => void): void {
    if (signal === undefined) return;
    const abort = () => onAbort(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    this.#stopListening = () => signal.removeEventListener("abort", abort);
  }

  /** Takes nothing more; what it has can still be read. */
  end(ending: Ending): void {
    this.#stopListening();
    this.inbox.end(ending);
  }

  /** Takes nothing more and forgets what it has. */
  discard(ending: Ending): void {
    this.#stopListening();
    this.inbox.discard(ending);
  }
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
export class Feed<T extends object> implements AsyncIterable<T>, AsyncDisposable {
  readonly #inbox: Inbox<T>;
  readonly #close: () => void;
  #stream: ReadableStream<T> | undefined;

  /** @ignore Made by a client. */
  constructor({ inbox }: Tap<T>, close: () => void) {
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
