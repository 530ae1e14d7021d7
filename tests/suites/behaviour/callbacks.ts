/** A callback of any kind may call any method: `close()` of everything, and publish. */
import { assertEquals } from "@std/assert";
import type { Channel } from "../../../src/server/channel.ts";
import type { FoxgloveServer, ServerOptions } from "../../../src/server/server.ts";
import type { ServerEvents } from "../../../src/server/server_events.ts";
import { bytes, messageData, playbackRequest, readData, serviceCall } from "../../support/raw_bytes.ts";
import type { RawClient } from "../../support/raw_client.ts";
import { clientFrame, OPCODES } from "../../support/raw_socket.ts";
import { type On, type Scene, takeErrors } from "./scene.ts";

/** Declares the tests. */
export function callbackRows(on: On): void {
  for (const callback of CALLBACKS) {
    for (const action of ACTIONS) row(on, callback, action);
  }
}

/** Own code that runs in the middle of something, and what a client sends to make it run. */
interface Callback {
  what: string;
  /** Filters are asked again and again: `act` does its work at the first call alone. */
  options?(act: () => boolean): ServerOptions;
  register?(server: FoxgloveServer, act: () => void): void;
  /** One, or a list of them. */
  request: object | Uint8Array;
}

const event = (type: keyof ServerEvents, request: object | Uint8Array): Callback => ({
  what: `${type} listener`,
  register: (server, act) => server.on(type, act),
  request,
});

const RANGE = { startTime: 0n, endTime: 9n, play() {}, pause() {}, seek() {}, setSpeed() {} };
const SUBSCRIBE = { op: "subscribe", subscriptions: [{ id: 5, channelId: 2 }] };
const ADVERTISE = { op: "advertise", channels: [{ id: 5, topic: "/out", encoding: "raw", schemaName: "" }] };
const SET = { op: "setParameters", parameters: [{ name: "gain", value: 2 }], id: "a" };
const FETCH = { op: "fetchAsset", uri: "a", requestId: 1 };
const GET = { op: "getParameters", parameterNames: [], id: "a" };
const UPDATES = { op: "subscribeParameterUpdates", parameterNames: [] };
const NO_UPDATES = { op: "unsubscribeParameterUpdates", parameterNames: [] };
const GRAPH = { op: "subscribeConnectionGraph" };
const NO_GRAPH = { op: "unsubscribeConnectionGraph" };

const filter = (name: string, request: object | Uint8Array): Callback => ({
  what: `filter "${name}"`,
  options: (act) => ({ permissions: { [name]: act } }),
  request,
});

const CALLBACKS: Callback[] = [
  event("subscribe", SUBSCRIBE),
  event("unsubscribe", { op: "unsubscribe", subscriptionIds: [1] }),
  event("advertise", ADVERTISE),
  event("unadvertise", { op: "unadvertise", channelIds: [1] }),
  event("message", messageData(1, "x")),
  {
    what: "error listener",
    register(server, act) {
      server.asset(() => {
        throw new Error("on purpose");
      });
      server.on("error", act);
    },
    request: FETCH,
  },
  {
    what: "service handler",
    register: (server, act) => server.service("/b", {}, act),
    request: serviceCall(2, 1, "x", ""),
  },
  { what: "asset handler", register: (server, act) => server.asset(() => (act(), bytes("a"))), request: FETCH },
  {
    what: "source of an asset's stream",
    register: (server, act) =>
      server.asset(() => new ReadableStream({ pull: (stream) => (act(), stream.enqueue(bytes("a")), stream.close()) })),
    request: FETCH,
  },
  {
    what: "validator of a parameter",
    register: (server, act) => server.parameters.declare("gain", { value: 1, validate: () => act() }),
    request: SET,
  },
  {
    what: "listener of parameter changes",
    register: (server, act) => server.parameters.on("change", act),
    request: SET,
  },
  {
    what: "listener of parameter subscriptions",
    register: (server, act) => server.parameters.on("subscribe", act),
    request: UPDATES,
  },
  {
    what: "listener of ended parameter subscriptions",
    register: (server, act) => server.parameters.on("unsubscribe", act),
    request: NO_UPDATES,
  },
  {
    what: "listener of graph subscriptions",
    register: (server, act) => server.graph.on("subscribe", act),
    request: [NO_GRAPH, GRAPH],
  },
  {
    what: "listener of ended graph subscriptions",
    register: (server, act) => server.graph.on("unsubscribe", act),
    request: NO_GRAPH,
  },
  ...(["play", "seek", "setSpeed"] as const).map((name): Callback => ({
    what: `${name} of a playback source`,
    register: (server, act) => server.playback({ ...RANGE, [name]: act }),
    request: playbackRequest({ speed: 2, seekTime: 5n }),
  })),
  {
    what: "encode of a channel",
    register(server, act) {
      const encode = () => (act(), bytes("a"));
      const channel = server.channel<string>("/encoded", { encoding: "raw", encode, latch: true });
      server.on("message", () => channel.publish("a"));
    },
    request: messageData(1, "x"),
  },
  filter("subscribe", SUBSCRIBE),
  filter("publish", ADVERTISE),
  // Those whose answers stand for as long as the client is there are asked again for the graph.
  filter("see", GRAPH),
  filter("call", GRAPH),
  filter("get", GET),
  filter("set", SET),
  { ...filter("fetch", FETCH), register: (server) => server.asset(() => bytes("a")) },
  { ...filter("control", playbackRequest({ speed: 2 })), register: (server) => server.playback(RANGE) },
];

