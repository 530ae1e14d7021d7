/** Our client against the server of npm `@foxglove/ws-protocol`, on real sockets. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  AssetError,
  connect,
  type FoxgloveClient,
  FoxgloveError,
  type ServerChannel,
  ServiceError,
  TimeoutError,
} from "@foxwire/foxwire/client";
import { webSocket } from "@foxwire/foxwire/node";
import type { FetchAssetResponse, Parameter } from "@foxglove/ws-protocol";
import { type WebSocket as NodeWebSocket, WebSocketServer } from "ws";
import { Inbox } from "../support/inbox.ts";
import { test } from "../support/test.ts";
import { PeerServer } from "../support/ws_protocol_peer.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

interface Peer {
  server: InstanceType<typeof PeerServer>;
  client: FoxgloveClient;
  sockets: NodeWebSocket[];
  close(): Promise<void>;
}

/** The reference server on a socket, and our client connected to it. */
async function setUp(capabilities = ["clientPublish", "time"]): Promise<Peer> {
  const server = new PeerServer({ name: "reference", capabilities, supportedEncodings: ["json"] });
  const listener = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    handleProtocols: (protocols) => server.handleProtocols(protocols),
  });
  const sockets: NodeWebSocket[] = [];
  listener.on("connection", (socket) => {
    sockets.push(socket);
    // deno-lint-ignore no-explicit-any -- its interface predates the types of `ws`
    server.handleConnection(socket as any, "peer");
  });
  await new Promise((resolve) => listener.once("listening", resolve));
  const { port } = listener.address() as { port: number };
  // Node 20 has no WebSocket of its own.
  const options = "WebSocket" in globalThis ? {} : { webSocket };
  const client = await connect(`ws://127.0.0.1:${port}`, options);
  const close = async () => {
    await client.close();
    for (const socket of sockets) socket.terminate();
    await new Promise((resolve) => listener.close(resolve));
  };
  return { server, client, sockets, close };
}

const POSE = { topic: "/pose", encoding: "json", schemaName: "Pose", schema: '{"type":"object"}' };

test("our client knows the npm server, its channels and their schemas", async () => {
  const { server, client, close } = await setUp();
  const added = new Inbox<ServerChannel>("advertise");
  client.on("advertise", ({ channels }) => channels.forEach((channel) => added.put(channel)));
  assertEquals(client.serverInfo.name, "reference");
  assertEquals(client.protocol, "foxglove.websocket.v1");
  server.addChannel(POSE);
  const { topic, encoding, schema } = await added.next();
  assertEquals([topic, encoding, schema?.name, schema?.data], ["/pose", "json", "Pose", '{"type":"object"}']);
  await close();
});

test("our client receives what the npm server sends, also on topics that come later", async () => {
  const { server, client, close } = await setUp();
  const subscription = client.subscribe<{ x: number }>("/pose");
  const subscribed = new Promise<number>((resolve) => server.on("subscribe", resolve));
  const id = server.addChannel(POSE);
  assertEquals(await subscribed, id);
  for (let x = 0; x < 100; x++) server.sendMessage(id, BigInt(x), utf8(`{"x":${x}}`));
  for (let x = 0; x < 100; x++) {
    const { value } = await subscription.next();
    assertEquals([value?.value?.x, value?.logTime, value?.channel.topic], [x, BigInt(x), "/pose"]);
  }
  const unsubscribed = new Promise<number>((resolve) => server.on("unsubscribe", resolve));
  subscription.close();
  assertEquals(await unsubscribed, id);
  await close();
});

test("our client sees the npm server's channels go", async () => {
  const { server, client, close } = await setUp();
  const [added, removed] = [new Inbox<string>("advertise"), new Inbox<string>("unadvertise")];
  client.on("advertise", ({ channels }) => channels.forEach(({ topic }) => added.put(topic)));
  client.on("unadvertise", ({ channels }) => channels.forEach(({ topic }) => removed.put(topic)));
  const id = server.addChannel(POSE);
  assertEquals(await added.next(), "/pose");
  server.removeChannel(id);
  assertEquals(await removed.next(), "/pose");
  assertEquals(client.channels.size, 0);
  await close();
});

