/**
 * Cases of clients that harm: no other client notices.
 *
 * @module
 */
import { messageData, serviceCall } from "../bytes.ts";
import type { ConformCase, JsonMessage, Scene } from "../case.ts";
import type { Peer, Sendable } from "../peer.ts";
import type { RawSocket } from "../raw_socket.ts";
import { fetching, HUGE } from "../steps/assets.ts";
import { unknownService } from "../steps/calls.ts";
import { advertisedIn, unadvertised } from "../steps/channels.ts";
import { same } from "../steps/check.ts";
import { advertise, channelFor, echoed, encodingOf, simpleChannel, topicOf } from "../steps/echo.ts";
import { SUBSCRIBE, subscribeGraph, UNSUBSCRIBE } from "../steps/graph.ts";
import { findOp, numbers } from "../steps/messages.ts";
import { getting, watching } from "../steps/parameters.ts";
import { frameOf, rawClient, taken } from "../steps/raw.ts";
import { foxwire, sdk } from "../steps/sources.ts";
import {
  channelOf,
  dataTimes,
  liveChannel,
  nextData,
  subscribe,
  subscribed,
  unknownChannel,
  unsubscribe,
} from "../steps/subscriptions.ts";

const RAW = { rawSocket: true } as const;

/** Fails unless a client has data, and is answered. */
async function expectServed(peer: Peer, after: string): Promise<void> {
  await peer.settle();
  await dataTimes(peer, 2);
  await peer.expectAlive(after);
}

/** Lets a client send and leave without reading an answer, and fails unless another one is served. */
const leaving = (send: (scene: Scene) => Sendable[]) => async (scene: Scene): Promise<void> => {
  const [staying, peer] = [await subscribed(scene, 1), await scene.connect()];
  peer.send(...send(scene));
  await peer.close();
  await expectServed(staying, "another client's leaving");
};

/** So many clients vanish while they publish. */
const VANISHING = 3;

/** A client that can be cut, and the id under which another one sees what it publishes. */
async function publishing(scene: Scene, reader: Peer, topic: string): Promise<{ socket: RawSocket; id: number }> {
  const socket = await rawClient(scene, advertise(channelFor(1, topic, { encoding: encodingOf(scene) })));
  const has = (message: JsonMessage) => advertisedIn([message]).find((channel) => channel.topic === `/echo${topic}`);
  const { id } = has(await findOp(reader, "advertise", (message) => has(message) !== undefined))!;
  return { socket, id: id as number };
}

