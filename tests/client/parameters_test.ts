import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import type { Feed } from "../../src/client/feed.ts";
import type { ParameterUpdate } from "../../src/client/parameters.ts";
import type { Parameter } from "../../src/protocol/messages.ts";
import { ConnectionError, FoxgloveError, TimeoutError } from "../../src/util/errors.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedRobot } from "../support/scripted_robot.ts";
import { nextTurn, ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

const INFO = { capabilities: ["parameters", "parametersSubscribe"] };

async function connected() {
  const clock = new ManualClock();
  return { clock, ...await ScriptedServer.connected({ info: INFO, client: { clock } }) };
}

/** Sends values as an update, or as the answer to a request. */
function values(server: ScriptedServer, parameters: Parameter[], id?: string): void {
  server.send({ op: "parameterValues", parameters, ...(id === undefined ? {} : { id }) });
}

/** The updates that wait, in short. */
async function drain(feed: Feed<ParameterUpdate>): Promise<unknown[]> {
  const seen: unknown[] = [];
  while (feed.size > 0) {
    const { name, value } = (await feed.next()).value!;
    seen.push([name, value]);
  }
  return seen;
}

/** Leaves out what a feed of everything asks for, besides subscribing. */
async function expectAll(server: ScriptedServer, known: Parameter[] = []): Promise<void> {
  assertEquals((await server.expect("subscribeParameterUpdates")).parameterNames, []);
  const { id, parameterNames } = await server.expect("getParameters");
  assertEquals(parameterNames, []);
  values(server, known, id);
}

test("getParameters() resolves to values by name, bytes and NaN among them", async () => {
  const { server, client } = await connected();
  const all = client.getParameters();
  const { id, parameterNames } = await server.expect("getParameters");
  assertEquals(parameterNames, []);
  server.send(`{"op":"parameterValues","id":"${id}","parameters":[
    {"name":"count","value":3},
    {"name":"gain","value":2,"type":"float64"},
    {"name":"unknown","value":null,"type":"float64"},
    {"name":"map","value":"AQID","type":"byte_array"},
    {"name":"deep","value":{"a":[1,{"b":"c"}]}},
    {"name":"unset"}]}`);
  assertEquals(
    [...await all],
    [["count", 3], ["gain", 2], ["unknown", NaN], ["map", new Uint8Array([1, 2, 3])], ["deep", { a: [1, { b: "c" }] }]],
  );
  const some = client.getParameters(["a", "b"]);
  const request = await server.expect("getParameters");
  assertEquals(request.parameterNames, ["a", "b"]);
  values(server, [], request.id);
  assertEquals([...await some], []);
  await client.close();
});

test("setParameters() takes an object, a map or a list, and resolves to the values in force", async () => {
  const { server, client } = await connected();
  const sent: unknown[] = [];
  const settings = [
    { gain: 1.5, count: 3, name: "x", gone: undefined },
    new Map([["bytes", new Uint8Array([1, 2, 3])]]),
    [{ name: "rate", value: 2, type: "float64" }, { name: "list", value: [0.5, 1] }, { name: "nan", value: NaN }],
  ];
  for (const setting of settings) {
    const set = client.setParameters(setting);
    const { op: _, id, parameters } = await server.expect("setParameters");
    sent.push(parameters);
    values(server, [{ name: "gain", value: 1, type: "float64" }, { name: "gone" }], id);
    assertEquals([...await set], [["gain", 1]]);
  }
  assertEquals(sent, [
    [{ name: "gain", value: 1.5, type: "float64" }, { name: "count", value: 3 }, { name: "name", value: "x" }, {
      name: "gone",
    }],
    [{ name: "bytes", value: "AQID", type: "byte_array" }],
    [{ name: "rate", value: 2, type: "float64" }, { name: "list", value: [0.5, 1], type: "float64_array" }, {
      name: "nan",
      value: NaN,
      type: "float64",
    }],
  ]);
  await client.close();
});

test("a value goes back with the type that it came with, unless it does not fit", async () => {
  const { server, client } = await connected();
  values(server, [
    { name: "gain", value: 0.5, type: "float64" },
    { name: "list", value: [1], type: "float64_array" },
    { name: "new", value: 7, type: "int128" },
    { name: "was", value: 1, type: "float64" },
  ]);
  values(server, [{ name: "was", value: 1 }]);
  await server.settle(client);
  const set = client.setParameters({ gain: 2, list: [], new: 8, was: 2 });
  const { id, parameters } = await server.expect("setParameters");
  assertEquals(parameters, [
    { name: "gain", value: 2, type: "float64" },
    { name: "list", value: [], type: "float64_array" },
    { name: "new", value: 8, type: "int128" },
    { name: "was", value: 2 },
  ]);
  values(server, [], id);
  await set;
  const other = client.setParameters({ gain: "text", list: new Uint8Array([255]) });
  const second = await server.expect("setParameters");
  assertEquals(second.parameters, [
    { name: "gain", value: "text" },
    { name: "list", value: "/w==", type: "byte_array" },
  ]);
  values(server, [], second.id);
  await other;
  await client.close();
});

test("setParameters() never sends null, nor anything for what no parameter can be", async () => {
  const { server, client, clock } = await connected();
  const bad = [null, () => {}, 1n, new Date(0), { a: null }] as unknown[] as number[];
  for (const value of bad) await assertRejects(() => client.setParameters({ value }), TypeError);
  const typed = [{ name: "a", value: "text", type: "float64" }];
  await assertRejects(() => client.setParameters(typed), TypeError, "float64");
  await server.settle(client);
  assertEquals([server.inbox, clock.delays], [[], 0]);
  await client.close();
});

test("a rejected set is a status, and its reply has the value in force", async () => {
  const { server, client } = await connected();
  const statuses: string[] = [];
  client.on("status", ({ message }) => statuses.push(message));
  const set = client.setParameters({ gain: -1 });
  const { id } = await server.expect("setParameters");
  server.send({ op: "status", level: "error", message: "Parameter gain was not set: below 0" });
  values(server, [{ name: "gain", value: 1 }], id);
  assertEquals([(await set).get("gain"), statuses], [1, ["Parameter gain was not set: below 0"]]);
  await client.close();
});

test("without the capabilities every parameter request says so at once", async () => {
  const { server, client } = await ScriptedServer.connected({ info: { capabilities: ["parameters"] } });
  assertEquals(
    assertThrows(() => client.parameterUpdates(), FoxgloveError, "parametersSubscribe capability").code,
    "capability",
  );
  server.info({ capabilities: [] });
  await server.settle(client);
  for (const request of [() => client.getParameters(), () => client.setParameters({ a: 1 })]) {
    assertEquals((await assertRejects(request, FoxgloveError, "parameters capability")).code, "capability");
  }
  assertEquals(server.inbox, []);
  await client.close();
});

test("late, duplicate and unknown parameter replies are counted, and nobody mistakes them for others", async () => {
  const { server, client, clock } = await connected();
  const late = assertRejects(() => client.getParameters(["a"], { timeoutMs: 10 }), TimeoutError, "getParameters");
  const { id } = await server.expect("getParameters");
  clock.advance(10);
  await late;
  const next = client.getParameters(["a"]);
  const second = await server.expect("getParameters");
  values(server, [{ name: "a", value: "late" }], id);
  values(server, [{ name: "a", value: "unknown" }], "somebody else's");
  values(server, [{ name: "a", value: "right" }], second.id);
  values(server, [{ name: "a", value: "duplicate" }], second.id);
  assertEquals((await next).get("a"), "right");
  await server.settle(client);
  const { lateMessages, ignoredMessages } = client.stats();
  assertEquals([lateMessages, ignoredMessages, clock.delays], [2, 1, 0]);
  await client.close();
});

test("a bad entry does not spoil the others of a reply", async () => {
  const { server, client } = await connected();
  const errors: unknown[] = [];
  client.on("error", ({ error }) => errors.push(error));
  const all = client.getParameters();
  const { id } = await server.expect("getParameters");
  server.send(
    `{"op":"parameterValues","id":"${id}","parameters":[{"name":5},{"name":"a","value":1},{"name":"b","value":null}]}`,
  );
  assertEquals([...await all], [["a", 1]]);
  assertEquals(errors.length, 2);
  await client.close();
});

test("an abort or the end of the connection rejects parameter requests", async () => {
  const { server, client, clock } = await connected();
  const reason = new Error("changed my mind");
  assertEquals(await client.getParameters([], { signal: AbortSignal.abort(reason) }).catch((error) => error), reason);
  const controller = new AbortController();
  const aborted = client.setParameters({ a: 1 }, { signal: controller.signal }).catch((error) => error);
  controller.abort(reason);
  assertEquals(await aborted, reason);
  const cut = client.getParameters().catch((error) => error);
  await server.expect("setParameters");
  server.transport.terminate();
  assertInstanceOf(await cut, ConnectionError);
  await assertRejects(() => client.getParameters(), ConnectionError);
  assertEquals(clock.delays, 0);
});

test("readers of parameter updates share one subscription, and get what they asked for", async () => {
  const { server, client } = await connected();
  const a = client.parameterUpdates(["a"]);
  assertEquals((await server.expect("subscribeParameterUpdates")).parameterNames, ["a"]);
  const ab = client.parameterUpdates(["a", "b"]);
  assertEquals((await server.expect("subscribeParameterUpdates")).parameterNames, ["b"]);
  const again = client.parameterUpdates(["b"]);
  values(server, [{ name: "a", value: 1 }, { name: "b", value: "AQ==", type: "byte_array" }, { name: "c", value: 3 }]);
  values(server, [{ name: "b" }]);
  await server.settle(client);
  assertEquals(await drain(a), [["a", 1]]);
  assertEquals(await drain(ab), [["a", 1], ["b", new Uint8Array([1])], ["b", undefined]]);
  assertEquals((await again.next()).value, { name: "b", value: new Uint8Array([1]), type: "byte_array" });
  assertEquals(server.inbox, []);
  ab.close();
  ab.close();
  await server.settle(client);
  assertEquals(server.inbox, []);
  again.close();
  assertEquals((await server.expect("unsubscribeParameterUpdates")).parameterNames, ["b"]);
  await a.return();
  assertEquals((await server.expect("unsubscribeParameterUpdates")).parameterNames, ["a"]);
  await client.close();
});

test("a reader of all updates subscribes to all, and by name for servers that take no notice of it", async () => {
  const { server, client } = await connected();
  const all = client.parameterUpdates();
  await expectAll(server, [{ name: "x", value: 1 }, { name: "y", value: 2 }]);
  assertEquals((await server.expect("subscribeParameterUpdates")).parameterNames, ["x", "y"]);
  const x = client.parameterUpdates(["x"]);
  const z = client.parameterUpdates(["z"]);
  assertEquals((await server.expect("subscribeParameterUpdates")).parameterNames, ["z"]);
  values(server, [{ name: "w", value: 1 }]);
  await server.settle(client);
  assertEquals([all.size, x.size, z.size], [1, 0, 0]);
  all.close();
  assertEquals((await server.expect("unsubscribeParameterUpdates")).parameterNames, ["x", "y", "z"]);
  assertEquals((await server.expect("unsubscribeParameterUpdates")).parameterNames, []);
  assertEquals((await server.expect("subscribeParameterUpdates")).parameterNames, ["x", "z"]);
  await client.close();
});

test("what a client sets comes as an update too, since servers tell it in the reply alone", async () => {
  const { server, client } = await connected();
  const gain = client.parameterUpdates(["gain"]);
  await server.expect("subscribeParameterUpdates");
  const got = client.getParameters(["gain"]);
  values(server, [{ name: "gain", value: 1 }], (await server.expect("getParameters")).id);
  await got;
  assertEquals(gain.size, 0);
  const set = client.setParameters({ gain: 2 });
  values(server, [{ name: "gain", value: 2 }], (await server.expect("setParameters")).id);
  await set;
  assertEquals(await drain(gain), [["gain", 2]]);
  await client.close();
});

test("updates are bounded: the oldest is dropped and counted", async () => {
  const { server, client } = await connected();
  const feed = client.parameterUpdates(["a"], { highWaterMark: 2 });
  for (let value = 1; value <= 5; value++) values(server, [{ name: "a", value }]);
  await server.settle(client);
  assertEquals([feed.dropped, feed.size], [3, 2]);
  assertEquals(await drain(feed), [["a", 4], ["a", 5]]);
  assertThrows(() => client.parameterUpdates([], { highWaterMark: 0 }), RangeError, "highWaterMark");
  await client.close();
});

test("updates that nobody watches are counted: late after a subscription, else ignored", async () => {
  const { server, client } = await connected();
  values(server, [{ name: "a", value: 1 }]);
  await server.settle(client);
  client.parameterUpdates(["a"]).close();
  values(server, [{ name: "a", value: 1 }]);
  await server.settle(client);
  const { lateMessages, ignoredMessages } = client.stats();
  assertEquals([ignoredMessages, lateMessages], [1, 1]);
  await client.close();
});

test("a signal ends a feed of updates, and a stream of it that is cancelled", async () => {
  const { server, client } = await connected();
  const reason = new Error("enough");
  const controller = new AbortController();
  const feed = client.parameterUpdates(["a"], { signal: controller.signal });
  const next = feed.next().catch((error) => error);
  await server.expect("subscribeParameterUpdates");
  controller.abort(reason);
  assertEquals(await next, reason);
  await server.expect("unsubscribeParameterUpdates");
  const aborted = client.parameterUpdates(["a"], { signal: controller.signal });
  assertEquals(await aborted.next().catch((error) => error), reason);
  const { stream } = client.parameterUpdates(["b"]);
  await server.expect("subscribeParameterUpdates");
  await stream.cancel();
  await server.expect("unsubscribeParameterUpdates");
  assertEquals(server.inbox, []);
  await client.close();
});

test("feeds of updates end with the client, and with an error when the connection is cut", async () => {
  const own = await connected();
  const feed = own.client.parameterUpdates(["a"]);
  values(own.server, [{ name: "a", value: 1 }]);
  await own.server.settle(own.client);
  await own.client.close();
  assertEquals([(await feed.next()).value?.value, (await feed.next()).done], [1, true]);
  assertEquals((await own.client.parameterUpdates(["a"]).next()).done, true);
  const cut = await connected();
  const next = assertRejects(() => cut.client.parameterUpdates(["a"]).next(), ConnectionError);
  cut.server.transport.terminate();
  await next;
  await assertRejects(() => cut.client.parameterUpdates(["a"]).next(), ConnectionError);
  await nextTurn();
  assertEquals([own.clock.delays, cut.clock.delays], [0, 0]);
});

test("names that cannot be sent are refused at once, while connected and while not, and leave nothing", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ info: INFO });
  const wrong = [5] as unknown as string[];
  assertThrows(() => client.parameterUpdates(wrong), TypeError, "parameterNames");
  await robot.lose(server, client);
  assertThrows(() => client.parameterUpdates(wrong), TypeError, "parameterNames");
  const second = await robot.greet(client, INFO);
  client.parameterUpdates(["gain"]);
  assertEquals((await second.expect("subscribeParameterUpdates")).parameterNames, ["gain"]);
  await client.close();
});
