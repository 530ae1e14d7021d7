import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import type { MessageSubscription } from "../../src/client/message_subscription.ts";
import type { ServerChannel } from "../../src/client/server_channel.ts";
import { ConnectionError, FoxgloveError } from "../../src/util/errors.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

/** The values of the next messages. */
async function take(subscription: MessageSubscription, count: number): Promise<unknown[]> {
  const values: unknown[] = [];
  while (values.length < count) values.push((await subscription.next()).value?.value);
  return values;
}

test("subscribe() to a topic that is there gives its messages", async () => {
  const { server, client } = await ScriptedServer.connected();
  server.advertise({ id: 7, topic: "/a" }, { id: 8, topic: "/b" });
  await server.settle(client);
  const subscription = client.subscribe<{ x: number }>("/a");
  assertEquals(await server.subscriptions(), [[1, 7]]);
  const before = BigInt(Date.now()) * 1_000_000n;
  server.data(1, { x: 1 }, 0xffff_ffff_ffff_ffffn);
  const { value: message } = await subscription.next();
  assertEquals(message?.channel, client.channels.get(7));
  assertEquals(message?.logTime, 0xffff_ffff_ffff_ffffn);
  assertEquals((message?.receiveTime ?? 0n) >= before, true);
  assertEquals(message?.data, new TextEncoder().encode('{"x":1}'));
  assertEquals(message?.value?.x, 1);
  assertEquals(message?.value === message?.value, true);
  await client.close();
});

test("subscribe() to a topic that is not there yet subscribes when it appears", async () => {
  const { server, client } = await ScriptedServer.connected();
  const subscription = client.subscribe("/later");
  assertEquals(subscription.channels, []);
  server.advertise({ id: 1, topic: "/other" });
  await server.settle(client);
  assertEquals(server.inbox, []);
  server.advertise({ id: 2, topic: "/later" });
  assertEquals(await server.subscriptions(), [[1, 2]]);
  assertEquals(subscription.channels.map(({ id }) => id), [2]);
  server.data(1, "here");
  assertEquals(await take(subscription, 1), ["here"]);
  await client.close();
});

test("subscribe() with a predicate takes all channels it says yes to, now and later, in one message each time", async () => {
  const { server, client } = await ScriptedServer.connected();
  server.advertise({ id: 1, topic: "/x/a" }, { id: 2, topic: "/y" }, { id: 3, topic: "/x/b" });
  await server.settle(client);
  const subscription = client.subscribe(({ topic }) => topic.startsWith("/x/"));
  assertEquals(await server.subscriptions(), [[1, 1], [2, 3]]);
  server.advertise({ id: 4, topic: "/x/c" }, { id: 5, topic: "/x/d" }, { id: 6, topic: "/z" });
  assertEquals(await server.subscriptions(), [[3, 4], [4, 5]]);
  server.data(4, "d");
  server.data(1, "a");
  assertEquals(await take(subscription, 2), ["d", "a"]);
  await client.close();
});

test("a predicate that throws is reported, and counts as no", async () => {
  const { server, client } = await ScriptedServer.connected();
  const errors: string[] = [];
  client.on("error", ({ error, during }) => errors.push(`${during}: ${error}`));
  const subscription = client.subscribe(({ topic }) => {
    if (topic === "/bad") throw new Error("oh no");
    return true;
  });
  server.advertise({ id: 1, topic: "/bad" }, { id: 2, topic: "/good" });
  assertEquals(await server.subscriptions(), [[1, 2]]);
  assertEquals(errors, ['predicate of subscribe() on "/bad": Error: oh no']);
  assertEquals(subscription.channels.map(({ topic }) => topic), ["/good"]);
  await client.close();
});

test("subscribe() by channel id takes that channel alone, and ends with it", async () => {
  const { server, client } = await ScriptedServer.connected();
  server.advertise({ id: 1, topic: "/a" }, { id: 2, topic: "/a" });
  await server.settle(client);
  const subscription = client.subscribe({ channelId: 2 });
  assertEquals(await server.subscriptions(), [[1, 2]]);
  server.data(1, "last");
  server.unadvertise(2);
  await server.settle(client);
  assertEquals(await take(subscription, 1), ["last"]);
  assertEquals((await subscription.next()).done, true);
  assertThrows(() => client.subscribe({ channelId: 2 }), RangeError, "channel 2");
  await client.close();
});

