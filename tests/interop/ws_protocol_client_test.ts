/** The client of npm `@foxglove/ws-protocol` against our server, on real sockets. */
import { assertEquals } from "@std/assert";
import { serve, type ServeOptions } from "@foxwire/foxwire/server";
import type {
  ConnectionGraphUpdate,
  FetchAssetResponse,
  MessageData,
  Parameter,
  ParameterValues,
  ServerInfo,
  Service,
  ServiceCallFailure,
  ServiceCallResponse,
  StatusMessage,
} from "@foxglove/ws-protocol";
import { WebSocket as NodeWebSocket } from "ws";
import { nextEvent } from "../support/wire_client.ts";
import { Inbox } from "../support/inbox.ts";
import { test } from "../support/test.ts";
import { PeerClient } from "../support/ws_protocol_peer.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (data: ArrayBufferView) => new TextDecoder().decode(data);

/** The reference client, connected, with everything that it hears. */
async function setUp(options: ServeOptions = {}) {
  const server = await serve({ name: "robot", port: 0, ...options });
  // The runtime's own WebSocket where there is one: `ws` for Node 20.
  const Socket = globalThis.WebSocket ?? NodeWebSocket;
  const client = new PeerClient({ ws: new Socket(server.url, [PeerClient.SUPPORTED_SUBPROTOCOL]) });
  const heard = {
    info: new Inbox<ServerInfo>("serverInfo"),
    added: new Inbox<string[]>("advertise"),
    removed: new Inbox<number[]>("unadvertise"),
    message: new Inbox<MessageData>("message"),
    status: new Inbox<StatusMessage>("status"),
    time: new Inbox<bigint>("time"),
    removedStatus: new Inbox<string[]>("removeStatus"),
    services: new Inbox<Service[]>("advertiseServices"),
    removedServices: new Inbox<number[]>("unadvertiseServices"),
    response: new Inbox<ServiceCallResponse>("serviceCallResponse"),
    failure: new Inbox<ServiceCallFailure>("serviceCallFailure"),
    parameters: new Inbox<Omit<ParameterValues, "op">>("parameterValues"),
    graph: new Inbox<ConnectionGraphUpdate>("connectionGraphUpdate"),
    asset: new Inbox<FetchAssetResponse>("fetchAssetResponse"),
    errors: [] as string[],
  };
  client.on("serverInfo", (info) => heard.info.put(info));
  client.on("advertise", (channels) => heard.added.put(channels.map(({ topic }) => topic)));
  client.on("unadvertise", (ids) => heard.removed.put(ids));
  client.on("message", (message) => heard.message.put(message));
  client.on("status", (status) => heard.status.put(status));
  client.on("time", ({ timestamp }) => heard.time.put(timestamp));
  client.on("removeStatus", ({ statusIds }) => heard.removedStatus.put(statusIds));
  client.on("advertiseServices", (services) => heard.services.put(services));
  client.on("unadvertiseServices", (ids) => heard.removedServices.put(ids));
  client.on("serviceCallResponse", (response) => heard.response.put(response));
  client.on("serviceCallFailure", (failure) => heard.failure.put(failure));
  client.on("parameterValues", ({ op: _, ...values }) => heard.parameters.put(values));
  client.on("connectionGraphUpdate", (update) => heard.graph.put(update));
  client.on("fetchAssetResponse", (response) => heard.asset.put(response));
  client.on("error", (error) => heard.errors.push(String(error)));
  return { server, client, heard, closed: new Promise<void>((resolve) => client.on("close", () => resolve())) };
}

type SetUp = Awaited<ReturnType<typeof setUp>>;

async function tearDown({ server, closed, heard }: SetUp): Promise<void> {
  await server.close();
  await closed;
  // Nothing that we sent was beyond it.
  assertEquals(heard.errors, []);
}

