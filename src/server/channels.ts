/**
 * The channels of a server.
 *
 * @module
 */
import type { AdvertisedChannel } from "../protocol/messages.ts";
import { advertised } from "./batches.ts";
import { advertisedChannel, Channel, type ChannelOptions } from "./channel.ts";
import { checkObject } from "./checks.ts";
import { Fanout } from "./fanout.ts";
import { Registry, type RegistryEntry, type RegistryHooks } from "./registry.ts";

/** A channel with its subscribers. */
export interface ChannelEntry extends RegistryEntry<AdvertisedChannel> {
  readonly channel: Channel<never>;
  readonly fanout: Fanout;
}

/** What happens when the set of channels changes. */
export interface ChannelHooks extends RegistryHooks<ChannelEntry> {
  /** A channel was made, or is gone, whether clients have heard of it or not. */
  came(topic: string): void;
  went(topic: string): void;
  /** A topic got a second channel, for the first time: viewers show only one of them. */
  doubled(topic: string): void;
}

/** All channels. */
export class ChannelRegistry extends Registry<AdvertisedChannel, ChannelEntry> {
  /** How many live channels each topic has. */
  readonly #topics = new Map<string, number>();
  /** Topics whose second channel has been told of. */
  readonly #doubled = new Set<string>();
  readonly #hooks: ChannelHooks;

  constructor(hooks: ChannelHooks) {
    super(hooks);
    this.#hooks = hooks;
  }

  /** Makes a channel. */
  make<T>(topic: string, options: ChannelOptions<T>): Channel<T> {
    checkObject(options, `options of channel "${topic}"`);
    const info = advertisedChannel(this.nextId, topic, options as ChannelOptions<never>);
    const fanout = new Fanout();
    const remove = () => this.remove(info.id, () => this.#gone(topic));
    const channel = new Channel<T>(info, options, { fanout, remove });
    this.add({
      channel: channel as unknown as Channel<never>,
      advertised: advertised(info, { op: "advertise", channels: [info] }),
      fanout,
    });
    this.#count(topic);
    this.#hooks.came(topic);
    return channel;
  }

  #count(topic: string): void {
    const before = this.#topics.get(topic) ?? 0;
    this.#topics.set(topic, before + 1);
    if (before === 1 && !this.#doubled.has(topic)) {
      this.#doubled.add(topic);
      this.#hooks.doubled(topic);
    }
  }

  #gone(topic: string): void {
    const left = (this.#topics.get(topic) ?? 1) - 1;
    if (left === 0) this.#topics.delete(topic);
    else this.#topics.set(topic, left);
    this.#hooks.went(topic);
  }
}