test("a topic with two channels gives the messages of both", async () => {
  const { server, client } = await ScriptedServer.connected();
  server.advertise({ id: 1, topic: "/a" }, { id: 2, topic: "/a", encoding: "raw" });
  const subscription = client.subscribe("/a");
  assertEquals(await server.subscriptions(), [[1, 1], [2, 2]]);
  server.data(1, "json");
  server.data(2, new Uint8Array([9]));
  const messages = [await subscription.next(), await subscription.next()].map(({ value }) => value);
  assertEquals(messages.map((message) => message?.channel.id), [1, 2]);
  assertEquals(messages.map((message) => message?.value), ["json", undefined]);
  await client.close();
});

test("a channel that comes back with another id is subscribed again", async () => {
  const { server, client } = await ScriptedServer.connected();
  const subscription = client.subscribe("/a");
  server.advertise({ id: 1, topic: "/a" });
  assertEquals(await server.subscriptions(), [[1, 1]]);
  server.data(1, "before");
  server.unadvertise(1);
  await server.settle(client);
  assertEquals(server.inbox, []);
  assertEquals([subscription.channels.length, client.stats().subscriptions], [0, 0]);
  server.advertise({ id: 9, topic: "/a" });
  assertEquals(await server.subscriptions(), [[2, 9]]);
  server.data(2, "after");
  assertEquals(await take(subscription, 2), ["before", "after"]);
  await client.close();
});

test("readers of a channel share one subscription on the wire, which ends with the last of them", async () => {
  const { server, client } = await ScriptedServer.connected();
  server.advertise({ id: 1, topic: "/a" });
  await server.settle(client);
  const [one, two, three] = [client.subscribe("/a"), client.subscribe(() => true), client.subscribe({ channelId: 1 })];
  await server.settle(client);
  assertEquals(await server.subscriptions(), [[1, 1]]);
  assertEquals(server.inbox, []);
  server.data(1, "all");
  assertEquals(await Promise.all([take(one, 1), take(two, 1), take(three, 1)]), [["all"], ["all"], ["all"]]);
  one.close();
  one.close();
  three.close();
  await server.settle(client);
  assertEquals(server.inbox, []);
  server.data(1, "two alone");
  assertEquals(await take(two, 1), ["two alone"]);
  two.close();
  assertEquals((await server.expect("unsubscribe")).subscriptionIds, [1]);
  client.subscribe("/a");
  assertEquals(await server.subscriptions(), [[2, 1]]);
  await client.close();
});

test("messages of a subscription that was just ended are ignored, and counted as late", async () => {
  const { server, client } = await ScriptedServer.connected();
  const errors: unknown[] = [];
  client.on("error", ({ error }) => errors.push(error));
  server.advertise({ id: 1, topic: "/a" });
  const subscription = client.subscribe("/a");
  await server.expect("subscribe");
  subscription.close();
  server.data(1, "on its way");
  await server.settle(client);
  const { lateMessages, ignoredMessages } = client.stats();
  assertEquals([lateMessages, ignoredMessages, errors.length], [1, 0, 0]);
  await client.close();
});

test("a channel that replaces one of the same id keeps readers that still want it, and loses the others", async () => {
  const { server, client } = await ScriptedServer.connected();
  server.advertise({ id: 1, topic: "/a" });
  const a = client.subscribe("/a");
  const all = client.subscribe(() => true);
  assertEquals(await server.subscriptions(), [[1, 1]]);
  server.advertise({ id: 1, topic: "/b", encoding: "raw" });
  const b = client.subscribe("/b");
  await server.settle(client);
  assertEquals(server.inbox, []);
  server.data(1, "now b");
  assertEquals((await all.next()).value?.channel.topic, "/b");
  assertEquals((await b.next()).value?.channel.encoding, "raw");
  assertEquals([a.size, a.channels.length], [0, 0]);
  all.close();
  server.advertise({ id: 1, topic: "/c" });
  assertEquals((await server.expect("unsubscribe")).subscriptionIds, [1]);
  await client.close();
});

