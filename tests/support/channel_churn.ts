/** Channels that come and go at random, and clients that check every message of them. */
import { assertEquals, assertGreater, AssertionError } from "@std/assert";
import type { Channel } from "../../src/server/channel.ts";
import type { FoxgloveServer } from "../../src/server/server.ts";
import { systemClock } from "../../src/util/time.ts";
import { Mortals } from "./garbage.ts";
import { readData } from "./raw_bytes.ts";
import { Random } from "./random.ts";
import type { JsonMessage, Received } from "./raw_client.ts";

/** How many channels there are at one time, about. */
const ALIVE = 100;
/** No channel of the server, and no subscription of a client, has such an id: its answer tells that others came before. */
const PROBES = 0x8000_0000;
/** Messages that a watcher sees, about, before it leaves and comes again as another. */
const STAY = 400;

interface WatchedSubscription {
  channelId: number;
  /** Sequence number of the last message. */
  last: number;
}

/** A message that tells of itself where it belongs. */
function payloadOf(channelId: number, sequence: number): string {
  return `${channelId} ${sequence} ${"x".repeat((sequence * 37) % 997)}`;
}

/** One client: subscribes and leaves at random, and fails at the first message that should not have come. */
export class Watcher {
  readonly protocol: string;
  /** Set by whoever connects it. */
  send!: (message: object) => void;
  /** It has left, or has nothing more to see. */
  done = false;
  /** Data messages that it got. */
  messages = 0;
  readonly #random: Random;
  readonly #topics = new Map<number, string>();
  readonly #subscriptions = new Map<number, WatchedSubscription>();
  /** Subscriptions that it has ended, by the probe behind: until its answer their messages may still come. */
  readonly #ending = new Map<number, number>();
  /** The last subscription to each channel. */
  readonly #wished = new Map<number, number>();
  /** Subscriptions to channels that vanished while the wish was on its way: there never were any. */
  readonly #refused = new Set<number>();
  #nextId = 1;
  #leaving = false;
  readonly #isOver: () => boolean;
  readonly #lossy: boolean;

  constructor(random: Random, { isOver, lossy }: { isOver: () => boolean; lossy: boolean }) {
    this.#random = random;
    this.#isOver = isOver;
    this.#lossy = lossy;
    this.protocol = random.chance(0.5) ? "foxglove.sdk.v1" : "foxglove.sdk.v1.1";
  }

  received(message: Received): void {
    if (message instanceof Uint8Array) this.#data(message);
    else this.#take(message);
    this.#act();
  }

  #take(message: JsonMessage): void {
    if (message.op === "advertise") this.#advertised(message.channels as { id: number; topic: string }[]);
    else if (message.op === "unadvertise") this.#unadvertised(message.channelIds as number[]);
    else if (message.op === "status") this.#status(message.message as string);
    else if (message.op === "removeStatus") assertEquals(this.#lossy, true, "removeStatus");
    else if (message.op !== "serverInfo") throw new AssertionError(`Unexpected ${JSON.stringify(message)}`);
  }

