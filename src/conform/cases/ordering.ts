/**
 * Cases of order: what never follows what.
 *
 * @module
 */
import { bytes, messageData, serviceCall } from "../bytes.ts";
import type { ConformCase } from "../case.ts";
import { call, nextAnswer, serviceOf } from "../steps/calls.ts";
import { unadvertised } from "../steps/channels.ts";
import { check, same, sameBytes } from "../steps/check.ts";
import { ECHO_SUBSCRIPTION, echoed, listen, topicOf, unadvertise } from "../steps/echo.ts";
import { isOp } from "../steps/messages.ts";
import { getting } from "../steps/parameters.ts";
import { foxwire, spec } from "../steps/sources.ts";
import {
  channelOf,
  dataIn,
  dataTimes,
  expectNoData,
  fresh,
  nextData,
  subscribe,
  subscribed,
  unsubscribe,
} from "../steps/subscriptions.ts";

const PUBLISH = { capabilities: ["clientPublish"] } as const;
const BURST = { topic: "/burst" } as const;

const HOUR = 3_600_000_000_000n;

/** The number at the begin of a message of `/burst`. */
function numberIn(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
}

/** The cases. */
export const ORDERING: readonly ConformCase[] = [
  {
    name: "order/counter",
    level: "should",
    rule: "The messages of a channel arrive once each, in the order in which they were published",
    source: foxwire("Order"),
    needs: { topic: "/counter" },
    async run(scene) {
      const all = await dataTimes(await subscribed(scene, 1), 4, 1);
      const counts = all.map(({ payload }) => JSON.parse(new TextDecoder().decode(payload)).count as number);
      same(counts, counts.map((_, index) => counts[0]! + index), "counts of /counter");
    },
  },
  {
    name: "order/bytes",
    level: "must",
    rule: "The payload of a message arrives byte for byte",
    source: spec("Message Data"),
    needs: { topic: "/bytes" },
    async run(scene) {
      const peer = await scene.connect();
      peer.send(subscribe([1, channelOf(scene, "/bytes")]));
      const { payload } = await nextData(peer, 1);
      sameBytes(payload, Uint8Array.from({ length: 256 }, (_, index) => index), "a message of /bytes");
    },
  },
  {
    name: "order/log-times",
    level: "should",
    rule: "Log times are nanoseconds since 1970, and those of a channel do not go back",
    source: spec("Message Data: receive timestamp (nanoseconds)"),
    needs: { topic: "/counter" },
    async run(scene) {
      const all = (await dataTimes(await subscribed(scene, 1), 3, 1)).map(({ logTime }) => logTime);
      // From 1973 on: milliseconds or microseconds of today are far below.
      check(all.every((time) => time > 10n ** 17n), "log times that are nanoseconds since 1970", all);
      const steps = all.slice(1).map((time, index) => time - all[index]!);
      check(steps.every((step) => step >= 0n && step < HOUR), "log times that go on by less than an hour each", all);
    },
  },
  {
    name: "order/same-log-time",
    level: "should",
    rule: "A message has the same log time and payload for all its subscribers",
    source: spec("Message Data: receive timestamp"),
    needs: { topic: "/counter" },
    async run(scene) {
      const [one, two] = [await subscribed(scene, 1), await subscribed(scene, 2)];
      const [late] = await dataTimes(two, 1, 2);
      for (let early = await nextData(one, 1);; early = await nextData(one, 1)) {
        if (early.logTime < late!.logTime) continue;
        same(early.logTime, late!.logTime, "log time for both");
        return sameBytes(early.payload, late!.payload, "the payload for both");
      }
    },
  },
  {
    name: "order/burst",
    level: "should",
    rule: "1000 messages that are published at once arrive in their order",
    source: foxwire("Order"),
    needs: BURST,
    async run(scene) {
      const peer = await scene.connect();
      peer.send(subscribe([1, channelOf(scene, "/burst")]));
      const numbers = (await dataTimes(peer, 1000, 1)).map(({ payload }) => numberIn(payload));
      const back = numbers.findIndex((number, index) => index > 0 && number <= numbers[index - 1]!);
      same(back, -1, "place of a message whose number is not above the one before");
    },
  },
  {
    name: "order/unsubscribe",
    level: "extra",
    rule: "After the answer to what a client asks behind its unsubscribe no message of that subscription comes",
    source: foxwire("Order"),
    needs: BURST,
    async run(scene) {
      const [peer, watcher] = [await scene.connect(), await subscribed(scene, 9)];
      peer.send(subscribe([1, channelOf(scene, "/burst")], [2, channelOf(scene, "/counter")]));
      await nextData(peer, 1);
      await peer.ask(unsubscribe(1, 2));
      await fresh(watcher, 2);
      expectNoData(await peer.settle(), [1, 2], "behind the answer to a later request");
    },
  },
  {
    name: "order/id-again",
    level: "extra",
    rule: "When a subscription id is used again for another channel, no message of the old one comes under it",
    source: foxwire("Order"),
    needs: BURST,
    async run(scene) {
      const peer = await scene.connect();
      peer.send(subscribe([1, channelOf(scene, "/burst")]));
      await nextData(peer, 1);
      await peer.ask(unsubscribe(1), subscribe([1, channelOf(scene, "/counter")]));
      const after = (await dataTimes(peer, 2, 1)).map(({ payload }) => payload.length === 100);
      same(after, [false, false], "messages of /burst, 100 bytes long, under the id that is /counter's now");
    },
  },
  {
    name: "order/unadvertise",
    level: "extra",
    rule: "After an unadvertise no message of that channel comes",
    source: foxwire("Order"),
    needs: PUBLISH,
    async run(scene) {
      const echo = await echoed(scene, { channel: { topic: topicOf("order-unadvertise") } });
      await listen(echo);
      const messages = Array.from({ length: 50 }, (_, index) => messageData(echo.id, `${index}`));
      echo.publisher.send(...messages, unadvertise(echo.id));
      await unadvertised(echo.reader, echo.channel.id);
      await echo.publisher.settle();
      expectNoData(await echo.reader.settle(), [ECHO_SUBSCRIPTION], "behind the unadvertise of its channel");
    },
  },
  {
    name: "order/requests",
    level: "should",
    rule: "What one client asks is done in the order in which it is sent, text and binary messages alike",
    source: foxwire("Order"),
    needs: PUBLISH,
    async run(scene) {
      const echo = await echoed(scene, { channel: { topic: topicOf("order-mixed") } });
      const { reader, publisher, id, channel } = echo;
      await listen(echo);
      publisher.send(messageData(id, "0"), unadvertise(7), messageData(id, "1"), messageData(id, ""), unadvertise(8));
      const payloads = (await dataTimes(reader, 3, ECHO_SUBSCRIPTION)).map(({ payload }) => [...payload]);
      same(payloads, [[...bytes("0")], [...bytes("1")], []], `messages of channel ${channel.id}`);
    },
  },
  {
    name: "order/control-beside-data",
    level: "should",
    rule: "A client that gets much data is answered meanwhile",
    source: foxwire("Order: control messages leave ahead of all data that waits"),
    needs: { ...BURST, capabilities: ["parameters"] },
    async run(scene) {
      const peer = await scene.connect();
      peer.send(subscribe([1, channelOf(scene, "/burst")]));
      await nextData(peer, 1);
      peer.send(getting([], "beside"));
      const data: number[] = [];
      for (;;) {
        const message = await peer.next("the answer to getParameters");
        if (isOp(message, "parameterValues") && message.id === "beside") return;
        data.push(...dataIn([message], 1).map(({ payload }) => numberIn(payload)));
        // Two bursts later.
        same(data.length > 2000, false, "2000 messages of data before the answer");
      }
    },
  },
  {
    name: "order/two-clients-calls",
    level: "should",
    rule: "Requests of one client do not wait for those of another",
    source: foxwire("Services"),
    needs: { capabilities: ["services"], service: "/slow" },
    async run(scene) {
      const [one, two] = [await scene.connect(), await scene.connect()];
      const [slow, echo] = [serviceOf(scene, "/slow"), serviceOf(scene, "/echo")];
      one.send(...[1, 2, 3].map((callId) => serviceCall(slow, callId, "json", "{}")));
      await call(two, [echo, 1], "json", bytes("{}"));
      one.send(serviceCall(echo, 4, "json", "{}"));
      same((await nextAnswer(one)).callId, 4, "call id of the first answer");
    },
  },
];