test("a reader that is too slow loses the oldest messages, counted, and the others lose nothing", async () => {
  const { server, client } = await ScriptedServer.connected();
  server.advertise({ id: 1, topic: "/a" });
  const slow = client.subscribe("/a", { highWaterMark: 2 });
  const bytes = client.subscribe("/a", { maxBytes: 3 });
  const good = client.subscribe("/a");
  await server.expect("subscribe");
  for (let n = 0; n < 5; n++) server.data(1, n);
  await server.settle(client);
  assertEquals([slow.dropped, slow.size, bytes.dropped, bytes.size, good.dropped, good.size], [3, 2, 2, 3, 0, 5]);
  assertEquals(await take(slow, 2), [3, 4]);
  assertEquals(await take(bytes, 3), [2, 3, 4]);
  assertEquals(await take(good, 5), [0, 1, 2, 3, 4]);
  await client.close();
});

test("subscribe() keeps 5000 messages by default, or what the client's limits say", async () => {
  const { server, client } = await ScriptedServer.connected({ client: { limits: { subscriptionBytes: 5500 } } });
  server.advertise({ id: 1, topic: "/a" });
  const count = client.subscribe("/a");
  await server.expect("subscribe");
  for (let n = 0; n < 5001; n++) server.data(1, 1);
  await server.settle(client);
  assertEquals([count.size, count.dropped], [5000, 1]);
  server.data(1, new Uint8Array(501));
  await server.settle(client);
  assertEquals([count.size, count.dropped], [5000, 2]);
  await client.close();
});

test("subscribe() refuses limits that are not positive", async () => {
  const { client } = await ScriptedServer.connected();
  for (const value of [0, -1, NaN]) {
    assertThrows(() => client.subscribe("/a", { highWaterMark: value }), RangeError, "highWaterMark");
    assertThrows(() => client.subscribe("/a", { maxBytes: value }), RangeError, "maxBytes");
  }
  await client.close();
});

test("leaving the loop closes the subscription", async () => {
  const { server, client, subscription } = await ScriptedServer.subscribed();
  server.data(1, 1);
  server.data(1, 2);
  for await (const message of subscription) {
    assertEquals(message.value, 1);
    break;
  }
  assertEquals((await server.expect("unsubscribe")).subscriptionIds, [1]);
  assertEquals((await subscription.next()).done, true);
  await client.close();
});

test("closing a subscription ends the loop over it, and forgets what waits", async () => {
  const { server, client, subscription } = await ScriptedServer.subscribed();
  for (let n = 0; n < 3; n++) server.data(1, n);
  const seen: unknown[] = [];
  for await (const { value } of subscription) {
    seen.push(value);
    await subscription[Symbol.asyncDispose]();
  }
  assertEquals(seen, [0]);
  await client.close();
});

test("a signal ends a subscription: the loop throws its reason", async () => {
  const { server, client } = await ScriptedServer.connected();
  const controller = new AbortController();
  server.advertise({ id: 1, topic: "/a" });
  const subscription = client.subscribe("/a", { signal: controller.signal });
  const closed = client.subscribe("/a", { signal: controller.signal });
  await server.expect("subscribe");
  closed.close();
  server.data(1, "unread");
  await server.settle(client);
  const waiting = client.subscribe("/never", { signal: controller.signal }).next();
  controller.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  await assertRejects(() => subscription.next(), Error, "enough");
  assertEquals((await closed.next()).done, true);
  assertEquals((await server.expect("unsubscribe")).subscriptionIds, [1]);
  await assertRejects(() => client.subscribe("/a", { signal: controller.signal }).next(), Error, "enough");
  await server.settle(client);
  assertEquals(server.inbox, []);
  await client.close();
});

