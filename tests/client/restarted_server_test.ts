/** Servers that come back as others: with other ids, schemas, encodings, topics, services and capabilities. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ClientEvents } from "../../src/client/client_events.ts";
import { FoxgloveError, TimeoutError } from "../../src/util/errors.ts";
import {
  addService,
  advertise,
  answer,
  answerAll,
  assertAnswered,
  Busy,
  EVERYTHING,
  type Flavour,
} from "../support/busy_client.ts";
import { event, quiet, ScriptedRobot } from "../support/scripted_robot.ts";
import type { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

const OTHER = { ...EVERYTHING, sessionId: "two" };
const NO_GRAPH = { subscribedTopics: [], advertisedServices: [], removedTopics: [], removedServices: [] };

function tellGraph(server: ScriptedServer, name: string): void {
  server.send({ op: "connectionGraphUpdate", ...NO_GRAPH, publishedTopics: [{ name, publisherIds: ["1"] }] });
}

test("topics whose channel ids were swapped keep their readers", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: EVERYTHING });
  server.advertise({ id: 1, topic: "/a" }, { id: 2, topic: "/b" });
  const [a, b] = [client.subscribe("/a"), client.subscribe("/b")];
  assertEquals(await server.subscriptions(), [[1, 1], [2, 2]]);
  await robot.lose(server, client);
  const second = await robot.greet(client, OTHER);
  second.advertise({ id: 1, topic: "/b" }, { id: 2, topic: "/a" });
  assertEquals(await second.subscriptions(), [[3, 1], [4, 2]]);
  // By the ids that the old session had: nobody's now.
  second.data(1, "of the old /a");
  second.data(2, "of the old /b");
  second.data(3, "b");
  second.data(4, "a");
  assertEquals([(await a.next()).value?.value, (await b.next()).value?.value], ["a", "b"]);
  assertEquals([a.size, b.size, client.stats().ignoredMessages], [0, 0, 2]);
  await client.close();
});

test("services whose ids were swapped are called by name, and old answers mean nothing", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: EVERYTHING });
  addService(server, 1, "/add");
  addService(server, 2, "/sub");
  await server.settle(client);
  const lost = [client.callService("/add"), client.callService("/sub")].map((call) => assertRejects(() => call));
  const old = [await server.expect("serviceCallRequest"), await server.expect("serviceCallRequest")];
  await robot.lose(server, client);
  await Promise.all(lost);
  const second = await robot.greet(client, OTHER);
  addService(second, 2, "/add");
  addService(second, 1, "/sub");
  await second.settle(client);
  const calls = ["/add", "/sub"].map((name) => client.callService(name));
  const requests = [await second.expect("serviceCallRequest"), await second.expect("serviceCallRequest")];
  assertEquals(requests.map(({ serviceId }) => serviceId), [2, 1]);
  for (const request of old) answer(second, request, { channelId: 0, serviceId: 0, value: "old" });
  for (const request of requests) {
    answer(second, request, { channelId: 0, serviceId: 0, value: `${request.serviceId}` });
  }
  assertEquals([await Promise.all(calls), client.stats().lateMessages], [["2", "1"], 2]);
  await client.close();
});

test("a topic that comes back with another encoding, or as two channels, is read as it is then", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: EVERYTHING });
  server.advertise({ id: 1, topic: "/a", schemaName: "A", schema: "{}", schemaEncoding: "jsonschema" });
  const subscription = client.subscribe("/a");
  await server.subscriptions();
  server.data(1, 1);
  const old = (await subscription.next()).value!;
  await robot.lose(server, client);
  const second = await robot.greet(client, OTHER);
  second.advertise({
    id: 1,
    topic: "/a",
    encoding: "cdr",
    schemaName: "B",
    schema: "int8 x",
    schemaEncoding: "ros2msg",
  });
  second.advertise({ id: 2, topic: "/a" });
  assertEquals([await second.subscriptions(), await second.subscriptions()], [[[2, 1]], [[3, 2]]]);
  second.data(2, new Uint8Array([1]));
  second.data(3, 2);
  const [cdr, json] = [(await subscription.next()).value!, (await subscription.next()).value!];
  assertEquals([old.value, cdr.value, json.value], [1, undefined, 2]);
  assertEquals([old, cdr, json].map(({ channel }) => channel.schema?.name), ["A", "B", undefined]);
  assertEquals(subscription.channels.map(({ id }) => id), [1, 2]);
  await client.close();
});

test("schemas of an old connection do not stand in for those that the new one never defined", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: EVERYTHING, protocol: "foxglove.sdk.v1.1" });
  const channel = '{"id":1,"topic":"/a","encoding":"json","schemaId":1}';
  const definition = '{"id":1,"name":"Old","encoding":"jsonschema","data":"{}"}';
  server.send(`{"op":"advertise","schemas":[${definition}],"channels":[${channel}]}`);
  await server.settle(client);
  assertEquals(client.channels.get(1)?.schema?.name, "Old");
  await robot.lose(server, client);
  const second = await robot.greet(client, OTHER);
  second.send(`{"op":"advertise","channels":[${channel}]}`);
  await second.settle(client);
  assertEquals([client.channels.get(1)?.schema, client.channels.get(1)?.schemaMissing], [
    undefined,
    "the server never defined schema 1",
  ]);
  await robot.lose(second, client);
  robot.protocol = "foxglove.websocket.v1";
  const third = await robot.greet(client, OTHER);
  third.advertise({ id: 1, topic: "/a", schemaName: "Inline", schema: "{}", schemaEncoding: "jsonschema" });
  await third.settle(client);
  assertEquals([client.protocol, client.channels.get(1)?.schema?.name], ["foxglove.websocket.v1", "Inline"]);
  await client.close();
});

test("topics and services that are gone are waited for, and whoever has them at last serves them", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: EVERYTHING });
  const first: Flavour = { channelId: 1, serviceId: 1, value: "first" };
  advertise(server, first);
  const kept = client.subscribe("/kept");
  const pose = client.subscribe("/pose");
  await server.subscriptions();
  await robot.lose(server, client);
  const second = await robot.greet(client, OTHER);
  second.advertise({ id: 9, topic: "/kept" });
  assertEquals(await second.subscriptions(), [[2, 9]]);
  const never = assertRejects(() => client.callService("/add", {}, { timeoutMs: 100 }), TimeoutError);
  const call = client.callService("/add", {}, { timeoutMs: 1e6 });
  await second.settle(client);
  assertEquals([second.inbox, client.services.size, pose.channels], [[], 0, []]);
  robot.clock.advance(100);
  assertEquals((await never).message, 'No service "/add" within 100 ms');
  await robot.lose(second, client);
  const third = await robot.greet(client, { ...EVERYTHING, sessionId: "three" });
  const last: Flavour = { channelId: 4, serviceId: 4, value: "third" };
  advertise(third, last);
  await answerAll(third, last);
  assertEquals([(await pose.next()).value?.value, await call, kept.size], ["third", "third", 0]);
  await client.close();
  assertEquals(robot.clock.delays, 0);
});

test("what the next server cannot do is refused, and what is watched waits until one can", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: EVERYTHING });
  client.on("error", () => {});
  const busy = new Busy(client, ["message", "update", "graph", "time"]);
  await robot.lose(server, client);
  const second = await robot.greet(client, { sessionId: "two" });
  const asks = [() => client.getParameters(), () => client.fetchAsset("a"), () => client.playback.play()];
  for (const ask of asks) assertEquals((await assertRejects(ask, FoxgloveError)).code, "capability");
  await second.settle(client);
  assertEquals([second.inbox, busy.waiting.length], [[], 4]);
  await robot.lose(second, client);
  const third = await robot.greet(client, { ...EVERYTHING, sessionId: "three" });
  const flavour: Flavour = { channelId: 3, serviceId: 3, value: "third" };
  advertise(third, flavour);
  await answerAll(third, flavour);
  await assertAnswered(busy, flavour);
  await client.close();
});

test("what a feed has of an old session and nobody has read is dropped; in the same session it can be read", async () => {
  for (const [sessionId, dropped] of [["two", true], ["one", false]] as const) {
    const { robot, server, client } = await ScriptedRobot.connected({ info: EVERYTHING });
    const feeds = [client.parameterUpdates(["gain"]), client.timeUpdates(), client.connectionGraph()] as const;
    const [updates, times, graph] = feeds;
    server.send({ op: "parameterValues", parameters: [{ name: "gain", value: "old" }] });
    server.send({ op: "time", timestamp: 1n });
    tellGraph(server, "/old");
    await server.settle(client);
    await robot.lose(server, client);
    assertEquals(feeds.map(({ size }) => size), [1, 1, 1]);
    const second = await robot.greet(client, { ...EVERYTHING, sessionId });
    assertEquals(feeds.map(({ size }) => size), dropped ? [0, 0, 0] : [1, 1, 1]);
    assertEquals([...graph.publishers.keys()], dropped ? [] : ["/old"]);
    if (!dropped) { for (const feed of feeds) await feed.next(); }
    second.send({ op: "parameterValues", parameters: [{ name: "gain", value: "new" }] });
    second.send({ op: "time", timestamp: 2n });
    tellGraph(second, "/new");
    assertEquals([(await updates.next()).value?.value, (await times.next()).value], ["new", 2n]);
    await graph.next();
    assertEquals([...graph.publishers.keys()], ["/new"]);
    await client.close();
  }
});

test("nothing that an old server says is heard after its connection has ended, whatever it is", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: EVERYTHING });
  advertise(server, { channelId: 1, serviceId: 1, value: "old" });
  server.send({ op: "time", timestamp: 1n }, {
    op: "playbackState",
    status: "playing",
    currentTime: 1n,
    speed: 1,
    didSeek: false,
    requestId: "",
  });
  await server.settle(client);
  assertEquals([client.time, client.playback.state?.currentTime], [1n, 1n]);
  const busy = new Busy(client);
  await server.settle(client);
  const requests = server.inbox.splice(0);
  // What the end finds on its way is not delivered after it: neither before, nor after there is another connection.
  const sayAll = () => {
    for (const request of requests) answer(server, request, { channelId: 1, serviceId: 1, value: "old" });
    server.info({ ...EVERYTHING, name: "old", sessionId: "old" });
    server.advertise({ id: 66, topic: "/old" });
    server.unadvertise(1);
    addService(server, 66, "/late");
    server.send({ op: "time", timestamp: 66n }, { op: "status", level: "error", message: "old", id: "old" });
    tellGraph(server, "/old");
  };
  const lost = event(client, "state");
  server.transport.terminate();
  sayAll();
  await lost;
  const heard: string[] = [];
  const types: (keyof ClientEvents)[] = [
    "advertise",
    "advertiseServices",
    "status",
    "time",
    "connectionGraph",
    "error",
  ];
  for (const type of types) client.on(type, () => heard.push(type));
  sayAll();
  await quiet();
  const second = await robot.greet(client, OTHER);
  sayAll();
  await second.settle(client);
  assertEquals([heard, client.channels.size, client.services.size, client.statuses.size], [[], 0, 0, 0]);
  assertEquals([client.serverInfo.sessionId, client.time, client.playback.state], ["two", undefined, undefined]);
  const flavour: Flavour = { channelId: 2, serviceId: 2, value: "new" };
  busy.start(["call", "get", "set", "asset", "play"]);
  advertise(second, flavour);
  await answerAll(second, flavour);
  await assertAnswered(busy, flavour);
  await client.close();
});

test("a hundred restarts, each with other ids, leave a client as it was after the first", async () => {
  const { robot, server: first, client } = await ScriptedRobot.connected({ info: EVERYTHING });
  const publisher = client.publisher({ topic: "/goal", encoding: "json" });
  const pose = client.subscribe("/pose");
  const gain = client.parameterUpdates(["gain"]);
  const graph = client.connectionGraph();
  let server = first;
  const asked = new Set<string>();
  for (let i = 1; i <= 100; i++) {
    const flavour: Flavour = { channelId: i * 7 % 101, serviceId: i * 5 % 103, value: `session ${i}` };
    advertise(server, flavour);
    await quiet();
    // The same five messages every time: advertise, subscribe, watch parameters, watch the graph; then one call.
    const call = client.callService("/add");
    await quiet();
    asked.add(server.inbox.map(({ op }) => op).sort().join());
    await answerAll(server, flavour);
    assertEquals([await call, (await pose.next()).value?.value], [flavour.value, flavour.value]);
    assertEquals((await gain.next()).value?.value, flavour.value);
    assert((await graph.next()).value?.publishers.get("/pose")?.has(flavour.value));
    assertEquals([client.channels.size, client.stats().subscriptions, publisher.publish(i)], [1, 1, true]);
    await robot.lose(server, client);
    assertEquals(robot.clock.delays, 1);
    server = await robot.greet(client, { ...EVERYTHING, sessionId: `${i}` });
  }
  assertEquals([asked.size, client.stats().reconnects, publisher.dropped], [1, 100, 0]);
  const { lateMessages, ignoredMessages, invalidMessages, droppedMessages } = client.stats();
  assertEquals([lateMessages, ignoredMessages, invalidMessages, droppedMessages], [0, 0, 0, 0]);
  await client.close();
  assertEquals(robot.clock.delays, 0);
});
