/** What a reconnect means for subscriptions, publishers, requests and the catalogue. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConnectionError, type FoxgloveError } from "../../src/util/errors.ts";
import { event, quiet, ScriptedRobot } from "../support/scripted_robot.ts";
import { nextTurn } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

const PUBLISH = { sessionId: "one", capabilities: ["clientPublish"] };

test("a topic goes on under another channel id and with another schema, and iteration knows no gap", async () => {
  const { robot, server, client } = await ScriptedRobot.connected();
  server.advertise({ id: 1, topic: "/pose", schemaName: "Old", schema: "{}", schemaEncoding: "jsonschema" });
  const subscription = client.subscribe("/pose");
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const { channel, value } of subscription) seen.push([channel.id, channel.schema?.name, value]);
  })();
  await server.subscriptions();
  server.data(1, "before");
  await server.settle(client);
  await robot.lose(server, client);
  assertEquals([subscription.channels, client.stats().subscriptions, client.channels.size], [[], 0, 1]);
  const next = await robot.greet(client, { sessionId: "two" });
  next.advertise(
    { id: 1, topic: "/other" },
    { id: 9, topic: "/pose", schemaName: "New", schema: "{}", schemaEncoding: "jsonschema" },
  );
  assertEquals(await next.subscriptions(), [[2, 9]]);
  next.data(1, "for the subscription of the old connection");
  next.data(2, "after");
  await next.settle(client);
  assertEquals(seen, [[1, "Old", "before"], [9, "New", "after"]]);
  const { ignoredMessages, lateMessages } = client.stats();
  assertEquals({ ignoredMessages, lateMessages }, { ignoredMessages: 1, lateMessages: 0 });
  await client.close();
  await reading;
});

test("all readers go on, but for those that named a channel by its id", async () => {
  const { robot, server, client } = await ScriptedRobot.connected();
  server.advertise({ id: 1, topic: "/a" }, { id: 2, topic: "/b" });
  await server.settle(client);
  const [topic, again] = [client.subscribe("/a"), client.subscribe("/a")];
  const all = client.subscribe(() => true);
  const byId = client.subscribe({ channelId: 1 });
  await server.settle(client);
  await robot.lose(server, client);
  const error = await assertRejects(() => byId.next(), ConnectionError);
  assertEquals(error.closeCode, 1006);
  const next = await robot.greet(client);
  next.advertise({ id: 1, topic: "/b" }, { id: 2, topic: "/a" });
  const ids = new Map((await next.subscriptions()).map(([id, channelId]) => [channelId, id]));
  assertEquals(ids.size, 2);
  next.data(ids.get(2)!, "of /a");
  next.data(ids.get(1)!, "of /b");
  for (const reader of [topic, again, all]) assertEquals((await reader.next()).value?.value, "of /a");
  assertEquals((await all.next()).value?.value, "of /b");
  await client.close();
});

test("subscribe() works while the connection is away, but not by an id of the old one", async () => {
  const { robot, server, client } = await ScriptedRobot.connected();
  server.advertise({ id: 1, topic: "/a" });
  await server.settle(client);
  await robot.lose(server, client);
  const subscription = client.subscribe("/a");
  await assertRejects(() => client.subscribe({ channelId: 1 }).next(), ConnectionError);
  assertEquals([subscription.channels, client.stats().subscriptions], [[], 0]);
  const next = await robot.greet(client);
  next.advertise({ id: 1, topic: "/a" });
  assertEquals(await next.subscriptions(), [[1, 1]]);
  await client.close();
});

test("subscriptions that end while the connection is away are not made again", async () => {
  const { robot, server, client } = await ScriptedRobot.connected();
  server.advertise({ id: 1, topic: "/a" });
  const abort = new AbortController();
  const aborted = client.subscribe("/a", { signal: abort.signal });
  const closed = client.subscribe("/a");
  await server.subscriptions();
  await robot.lose(server, client);
  abort.abort(new Error("enough"));
  closed.close();
  await assertRejects(() => aborted.next(), Error, "enough");
  assertEquals((await closed.next()).done, true);
  const next = await robot.greet(client);
  next.advertise({ id: 1, topic: "/a" });
  await next.settle(client);
  assertEquals(next.inbox, []);
  await client.close();
});

test("what the old session sent and nobody has read is dropped and counted; in the same session it can be read", async () => {
  for (const [sessionId, dropped, first] of [["two", 2, "new"], ["one", 0, "old"]] as const) {
    const { robot, server, client } = await ScriptedRobot.connected();
    server.advertise({ id: 1, topic: "/a" });
    const subscription = client.subscribe("/a");
    await server.subscriptions();
    server.data(1, "old");
    server.data(1, "older");
    await server.settle(client);
    await robot.lose(server, client);
    assertEquals(subscription.size, 2);
    const next = await robot.greet(client, { sessionId });
    next.advertise({ id: 1, topic: "/a" });
    await next.subscriptions();
    next.data(2, "new");
    await next.settle(client);
    assertEquals(subscription.dropped, dropped);
    assertEquals((await subscription.next()).value?.value, first);
    await client.close();
  }
});

test("nothing of the old connection follows the event of the new session", async () => {
  const { robot, server, client, log } = await ScriptedRobot.connected();
  server.advertise({ id: 1, topic: "/old" });
  await server.settle(client);
  const lost = event(client, "state");
  server.send({ op: "time", timestamp: 1n });
  server.transport.terminate();
  server.send({ op: "time", timestamp: 2n });
  await lost;
  const next = await robot.greet(client, { sessionId: "two" });
  server.send({ op: "time", timestamp: 3n });
  next.send({ op: "time", timestamp: 4n });
  await next.settle(client);
  assertEquals(log.slice(log.indexOf("session 1")), ["session 1", "time 4"]);
  await client.close();
});

test("the catalogue is kept while the connection is away, and replaced by that of the next", async () => {
  const { robot, server, client, log } = await ScriptedRobot.connected();
  const service = { name: "/add", type: "add", requestSchema: "", responseSchema: "" };
  server.advertise({ id: 1, topic: "/a" }, { id: 2, topic: "/b" });
  server.send({ op: "advertiseServices", services: [{ id: 5, ...service }] });
  server.send({ op: "status", level: "warning", message: "Low battery", id: "battery" });
  await server.settle(client);
  await robot.lose(server, client);
  assertEquals([client.channels.size, client.services.size, client.statuses.size], [2, 1, 1]);
  log.length = 0;
  let seen: number[] = [];
  client.on("session", () => seen = [client.channels.size, client.services.size, client.statuses.size]);
  const next = await robot.greet(client, { sessionId: "two" });
  assertEquals(log, [
    "unadvertise /a,/b",
    "unadvertiseServices /add",
    "removeStatus battery",
    "connected",
    "serverInfo scripted",
    "session 1",
  ]);
  assertEquals(seen, [0, 0, 0]);
  next.advertise({ id: 2, topic: "/c" });
  await next.settle(client);
  assertEquals([...client.channels.values()].map(({ id, topic }) => [id, topic]), [[2, "/c"]]);
  await client.close();
});

test("only a session id that is there and the same resumes a session", async () => {
  const cases = [["one", "one", "resumed"], ["one", "two", "session"], ["one", undefined, "session"]] as const;
  for (const [before, after, what] of [...cases, [undefined, undefined, "session"] as const]) {
    const infoOf = (sessionId: string | undefined) => sessionId === undefined ? {} : { sessionId };
    const { robot, server, client, log } = await ScriptedRobot.connected({ info: infoOf(before) });
    await robot.lose(server, client);
    await robot.greet(client, infoOf(after));
    assertEquals(log.at(-1), `${what} 1`);
    await client.close();
  }
});

test("a session that begins in mid-connection keeps channels and subscriptions, and is the one to resume", async () => {
  const { robot, server, client, log } = await ScriptedRobot.connected();
  server.advertise({ id: 1, topic: "/a" });
  const subscription = client.subscribe("/a");
  await server.subscriptions();
  server.data(1, "unread");
  server.info({ sessionId: "one" });
  server.info({ sessionId: "two" });
  server.data(1, "more");
  await server.settle(client);
  assertEquals(log, ["advertise /a", "serverInfo scripted", "serverInfo scripted", "session 0"]);
  assertEquals([client.channels.size, subscription.size], [1, 2]);
  await robot.lose(server, client);
  await robot.greet(client, { sessionId: "two" });
  assertEquals(log.at(-1), "resumed 1");
  await client.close();
});

test("publishers are advertised again under their ids; what was published in between is dropped and counted", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: PUBLISH });
  const kept = client.publisher({ topic: "/goal", encoding: "json" });
  const gone = client.publisher({ topic: "/gone", encoding: "json" });
  await server.expect("advertise");
  await server.expect("advertise");
  await robot.lose(server, client);
  assertEquals([kept.publish(1), kept.publish(2), kept.dropped], [false, false, 2]);
  gone.close();
  const late = client.publisher({ topic: "/late", encoding: "raw" });
  assertEquals(late.publish("x"), false);
  const next = await robot.greet(client, PUBLISH);
  const { channels } = await next.expect("advertise");
  assertEquals(channels, [
    { id: 1, topic: "/goal", encoding: "json", schemaName: "" },
    { id: 3, topic: "/late", encoding: "raw", schemaName: "" },
  ]);
  assertEquals([kept.publish(3), late.publish("y")], [true, true]);
  assertEquals((await next.expect("messageData")).channelId, 1);
  assertEquals((await next.expect("messageData")).channelId, 3);
  assertEquals([kept.dropped, late.dropped, client.stats().droppedMessages], [2, 1, 3]);
  kept.close();
  assertEquals((await next.expect("unadvertise")).channelIds, [1]);
  await client.close();
});

test("a publisher that the new server does not take is reported, and advertised once it does", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: PUBLISH });
  const errors: [string, unknown][] = [];
  client.on("error", ({ error, during }) => errors.push([(error as FoxgloveError).code, during]));
  const publisher = client.publisher({ topic: "/goal", encoding: "json" });
  await server.expect("advertise");
  await robot.lose(server, client);
  const next = await robot.greet(client);
  await next.settle(client);
  assertEquals(errors, [["capability", 'advertise of "/goal" after a reconnect']]);
  assertEquals([next.inbox, publisher.publish(1)], [[], false]);
  next.info(PUBLISH);
  await next.expect("advertise");
  assertEquals([publisher.publish(2), publisher.dropped], [true, 1]);
  next.info(PUBLISH);
  await next.expect("messageData");
  await next.settle(client);
  assertEquals([next.inbox, errors.length], [[], 1]);
  await client.close();
});

test("a writable waits while the connection is away, and goes on with the next", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: PUBLISH });
  const writer = client.publisher({ topic: "/goal", encoding: "raw" }).writable.getWriter();
  await server.expect("advertise");
  await robot.lose(server, client);
  let written = false;
  const writing = writer.write("x").then(() => written = true);
  await quiet();
  assertEquals(written, false);
  const next = await robot.greet(client, PUBLISH);
  await writing;
  await next.expect("advertise");
  assertEquals((await next.expect("messageData")).channelId, 1);
  await client.close();
});

test("a writer that waited for a server that did not read goes on with the next connection", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: PUBLISH });
  const writer = client.publisher({ topic: "/goal", encoding: "raw" }).writable.getWriter();
  server.transport.pause();
  const writes = Array.from({ length: 10 }, () => writer.write(new Uint8Array(100_000)));
  await quiet();
  await robot.lose(server, client);
  const next = await robot.greet(client, PUBLISH);
  await Promise.all(writes);
  await next.expect("advertise");
  assert((await next.expect("messageData")).data.length === 100_000);
  await client.close();
});

test("a writable fails when the client is closed while the connection is away", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: PUBLISH });
  const writer = client.publisher({ topic: "/goal", encoding: "raw" }).writable.getWriter();
  writer.closed.catch(() => {});
  await robot.lose(server, client);
  const rejected = assertRejects(() => writer.write("x"), ConnectionError, '"/goal"');
  await nextTurn();
  await client.close();
  await rejected;
});

test("calls in flight reject with a ConnectionError, and what was watched is watched again", async () => {
  const capabilities = ["services", "parameters", "parametersSubscribe", "assets", "connectionGraph"];
  const { robot, server, client } = await ScriptedRobot.connected({ info: { sessionId: "one", capabilities } });
  const service = { name: "/add", type: "add", requestSchema: "", responseSchema: "" };
  server.send({ op: "advertiseServices", services: [{ id: 5, ...service }] });
  await server.settle(client);
  const updates = client.parameterUpdates(["gain"]);
  const graph = client.connectionGraph();
  await server.expect("subscribeParameterUpdates");
  await server.expect("subscribeConnectionGraph");
  const calls = [
    client.callService("/add", { a: 1 }),
    client.getParameters(["gain"]),
    client.setParameters({ gain: 1 }),
    client.fetchAsset("package://a"),
  ];
  for (const call of calls) call.catch(() => {});
  await server.settle(client);
  await robot.lose(server, client);
  for (const call of calls) assertEquals((await assertRejects(() => call, ConnectionError)).closeCode, 1006);
  await assertRejects(() => client.getParameters(), ConnectionError);
  const next = await robot.greet(client, { sessionId: "two", capabilities });
  assertEquals((await next.expect("subscribeParameterUpdates")).parameterNames, ["gain"]);
  await next.expect("subscribeConnectionGraph");
  next.send({ op: "parameterValues", parameters: [{ name: "gain", value: 2 }] });
  assertEquals((await updates.next()).value?.value, 2);
  graph.close();
  await client.close();
  assertEquals(robot.clock.delays, 0);
});
