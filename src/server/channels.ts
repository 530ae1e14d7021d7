/**
 * The channels of a server, and telling clients about them.
 *
 * @module
 */
import type { AdvertisedChannel } from "../protocol/messages.ts";
import { type Advertised, advertised } from "./batches.ts";
import { advertisedChannel, Channel, type ChannelOptions } from "./channel.ts";
import { Fanout } from "./fanout.ts";

/** A channel with its subscribers. */
export interface ChannelEntry {
  readonly channel: Channel<never>;
  readonly advertised: Advertised<AdvertisedChannel>;
  readonly fanout: Fanout;
}

/** What happens when the set of channels changes. */
export interface ChannelHooks {
  /** The first channel since the last {@link ChannelRegistry.takeAdded} was added. */
  added(): void;
  /** A channel that clients know of is gone. */
  removed(entry: ChannelEntry): void;
  /** A channel was made, or is gone, whether clients have heard of it or not. */
  came(topic: string): void;
  went(topic: string): void;
  /** A topic got a second channel, for the first time: viewers show only one of them. */
  doubled(topic: string): void;
}

/** All channels by id. Ids start at 1 and are never used again. */
export class ChannelRegistry {
  readonly #entries = new Map<number, ChannelEntry>();
  /** How many live channels each topic has. */
  readonly #topics = new Map<string, number>();
  /** Topics whose second channel has been told of. */
  readonly #doubled = new Set<string>();
  readonly #hooks: ChannelHooks;
  readonly #added = new Set<ChannelEntry>();
  #nextId = 1;

  constructor(hooks: ChannelHooks) {
    this.#hooks = hooks;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A channel that clients have been told of; others are unknown to them, whatever they guess. */
  get(id: number): ChannelEntry | undefined {
    const entry = this.#entries.get(id);
    return entry !== undefined && this.#added.has(entry) ? undefined : entry;
  }

  /** Every channel as it is advertised. */
  all(): Advertised<AdvertisedChannel>[] {
    return Array.from(this.#entries.values(), ({ advertised }) => advertised);
  }

  add<T>(topic: string, options: ChannelOptions<T>): Channel<T> {
    const id = this.#nextId++;
    const info = advertisedChannel(id, topic, options as ChannelOptions<never>);
    const fanout = new Fanout();
    const channel = new Channel<T>(info, options, { fanout, remove: () => this.#remove(id) });
    const entry: ChannelEntry = {
      channel: channel as unknown as Channel<never>,
      advertised: advertised(info, { op: "advertise", channels: [info] }),
      fanout,
    };
    this.#entries.set(id, entry);
    this.#added.add(entry);
    if (this.#added.size === 1) this.#hooks.added();
    this.#count(topic);
    this.#hooks.came(topic);
    return channel;
  }

  /** The channels added since the last call that are still there. */
  takeAdded(): Advertised<AdvertisedChannel>[] {
    const added = Array.from(this.#added, ({ advertised }) => advertised);
    this.#added.clear();
    return added;
  }

  #count(topic: string): void {
    const before = this.#topics.get(topic) ?? 0;
    this.#topics.set(topic, before + 1);
    if (before === 1 && !this.#doubled.has(topic)) {
      this.#doubled.add(topic);
      this.#hooks.doubled(topic);
    }
  }

  #uncount(topic: string): void {
    const left = (this.#topics.get(topic) ?? 1) - 1;
    if (left === 0) this.#topics.delete(topic);
    else this.#topics.set(topic, left);
  }

  #remove(id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#uncount(entry.channel.topic);
    this.#hooks.went(entry.channel.topic);
    // One that nobody has heard of yet leaves as quietly as it came.
    if (!this.#added.delete(entry)) this.#hooks.removed(entry);
  }
}
