/**
 * Cases of unsubscribing.
 *
 * @module
 */
import type { ConformCase } from "../case.ts";
import { none } from "../steps/check.ts";
import { complaintsIn, numbers } from "../steps/messages.ts";
import { foxwire, spec } from "../steps/sources.ts";
import {
  channelOf,
  dataTimes,
  expectEnded,
  liveChannel,
  nextData,
  subscribe,
  subscribed,
  unsubscribe,
} from "../steps/subscriptions.ts";

const NEVER_USED = 0x0bad_1d00;

/** The cases. */
export const UNSUBSCRIBE: readonly ConformCase[] = [
  {
    name: "unsubscribe/stops",
    level: "must",
    rule: "After an unsubscribe no messages of that subscription come any more, when those under way have arrived",
    source: spec("Unsubscribe"),
    async run(scene) {
      const [leaving, staying] = [await subscribed(scene, 1), await subscribed(scene, 1)];
      await nextData(leaving, 1);
      leaving.send(unsubscribe(1));
      await expectEnded(leaving, [1], staying);
    },
  },
  {
    name: "unsubscribe/at-once",
    level: "should",
    rule: "Who unsubscribes in the same breath in which it has subscribed is not subscribed",
    source: spec("Unsubscribe"),
    async run(scene) {
      const [channel, staying, peer] = [await liveChannel(scene), await subscribed(scene, 1), await scene.connect()];
      const ids = numbers(50);
      // Several times, as packets come as they like.
      peer.send(...ids.flatMap((id) => [subscribe([id, channel]), unsubscribe(id)]));
      await expectEnded(peer, ids, staying);
    },
  },
  {
    name: "unsubscribe/quiet",
    level: "should",
    rule: "An unsubscribe that is right is answered by nothing, no warning and no error",
    source: spec("Unsubscribe"),
    async run(scene) {
      const peer = await subscribed(scene, 1);
      none(complaintsIn(await peer.ask(unsubscribe(1))), "warning or error");
    },
  },
  {
    name: "unsubscribe/others-of-the-client",
    level: "must",
    rule: "An unsubscribe ends the subscriptions that it names and no other",
    source: spec("Unsubscribe"),
    needs: { topic: "/latched" },
    async run(scene) {
      const peer = await scene.connect();
      peer.send(subscribe([1, channelOf(scene, "/latched")], [2, channelOf(scene, "/counter")]), unsubscribe(1));
      await peer.settle();
      await dataTimes(peer, 2, 2);
    },
  },
  {
    name: "unsubscribe/other-clients",
    level: "must",
    rule:
      "An unsubscribe ends the subscription of the client that sends it, not that of another client with the same id",
    source: spec("Unsubscribe"),
    async run(scene) {
      const [leaving, staying] = [await subscribed(scene, 3), await subscribed(scene, 3)];
      await leaving.ask(unsubscribe(3));
      await staying.settle();
      await dataTimes(staying, 2, 3);
    },
  },
  {
    name: "unsubscribe/channel-id",
    level: "must",
    rule: "An unsubscribe names subscriptions, not channels",
    source: spec("Unsubscribe: subscriptionIds, corresponding to previous Subscribe messages"),
    async run(scene) {
      const channel = await liveChannel(scene);
      const peer = await subscribed(scene, channel + 1000);
      await peer.ask(unsubscribe(channel));
      await dataTimes(peer, 2, channel + 1000);
    },
  },
  {
    name: "unsubscribe/several",
    level: "must",
    rule: "One unsubscribe may end several subscriptions",
    source: spec("Unsubscribe"),
    needs: { topic: "/pose" },
    async run(scene) {
      const [peer, watcher] = [await scene.connect(), await subscribed(scene, 9)];
      peer.send(subscribe([1, channelOf(scene, "/counter")], [2, channelOf(scene, "/pose")]));
      await nextData(peer, 1);
      peer.send(unsubscribe(1, 2));
      // The slower one has two messages per second.
      await dataTimes(watcher, 5);
      await expectEnded(peer, [1, 2], watcher);
    },
  },
  {
    name: "unsubscribe/unknown",
    level: "should",
    rule:
      "An unsubscribe for an id that is not subscribed harms nothing: clients send it for channels that have just gone",
    source: spec("Unsubscribe: and docs/protocol.md, The course of a connection"),
    async run(scene) {
      const peer = await subscribed(scene, 1);
      await peer.ask(unsubscribe(NEVER_USED));
      await peer.expectAlive("an unsubscribe of an unknown id");
      await nextData(peer, 1);
    },
  },
  {
    name: "unsubscribe/unknown-status",
    level: "extra",
    rule: "An unsubscribe for an id that was never subscribed is answered by a status of level warning",
    source: foxwire("Channels: unsubscribe: an unknown id"),
    async run(scene) {
      const peer = await scene.connect();
      peer.send(unsubscribe(NEVER_USED));
      await peer.expectStatus("warning");
    },
  },
  {
    name: "unsubscribe/unknown-rest",
    level: "should",
    rule: "An unknown id in an unsubscribe does not keep the other ids from ending",
    source: spec("Unsubscribe"),
    async run(scene) {
      const [leaving, staying] = [await subscribed(scene, 1), await subscribed(scene, 1)];
      await nextData(leaving, 1);
      leaving.send(unsubscribe(NEVER_USED, 1, NEVER_USED));
      await expectEnded(leaving, [1], staying);
    },
  },
  {
    name: "unsubscribe/bad-entry-rest",
    level: "extra",
    rule: "An id that is malformed is answered by an error, and the other ids of the same message end",
    source: foxwire("What does not follow the protocol: the same in one entry of a list"),
    async run(scene) {
      const peer = await subscribed(scene, 1);
      await nextData(peer, 1);
      peer.send({ op: "unsubscribe", subscriptionIds: [-1, 1] });
      await peer.expectStatus("error");
      // The id is free.
      none(complaintsIn(await peer.ask(subscribe([1, await liveChannel(scene)]))), "warning or error");
    },
  },
  {
    name: "unsubscribe/twice",
    level: "should",
    rule: "An unsubscribe that comes twice harms nothing",
    source: spec("Unsubscribe: and docs/protocol.md, The course of a connection"),
    async run(scene) {
      const peer = await subscribed(scene, 1);
      await peer.ask(unsubscribe(1, 1), unsubscribe(1));
      await peer.ask(subscribe([1, await liveChannel(scene)]));
      await nextData(peer, 1);
    },
  },
];