/** What is there when a callback runs. */
interface Stage {
  scene: Scene;
  channel: Channel;
}

/** What a callback does, and what the client whose request it was sees of it. */
interface Action {
  what: string;
  act(stage: Stage): unknown;
  /** Code of the Close frame that ends the first client, and perhaps the other one. */
  ends?: { code: number; all: boolean };
}

/** The first client is the one that asks. */
const asking = ({ server }: FoxgloveServerOwner) => [...server.clients].find(({ id }) => id === 1)!;
type FoxgloveServerOwner = Pick<Scene, "server">;

const ACTIONS: Action[] = [
  {
    what: "server.close()",
    act: ({ scene }) => void scene.server.close(),
    ends: { code: 1001, all: true },
  },
  { what: "client.close()", act: ({ scene }) => asking(scene).close(), ends: { code: 1000, all: false } },
  { what: "channel.close()", act: ({ channel }) => channel.close() },
  { what: "channel.publish()", act: ({ channel }) => channel.publish(bytes("from a callback")) },
  {
    what: "everything else",
    act({ scene: { server } }) {
      server.status("info", "from a callback");
      server.time(1n);
      server.clearSession();
      server.parameters.set("fresh", 1);
      server.graph.publish("/fresh", "node")[Symbol.dispose]();
      server.service("/fresh", {}, () => "").close();
      server.channel("/fresh", { encoding: "raw" }).close();
    },
  },
];

function row(on: On, callback: Callback, action: Action): void {
  const { what, options, register, request } = callback;
  let armed = false;
  let acted = 0;
  let stage: Stage;
  /** Once, when the test is ready for it. */
  const act = () => {
    if (!armed) return true;
    armed = false;
    acted++;
    action.act(stage);
    return true;
  };
  on(`a callback may call any method (${what}): ${action.what}`, async (scene) => {
    const { server } = scene;
    const channel = server.channel("/a", { encoding: "raw" });
    stage = { scene, channel };
    server.channel("/b", { encoding: "raw" });
    server.service("/a", {}, () => "done");
    server.parameters.set("gain", 1);
    register?.(server, act);
    const [viewer, other] = [await prepared(scene), await prepared(scene)];
    armed = true;
    viewer.send(...[request].flat());
    if (action.ends === undefined) await livesOn(viewer);
    else await ended(action.ends, viewer, other);
    if (!action.ends?.all) await livesOn(other);
    assertEquals(acted, 1);
    takeErrors(scene);
  }, { clientPublish: true, connectionGraph: true, ...options?.(act) });
}

/** A client that has some of everything. */
async function prepared(scene: Scene): Promise<RawClient> {
  const viewer = await scene.client();
  await viewer.ask(
    { op: "subscribe", subscriptions: [{ id: 1, channelId: 1 }] },
    { op: "advertise", channels: [{ id: 1, topic: "/in", encoding: "raw", schemaName: "" }] },
    UPDATES,
    GRAPH,
  );
  return viewer;
}

/** Whatever came of it, the client is served: its calls are answered. */
async function livesOn(viewer: RawClient): Promise<void> {
  viewer.send(serviceCall(1, 99, "json", "1"));
  let message = await viewer.next();
  while (!(message instanceof Uint8Array) || message[0] !== 3 || message[5] !== 99) {
    // What it was subscribed to goes on or is gone, but is never something else.
    if (message instanceof Uint8Array && message[0] === 1) assertEquals(readData(message).subscriptionId < 6, true);
    message = await viewer.next();
  }
}

async function ended(
  { code, all }: { code: number; all: boolean },
  viewer: RawClient,
  other: RawClient,
): Promise<void> {
  for (const each of all ? [viewer, other] : [viewer]) {
    assertEquals((await each.socket.readClose()).code, code);
    each.socket.send(clientFrame(OPCODES.close, new Uint8Array([code >> 8, code & 0xff])));
    await each.socket.end();
  }
}
