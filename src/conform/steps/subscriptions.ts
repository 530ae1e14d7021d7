/**
 * Subscribing, and what comes of it.
 *
 * @module
 */
import { readData } from "../bytes.ts";
import type { Greeting, Scene } from "../case.ts";
import { Mismatch, Skip } from "../mismatch.ts";
import { OTHER_OFFERS, topicOffer } from "../offers.ts";
import type { Peer, Received } from "../peer.ts";
import { check } from "./check.ts";
import { findBinary, isBinary, OPCODES, times } from "./messages.ts";

/** Channel data. */
export type Data = ReturnType<typeof readData>;

/** A `subscribe` of these channels under these ids. */
export function subscribe(...pairs: [id: number, channelId: number][]): object {
  return { op: "subscribe", subscriptions: pairs.map(([id, channelId]) => ({ id, channelId })) };
}

/** An `unsubscribe` of these subscriptions. */
export function unsubscribe(...subscriptionIds: number[]): object {
  return { op: "unsubscribe", subscriptionIds };
}

/** The id of the channel of a topic. @throws {Skip} when there is none. */
export function channelOf({ greeting }: Scene, topic: string): number {
  const channel = greeting.channels.find((channel) => channel.topic === topic);
  if (channel === undefined) throw new Skip(`no channel "${topic}"`, topicOffer(topic));
  return channel.id as number;
}

/** An id that no channel has. */
export function unknownChannel({ greeting }: Scene): number {
  return Math.max(0, ...greeting.channels.map(({ id }) => id as number)) + 1_000_003;
}

/** The channel that was seen to have data, by run. */
const LIVE = new WeakMap<Greeting, Promise<number | undefined>>();

/** How many channels are tried for data. */
const TRIED_CHANNELS = 50;

/** A channel that has data all the time: `/counter`, or whichever is seen to have any. @throws {Skip} when none has. */
export async function liveChannel(scene: Scene): Promise<number> {
  const { greeting } = scene;
  const counter = greeting.channels.find(({ topic }) => topic === "/counter");
  if (counter !== undefined) return counter.id as number;
  const search = LIVE.get(greeting) ?? searchLive(scene);
  LIVE.set(greeting, search);
  const found = await search;
  if (found === undefined) throw new Skip("no channel was seen to have data", OTHER_OFFERS.channels);
  return found;
}

/** Subscribes to all, and sees which has data twice: the first message may be one that is kept for new subscribers. */
async function searchLive(scene: Scene): Promise<number | undefined> {
  const peer = await scene.connect();
  const ids = scene.greeting.channels.slice(0, TRIED_CHANNELS).map(({ id }) => id as number);
  peer.send(subscribe(...ids.map((id, index): [number, number] => [index, id])));
  const seen = new Set<number>();
  try {
    for (;;) {
      const { subscriptionId } = await nextData(peer);
      if (seen.has(subscriptionId)) return ids[subscriptionId];
      seen.add(subscriptionId);
    }
  } catch (error) {
    if (error instanceof Mismatch) return undefined;
    throw error;
  }
}

/** A connection that is subscribed to {@link liveChannel} under an id. */
export async function subscribed(scene: Scene, id: number): Promise<Peer> {
  const channel = await liveChannel(scene);
  const peer = await scene.connect();
  peer.send(subscribe([id, channel]));
  return peer;
}

/** The next message of a channel, of this subscription if one is given; others are passed over. */
export async function nextData(peer: Peer, subscriptionId?: number): Promise<Data> {
  const wanted = (data: Data) => subscriptionId === undefined || data.subscriptionId === subscriptionId;
  const what = `messageData${subscriptionId === undefined ? "" : ` of subscription ${subscriptionId}`} (opcode 1)`;
  return readData(await findBinary(peer, OPCODES.data, (message) => wanted(readData(message)), what));
}

/** The next messages of a subscription. */
export function dataTimes(peer: Peer, count: number, subscriptionId?: number): Promise<Data[]> {
  return times(count, () => nextData(peer, subscriptionId));
}

/** Channel data among messages, of this subscription if one is given. */
export function dataIn(messages: readonly Received[], subscriptionId?: number): Data[] {
  const all = messages.filter((message) => isBinary(message, OPCODES.data)).map((m) => readData(m as Uint8Array));
  return all.filter((data) => subscriptionId === undefined || data.subscriptionId === subscriptionId);
}

/**
 * Fails when a subscription has data although it has ended.
 *
 * @param watcher Another client of the same channel: it shows that the channel goes on.
 */
export async function expectEnded(peer: Peer, subscriptionIds: readonly number[], watcher: Peer): Promise<void> {
  await fresh(watcher, 2);
  // What was under way.
  await peer.settle();
  await fresh(watcher, 1);
  expectNoData(await peer.settle(), subscriptionIds, "long after it has ended");
}

/** Messages that came after this call. */
export async function fresh(peer: Peer, count: number): Promise<void> {
  await peer.settle();
  await dataTimes(peer, count);
}

/** Fails when there is data of a subscription among messages. */
export function expectNoData(messages: readonly Received[], subscriptionIds: readonly number[], when: string): void {
  for (const id of subscriptionIds) {
    const { length } = dataIn(messages, id);
    check(length === 0, `no messageData of subscription ${id} ${when}`, `${length} of them`);
  }
}
