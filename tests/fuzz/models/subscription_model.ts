/** What a client is subscribed to: one subscription for each channel that somebody reads. */
import type { Members } from "../readers/read_json.ts";
import type { FeedModel } from "./feed_model.ts";
import { removeFrom } from "./lists.ts";
import { messageText } from "./received.ts";

/** One who reads the messages of channels. */
export interface ReaderModel {
  readonly feed: FeedModel;
  readonly channelId: number | undefined;
  matches(channel: Members): boolean;
}

interface Subscription {
  readonly id: number;
  readonly channelId: number;
  readers: ReaderModel[];
}

/** The subscriptions of a client. */
export class SubscriptionModel {
  readonly #sent: (text: string) => void;
  readonly readers: ReaderModel[] = [];
  #subscriptions: Subscription[] = [];
  #lost = false;
  #nextId = 1;
  /** Of this connection. */
  #firstId = 1;

  /** @param sent Is told what goes to the server. */
  constructor(sent: (text: string) => void) {
    this.#sent = sent;
  }

  /** Those that there are. */
  get ids(): number[] {
    return this.#subscriptions.map(({ id }) => id);
  }

  add(reader: ReaderModel, channels: Iterable<Members>): void {
    if (this.#lost && reader.channelId !== undefined) return reader.feed.end("error");
    this.readers.push(reader);
    if (this.#lost) return;
    const wanted: Subscription[] = [];
    for (const channel of channels) {
      if (!reader.matches(channel)) continue;
      const shared = this.#of(channel.id as number);
      if (shared === undefined) wanted.push(this.#open(channel.id as number, [reader]));
      else shared.readers.push(reader);
    }
    this.#tellSubscribed(wanted);
  }

  remove(reader: ReaderModel): void {
    reader.feed.close();
    if (!removeFrom(this.readers, reader)) return;
    this.#tellUnsubscribed(
      this.#subscriptions.filter(({ readers }) => removeFrom(readers, reader) && readers.length === 0),
    );
  }

  advertised(channels: readonly Members[]): void {
    const [wanted, unwanted]: [Subscription[], Subscription[]] = [[], []];
    for (const channel of channels) {
      const readers = this.readers.filter((reader) => reader.matches(channel));
      const known = this.#of(channel.id as number);
      if (known === undefined) {
        if (readers.length > 0) wanted.push(this.#open(channel.id as number, readers));
        continue;
      }
      known.readers = readers;
      if (readers.length === 0) unwanted.push(known);
    }
    this.#tellUnsubscribed(unwanted);
    this.#tellSubscribed(wanted);
  }

  unadvertised(channelId: number): void {
    const subscription = this.#of(channelId);
    if (subscription === undefined) return;
    removeFrom(this.#subscriptions, subscription);
    for (const reader of subscription.readers) if (reader.channelId === channelId) this.#finish(reader, "done");
  }

  /** A message has come. @returns What it is if it is for nobody; `late`: any more. */
  deliver(
    { subscriptionId, logTime, data }: { subscriptionId: number; logTime: bigint; data: Uint8Array },
    channels: ReadonlyMap<number, Members>,
  ): "late" | "stray" | undefined {
    const subscription = this.#subscriptions.find(({ id }) => id === subscriptionId);
    if (subscription === undefined) {
      return subscriptionId >= this.#firstId && subscriptionId < this.#nextId ? "late" : "stray";
    }
    const text = messageText(channels.get(subscription.channelId)!, logTime, data);
    for (const { feed } of subscription.readers) feed.push(text);
  }

  lose(): void {
    this.#lost = true;
    this.#subscriptions = [];
    for (const reader of [...this.readers]) if (reader.channelId !== undefined) this.#finish(reader, "error");
  }

  /** There is another connection, and no channel yet. */
  resume(): void {
    this.#lost = false;
    this.#firstId = this.#nextId;
  }

  forgetUnread(): void {
    for (const { feed } of this.readers) feed.forget();
  }

  #of(channel: number): Subscription | undefined {
    return this.#subscriptions.find(({ channelId }) => channelId === channel);
  }

  #finish(reader: ReaderModel, how: "done" | "error"): void {
    removeFrom(this.readers, reader);
    reader.feed.end(how);
  }

  #open(channelId: number, readers: ReaderModel[]): Subscription {
    const subscription = { id: this.#nextId++, channelId, readers };
    this.#subscriptions.push(subscription);
    return subscription;
  }

  #tellSubscribed(wanted: readonly Subscription[]): void {
    if (wanted.length > 0) this.#sent(`subscribe ${wanted.map(({ id, channelId }) => `${id}:${channelId}`)}`);
  }

  #tellUnsubscribed(unwanted: readonly Subscription[]): void {
    if (unwanted.length === 0) return;
    for (const subscription of unwanted) removeFrom(this.#subscriptions, subscription);
    this.#sent(`unsubscribe ${unwanted.map(({ id }) => id)}`);
  }
}