test("a subscription is a ReadableStream too, which waits for its reader", async () => {
  const { server, client } = await ScriptedServer.connected();
  server.advertise({ id: 1, topic: "/a" });
  const subscription = client.subscribe<number>("/a");
  await server.expect("subscribe");
  for (let n = 0; n < 3; n++) server.data(1, n);
  await server.settle(client);
  assertInstanceOf(subscription.stream, ReadableStream);
  assertEquals(subscription.stream === subscription.stream, true);
  assertEquals(subscription.size, 3);
  const doubled = subscription.stream.pipeThrough(
    new TransformStream({ transform: ({ value = NaN }, controller) => controller.enqueue(2 * value) }),
  );
  const reader = doubled.getReader();
  assertEquals([await reader.read(), await reader.read(), await reader.read()].map(({ value }) => value), [0, 2, 4]);
  await reader.cancel();
  assertEquals((await server.expect("unsubscribe")).subscriptionIds, [1]);
  await client.close();
});

test("a stream ends when its client is closed, and fails when the connection is cut", async () => {
  for (const cut of [false, true]) {
    const { server, client } = await ScriptedServer.connected();
    const reader = client.subscribe("/a").stream.getReader();
    const next = reader.read();
    next.catch(() => {});
    if (cut) server.transport.terminate();
    else await client.close();
    if (cut) await assertRejects(() => next, ConnectionError);
    else assertEquals((await next).done, true);
    await client.closed;
  }
});

test("a JSON message that does not parse has no value, is reported once, and ends nothing", async () => {
  const { server, client } = await ScriptedServer.connected();
  const errors: unknown[] = [];
  client.on("error", ({ error, during }) => errors.push(error, during));
  server.advertise({ id: 1, topic: "/a" });
  const subscription = client.subscribe("/a");
  await server.expect("subscribe");
  const bad = [new TextEncoder().encode("{"), new Uint8Array([0xff, 0xfe]), new Uint8Array(0)];
  for (const data of bad) server.data(1, data);
  server.data(1, "fine");
  for (const data of bad) {
    const { value: message } = await subscription.next();
    assertEquals([message?.value, message?.value, message?.data], [undefined, undefined, data]);
  }
  assertEquals(await take(subscription, 1), ["fine"]);
  assertEquals(errors.length, 6);
  assertInstanceOf(errors[0], FoxgloveError);
  assertEquals([(errors[0] as FoxgloveError).code, errors[1]], ["decode", "value of a message"]);
  await client.close();
});

test("subscribe() takes a decoder, called when the value is asked for, whose errors are reported", async () => {
  const { server, client } = await ScriptedServer.connected();
  const errors: unknown[] = [];
  client.on("error", ({ error }) => errors.push(error));
  server.advertise({ id: 1, topic: "/a", encoding: "raw" });
  const calls: ServerChannel[] = [];
  const subscription = client.subscribe("/a", {
    decode(data, channel) {
      calls.push(channel);
      if (data.length === 0) throw new RangeError("empty");
      return data.length;
    },
  });
  await server.expect("subscribe");
  for (const length of [3, 0, 2]) server.data(1, new Uint8Array(length));
  const messages = [await subscription.next(), await subscription.next(), await subscription.next()];
  assertEquals(calls.length, 0);
  assertEquals(messages.slice(0, 2).map(({ value }) => value?.value), [3, undefined]);
  assertEquals(calls.map(({ id }) => id), [1, 1]);
  assertInstanceOf((errors[0] as Error).cause, RangeError);
  await client.close();
});

test("payloads may be empty and come as views of their own", async () => {
  const { server, client } = await ScriptedServer.connected();
  server.advertise({ id: 1, topic: "/a", encoding: "raw" });
  const subscription = client.subscribe("/a");
  await server.expect("subscribe");
  server.data(1, new Uint8Array(0));
  server.data(1, new Uint8Array([1, 2]));
  assertEquals((await subscription.next()).value?.data, new Uint8Array(0));
  assertEquals((await subscription.next()).value?.data, new Uint8Array([1, 2]));
  await client.close();
});
