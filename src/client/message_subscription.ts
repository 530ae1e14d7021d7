/**
 * What `client.subscribe()` gives.
 *
 * @module
 */
import type { Reader } from "./reader.ts";
import type { ReceivedMessage } from "./received_message.ts";
import type { ServerChannel } from "./server_channel.ts";
import type { Subscriptions } from "./subscriptions.ts";

/**
 * The messages of one `client.subscribe()`, as an async iterable and as a {@link stream}. Use one of the two: both take
 * from the same messages.
 *
 * A server cannot be asked to wait, so messages that are not read are kept up to a limit; beyond it the oldest are
 * {@link dropped}. Iteration ends when the subscription or its client is closed; when the connection ends otherwise,
 * it throws a `ConnectionError` after the messages that had come.
 *
 * @example
 * ```ts
 * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer();
 * const speed = server.channel("/speed", { encoding: "json" });
 * server.on("subscribe", () => speed.publish({ metresPerSecond: 1.5 }));
 * const [serverEnd, clientEnd] = linkedTransports();
 * server.accept(serverEnd);
 *
 * const client = await connect(clientEnd);
 * for await (const message of client.subscribe<{ metresPerSecond: number }>("/speed")) {
 *   console.assert(message.value?.metresPerSecond === 1.5);
 *   break; // closes the subscription
 * }
 * await client.close();
 * await server.close();
 * ```
 */
export class MessageSubscription<T = unknown> implements AsyncIterable<ReceivedMessage<T>>, AsyncDisposable {
  readonly #reader: Reader<T>;
  readonly #subscriptions: Subscriptions;
  #stream: ReadableStream<ReceivedMessage<T>> | undefined;

  /** @ignore Made by `client.subscribe()`. */
  constructor(reader: Reader<T>, subscriptions: Subscriptions) {
    this.#reader = reader;
    this.#subscriptions = subscriptions;
  }

  /** The channels that it gets messages of now; none while the topic does not exist. */
  get channels(): ServerChannel[] {
    return this.#subscriptions.channelsOf(this.#reader);
  }

  /** How many messages were dropped because they were not read in time. */
  get dropped(): number {
    return this.#reader.inbox.dropped;
  }

  /** How many messages wait to be read. */
  get size(): number {
    return this.#reader.inbox.size;
  }

  /** The same messages as a `ReadableStream`, to pipe and transform; cancelling it closes the subscription. */
  get stream(): ReadableStream<ReceivedMessage<T>> {
    return this.#stream ??= new ReadableStream({
      pull: async (controller) => {
        const { done, value } = await this.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => this.close(),
      // The subscription is the buffer: a second one here would only hide what waits.
    }, { highWaterMark: 0 });
  }

  /** The next message; waits for one. May be called again before it has come. */
  next(): Promise<IteratorResult<ReceivedMessage<T>, undefined>> {
    return this.#reader.inbox.next();
  }

  /** Ends iteration early: closes the subscription. */
  return(): Promise<IteratorResult<ReceivedMessage<T>, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Itself: leaving the loop closes the subscription. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the subscription and forgets what was not read. Idempotent. */
  close(): void {
    this.#subscriptions.remove(this.#reader);
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}