test("the npm client is greeted, subscribes, receives and unsubscribes", async () => {
  const peer = await setUp();
  const { server, client, heard } = peer;
  const channel = server.channel("/pose", { encoding: "json" });
  assertEquals((await heard.info.next()).name, "robot");
  while (!(await heard.added.next()).includes("/pose"));
  const subscriptionId = client.subscribe(channel.id);
  await nextEvent(server, "subscribe");
  for (let x = 0; x < 100; x++) channel.publish({ x }, { logTime: BigInt(x) });
  for (let x = 0; x < 100; x++) {
    const message = await heard.message.next();
    assertEquals([message.subscriptionId, message.timestamp, text(message.data)], [
      subscriptionId,
      BigInt(x),
      `{"x":${x}}`,
    ]);
  }
  client.unsubscribe(subscriptionId);
  await nextEvent(server, "unsubscribe");
  assertEquals(channel.subscribers, 0);
  await tearDown(peer);
});

test("the npm client sees channels come and go", async () => {
  const peer = await setUp();
  const { server, heard } = peer;
  await heard.info.next();
  const channel = server.channel("/later", { encoding: "raw" });
  while (!(await heard.added.next()).includes("/later"));
  channel.close();
  assertEquals(await heard.removed.next(), [channel.id]);
  await tearDown(peer);
});

test("the npm client publishes to our server", async () => {
  const peer = await setUp({ clientPublish: true, supportedEncodings: ["json"] });
  const { server, client, heard } = peer;
  await heard.info.next();
  const advertised = nextEvent(server, "advertise");
  const message = nextEvent(server, "message");
  const id = client.advertise({ topic: "/goal", encoding: "json", schemaName: "Goal" });
  assertEquals((await advertised).channel, { id, topic: "/goal", encoding: "json", schemaName: "Goal" });
  client.sendMessage(id, utf8('{"x":1}'));
  assertEquals(text((await message).data), '{"x":1}');
  const gone = nextEvent(server, "unadvertise");
  client.unadvertise(id);
  await gone;
  await tearDown(peer);
});

test("the npm client shows our statuses and our time", async () => {
  const peer = await setUp({ capabilities: ["time"] });
  const { server, client, heard } = peer;
  await heard.info.next();
  server.status("warning", "Low battery", { id: "battery" });
  assertEquals(await heard.status.next() as unknown, { op: "status", level: 1, message: "Low battery", id: "battery" });
  server.time(123_456_789_000n);
  assertEquals(await heard.time.next(), 123_456_789_000n);
  client.subscribe(99);
  assertEquals((await heard.status.next()).message, "Unknown channel ID: 99");
  await tearDown(peer);
});

test("the npm client sees statuses go", async () => {
  const peer = await setUp();
  const { server, heard } = peer;
  await heard.info.next();
  server.status("error", "No signal", { id: "radio" });
  await heard.status.next();
  server.removeStatus("radio");
  assertEquals(await heard.removedStatus.next(), ["radio"]);
  await tearDown(peer);
});

test("the npm client calls services, and hears of their failures", async () => {
  const peer = await setUp();
  const { server, client, heard } = peer;
  await heard.info.next();
  // It is said to the caller, which is what this is about.
  server.on("error", () => {});
  const schema = { name: "Numbers", encoding: "jsonschema", data: { type: "object" } };
  const add = server.service<{ a: number; b: number }, unknown>(
    "/add",
    { type: "Add", request: { encoding: "json", schema }, response: { encoding: "json" } },
    ({ a, b }) => {
      if (b === 0) throw new Error("nothing to add");
      return { sum: a + b };
    },
  );
  const [service] = await heard.services.next();
  assertEquals([service?.name, service?.type, service?.request?.schemaName], ["/add", "Add", "Numbers"]);
  const call = (callId: number, data: string, encoding = "json") =>
    client.sendServiceCallRequest({ serviceId: service!.id, callId, encoding, data: utf8(data) });
  call(7, '{"a":1,"b":2}');
  const { callId, encoding, data } = await heard.response.next();
  assertEquals([callId, encoding, text(data)], [7, "json", '{"sum":3}']);
  call(8, '{"a":1,"b":0}');
  assertEquals((await heard.failure.next()).message, "nothing to add");
  call(9, "", "xml");
  const refused = await heard.failure.next();
  assertEquals([refused.callId, refused.serviceId], [9, service!.id]);
  add.close();
  assertEquals(await heard.removedServices.next(), [service!.id]);
  call(10, "{}");
  assertEquals((await heard.failure.next()).callId, 10);
  await tearDown(peer);
});

