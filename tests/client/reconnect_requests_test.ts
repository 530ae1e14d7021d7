import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { Feed } from "../../src/client/feed.ts";
import type { PlaybackState, ServerInfo } from "../../src/protocol/messages.ts";
import { ConnectionError } from "../../src/util/errors.ts";
import { ScriptedRobot } from "../support/scripted_robot.ts";
import type { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

const INFO: Partial<ServerInfo> = {
  sessionId: "one",
  capabilities: ["services", "parameters", "parametersSubscribe", "assets", "connectionGraph", "playbackControl"],
};
const STATE: PlaybackState = { status: "playing", currentTime: 0n, speed: 1, didSeek: false, requestId: "" };

function addService(server: ScriptedServer, id: number, name = "/add"): void {
  const side = { encoding: "json", schemaName: "", schemaEncoding: "", schema: "" };
  server.send({ op: "advertiseServices", services: [{ id, name, type: "", request: side, response: side }] });
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function latest<T extends object>(feed: Feed<T>): Promise<T | undefined> {
  return feed.next().then(({ value }) => value);
}

test("everything in flight rejects with a ConnectionError when the connection is lost, and its answers settle nothing", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: INFO });
  addService(server, 1);
  await server.settle(client);
  const pending = [
    () => client.callService("/add"),
    () => client.getParameters(),
    () => client.setParameters({ a: 1 }),
    () => client.fetchAsset("a"),
    () => client.playback.play(),
  ].map((request) => assertRejects<ConnectionError>(request, ConnectionError));
  const call = await server.expect("serviceCallRequest");
  const get = await server.expect("getParameters");
  await server.expect("setParameters");
  const asset = await server.expect("fetchAsset");
  await robot.lose(server, client);
  await Promise.all(pending);
  for (const request of [() => client.getParameters(), () => client.fetchAsset("a"), () => client.playback.pause()]) {
    const error = await assertRejects(request, ConnectionError, 'reconnecting: wait for state "connected"');
    assertEquals([error.closeCode, (error.cause as Error).message], [1006, "The connection has ended (code 1006)"]);
  }
  assertEquals(client.playback.state, undefined);

  const second = await robot.greet(client, INFO);
  addService(second, 1);
  const again = client.fetchAsset("b");
  const { requestId } = await second.expect("fetchAsset");
  assertNotEquals(requestId, asset.requestId);
  second.send({ op: "serviceCallResponse", serviceId: 1, callId: call.callId, encoding: "json", data: json("old") });
  second.send({ op: "parameterValues", parameters: [], id: get.id! });
  second.send({ op: "fetchAssetResponse", requestId: asset.requestId, data: new Uint8Array([9]) });
  second.send({ op: "fetchAssetResponse", requestId, data: new Uint8Array([1]) });
  assertEquals(await again, new Uint8Array([1]));
  assertEquals(client.stats().lateMessages, 3);
  await client.close();
  assertEquals(robot.clock.delays, 0);
});

test("a call that waits for its service finds it on the next connection, and never an old one", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: INFO });
  addService(server, 1);
  await server.settle(client);
  const waiting = client.callService("/late");
  await robot.lose(server, client);
  const meanwhile = client.callService("/add");
  const second = await robot.greet(client, { ...INFO, sessionId: "two" });
  await second.settle(client);
  assertEquals(second.inbox, []);
  addService(second, 8, "/late");
  addService(second, 9);
  for (const [serviceId, value] of [[8, "late"], [9, "sum"]] as const) {
    const request = await second.expect("serviceCallRequest");
    assertEquals(request.serviceId, serviceId);
    second.send({
      op: "serviceCallResponse",
      serviceId,
      callId: request.callId,
      encoding: "json",
      data: json(value),
    });
  }
  assertEquals(await Promise.all([waiting, meanwhile]), ["late", "sum"]);
  await client.close();
});

