import { assert, assertEquals, assertThrows } from "@std/assert";
import { FoxgloveServer } from "../../src/server/server.ts";
import { test } from "../support/test.ts";
import { WireClient } from "../support/wire_client.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

async function setUp(options = {}) {
  const server = new FoxgloveServer();
  const channel = server.channel("/map", { encoding: "raw", latch: true, ...options });
  const client = await WireClient.greeted(server);
  return { server, channel, client };
}

/** What a new subscription gets. */
async function subscribe(client: WireClient, id: number, channelId: number) {
  client.subscribe(id, channelId);
  // Answers overtake data: what came by the second answer is all.
  return [...await client.settle(), ...await client.settle()].map((message) =>
    message.op === "messageData" ? [message.subscriptionId, message.logTime, ...message.data] : message.op
  );
}

test("a latched channel sends its last message to every new subscription, under its id and with its log time", async () => {
  const { server, channel, client } = await setUp();
  assertEquals(await subscribe(client, 1, channel.id), []);
  channel.publish(bytes(1), { logTime: 10n });
  channel.publish(bytes(2), { logTime: 20n });
  for (const value of [1, 2]) assertEquals((await client.expect("messageData")).data, bytes(value));
  const other = await WireClient.greeted(server);
  assertEquals(await subscribe(other, 7, channel.id), [[7, 20n, 2]]);
  client.send({ op: "unsubscribe", subscriptionIds: [1] });
  assertEquals(await subscribe(client, 2, channel.id), [[2, 20n, 2]], "a client that subscribes again gets it again");
  await server.close();
});

test("a latched channel takes messages before anybody has subscribed, and keeps a copy", async () => {
  const { server, channel, client } = await setUp();
  for (const size of [3, 300_000]) {
    const buffer = new Uint8Array(size).fill(5);
    channel.publish(buffer, { logTime: 1n });
    buffer.fill(9);
    client.subscribe(size, channel.id);
    const { data } = await client.expect("messageData");
    assert(data.length === size && data.every((byte) => byte === 5));
    client.send({ op: "unsubscribe", subscriptionIds: [size] });
    await client.settle();
  }
  await server.close();
});

test("a latched channel encodes without subscribers, once, and refuses what it cannot encode", async () => {
  let encoded = 0;
  const scratch = bytes(0);
  const encode = (value: number) => {
    encoded++;
    scratch[0] = value;
    return scratch;
  };
  const { server, channel, client } = await setUp({ encode });
  channel.publish(4 as never);
  encode(8);
  assertEquals(encoded, 2);
  client.subscribe(1, channel.id);
  assertEquals((await client.expect("messageData")).data, bytes(4));
  assertEquals(encoded, 2);
  assertThrows(() => server.channel("/x", { encoding: "raw", latch: true }).publish("text"), TypeError);
  await server.close();
});

test("the latched message comes before what a listener of the subscribe event publishes, and only once", async () => {
  const { server, channel, client } = await setUp();
  channel.publish(bytes(1), { logTime: 1n });
  server.on("subscribe", () => channel.publish(bytes(2), { logTime: 2n }));
  assertEquals(await subscribe(client, 1, channel.id), [[1, 1n, 1], [1, 2n, 2]]);
  await server.close();
});

test("a closed latched channel keeps nothing and takes nothing", async () => {
  const { server, channel, client } = await setUp();
  channel.publish(bytes(1));
  channel.close();
  channel.publish(bytes(2));
  client.inbox.length = 0;
  client.subscribe(1, channel.id);
  assertEquals(await client.statuses(), ["(unadvertise)", `error: Unknown channel ID: ${channel.id}`]);
  await server.close();
});

test("publishTo() sends to one client if it is subscribed", async () => {
  const server = new FoxgloveServer();
  const channel = server.channel<{ x: number }>("/t", { encoding: "json" });
  const [one, two] = [await WireClient.greeted(server), await WireClient.greeted(server)];
  for (const each of [one, two]) assertEquals(await subscribe(each, 5, channel.id), []);
  assertEquals(channel.publishTo(two.serverSide, { x: 1 }, { logTime: 3n }), true);
  const { subscriptionId, logTime, data } = await two.expect("messageData");
  assertEquals([subscriptionId, logTime, new TextDecoder().decode(data)], [5, 3n, '{"x":1}']);
  assertEquals(await one.settle(), []);
  two.send({ op: "unsubscribe", subscriptionIds: [5] });
  await two.settle();
  assertEquals(channel.publishTo(two.serverSide, { x: 2 }), false);
  channel.close();
  assertEquals(channel.publishTo(one.serverSide, { x: 3 }), false);
  await server.close();
});

for (const size of [100, 300_000]) {
  test(`publishTo() lets the caller reuse a buffer of ${size} bytes, and does not latch`, async () => {
    const { server, channel, client } = await setUp();
    client.subscribe(1, channel.id);
    await client.settle();
    const buffer = new Uint8Array(size).fill(1);
    channel.publishTo(client.serverSide, buffer);
    buffer.fill(2);
    assert((await client.expect("messageData")).data.every((byte) => byte === 1));
    assertEquals(await subscribe(await WireClient.greeted(server), 1, channel.id), []);
    await server.close();
  });
}
