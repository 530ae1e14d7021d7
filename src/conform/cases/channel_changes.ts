/**
 * Cases of channels that come and go while clients are connected: those on which the server publishes again what clients
 * publish.
 *
 * @module
 */
import { bytes } from "../bytes.ts";
import type { ConformCase } from "../case.ts";
import { advertisedIn, unadvertised } from "../steps/channels.ts";
import { check, none, sameBytes } from "../steps/check.ts";
import {
  advertise,
  channelFor,
  echoed,
  listen,
  publishAndFollow,
  publishAndRead,
  topicOf,
  unadvertise,
} from "../steps/echo.ts";
import { complaintsIn, findOp } from "../steps/messages.ts";
import { foxwire, sdk, spec } from "../steps/sources.ts";
import { channelOf, nextData, subscribe, unsubscribe } from "../steps/subscriptions.ts";

const NEEDS = { capabilities: ["clientPublish"] } as const;

/** The cases. */
export const CHANNEL_CHANGES: readonly ConformCase[] = [
  {
    name: "channels/announced",
    level: "must",
    rule: "Clients that are connected already are told of a new channel by an advertise",
    source: spec("Advertise: informs the client about newly available channels"),
    needs: NEEDS,
    async run(scene) {
      const [one, two] = [await scene.connect(), await scene.connect()];
      const { channel } = await echoed(scene, { reader: one, channel: { topic: topicOf("announced") } });
      await findOp(two, "advertise", (message) => advertisedIn([message]).some(({ id }) => id === channel.id));
    },
  },
  {
    name: "channels/withdrawn",
    level: "must",
    rule: "When a channel goes, all clients are told by an unadvertise with its id",
    source: spec("Unadvertise"),
    needs: NEEDS,
    async run(scene) {
      const { publisher, reader, id, channel } = await echoed(scene, { channel: { topic: topicOf("withdrawn") } });
      publisher.send(unadvertise(id));
      for (const peer of [reader, publisher]) await unadvertised(peer, channel.id);
    },
  },
  {
    name: "channels/shared",
    level: "extra",
    rule: "What two clients publish on one topic stays there until the last of them unadvertises it",
    source: foxwire("What to offer it: the reference server"),
    needs: NEEDS,
    async run(scene) {
      const one = await echoed(scene, { channel: { topic: topicOf("shared") } });
      await listen(one);
      const publisher = await scene.connect();
      await publisher.ask(advertise(channelFor(2, topicOf("shared"))));
      await one.publisher.ask(unadvertise(one.id));
      const payload = await publishAndFollow({ ...one, publisher, id: 2 }, bytes("two"));
      sameBytes(payload, bytes("two"), "the payload of the second publisher");
    },
  },
  {
    name: "channels/client-leaves",
    level: "should",
    rule: "The channels of a client end when it leaves",
    source: sdk("on_disconnect"),
    needs: NEEDS,
    async run(scene) {
      const { publisher, reader, channel } = await echoed(scene, { channel: { topic: topicOf("leaves") } });
      await publisher.close();
      await unadvertised(reader, channel.id);
    },
  },
  {
    name: "channels/id-of-another-kind",
    level: "must",
    rule: "A server reuses a channel id only for a channel with the same topic, encoding and schema",
    source: spec("Advertise"),
    needs: NEEDS,
    async run(scene) {
      const topic = topicOf("kinds");
      const first = await echoed(scene, { channel: { topic } });
      first.publisher.send(unadvertise(1));
      await unadvertised(first.reader, first.channel.id);
      const schema = { schemaName: "Kind", schemaEncoding: "jsonschema", schema: '{"type":"object"}' };
      const second = await echoed(scene, { ...first, channel: { topic, ...schema } });
      check(second.channel.id !== first.channel.id, "another channel id than before", second.channel);
    },
  },
  {
    name: "channels/subscribe-gone",
    level: "should",
    rule: "A subscription to a channel that has gone is answered by a status of level error",
    source: sdk("on_subscribe"),
    needs: NEEDS,
    async run(scene) {
      const { publisher, reader, id, channel } = await echoed(scene, { channel: { topic: topicOf("too-late") } });
      publisher.send(unadvertise(id));
      await unadvertised(reader, channel.id);
      reader.send(subscribe([1, channel.id]));
      await reader.expectStatus("error");
    },
  },
  {
    name: "channels/unsubscribe-gone",
    level: "extra",
    rule:
      "An unsubscribe for a subscription that ended with its channel is taken without a word: viewers send it always",
    source: foxwire("Channels: unsubscribe: an id that ended with its channel"),
    needs: NEEDS,
    async run(scene) {
      const echo = await echoed(scene, { channel: { topic: topicOf("ended") } });
      await listen(echo, 3);
      echo.publisher.send(unadvertise(echo.id));
      await unadvertised(echo.reader, echo.channel.id);
      none(complaintsIn(await echo.reader.ask(unsubscribe(3))), "warning or error");
    },
  },
  {
    name: "channels/subscription-ends",
    level: "must",
    rule: "A subscription ends with its channel: when the topic comes again it has to be subscribed anew, and may be",
    source: spec("Unadvertise: and Subscribe"),
    needs: NEEDS,
    async run(scene) {
      const channel = { topic: topicOf("again") };
      const first = await echoed(scene, { channel });
      await listen(first, 3);
      first.publisher.send(unadvertise(first.id));
      await unadvertised(first.reader, first.channel.id);
      const second = await echoed(scene, { ...first, channel });
      await first.reader.ask(unsubscribe(3));
      await listen(second, 4);
      sameBytes(await publishAndRead(second, bytes("again"), 4), bytes("again"), "the payload on the new channel");
    },
  },
  {
    name: "channels/latched",
    level: "extra",
    rule: "The last message of a latched channel comes to each new subscription, with the same log time",
    source: foxwire("What to offer it: the reference server"),
    needs: { topic: "/latched" },
    async run(scene) {
      const [one, two, id] = [await scene.connect(), await scene.connect(), channelOf(scene, "/latched")];
      one.send(subscribe([1, id]));
      const first = await nextData(one, 1);
      one.send(unsubscribe(1), subscribe([2, id]));
      two.send(subscribe([3, id]));
      for (const { logTime, payload } of [await nextData(one, 2), await nextData(two, 3)]) {
        sameBytes(payload, first.payload, "the payload once more");
        check(logTime === first.logTime, `the same log time, ${first.logTime}`, logTime);
      }
    },
  },
];
