/**
 * What `client.subscribe()` gives.
 *
 * @module
 */
import { Feed, type FeedOptions } from "./feed.ts";
import type { Reader } from "./reader.ts";
import type { Decode, ReceivedMessage } from "./received_message.ts";
import type { ServerChannel } from "./server_channel.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** How messages of a subscription are kept and decoded. */
export interface SubscribeOptions<T = unknown> extends FeedOptions {
  /** Bytes of the messages that wait to be read; beyond that the oldest is dropped and counted. Default 64 MiB. */
  maxBytes?: number;
  /** Makes a message's `value` of its bytes. Default: `JSON.parse` on channels with encoding `"json"`. */
  decode?: Decode<T>;
}

/**
 * The messages of one `client.subscribe()`, as an async iterable and as a {@link stream}. Use one of the two: both take
 * from the same messages.
 *
 * A server cannot be asked to wait, so messages that are not read are kept up to a limit; beyond it the oldest are
 * {@link dropped}. Iteration ends when the subscription or its client is closed. It goes on over a lost connection, with
 * the channels of the next one; what the server sends in between is missed. When the client gives up, or does not
 * reconnect, iteration throws a `ConnectionError` after the messages that had come; of a subscription by channel id as
 * soon as the connection is lost.
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
export class MessageSubscription<T = unknown> extends Feed<ReceivedMessage<T>> {
  readonly #reader: Reader<T>;
  readonly #subscriptions: Subscriptions;

  /** @ignore Made by `client.subscribe()`. */
  constructor(reader: Reader<T>, subscriptions: Subscriptions) {
    super(reader, () => subscriptions.remove(reader));
    this.#reader = reader;
    this.#subscriptions = subscriptions;
  }

  /** The channels that it gets messages of now; none while the topic does not exist. */
  get channels(): ServerChannel[] {
    return this.#subscriptions.channelsOf(this.#reader);
  }
}
