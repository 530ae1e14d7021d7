import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { FoxgloveServer } from "../../src/server/server.ts";
import { test } from "../support/test.ts";
import { recordEvents, WireClient } from "../support/wire_client.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

async function setUp(options = {}) {
  const server = new FoxgloveServer(options);
  const channel = server.channel("/t", { encoding: "raw" });
  const client = await WireClient.greeted(server);
  return { server, channel, client };
}

test("a subscriber gets each message with its subscription id, log time and payload", async () => {
  const { server, channel, client } = await setUp();
  client.subscribe(7, channel.id);
  assertEquals(await client.settle(), []);
  channel.publish(bytes(1, 2, 3), { logTime: 0xfedc_ba98_7654_3210n });
  const { subscriptionId, logTime, data } = await client.expect("messageData");
  assertEquals({ subscriptionId, logTime, data }, {
    subscriptionId: 7,
    logTime: 0xfedc_ba98_7654_3210n,
    data: bytes(1, 2, 3),
  });
  await server.close();
});

test("every subscriber gets the message under an id of its own", async () => {
  const { server, channel, client } = await setUp();
  const other = await WireClient.greeted(server, { protocol: "foxglove.websocket.v1" });
  client.subscribe(0, channel.id);
  other.subscribe(0xffff_ffff, channel.id);
  await client.settle();
  await other.settle();
  for (const payload of [bytes(), bytes(9), new Uint8Array(300_000).fill(5)]) {
    channel.publish(payload, { logTime: 1n });
    const [mine, theirs] = [await client.expect("messageData"), await other.expect("messageData")];
    assertEquals([mine.subscriptionId, theirs.subscriptionId], [0, 0xffff_ffff]);
    assertEquals(mine.data, payload);
    assertEquals(theirs.data, payload);
  }
  await server.close();
});

for (const size of [100, 300_000]) {
  test(`the caller may reuse a buffer of ${size} bytes as soon as publish() returns`, async () => {
    const { server, channel, client } = await setUp();
    client.subscribe(1, channel.id);
    await client.settle();
    const buffer = new Uint8Array(size);
    for (let i = 1; i <= 3; i++) channel.publish(buffer.fill(i));
    buffer.fill(99);
    for (let i = 1; i <= 3; i++) {
      const { data } = await client.expect("messageData");
      assert(data.length === size && data.every((byte) => byte === i));
    }
    await server.close();
  });
}

test("an encode option may fill one buffer again and again", async () => {
  const { server, client } = await setUp();
  const buffer = new Uint8Array(300_000);
  const channel = server.channel<number>("/n", { encoding: "x", encode: (value) => buffer.fill(value) });
  await client.expect("advertise");
  client.subscribe(1, channel.id);
  await client.settle();
  for (let i = 1; i <= 3; i++) channel.publish(i);
  for (let i = 1; i <= 3; i++) assert((await client.expect("messageData")).data.every((byte) => byte === i));
  await server.close();
});

test("publish() encodes JSON, once, and only while somebody is subscribed", async () => {
  const { server, client } = await setUp();
  let encoded = 0;
  const channel = server.channel("/json", { encoding: "json" });
  const message = { toJSON: () => ({ count: ++encoded }) };
  channel.publish(message);
  assertEquals(encoded, 0);
  await client.expect("advertise");
  const other = await WireClient.greeted(server);
  for (const each of [client, other]) {
    each.subscribe(1, channel.id);
    await each.settle();
  }
  channel.publish(message);
  assertEquals(encoded, 1);
  const { data } = await client.expect("messageData");
  assertEquals(new TextDecoder().decode(data), '{"count":1}');
  await server.close();
});

test("publish() uses the channel's own encode, and refuses what it cannot encode", async () => {
  const { server, channel, client } = await setUp();
  const numbers = server.channel<number>("/n", { encoding: "u8", encode: (value) => bytes(value) });
  await client.expect("advertise");
  client.subscribe(1, numbers.id);
  client.subscribe(2, channel.id);
  await client.settle();
  numbers.publish(42);
  assertEquals((await client.expect("messageData")).data, bytes(42));
  try {
    channel.publish({ not: "bytes" });
    assert(false, "must throw");
  } catch (error) {
    assertInstanceOf(error, TypeError);
  }
  await server.close();
});

