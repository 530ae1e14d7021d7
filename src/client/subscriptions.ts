/**
 * What a client is subscribed to: one subscription on the wire per channel, shared by all readers that want it.
 *
 * @module
 */
import type { ClientMessage, MessageOf, ServerMessage } from "../protocol/messages.ts";
import type { ConnectionError } from "../util/errors.ts";
import { type Clock, wallTime } from "../util/time.ts";
import type { ClientCounters } from "./client_stats.ts";
import type { Ending } from "./inbox.ts";
import type { Reader } from "./reader.ts";
import { countStray } from "./requests.ts";
import { SecondChances } from "./second_chances.ts";
import type { ServerChannel } from "./server_channel.ts";

/** What the subscriptions need of their client. */
export interface SubscriptionsHost {
  readonly channels: ReadonlyMap<number, ServerChannel>;
  readonly counters: ClientCounters;
  readonly clock: Clock;
  send(message: ClientMessage): void;
}

/** A subscription on the wire. */
interface WireSubscription {
  readonly id: number;
  channel: ServerChannel;
  /** Replaced and never changed: the loop over it may end a reader. */
  readers: readonly Reader[];
}

/** Keeps readers and wire subscriptions in step with the channels there are. */
export class Subscriptions {
  readonly #host: SubscriptionsHost;
  readonly #readers = new Set<Reader>();
  readonly #byId = new Map<number, WireSubscription>();
  readonly #byChannel = new Map<number, WireSubscription>();
  readonly #secondChances: SecondChances;
  /** Never used again in another connection, so that nothing of an old one can be taken for something of a new one. */
  #nextId = 1;
  #firstId = 1;
  #lost: ConnectionError | undefined;
  #ending: Ending | undefined;

  constructor(host: SubscriptionsHost) {
    this.#host = host;
    this.#secondChances = new SecondChances(host.clock, (id) => this.#subscribe([this.#byId.get(id)!]));
  }

  /** How many subscriptions there are on the wire. */
  get size(): number {
    return this.#byId.size;
  }

