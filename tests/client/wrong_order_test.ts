/** What a server may say too early, too late, twice, or against what it has said before. */
import { assertEquals, assertRejects } from "@std/assert";
import type { FoxgloveClient } from "../../src/client/client.ts";
import type { ServerInfo } from "../../src/protocol/messages.ts";
import { ConnectionError, FoxgloveError } from "../../src/util/errors.ts";
import {
  addService,
  advertise,
  answer,
  answerAll,
  assertAnswered,
  Busy,
  EVERYTHING,
  FIRST,
} from "../support/busy_client.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

function connected(info: Partial<ServerInfo> = EVERYTHING) {
  return ScriptedServer.connected({ info });
}

function strays(client: FoxgloveClient) {
  const { lateMessages: late, ignoredMessages: ignored, invalidMessages: invalid } = client.stats();
  return { late, ignored, invalid };
}

/** A client that waits for everything, and all its requests, which nobody has answered. */
async function asked() {
  const { server, client } = await connected();
  advertise(server, FIRST);
  addService(server, FIRST.serviceId + 1, "/late");
  await server.settle(client);
  const busy = new Busy(client);
  await server.settle(client);
  return { server, client, busy, requests: server.inbox.splice(0) };
}

test("answers in the wrong order reach those who have asked", async () => {
  const { server, busy, client, requests } = await asked();
  for (const request of requests.reverse()) answer(server, request);
  await answerAll(server);
  await assertAnswered(busy);
  assertEquals(strays(client), { late: 0, ignored: 0, invalid: 0 });
  await client.close();
});

test("answers that come twice are counted as late, and the first ones stand", async () => {
  const { server, busy, client, requests } = await asked();
  for (const request of requests) answer(server, request);
  const again = requests.filter(({ op }) => !op.startsWith("subscribe"));
  for (const request of again) answer(server, request, { ...FIRST, value: "second" });
  await answerAll(server);
  await assertAnswered(busy);
  // Two calls, two requests of parameters, an asset and playback.
  assertEquals([again.length, strays(client)], [6, { late: 6, ignored: 0, invalid: 0 }]);
  await client.close();
});

test("an unadvertise before its advertise is ignored, and the channel is there afterwards", async () => {
  const { server, client } = await connected();
  const subscription = client.subscribe("/a");
  server.unadvertise(1);
  server.advertise({ id: 1, topic: "/a" });
  assertEquals(await server.subscriptions(), [[1, 1]]);
  server.data(1, "here");
  assertEquals((await subscription.next()).value?.value, "here");
  assertEquals(strays(client), { late: 0, ignored: 1, invalid: 0 });
  await client.close();
});

test("messages before the subscription and after its channel has gone reach nobody", async () => {
  const { server, client } = await connected();
  server.data(1, "before anybody has subscribed");
  server.advertise({ id: 1, topic: "/a" });
  await server.settle(client);
  const subscription = client.subscribe("/a");
  assertEquals(await server.subscriptions(), [[1, 1]]);
  server.unadvertise(1);
  server.data(1, "after the unadvertise");
  server.advertise({ id: 1, topic: "/a" });
  server.data(1, "by the old subscription");
  assertEquals(await server.subscriptions(), [[2, 1]]);
  server.data(1, "by the old subscription still");
  server.data(2, "right");
  assertEquals((await subscription.next()).value?.value, "right");
  assertEquals([subscription.size, strays(client)], [0, { late: 3, ignored: 1, invalid: 0 }]);
  await client.close();
});

test("of an id that is twice in one advertise the last channel counts, and what is subscribed is heard", async () => {
  const { server, client } = await connected();
  const topics: string[] = [];
  client.on("advertise", ({ channels }) => topics.push(...channels.map(({ topic }) => topic)));
  const [a, b] = [client.subscribe("/a"), client.subscribe("/b")];
  server.advertise({ id: 1, topic: "/a" }, { id: 2, topic: "/a" }, { id: 1, topic: "/b" }, { id: 1, topic: "/none" });
  const subscriptions = await server.subscriptions();
  assertEquals(subscriptions.map(([, channelId]) => channelId), [2]);
  server.data(subscriptions[0]![0], "a");
  assertEquals([(await a.next()).value?.value, b.channels], ["a", []]);
  await server.settle(client);
  assertEquals([[...client.channels.values()].map(({ topic }) => topic), topics], [["/none", "/a"], ["/none", "/a"]]);
  assertEquals([server.inbox, client.stats().subscriptions], [[], 1]);
  await client.close();
});

