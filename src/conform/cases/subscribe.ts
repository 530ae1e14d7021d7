/**
 * Cases of subscribing: ids, refusals, lists.
 *
 * @module
 */
import type { ConformCase, Scene } from "../case.ts";
import type { Peer } from "../peer.ts";
import { none, same } from "../steps/check.ts";
import { complaintsIn } from "../steps/messages.ts";
import { choice, foxwire, sdk, spec } from "../steps/sources.ts";
import {
  channelOf,
  dataIn,
  dataTimes,
  liveChannel,
  nextData,
  subscribe,
  subscribed,
  unknownChannel,
  unsubscribe,
} from "../steps/subscriptions.ts";

const MAX_U32 = 0xffff_ffff;

/** Fails unless a peer has data under exactly one subscription. */
async function onlyData(peer: Peer, id: number): Promise<void> {
  const all = await dataTimes(peer, 2);
  same(all.map(({ subscriptionId }) => subscriptionId), [id, id], "messages under subscription ids");
}

/** Fails unless an id can be used for a subscription. */
const usable = (id: number) => async (scene: Scene): Promise<void> => {
  await onlyData(await subscribed(scene, id), id);
};

/** The cases. */
export const SUBSCRIBE: readonly ConformCase[] = [
  {
    name: "subscribe/data",
    level: "must",
    rule: "After a subscribe the messages of that channel arrive as messageData with the id of the subscription",
    source: spec("Message Data"),
    run: usable(30),
  },
  {
    name: "subscribe/quiet",
    level: "should",
    rule: "A subscribe that is right is answered by data alone, without a warning or an error",
    source: sdk("on_subscribe"),
    async run(scene) {
      const [channel, peer] = [await liveChannel(scene), await scene.connect()];
      none(complaintsIn(await peer.ask(subscribe([1, channel]))), "warning or error");
    },
  },
  {
    name: "subscribe/id-zero",
    level: "must",
    rule: "0 is a subscription id like any other",
    source: spec("Subscribe: its example has id 0"),
    run: usable(0),
  },
  {
    name: "subscribe/id-max",
    level: "must",
    rule: "Subscription ids go up to 2^32 - 1, and come back unsigned",
    source: spec("Message Data: subscription id is a uint32"),
    run: usable(MAX_U32),
  },
  {
    name: "subscribe/id-half",
    level: "must",
    rule: "Subscription ids are little-endian in messageData",
    source: spec("Binary messages"),
    run: usable(0x1234_5678),
  },
  {
    name: "subscribe/two-channels",
    level: "must",
    rule: "One subscribe may have several subscriptions, each of which gets its own channel's messages",
    source: spec("Subscribe"),
    needs: { topic: "/latched" },
    async run(scene) {
      const [counter, latched] = [channelOf(scene, "/counter"), channelOf(scene, "/latched")];
      const peer = await scene.connect();
      peer.send(subscribe([5, counter], [6, latched]));
      const seen = new Set<number>();
      while (seen.size < 2) seen.add((await nextData(peer)).subscriptionId);
      same([...seen].sort(), [5, 6], "data of subscriptions");
    },
  },
  {
    name: "subscribe/two-messages",
    level: "must",
    rule: "A second subscribe adds to the first and does not replace it",
    source: spec("Subscribe"),
    needs: { topic: "/latched" },
    async run(scene) {
      const peer = await scene.connect();
      peer.send(subscribe([5, channelOf(scene, "/counter")]), subscribe([6, channelOf(scene, "/latched")]));
      await nextData(peer, 6);
      await nextData(peer, 5);
    },
  },
  {
    name: "subscribe/two-clients",
    level: "must",
    rule: "Subscription ids belong to a connection: two clients may use the same one",
    source: spec("Subscribe: the id is chosen by the client"),
    async run(scene) {
      const [one, two] = [await subscribed(scene, 7), await subscribed(scene, 7)];
      await onlyData(one, 7);
      await onlyData(two, 7);
    },
  },
  {
    name: "subscribe/own-data",
    level: "must",
    rule: "A client gets data under its own subscription ids alone, not under those of others",
    source: spec("Message Data: the subscription id must correspond to a Subscribe that was previously sent"),
    async run(scene) {
      const [one, two, stranger] = [await subscribed(scene, 8), await subscribed(scene, 9), await scene.connect()];
      await onlyData(one, 8);
      await onlyData(two, 9);
      same(dataIn(await stranger.settle()).length, 0, "messages for who has not subscribed");
    },
  },
  {
    name: "subscribe/id-in-use",
    level: "should",
    rule: "A subscription id that is in use for another channel is refused by a status of level error",
    source: sdk("on_subscribe: the specification allows it"),
    needs: { topic: "/latched" },
    async run(scene) {
      const peer = await subscribed(scene, 10);
      peer.send(subscribe([10, channelOf(scene, "/latched")]));
      await peer.expectStatus("error");
    },
  },
  {
    name: "subscribe/id-in-use-first-stays",
    level: "should",
    rule:
      "When a subscription id is used again the first subscription goes on, and the second channel has no data under it",
    source: sdk("on_subscribe: the specification allows it"),
    needs: { topic: "/latched" },
    async run(scene) {
      const [first, second] = [await scene.connect(), await scene.connect()];
      const [counter, latched] = [channelOf(scene, "/counter"), channelOf(scene, "/latched")];
      second.send(subscribe([1, latched]));
      const other = await nextData(second);
      first.send(subscribe([10, counter]), subscribe([10, latched]));
      const payloads = (await dataTimes(first, 3, 10)).map(({ payload }) => [...payload].join());
      same(
        payloads.filter((payload) => payload === [...other.payload].join()).length,
        0,
        "messages of the second channel",
      );
    },
  },
  {
    name: "subscribe/channel-twice",
    level: "should",
    rule: "A second subscription to the same channel is ignored with a status of level warning",
    source: sdk("on_subscribe: and the specification, one subscription for each channel at a time"),
    async run(scene) {
      const peer = await subscribed(scene, 11);
      peer.send(subscribe([12, await liveChannel(scene)]));
      await peer.expectStatus("warning");
    },
  },
  {
    name: "subscribe/channel-twice-first-stays",
    level: "should",
    rule: "When a channel is subscribed twice its messages come once, under the first id",
    source: sdk("on_subscribe: and the specification, one subscription for each channel at a time"),
    async run(scene) {
      const peer = await subscribed(scene, 11);
      peer.send(subscribe([12, await liveChannel(scene)]));
      await peer.settle();
      await onlyData(peer, 11);
    },
  },
  {
    name: "subscribe/unknown-channel",
    level: "should",
    rule: "A subscription to a channel that does not exist is answered by a status of level error",
    source: sdk("on_subscribe"),
    async run(scene) {
      const peer = await scene.connect();
      peer.send(subscribe([1, unknownChannel(scene)]));
      await peer.expectStatus("error");
    },
  },
  {
    name: "subscribe/unknown-channel-rest",
    level: "should",
    rule: "A subscription that is refused spoils no other of the same message",
    source: sdk("on_subscribe"),
    async run(scene) {
      const [channel, unknown, peer] = [await liveChannel(scene), unknownChannel(scene), await scene.connect()];
      peer.send(subscribe([1, unknown], [2, channel], [3, unknown + 1]));
      await onlyData(peer, 2);
    },
  },
  {
    name: "subscribe/refused-id-is-free",
    level: "should",
    rule: "The id of a subscription that was refused can be used for another",
    source: sdk("on_subscribe"),
    async run(scene) {
      const [channel, peer] = [await liveChannel(scene), await scene.connect()];
      peer.send(subscribe([4, unknownChannel(scene)]), subscribe([4, channel]));
      await onlyData(peer, 4);
    },
  },
  {
    name: "subscribe/bad-entry-rest",
    level: "extra",
    rule: "An entry that is malformed is answered by an error, and the others of the same message apply",
    source: foxwire("What does not follow the protocol: the same in one entry of a list"),
    async run(scene) {
      const [channelId, peer] = [await liveChannel(scene), await scene.connect()];
      const subscriptions = [{ id: "1", channelId }, null, { id: 2, channelId }, { id: 3 }];
      peer.send({ op: "subscribe", subscriptions });
      await peer.expectStatus("error");
      await onlyData(peer, 2);
    },
  },
  {
    name: "subscribe/empty-list",
    level: "should",
    rule: "A subscribe without subscriptions does nothing and is no mistake",
    source: sdk("on_subscribe"),
    async run(scene) {
      const peer = await scene.connect();
      none(complaintsIn(await peer.ask(subscribe())), "warning or error");
    },
  },
  {
    name: "subscribe/float-id",
    level: "extra",
    rule: "1.0 is an integer in JSON",
    source: choice("Framing"),
    async run(scene) {
      const [channel, peer] = [await liveChannel(scene), await scene.connect()];
      peer.send(`{"op":"subscribe","subscriptions":[{"id":21.0,"channelId":${channel}.0}]}`);
      await onlyData(peer, 21);
    },
  },
  {
    name: "subscribe/after-unsubscribe",
    level: "must",
    rule: "After unsubscribing, the client may reuse the id",
    source: spec("Subscribe"),
    async run(scene) {
      const [peer, channel] = [await subscribed(scene, 13), await liveChannel(scene)];
      await nextData(peer, 13);
      peer.send(unsubscribe(13), subscribe([13, channel]));
      await peer.settle();
      await onlyData(peer, 13);
    },
  },
  {
    name: "subscribe/again-by-another-id",
    level: "must",
    rule: "After unsubscribing, the channel can be subscribed under another id",
    source: spec("Subscribe"),
    async run(scene) {
      const [peer, channel] = [await subscribed(scene, 14), await liveChannel(scene)];
      await nextData(peer, 14);
      await peer.ask(unsubscribe(14), subscribe([15, channel]));
      await nextData(peer, 15);
      await onlyData(peer, 15);
    },
  },
];