test("the npm client reads, sets, deletes and watches parameters", async () => {
  const peer = await setUp();
  const { server, client, heard } = peer;
  await heard.info.next();
  server.parameters.set("gain", 1.5);
  server.parameters.set("map", new Uint8Array([0, 255]));
  assertEquals((await heard.info.next()).capabilities.sort(), ["parameters", "parametersSubscribe"]);
  const gain = { name: "gain", value: 1.5, type: "float64" } as const;
  const map = { name: "map", value: "AP8=", type: "byte_array" } as const;
  client.getParameters([], "all");
  assertEquals(await heard.parameters.next(), { parameters: [gain, map], id: "all" });
  client.getParameters(["gain"]);
  assertEquals(await heard.parameters.next(), { parameters: [gain] });
  client.subscribeParameterUpdates(["gain"]);
  client.setParameters([{ ...gain, value: 2 }, { name: "map", value: undefined }], "set");
  const deleted = { name: "map" } as Parameter;
  assertEquals(await heard.parameters.next(), { parameters: [{ ...gain, value: 2 }, deleted], id: "set" });
  assertEquals(server.parameters.entries(), [["gain", 2]]);
  server.parameters.set("gain", 3);
  assertEquals(await heard.parameters.next(), { parameters: [{ ...gain, value: 3 }] });
  client.setParameters([{ name: "gain", value: "fast" }], "wrong");
  assertEquals((await heard.parameters.next()).parameters, [{ ...gain, value: 3 }]);
  assertEquals((await heard.status.next()).message.startsWith("Parameter gain was not set:"), true);
  const unsubscribed = new Promise((resolve) => server.parameters.on("unsubscribe", ({ names }) => resolve(names)));
  client.unsubscribeParameterUpdates(["gain"]);
  assertEquals(await unsubscribed, ["gain"]);
  await tearDown(peer);
});

test("the npm client fetches assets", async () => {
  const peer = await setUp();
  const { server, client, heard } = peer;
  await heard.info.next();
  server.asset((uri) => uri === "package://a" ? utf8("solid a") : undefined);
  await heard.info.next();
  client.fetchAsset("package://a", 1);
  const found = await heard.asset.next();
  assertEquals([found.requestId, found.status, "data" in found && text(found.data)], [1, 0, "solid a"]);
  client.fetchAsset("package://b", 2);
  const missing = await heard.asset.next();
  assertEquals([missing.requestId, missing.status, "error" in missing && missing.error !== ""], [2, 1, true]);
  await tearDown(peer);
});

test("the npm client watches the connection graph", async () => {
  const peer = await setUp({ connectionGraph: true });
  const { server, client, heard } = peer;
  await heard.info.next();
  server.graph.subscribe("/goal", "planner");
  client.subscribeConnectionGraph();
  assertEquals((await heard.graph.next()).subscribedTopics, [{ name: "/goal", subscriberIds: ["planner"] }]);
  const entry = server.graph.publish("/image", "camera");
  assertEquals((await heard.graph.next()).publishedTopics, [{ name: "/image", publisherIds: ["camera"] }]);
  entry[Symbol.dispose]();
  assertEquals((await heard.graph.next()).removedTopics, ["/image"]);
  const unsubscribed = new Promise((resolve) => server.graph.on("unsubscribe", resolve));
  client.unsubscribeConnectionGraph();
  await unsubscribed;
  await tearDown(peer);
});

// It takes an unknown opcode for an error.
test("the npm client hears nothing of playback", async () => {
  const peer = await setUp();
  const { server, heard } = peer;
  await heard.info.next();
  const nothing = () => {};
  const source = { startTime: 0n, endTime: 10n, play: nothing, pause: nothing, seek: nothing, setSpeed: nothing };
  const playback = server.playback(source);
  playback.update({ status: "playing" });
  server.status("info", "last");
  assertEquals((await heard.status.next()).message, "last");
  await tearDown(peer);
});