test("a channel that is advertised again in mid-subscription is the new one for all that follows", async () => {
  const { server, client } = await connected();
  server.advertise({ id: 1, topic: "/a" });
  const subscription = client.subscribe("/a");
  await server.subscriptions();
  server.data(1, "old");
  server.advertise({ id: 1, topic: "/a", encoding: "raw", schemaName: "New", schema: "text", schemaEncoding: "text" });
  server.data(1, new Uint8Array([1]));
  const [old, now] = [(await subscription.next()).value, (await subscription.next()).value];
  assertEquals([old?.value, old?.channel.schema], ["old", undefined]);
  assertEquals([now?.value, now?.channel.encoding, now?.channel.schema?.name], [undefined, "raw", "New"]);
  assertEquals(server.inbox, []);
  await client.close();
});

test("of two services with one name the first is called, and when it goes the second", async () => {
  const { server, client } = await connected();
  for (const id of [1, 2]) addService(server, id, "/add");
  await server.settle(client);
  const calls = [client.callService("/add"), client.callService("/add")];
  for (const _ of calls) assertEquals((await server.expect("serviceCallRequest")).serviceId, 1);
  server.send({ op: "unadvertiseServices", serviceIds: [1] });
  for (const call of calls) assertEquals((await assertRejects(() => call, ConnectionError)).code, "service_gone");
  const second = client.callService("/add");
  const request = await server.expect("serviceCallRequest");
  assertEquals(request.serviceId, 2);
  answer(server, request);
  assertEquals(await second, "first");
  await client.close();
});

test("a service that comes back under another id is called there, and the answers of the old one mean nothing", async () => {
  const { server, client } = await connected();
  addService(server, 1, "/add");
  await server.settle(client);
  const old = assertRejects(() => client.callService("/add"), ConnectionError, 'Service "/add" has gone');
  const first = await server.expect("serviceCallRequest");
  server.send({ op: "unadvertiseServices", serviceIds: [1] });
  addService(server, 7, "/add");
  await old;
  const call = client.callService("/add");
  const second = await server.expect("serviceCallRequest");
  assertEquals(second.serviceId, 7);
  answer(server, first, { ...FIRST, value: "old" });
  answer(server, second);
  assertEquals([await call, strays(client)], ["first", { late: 1, ignored: 0, invalid: 0 }]);
  await client.close();
});

test("a service whose id becomes that of another keeps its calls, whichever way they end", async () => {
  for (const gone of [false, true]) {
    const { server, client } = await connected();
    addService(server, 1, "/add");
    await server.settle(client);
    const call = client.callService("/add").catch((error) => error.code);
    const request = await server.expect("serviceCallRequest");
    addService(server, 1, "/other");
    if (gone) server.send({ op: "unadvertiseServices", serviceIds: [1] });
    else answer(server, request);
    assertEquals(await call, gone ? "service_gone" : "first");
    await client.close();
  }
});

test("capabilities that go in mid-connection refuse what is asked from then on, and answers still arrive", async () => {
  const { server, busy, client, requests } = await asked();
  server.info({ sessionId: "one" });
  await server.settle(client);
  const refused = [
    () => client.getParameters(),
    () => client.setParameters({ a: 1 }),
    () => client.fetchAsset("a"),
    () => client.playback.play(),
  ];
  for (const ask of refused) assertEquals((await assertRejects(ask, FoxgloveError)).code, "capability");
  for (const request of requests) answer(server, request);
  await answerAll(server);
  await assertAnswered(busy);
  await client.close();
});

test("the time may go backwards, and every one is told, by event and as a stream", async () => {
  const { server, client } = await connected();
  const told: bigint[] = [];
  client.on("time", (time) => told.push(time));
  const times = [5n, 5n, 3n, 0n, 0xffff_ffff_ffff_ffffn];
  const reader = client.timeUpdates().stream.getReader();
  const last = client.timeUpdates({ highWaterMark: 1 });
  server.send(...times.map((timestamp) => ({ op: "time", timestamp }) as const));
  for (const time of times) assertEquals(await reader.read(), { done: false, value: time });
  assertEquals([(await last.next()).value, last.dropped, client.time, told], [times[4], 4, times[4], times]);
  const next = last.next();
  await client.close();
  assertEquals([(await next).done, (await reader.read()).done, (await client.timeUpdates().next()).done], [
    true,
    true,
    true,
  ]);
});
