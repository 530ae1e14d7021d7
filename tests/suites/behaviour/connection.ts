/** Rows of "Server: connection": the greeting, and what connected clients hear without asking. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { VERSION } from "../../../src/util/version.ts";
import type { JsonMessage, RawClient, Received } from "../../support/raw_client.ts";
import { type On, takeErrors } from "./scene.ts";

const JSON_CHANNEL = { encoding: "json" };
const POSE = { name: "Pose", encoding: "jsonschema", data: '{"type":"object"}' };
const PROTOCOLS = ["foxglove.websocket.v1", "foxglove.sdk.v1", "foxglove.sdk.v1.1"];

/** Declares the tests. */
export function connectionRows(on: On): void {
  greeting(on);
  channelsAdded(on);
  capabilities(on);
  sessions(on);
}

/** The ops of messages, for those that are JSON. */
function ops(messages: Received[]): string[] {
  return messages.map((message) => message instanceof Uint8Array ? `binary ${message[0]}` : message.op);
}

/** The ids in every `advertise`, one list for each. */
function advertisedIds(messages: Received[]): number[][] {
  return (messages as JsonMessage[]).filter(({ op }) => op === "advertise")
    .map(({ channels }) => (channels as { id: number }[]).map(({ id }) => id));
}

function infoOf(client: RawClient): JsonMessage {
  return client.greeting[0] as JsonMessage;
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function greeting(on: On): void {
  for (const protocol of PROTOCOLS) {
    on(`connected: serverInfo, then advertise, then advertiseServices (${protocol})`, async ({ server, client }) => {
      const channel = server.channel("/pose", { ...JSON_CHANNEL, schema: POSE });
      const service = server.service("/reset", {}, () => "{}");
      const { greeting: [info, advertise, services, ...rest] } = await client(protocol);
      const { op, name, capabilities } = info as JsonMessage;
      assertEquals([op, name, capabilities], ["serverInfo", "robot", ["services"]]);
      const v11 = {
        op: "advertise",
        schemas: [{ id: 1, ...POSE }],
        channels: [{ id: channel.id, topic: "/pose", encoding: "json", schemaId: 1 }],
      };
      const inline = { schemaName: POSE.name, schema: POSE.data, schemaEncoding: POSE.encoding };
      const v1 = { op: "advertise", channels: [{ id: channel.id, topic: "/pose", encoding: "json", ...inline }] };
      assertEquals(advertise as unknown, protocol === "foxglove.sdk.v1.1" ? v11 : v1);
      const offer = { id: service.id, name: "/reset", type: "", requestSchema: "", responseSchema: "" };
      assertEquals(services, { op: "advertiseServices", services: [offer] });
      assertEquals(rest, []);
    });
  }

  on("connected: one advertise is sent with [] when there is no channel", async ({ client }) => {
    const { greeting } = await client();
    assertEquals(ops(greeting), ["serverInfo", "advertise"]);
    assertEquals(greeting[1], { op: "advertise", channels: [] });
  });

  on("connected: advertise comes in batches of at most 100 channels", async ({ server, client }) => {
    for (let i = 1; i <= 201; i++) server.channel(`/t${i}`, JSON_CHANNEL);
    const { greeting } = await client();
    assertEquals(advertisedIds(greeting), [numbers(1, 100), numbers(101, 200), [201]]);
  });

  on("connected: advertise comes in batches of at most 1 MiB", async ({ server, client }) => {
    const data = JSON.stringify({ type: "object", title: "x".repeat(400 * 1024) });
    for (let i = 0; i < 5; i++) server.channel(`/t${i}`, { ...JSON_CHANNEL, schema: { ...POSE, data } });
    const { greeting } = await client();
    assertEquals(advertisedIds(greeting), [[1, 2], [3, 4], [5]]);
  });
}

function channelsAdded(on: On): void {
  on("channels added in one turn: one advertise for all of them, batched", async ({ server, client }) => {
    const viewers = [await client(), await client()];
    server.channel("/a", JSON_CHANNEL);
    server.channel("/b", JSON_CHANNEL);
    for (const viewer of viewers) assertEquals(advertisedIds([await viewer.next()]), [[1, 2]]);
    for (let i = 3; i <= 103; i++) server.channel(`/t${i}`, JSON_CHANNEL);
    for (const viewer of viewers) {
      assertEquals(advertisedIds([await viewer.next(), await viewer.next()]), [numbers(3, 102), [103]]);
      assertEquals(await viewer.settle(), []);
    }
  });

  on("channels added: a second channel on a live topic is allowed, warned once", async (scene) => {
    const viewer = await scene.client();
    for (let i = 0; i < 3; i++) scene.server.channel("/a", JSON_CHANNEL);
    assertEquals(advertisedIds([await viewer.next()]), [[1, 2, 3]]);
    assertEquals(takeErrors(scene), ['channel(): Topic "/a" has more than one channel: viewers show only one']);
  });
}

/** What registers the first handler of a capability, and what is declared by it. */
const FIRST_HANDLERS: [
  capabilities: string[],
  register: (server: Parameters<Parameters<On>[1]>[0]["server"]) => void,
][] = [
  [["services"], (server) => server.service("/reset", {}, () => "{}")],
  [["parameters", "parametersSubscribe"], (server) => server.parameters.set("gain", 1)],
  [["assets"], (server) => server.asset(() => undefined)],
  [["connectionGraph"], (server) => server.graph.publish("/a", "node")],
  [["time"], (server) => server.time(1n)],
  [["time", "playbackControl"], (server) => server.playback(STANDING)],
];

const STANDING = { startTime: 0n, endTime: 10n, play() {}, pause() {}, seek() {}, setSpeed() {} };

function capabilities(on: On): void {
  for (const [names, register] of FIRST_HANDLERS) {
    on(`first handler of ${names.at(-1)}: serverInfo again, same sessionId, grown list`, async ({ server, client }) => {
      const viewer = await client();
      const before = infoOf(viewer);
      assertEquals(before.capabilities, []);
      register(server);
      const after = await viewer.expect("serverInfo");
      assertEquals([after.sessionId, after.capabilities], [before.sessionId, names]);
      assertEquals((await client()).greeting[0], after);
    });
  }

  on("first handler of a capability: the schema table of v1.1 starts again", async ({ server, client }) => {
    const viewer = await client("foxglove.sdk.v1.1");
    const advertised = async (topic: string, name: string) => {
      server.channel(topic, { ...JSON_CHANNEL, schema: { ...POSE, name } });
      return (await viewer.expect("advertise")).schemas;
    };
    assertEquals(await advertised("/a", "A"), [{ id: 1, ...POSE, name: "A" }]);
    assertEquals(await advertised("/b", "B"), [{ id: 2, ...POSE, name: "B" }]);
    server.asset(() => undefined);
    await viewer.expect("serverInfo");
    assertEquals(await advertised("/c", "B"), [{ id: 1, ...POSE, name: "B" }]);
  });

  on("capabilities: a second handler of a capability sends no serverInfo", async ({ server, client }) => {
    server.asset(() => undefined);
    const viewer = await client();
    server.asset(() => undefined);
    assertEquals(await viewer.settle(), []);
  });

  on("capabilities: derived from the options, and extra ones added by hand", async ({ client }) => {
    const all = ["time", "fancy", "clientPublish", "connectionGraph", "parameters", "parametersSubscribe"];
    assertEquals(infoOf(await client()).capabilities, all);
  }, { capabilities: ["time", "fancy"], clientPublish: true, connectionGraph: true, parameters: {} });
}

function sessions(on: On): void {
  on("sessionId: the given one", async ({ client }) => {
    assertEquals(infoOf(await client()).sessionId, "run 7");
  }, { sessionId: "run 7" });

  on("sessionId: else a random UUID, the same for every client", async ({ client }) => {
    const { sessionId } = infoOf(await client());
    assertMatch(sessionId as string, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assertEquals(infoOf(await client("foxglove.websocket.v1")).sessionId, sessionId);
  });

  on("sessionId: clearSession(id) sends a fresh serverInfo to all", async ({ server, client }) => {
    const viewers = [await client(), await client("foxglove.websocket.v1")];
    server.clearSession("next");
    for (const viewer of viewers) assertEquals(await viewer.settle(), [{ ...infoOf(viewer), sessionId: "next" }]);
  });

  on("sessionId: clearSession() draws another id, and subscriptions live on", async ({ server, client }) => {
    const channel = server.channel("/a", JSON_CHANNEL);
    const viewer = await client();
    await viewer.ask({ op: "subscribe", subscriptions: [{ id: 5, channelId: channel.id }] });
    server.clearSession();
    const { sessionId } = await viewer.expect("serverInfo");
    assertNotEquals(sessionId, infoOf(viewer).sessionId);
    channel.publish("on");
    assert(await viewer.expectBinary());
  });

  on("metadata: the user's, plus fg-library", async ({ client }) => {
    assertEquals(infoOf(await client()).metadata, { robot: "R2", "fg-library": `foxwire/${VERSION}` });
  }, { metadata: { robot: "R2" } });
}