  /** Subscribes to what `reader` wants of the channels there are, and of those to come. */
  add(reader: Reader): void {
    if (reader.ended) return;
    if (this.#ending !== undefined) return reader.end(this.#ending);
    if (this.#lost !== undefined && reader.channelId !== undefined) return reader.end({ error: this.#lost });
    this.#readers.add(reader);
    if (this.#lost !== undefined) return;
    const wanted: WireSubscription[] = [];
    for (const channel of this.#host.channels.values()) {
      if (!reader.matches(channel)) continue;
      const shared = this.#byChannel.get(channel.id);
      if (shared === undefined) wanted.push(this.#open(channel, [reader]));
      else shared.readers = [...shared.readers, reader];
    }
    this.#subscribe(wanted);
  }

  /** Ends a reader at once, and the subscriptions that it was the last of. */
  remove(reader: Reader, ending: Ending = {}): void {
    reader.discard(ending);
    if (!this.#readers.delete(reader)) return;
    const unwanted: WireSubscription[] = [];
    for (const subscription of this.#byId.values()) {
      if (!subscription.readers.includes(reader)) continue;
      subscription.readers = subscription.readers.filter((other) => other !== reader);
      if (subscription.readers.length === 0) unwanted.push(subscription);
    }
    this.#unsubscribe(unwanted);
  }

  /** The channels that `reader` gets messages of now. */
  channelsOf(reader: Reader): ServerChannel[] {
    return [...this.#byId.values()].flatMap(({ readers, channel }) => readers.includes(reader) ? [channel] : []);
  }

  /**
   * Channels are there. One whose id is known already replaces the old one: whoever wants it still goes on with the
   * same subscription.
   */
  advertised(channels: readonly ServerChannel[]): void {
    const wanted: WireSubscription[] = [];
    const unwanted: WireSubscription[] = [];
    for (const channel of channels) {
      const readers = [...this.#readers].filter((reader) => reader.matches(channel));
      const known = this.#byChannel.get(channel.id);
      if (known !== undefined) {
        Object.assign(known, { channel, readers });
        if (readers.length === 0) unwanted.push(known);
      } else if (readers.length > 0) {
        wanted.push(this.#open(channel, readers));
      }
    }
    this.#unsubscribe(unwanted);
    this.#subscribe(wanted);
  }

  /** Channels are gone, and their subscriptions with them. Readers wait for the next one, unless they named its id. */
  unadvertised(channels: readonly ServerChannel[]): void {
    for (const { id } of channels) {
      const subscription = this.#byChannel.get(id);
      if (subscription !== undefined) this.#forget(subscription);
      for (const reader of subscription?.readers ?? []) {
        if (reader.channelId === id) this.#finish(reader, {});
      }
    }
  }

  /** The server says that it has no such channel. It may be that it has told of it too early. */
  refused(channelId: number): void {
    const subscription = this.#byChannel.get(channelId);
    if (subscription !== undefined) this.#secondChances.refused(subscription.id);
  }

  /** Hands a message to every reader of its subscription. */
  deliver({ subscriptionId, logTime, data }: MessageOf<ServerMessage<true>, "messageData">): void {
    const subscription = this.#byId.get(subscriptionId);
    if (subscription === undefined) return this.#countStray(subscriptionId);
    const { channel, readers } = subscription;
    const received = { channel, logTime, receiveTime: wallTime(), data };
    for (const reader of readers) reader.deliver(received);
  }

  /** Readers wait for the channels of the next connection, unless they named one of this by its id. */
  connectionLost(error: ConnectionError): void {
    this.#lost = error;
    this.#clear();
    for (const reader of this.#readers) {
      if (reader.channelId !== undefined) this.#finish(reader, { error });
    }
  }

  /** There is another connection; its channels are still to come, and are subscribed to when they do. */
  resubscribe(): void {
    this.#lost = undefined;
    this.#firstId = this.#nextId;
  }

  /** Drops what came and was not read; it is counted like all that is dropped. */
  forgetUnread(): void {
    for (const reader of this.#readers) reader.drop();
  }

  /** Ends every reader once it has read what it has got. */
  end(ending: Ending): void {
    this.#ending = ending;
    for (const reader of this.#readers) this.#finish(reader, ending);
    this.#clear();
  }

  #clear(): void {
    this.#byId.clear();
    this.#byChannel.clear();
    this.#secondChances.clear();
  }

  #finish(reader: Reader, ending: Ending): void {
    this.#readers.delete(reader);
    reader.end(ending);
  }

  #open(channel: ServerChannel, readers: readonly Reader[]): WireSubscription {
    const subscription: WireSubscription = { id: this.#nextId++, channel, readers };
    this.#byId.set(subscription.id, subscription);
    this.#byChannel.set(channel.id, subscription);
    return subscription;
  }

  #forget({ id, channel }: WireSubscription): void {
    this.#byId.delete(id);
    this.#byChannel.delete(channel.id);
    this.#secondChances.forget(id);
  }

  #subscribe(subscriptions: readonly WireSubscription[]): void {
    if (subscriptions.length === 0) return;
    this.#host.send({
      op: "subscribe",
      subscriptions: subscriptions.map(({ id, channel }) => ({ id, channelId: channel.id })),
    });
  }

  #unsubscribe(subscriptions: readonly WireSubscription[]): void {
    if (subscriptions.length === 0) return;
    for (const subscription of subscriptions) this.#forget(subscription);
    this.#host.send({ op: "unsubscribe", subscriptionIds: subscriptions.map(({ id }) => id) });
  }

  /** Messages of a subscription that has just ended may still be on their way; any other id is the server's mistake. */
  #countStray(subscriptionId: number): void {
    countStray(this.#host.counters, subscriptionId >= this.#firstId && subscriptionId < this.#nextId);
  }
}