  #advertised(channels: { id: number; topic: string }[]): void {
    for (const { id, topic } of channels) {
      assertEquals([this.#topics.has(id), topic], [false, topicOf(id)], `advertised ${id}`);
      this.#topics.set(id, topic);
    }
  }

  #unadvertised(ids: number[]): void {
    for (const id of ids) {
      assertEquals(this.#topics.delete(id), true, `unadvertised ${id}, which was never advertised`);
      for (const [key, { channelId }] of this.#subscriptions) if (channelId === id) this.#subscriptions.delete(key);
    }
  }

  #status(text: string): void {
    const unknownId = Number(/^Client is not subscribed with ID: (\d+); ignoring unsubscription$/.exec(text)?.[1]);
    const unknownChannel = Number(/^Unknown channel ID: (\d+)$/.exec(text)?.[1]);
    if (unknownChannel > 0) return this.#vanished(unknownChannel);
    if (unknownId >= PROBES) return this.#ended(unknownId);
    if (this.#lossy && text.startsWith("Send buffer limit reached: /topic/")) return;
    if (text !== OVER && !this.#refused.has(unknownId)) throw new AssertionError(`Unexpected status: ${text}`);
  }

  #vanished(channelId: number): void {
    assertEquals(this.#topics.has(channelId), false, `channel ${channelId} is advertised and unknown`);
    this.#refused.add(this.#wished.get(channelId)!);
  }

  #ended(probe: number): void {
    this.#subscriptions.delete(this.#ending.get(probe)!);
    this.#ending.delete(probe);
    if (this.#leaving && this.#ending.size === 0) this.#left();
  }

  #left(): void {
    if (this.#isOver()) assertEquals([...this.#topics], [], "channels at the end");
    this.done = true;
  }

  #data(frame: Uint8Array): void {
    const { subscriptionId, logTime, payload } = readData(frame);
    const subscription = this.#subscriptions.get(subscriptionId);
    if (subscription === undefined) {
      throw new AssertionError(`Message for dead subscription ${subscriptionId}: ${payload}`);
    }
    const sequence = Number(logTime);
    assertEquals(payload, payloadOf(subscription.channelId, sequence));
    if (sequence <= subscription.last) throw new AssertionError(`Message ${sequence} after ${subscription.last}`);
    subscription.last = sequence;
    this.messages++;
  }

  #act(): void {
    if (this.#leaving) return;
    if (this.#isOver() && this.#topics.size === 0) return this.#leave();
    if (this.#random.chance(1 / STAY)) this.done = true;
    else if (this.#random.chance(0.2)) this.#subscribe();
    else if (this.#random.chance(0.1)) this.#unsubscribe(this.#random.pick(this.#subscriptions.keys()));
  }

  /** Looks at everything that still comes. */
  #leave(): void {
    this.#leaving = true;
    this.#unsubscribe(undefined);
  }

  #subscribe(): void {
    const taken = new Set(Array.from(this.#subscriptions.values(), ({ channelId }) => channelId));
    const channelId = this.#random.pick([...this.#topics.keys()].filter((id) => !taken.has(id)));
    if (channelId === undefined) return;
    const id = this.#nextId++;
    this.#subscriptions.set(id, { channelId, last: -1 });
    this.#wished.set(channelId, id);
    this.send({ op: "subscribe", subscriptions: [{ id, channelId }] });
  }

  #unsubscribe(id: number | undefined): void {
    if (id !== undefined && [...this.#ending.values()].includes(id)) return;
    const probe = PROBES + this.#nextId++;
    this.#ending.set(probe, id ?? -1);
    this.send({ op: "unsubscribe", subscriptionIds: id === undefined ? [probe] : [id, probe] });
  }
}

/** What comes and goes. */
export interface ChannelChurn {
  server: FoxgloveServer;
  random: Random;
  /** How many channels come and go in all. */
  channels: number;
  /** How many clients watch at one time. */
  watchers: number;
  /** Whether clients are so slow that messages are dropped. */
  lossy?: boolean;
}

/**
 * Plays it, and fails at the first wrong message, or when something stays behind.
 *
 * @param follow Connects a watcher and lets it see everything until it is done.
 */
export async function churnOfChannels(
  { server, random, channels, watchers, lossy = false }: ChannelChurn,
  follow: (watcher: Watcher) => Promise<void>,
): Promise<void> {
  const mortals = new Mortals();
  const robot = new RestlessRobot(server, random, { channels, mortals });
  const isOver = () => robot.over;
  const seats = Array.from({ length: watchers }, (_, seat) => {
    const own = new Random(random.below(2 ** 32) + seat);
    return sit(() => new Watcher(own, { isOver, lossy }), follow, isOver);
  });
  let failure: unknown;
  const playing = robot.play(() => failure !== undefined);
  // What is wrong for one ends it for all.
  const failed = (error: unknown) => (failure ??= error, server.close().then(() => 0));
  const seen = await Promise.all(seats.map((seat) => seat.catch(failed)));
  await playing;
  if (failure !== undefined) throw failure;
  assertGreater(seen.reduce((sum, messages) => sum + messages), channels, "messages that were seen");
  assertEquals([server.stats().channels, server.stats().subscriptions], [0, 0], "channels, subscriptions");
  assertEquals(mortals.count("channels"), channels);
  await mortals.assertGone();
}

/** One watcher after the other, until it is over. @returns How many messages they got. */
async function sit(
  make: () => Watcher,
  follow: (watcher: Watcher) => Promise<void>,
  isOver: () => boolean,
): Promise<number> {
  let messages = 0;
  do {
    const watcher = make();
    await follow(watcher);
    messages += watcher.messages;
  } while (!isOver());
  return messages;
}

class RestlessRobot {
  readonly #server: FoxgloveServer;
  readonly #random: Random;
  readonly #total: number;
  readonly #mortals: Mortals;
  readonly #channels = new Map<Channel<string>, number>();
  #made = 0;
  over = false;

  constructor(server: FoxgloveServer, random: Random, { channels, mortals }: { channels: number; mortals: Mortals }) {
    this.#server = server;
    this.#random = random;
    this.#total = channels;
    this.#mortals = mortals;
  }

  async play(isFailed: () => boolean): Promise<void> {
    while ((this.#made < this.#total || this.#channels.size > 0) && !isFailed()) {
      this.#turn();
      await new Promise<void>((resolve) => systemClock.defer(resolve));
    }
    this.over = true;
    // Those that have seen the last channel go are told of one more: they find out that it is over.
    this.#server.status("info", OVER);
  }

  #turn(): void {
    const random = this.#random;
    if (this.#made < this.#total && random.below(2 * ALIVE) >= this.#channels.size) this.#add();
    if (random.below(2 * ALIVE) < this.#channels.size || this.#made === this.#total) this.#close();
    for (let i = random.below(10); i > 0; i--) this.#publish();
  }

  #add(): void {
    const options = { encoding: "text", latch: this.#random.chance(0.2), encode: (text: string) => utf8.encode(text) };
    const channel = this.#server.channel<string>(topicOf(++this.#made), options);
    assertEquals(channel.id, this.#made);
    this.#mortals.add("channels", channel);
    this.#channels.set(channel, 0);
  }

  #close(): void {
    const channel = this.#random.pick(this.#channels.keys());
    if (channel === undefined) return;
    this.#channels.delete(channel);
    // The last message of a channel may be waiting when it goes.
    if (this.#random.chance(0.5)) channel.publish(payloadOf(channel.id, 1e9), { logTime: 10n ** 9n });
    channel.close();
  }

  #publish(): void {
    const channel = this.#random.pick(this.#channels.keys());
    if (channel === undefined) return;
    for (let i = this.#random.below(5); i > 0; i--) {
      const sequence = this.#channels.get(channel)! + 1;
      this.#channels.set(channel, sequence);
      channel.publish(payloadOf(channel.id, sequence), { logTime: BigInt(sequence) });
    }
  }
}

const utf8 = new TextEncoder();
const OVER = "It is over";

function topicOf(id: number): string {
  return `/topic/${id}`;
}