test("our client publishes to the npm server", async () => {
  const { server, client, close } = await setUp();
  const [advertised, message, gone] = [
    new Inbox<{ topic: string }>("advertise"),
    new Inbox<string>("message"),
    new Inbox<number>("unadvertise"),
  ];
  server.on("advertise", (channel) => advertised.put(channel));
  server.on("message", ({ data }) => message.put(new TextDecoder().decode(data)));
  server.on("unadvertise", ({ channelId }) => gone.put(channelId));
  const publisher = client.publisher({ topic: "/goal", encoding: "json", schema: { name: "Goal" } });
  assertEquals((await advertised.next()).topic, "/goal");
  publisher.publish({ x: 1 });
  assertEquals(await message.next(), '{"x":1}');
  publisher.close();
  assertEquals(await gone.next(), publisher.channel.id);
  await close();
});

test("our client takes the npm server's statuses and time", async () => {
  const { server, client, sockets, close } = await setUp();
  const [status, time] = [new Inbox<string>("status"), new Inbox<bigint>("time")];
  client.on("status", ({ level, message }) => status.put(`${level}: ${message}`));
  client.on("time", (timestamp) => time.put(timestamp));
  // deno-lint-ignore no-explicit-any -- its interface predates the types of `ws`
  server.sendStatus({ level: 1, message: "Low battery" }, sockets[0] as any);
  assertEquals(await status.next(), "warning: Low battery");
  server.broadcastTime(987_654_321n);
  assertEquals(await time.next(), 987_654_321n);
  assertEquals(client.time, 987_654_321n);
  await close();
});

test("our client sees the npm server's statuses replaced and taken away", async () => {
  const { server, client, close } = await setUp();
  const [status, removed] = [new Inbox<string>("status"), new Inbox<readonly string[]>("removeStatus")];
  client.on("status", ({ message }) => status.put(message));
  client.on("removeStatus", ({ statusIds }) => removed.put(statusIds));
  for (const message of ["Low battery", "Empty battery"]) server.sendStatus({ level: 2, message, id: "battery" });
  assertEquals([await status.next(), await status.next()], ["Low battery", "Empty battery"]);
  assertEquals([...client.statuses.values()], [{ level: "error", message: "Empty battery", id: "battery" }]);
  server.removeStatus(["battery"]);
  assertEquals(await removed.next(), ["battery"]);
  assertEquals(client.statuses.size, 0);
  await close();
});

test("our client calls the npm server's services, and hears of their failures", async () => {
  const { server, client, close } = await setUp(["services"]);
  const schema = { encoding: "json", schemaName: "Any", schemaEncoding: "jsonschema", schema: "{}" };
  server.on("serviceCallRequest", ({ serviceId, callId, encoding, data }, connection) => {
    const failure = { op: "serviceCallFailure", serviceId, callId, message: "the arm is stuck" } as const;
    if (data.byteLength === 4) server.sendServiceCallFailure(failure, connection);
    else server.sendServiceCallResponse({ serviceId, callId, encoding, data }, connection);
  });
  const early = client.callService("/echo", { a: 1 });
  const id = server.addService({ name: "/echo", type: "Any", request: schema, response: schema });
  assertEquals(await early, { a: 1 });
  const error = await assertRejects(() => client.callService("/echo", null), ServiceError);
  assertEquals(error.reason, "the arm is stuck");
  server.addService({ name: "/old", type: "Any", requestSchema: "string a", responseSchema: "string a" });
  assertEquals(await client.callService("/old", { b: 2 }), { b: 2 });
  const gone = new Inbox<string>("unadvertiseServices");
  client.on("unadvertiseServices", ({ services }) => services.forEach(({ name }) => gone.put(name)));
  server.removeService(id);
  assertEquals(await gone.next(), "/echo");
  await close();
});

const PARAMETERS = ["parameters", "parametersSubscribe"];

test("our client reads, sets and deletes the npm server's parameters", async () => {
  const { server, client, close } = await setUp(PARAMETERS);
  const values = new Map<string, Parameter>([
    ["gain", { name: "gain", value: 1, type: "float64" }],
    ["map", { name: "map", value: "AP8=", type: "byte_array" }],
    // As JSON has no word for it, it goes out as null.
    ["nan", { name: "nan", value: NaN, type: "float64" }],
  ]);
  server.on("getParameters", ({ parameterNames, id }, connection) => {
    const wanted = parameterNames.length === 0 ? [...values.keys()] : parameterNames;
    const found = wanted.flatMap((name) => values.get(name) ?? []);
    server.publishParameterValues(found, id, connection);
  });
  server.on("setParameters", ({ parameters, id }, connection) => {
    for (const parameter of parameters) values.set(parameter.name, parameter);
    server.publishParameterValues(parameters, id, connection);
  });
  const map = new Uint8Array([0, 255]);
  assertEquals([...await client.getParameters()], [["gain", 1], ["map", map], ["nan", NaN]]);
  assertEquals([...await client.getParameters(["none", "gain"])], [["gain", 1]]);
  assertEquals([...await client.setParameters({ gain: 2, list: [1, 2], map: undefined })], [["gain", 2], ["list", [
    1,
    2,
  ]]]);
  assertEquals([values.get("gain"), values.get("map")], [{ name: "gain", value: 2, type: "float64" }, { name: "map" }]);
  await close();
});