test("a client may subscribe in the same turn in which it gets the advertisement", async () => {
  const { server, client } = await setUp();
  const channel = server.channel("/late", { encoding: "json" });
  server.on("subscribe", () => channel.publish({ hello: 1 }));
  await client.expect("advertise");
  client.subscribe(3, channel.id);
  assertEquals((await client.expect("messageData")).subscriptionId, 3);
  await server.close();
});

test("subscribe answers each bad entry for itself, in order, and takes the good ones", async () => {
  const { server, channel, client } = await setUp();
  const second = server.channel("/u", { encoding: "raw" });
  await client.expect("advertise");
  client.send(JSON.stringify({
    op: "subscribe",
    subscriptions: [
      { id: 1, channelId: 99 },
      { id: 1, channelId: channel.id },
      { id: "2", channelId: channel.id },
      { id: 2, channelId: channel.id },
      { id: 1, channelId: second.id },
      { id: 3, channelId: second.id },
    ],
  }));
  const statuses = await client.statuses();
  assertEquals(statuses.length, 4);
  assertEquals(statuses[0], "error: Unknown channel ID: 99");
  assert(statuses[1]?.startsWith("error: Invalid message: "), statuses[1]);
  assertEquals(
    statuses[2],
    `warning: Client is already subscribed to channel: ${channel.id}; ignoring subscription`,
  );
  assertEquals(statuses[3], "error: Subscription ID was already used: 1; ignoring subscription");
  assertEquals([channel.subscribers, second.subscribers], [1, 1]);
  await server.close();
});

test("a client has at most as many subscriptions as the limit says", async () => {
  const { server, channel, client } = await setUp({ limits: { subscriptions: 2 } });
  const [b, c] = [server.channel("/b", { encoding: "raw" }), server.channel("/c", { encoding: "raw" })];
  await client.expect("advertise");
  client.subscribe(1, channel.id);
  client.subscribe(2, b.id);
  assertEquals(await client.statuses(), []);
  client.subscribe(3, c.id);
  assertEquals(await client.statuses(), ["error: Too many subscriptions: the limit is 2"]);
  client.send({ op: "unsubscribe", subscriptionIds: [1] });
  client.subscribe(3, c.id);
  assertEquals(await client.statuses(), []);
  await server.close();
});

test("unsubscribe ends the flow; an unknown id is warned of", async () => {
  const { server, channel, client } = await setUp();
  const events = recordEvents(server);
  client.subscribe(1, channel.id);
  await client.settle();
  channel.publish(bytes(1));
  channel.publish(bytes(2));
  client.send({ op: "unsubscribe", subscriptionIds: [1, 5] });
  const ops = (await client.settle()).map(({ op }) => op).filter((op) => op !== "messageData");
  assertEquals(ops, ["status"]);
  channel.publish(bytes(3));
  assertEquals(await client.settle(), []);
  client.send({ op: "unsubscribe", subscriptionIds: [5] });
  assertEquals(await client.statuses(), ["warning: Client is not subscribed with ID: 5; ignoring unsubscription"]);
  assertEquals(events, ["subscribe 1 /t", "unsubscribe 1 /t"]);
  await server.close();
});

test("nothing of a subscription follows the answer to a later request", async () => {
  const { server, channel, client } = await setUp();
  client.subscribe(1, channel.id);
  await client.settle();
  // The server publishes while the unsubscribe is on its way: all of it waits in the queue then.
  for (let i = 0; i < 100; i++) channel.publish(bytes(i));
  client.send({ op: "unsubscribe", subscriptionIds: [1] });
  await client.settle();
  assertEquals(await client.settle(), []);
  await server.close();
});

test("removing a channel tells every client and ends subscriptions, in silence for a late unsubscribe", async () => {
  const { server, channel, client } = await setUp();
  const other = await WireClient.greeted(server);
  const events = recordEvents(server);
  client.subscribe(1, channel.id);
  await client.settle();
  channel.close();
  channel.close();
  channel.publish(bytes(1));
  for (const each of [client, other]) assertEquals((await each.expect("unadvertise")).channelIds, [channel.id]);
  assertEquals(events, ["subscribe 1 /t", "unsubscribe 1 /t"]);
  client.send({ op: "unsubscribe", subscriptionIds: [1] });
  assertEquals(await client.statuses(), []);
  client.send({ op: "unsubscribe", subscriptionIds: [1] });
  assertEquals(await client.statuses(), ["warning: Client is not subscribed with ID: 1; ignoring unsubscription"]);
  client.subscribe(1, channel.id);
  assertEquals(await client.statuses(), [`error: Unknown channel ID: ${channel.id}`]);
  await server.close();
});
