/**
 * The subscriptions of one client.
 *
 * @module
 */
import type { SendQueue } from "../flow/send_queue.ts";
import type { Subscription } from "../protocol/messages.ts";
import { Slab } from "../util/slab.ts";
import type { ChannelEntry } from "./channels.ts";
import { subscribedBy } from "./connection_graph.ts";
import type { Subscriber } from "./fanout.ts";
import type { SubscriptionStats } from "./server_client.ts";
import type { Session } from "./session.ts";

interface LiveSubscription extends Subscriber {
  readonly entry: ChannelEntry;
  droppedMessages: number;
}

/** Keeps what one client is subscribed to, by subscription id and by channel id. */
export class Subscriptions {
  readonly #session: Session;
  readonly #queue: SendQueue;
  readonly #slab = new Slab();
  readonly #byId = new Map<number, LiveSubscription>();
  readonly #byChannel = new Map<number, LiveSubscription>();
  /** Ids that ended with their channel: the client may cancel them too, without knowing (Lichtblick does). */
  readonly #orphans = new Set<number>();

  constructor(session: Session, queue: SendQueue) {
    this.#session = session;
    this.#queue = queue;
  }

  /** Answers one entry of `subscribe`. */
  subscribe({ id, channelId }: Subscription): void {
    const session = this.#session;
    const entry = session.host.channels.get(channelId);
    const limit = session.host.limits.subscriptions;
    if (entry === undefined || session.shownChannels.hides(channelId)) {
      return session.status("error", `Unknown channel ID: ${channelId}`);
    }
    if (!session.host.allows(session, "subscribe", entry.channel.topic)) {
      return session.status("error", `Client may not subscribe to channel: ${channelId}; ignoring subscription`);
    }
    if (this.#byChannel.has(channelId)) {
      return session.status(
        "warning",
        `Client is already subscribed to channel: ${channelId}; ignoring subscription`,
      );
    }
    if (this.#byId.has(id)) {
      return session.status("error", `Subscription ID was already used: ${id}; ignoring subscription`);
    }
    if (this.#byId.size >= limit) return session.status("error", `Too many subscriptions: the limit is ${limit}`);
    this.#add({ id, client: session, entry, queue: this.#queue, slab: this.#slab, droppedMessages: 0 });
  }

  /** Answers one entry of `unsubscribe`. */
  unsubscribe(id: number): void {
    const subscription = this.#byId.get(id);
    if (subscription !== undefined) {
      this.#remove(subscription);
      this.#emitUnsubscribe(subscription);
    } else if (!this.#orphans.delete(id)) {
      this.#session.status("warning", `Client is not subscribed with ID: ${id}; ignoring unsubscription`);
    }
  }

  /**
   * Ends the subscription to a channel that is going away.
   *
   * @returns A function that raises the event, to be called once the client has been told; `undefined` without one.
   */
  channelRemoved(channelId: number): (() => void) | undefined {
    const subscription = this.#byChannel.get(channelId);
    if (subscription === undefined) return undefined;
    this.#remove(subscription);
    this.#orphans.add(subscription.id);
    // A client that never cancels must not grow the set for ever: the oldest id goes.
    if (this.#orphans.size > this.#session.host.limits.subscriptions) this.#orphans.delete(first(this.#orphans));
    return () => this.#emitUnsubscribe(subscription);
  }

  /** Ends all of them with their events: the client has left. */
  release(): void {
    for (const subscription of [...this.#byId.values()]) {
      this.#remove(subscription);
      this.#emitUnsubscribe(subscription);
    }
  }

  /** Counts a dropped message. @returns The topic it was for, or `undefined` for a subscription that is gone. */
  dropped(id: number): string | undefined {
    const subscription = this.#byId.get(id);
    if (subscription === undefined) return undefined;
    subscription.droppedMessages++;
    return subscription.entry.channel.topic;
  }

  stats(): SubscriptionStats[] {
    return Array.from(this.#byId.values(), ({ entry: { channel }, droppedMessages }) => (
      { topic: channel.topic, channelId: channel.id, droppedMessages }
    ));
  }

  #add(subscription: LiveSubscription): void {
    const { id, entry } = subscription;
    this.#orphans.delete(id);
    this.#byId.set(id, subscription);
    this.#byChannel.set(entry.channel.id, subscription);
    entry.fanout.add(subscription);
    this.#session.host.graph.added(subscribedBy(this.#session, entry.channel.topic));
    this.#session.host.events.emit("subscribe", { client: this.#session, channel: entry.channel });
  }

  #remove(subscription: LiveSubscription): void {
    const { id, entry } = subscription;
    this.#byId.delete(id);
    this.#byChannel.delete(entry.channel.id);
    entry.fanout.remove(subscription);
    this.#session.host.graph.removed(subscribedBy(this.#session, entry.channel.topic));
    this.#queue.purge(id);
  }

  #emitUnsubscribe({ entry: { channel } }: LiveSubscription): void {
    this.#session.host.events.emit("unsubscribe", { client: this.#session, channel });
  }
}

function first<T>(values: Set<T>): T {
  return values.values().next().value as T;
}