test("parameters are watched again on the next connection, also those that were added or dropped in between", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: INFO });
  const a = client.parameterUpdates(["a"]);
  const b = client.parameterUpdates(["b"]);
  await server.expect("subscribeParameterUpdates");
  await server.expect("subscribeParameterUpdates");
  server.send({ op: "parameterValues", parameters: [{ name: "a", value: 0.5, type: "float64" }] });
  assertEquals((await latest(a))?.value, 0.5);
  await robot.lose(server, client);
  b.close();
  const c = client.parameterUpdates(["c"]);
  const second = await robot.greet(client, INFO);
  assertEquals((await second.expect("subscribeParameterUpdates")).parameterNames, ["a", "c"]);
  second.send({ op: "parameterValues", parameters: [{ name: "a", value: 1 }, { name: "c", value: 2 }] });
  assertEquals([(await latest(a))?.value, (await latest(c))?.value], [1, 2]);
  // What the old server said of types is forgotten.
  const set = client.setParameters({ a: 2 });
  const { id, parameters } = await second.expect("setParameters");
  assertEquals(parameters, [{ name: "a", value: 2 }]);
  second.send({ op: "parameterValues", parameters: [], id: id! });
  await set;
  await client.close();
});

test("all parameters are watched again on the next connection", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: INFO });
  client.parameterUpdates();
  await server.expect("subscribeParameterUpdates");
  await server.expect("getParameters");
  await robot.lose(server, client);
  const second = await robot.greet(client, INFO);
  assertEquals((await second.expect("subscribeParameterUpdates")).parameterNames, []);
  await second.expect("getParameters");
  await client.close();
});

test("the graph is watched again on the next connection, and nothing of the old one stays in it", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: INFO });
  const graph = client.connectionGraph();
  await server.expect("subscribeConnectionGraph");
  const empty = { subscribedTopics: [], advertisedServices: [], removedTopics: [], removedServices: [] };
  server.send({
    op: "connectionGraphUpdate",
    ...empty,
    publishedTopics: [{ name: "/old", publisherIds: ["1"] }],
  });
  await graph.next();
  await robot.lose(server, client);
  assertEquals([...graph.publishers.keys()], ["/old"]);
  const second = await robot.greet(client, INFO);
  await second.expect("subscribeConnectionGraph");
  second.send({
    op: "connectionGraphUpdate",
    ...empty,
    publishedTopics: [{ name: "/new", publisherIds: ["1"] }],
  });
  await graph.next();
  assertEquals([...graph.publishers.keys()], ["/new"]);
  await client.close();
});

test("what the next server does not declare is watched as soon as it does", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: INFO });
  client.parameterUpdates(["a"]);
  client.connectionGraph();
  await server.expect("subscribeParameterUpdates");
  await server.expect("subscribeConnectionGraph");
  await robot.lose(server, client);
  const second = await robot.greet(client, { sessionId: "two" });
  await second.settle(client);
  assertEquals(second.inbox, []);
  second.info({ ...INFO, sessionId: "two" });
  await second.expect("subscribeParameterUpdates");
  await second.expect("subscribeConnectionGraph");
  second.info({ ...INFO, sessionId: "two" });
  await second.settle(client);
  assertEquals(second.inbox, []);
  await client.close();
});

test("playback begins anew on the next connection", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: INFO });
  server.send({ op: "playbackState", ...STATE, speed: 3 });
  await server.settle(client);
  await robot.lose(server, client);
  const second = await robot.greet(client, INFO);
  second.send({ op: "playbackState", ...STATE, speed: 5 });
  await second.settle(client);
  const seeking = client.playback.seek(1n);
  const { op: _, requestId, ...wanted } = await second.expect("playbackControlRequest");
  assertEquals(wanted, { command: "play", speed: 5, seekTime: 1n });
  second.send({ op: "playbackState", ...STATE, requestId });
  await seeking;
  await client.close();
});