test("our client watches the npm server's parameters", async () => {
  const { server, client, close } = await setUp(PARAMETERS);
  const [watched, unwatched] = [new Inbox<string[]>("subscribe"), new Inbox<string[]>("unsubscribe")];
  server.on("subscribeParameterUpdates", (names) => watched.put(names));
  server.on("unsubscribeParameterUpdates", (names) => unwatched.put(names));
  const updates = client.parameterUpdates(["gain"]);
  assertEquals(await watched.next(), ["gain"]);
  // docs/interop.md: it tells of this one with a list that is empty.
  server.updateParameterValues([{ name: "other", value: 1 }]);
  server.updateParameterValues([{ name: "other", value: 1 }, { name: "gain", value: 2 }]);
  assertEquals((await updates.next()).value, { name: "gain", value: 2, type: undefined });
  updates.close();
  assertEquals(await unwatched.next(), ["gain"]);
  server.updateParameterValues([{ name: "gain", value: 3 }]);
  server.sendStatus({ level: 0, message: "last" });
  await new Promise((resolve) => client.on("status", resolve));
  assertEquals(client.stats().invalidMessages, 0);
  await close();
});

// docs/interop.md: it takes no notice of a subscription to all.
test("our client watches all of the npm server's parameters by their names", async () => {
  const { server, client, close } = await setUp(PARAMETERS);
  const watched = new Inbox<string[]>("subscribe");
  server.on("subscribeParameterUpdates", (names) => watched.put(names));
  server.on("getParameters", ({ id }, connection) => {
    server.publishParameterValues([{ name: "a", value: 1 }, { name: "b", value: 2 }], id, connection);
  });
  const updates = client.parameterUpdates();
  assertEquals(await watched.next(), ["a", "b"]);
  server.updateParameterValues([{ name: "b", value: 3 }]);
  assertEquals((await updates.next()).value?.value, 3);
  await close();
});

test("our client fetches the npm server's assets", async () => {
  const { server, client, close } = await setUp(["assets"]);
  server.on("fetchAsset", ({ uri, requestId }, connection) => {
    const answer: FetchAssetResponse = uri === "package://a"
      ? { op: 4, requestId, status: 0, data: utf8("solid a") }
      : { op: 4, requestId, status: 1, error: "not fünd" };
    server.sendFetchAssetResponse(answer, connection);
  });
  assertEquals(await client.fetchAsset("package://a"), utf8("solid a"));
  const error = await assertRejects(() => client.fetchAsset("package://b"), AssetError);
  assertEquals(error.reason, "not fünd");
  await close();
});

// docs/interop.md: it declares what it is told to, but does not know the request.
test("our client waits in vain for the npm server's connection graph, and for nothing else", async () => {
  const { server, client, close } = await setUp(["connectionGraph"]);
  const errors = new Inbox<string>("error");
  server.on("error", ({ message }) => errors.put(message));
  const graph = client.connectionGraph({ signal: AbortSignal.timeout(200) });
  assertEquals(await errors.next(), "Unrecognized client opcode: subscribeConnectionGraph");
  await assertRejects(() => graph.next());
  const added = new Inbox<string>("advertise");
  client.on("advertise", ({ channels }) => channels.forEach(({ topic }) => added.put(topic)));
  server.addChannel(POSE);
  assertEquals(await added.next(), "/pose");
  await close();
});

test("our client refuses at once what the npm server does not declare", async () => {
  const { client, close } = await setUp([]);
  for (const request of [() => client.getParameters(), () => client.fetchAsset("a"), () => client.playback.play()]) {
    assertEquals((await assertRejects(request, FoxgloveError)).code, "capability");
  }
  await assertRejects(() => client.callService("/none", {}, { timeoutMs: 20 }), TimeoutError);
  await close();
});