/** The cases. */
export const HARM: readonly ConformCase[] = [
  {
    name: "harm/leaves-subscribed",
    level: "should",
    rule: "A client that leaves with subscriptions harms no other subscriber of the channels",
    source: sdk("on_disconnect"),
    run: leaving((scene) => scene.greeting.channels.map(({ id }, index) => subscribe([index, id as number]))),
  },
  {
    name: "harm/leaves-publishing",
    level: "should",
    rule: "A client that leaves in the middle of publishing harms nobody",
    source: sdk("on_disconnect"),
    needs: { capabilities: ["clientPublish"] },
    run: leaving((scene) => [
      advertise(simpleChannel(scene, 1, "leaving")),
      ...numbers(500).map((index) => messageData(1, `${index}`)),
    ]),
  },
  {
    name: "harm/leaves-calling",
    level: "should",
    rule: "A client that leaves before its calls are answered harms nobody",
    source: sdk("on_disconnect"),
    needs: { capabilities: ["services"] },
    run: leaving((scene) => {
      const ids = [...scene.greeting.services.map(({ id }) => id as number), unknownService(scene)];
      const harmless = scene.greeting.services.some(({ name }) => name === "/slow") ? ids : ids.slice(-1);
      return numbers(20).flatMap((callId) => harmless.map((id) => serviceCall(id, callId, "json", "{}")));
    }),
  },
  {
    name: "harm/leaves-fetching",
    level: "should",
    rule: "A client that leaves in the middle of a large asset harms nobody",
    source: sdk("on_disconnect"),
    needs: { capabilities: ["assets"] },
    run: leaving(() => numbers(4).map((id) => fetching(HUGE, id))),
  },
  {
    name: "harm/leaves-watching",
    level: "should",
    rule: "A client that leaves while it watches parameters and the graph harms nobody who does, too",
    source: sdk("on_disconnect"),
    needs: { capabilities: ["connectionGraph", "parameters"] },
    async run(scene) {
      const [staying, peer] = [await scene.connect(), await scene.connect()];
      await subscribeGraph(staying);
      peer.send(SUBSCRIBE, watching(), SUBSCRIBE, getting([]));
      await peer.close();
      await staying.ask(UNSUBSCRIBE);
      await subscribeGraph(staying);
    },
  },
  {
    name: "harm/vanishes",
    level: "should",
    rule: "A client whose connection is cut in the middle of a frame harms nobody",
    source: sdk("on_disconnect"),
    needs: RAW,
    async run(scene) {
      const [staying, channel] = [await subscribed(scene, 1), await liveChannel(scene)];
      const socket = await rawClient(scene, subscribe([1, channel]));
      await taken(socket);
      socket.write(frameOf(subscribe([2, channel])).slice(0, -10));
      socket.destroy();
      await expectServed(staying, "the cut of another client's connection");
    },
  },
  {
    name: "harm/vanishes-publishing",
    level: "should",
    rule: "When the connection of a client is cut, its channels end as if it had left, and all others are told",
    source: sdk("on_disconnect"),
    needs: { ...RAW, capabilities: ["clientPublish"] },
    async run(scene) {
      // Whether there are echoes at all.
      const { reader } = await echoed(scene, { channel: { topic: topicOf("vanish-check") } });
      // Servers tell one client after the other, in any order: one that stops at the lost one tells some of them.
      const watchers = [reader];
      for (const round of numbers(VANISHING)) {
        const { socket, id } = await publishing(scene, reader, topicOf(`vanishes-${round}`));
        watchers.push(await scene.connect());
        socket.destroy();
        for (const watcher of watchers) await unadvertised(watcher, id);
      }
    },
  },
  {
    name: "harm/reads-nothing",
    level: "should",
    rule: "A client that reads nothing, while much waits for it, keeps no other client waiting",
    source: sdk("send_control_msg: each client has queues of its own"),
    needs: RAW,
    async run(scene) {
      const staying = await subscribed(scene, 1);
      const channels = scene.greeting.channels.map(({ id }, index) => subscribe([index, id as number]));
      const socket = await rawClient(scene, ...channels);
      await taken(socket);
      socket.pause();
      // An answer to each, and more than the kernel keeps.
      const unknown = subscribe(...numbers(1_000).map((id): [number, number] => [id, unknownChannel(scene) + id]));
      socket.write(...numbers(20).map(() => frameOf(unknown)), ...numbers(4).map((id) => frameOf(fetching(HUGE, id))));
      await expectServed(staying, "another client that reads nothing");
      await expectServed(staying, "another client that reads nothing");
    },
  },
  {
    name: "harm/flood",
    level: "should",
    rule: "While one client sends 5 000 requests another one is served",
    source: foxwire("Limits"),
    async run(scene) {
      const [staying, flood, channel] = [await subscribed(scene, 1), await scene.connect(), await liveChannel(scene)];
      for (const id of numbers(2_500)) flood.send(subscribe([id, channel]), unsubscribe(id));
      await nextData(staying, 1);
      await staying.expectAlive("5 000 requests of another client");
      await flood.expectAlive("5 000 requests in one breath");
    },
  },
  {
    name: "harm/flood-answered",
    level: "should",
    rule: "1 000 subscriptions and ends in one breath are done in their order: the last one holds",
    source: foxwire("Order"),
    needs: { topic: "/latched" },
    async run(scene) {
      const [peer, channel] = [await scene.connect(), channelOf(scene, "/counter")];
      for (const id of numbers(500)) peer.send(subscribe([id, channel]), unsubscribe(id));
      peer.send(subscribe([777, channel]));
      await peer.settle();
      same((await dataTimes(peer, 2)).map(({ subscriptionId }) => subscriptionId), [777, 777], "data of subscriptions");
    },
  },
  {
    name: "harm/garbage",
    level: "should",
    rule: "A client that sends garbage harms no other",
    source: sdk("handle_message: Invalid message"),
    async run(scene) {
      const [staying, peer] = [await subscribed(scene, 1), await scene.connect()];
      const bytes = numbers(256).map((value) => Uint8Array.of(value, ...numbers(value % 40)));
      peer.send(...bytes, "", "{", "null", "[]", '{"op":1}', '{"op":"subscribe"}', '{"op":"__proto__"}');
      await peer.settle();
      await expectServed(staying, "another client's garbage");
    },
  },
];
