import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { connect } from "../../src/client/connect.ts";
import { ConnectionError, FoxgloveError } from "../../src/util/errors.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";
import { FakeWebSocket } from "../support/fake_web_socket.ts";

test("close() closes with 1000, or with the code and reason it is given, and is idempotent", async () => {
  const one = await ScriptedServer.connected();
  let closes = 0;
  one.client.on("close", () => closes++);
  await Promise.all([one.client.close(), one.client.close(), one.client[Symbol.asyncDispose]()]);
  await one.client.close();
  assertEquals(await one.server.closed, { code: 1000, reason: "" });
  assertEquals(await one.client.closed, { code: 1000, reason: "" });
  assertEquals(closes, 1);
  const two = await ScriptedServer.connected();
  await two.client.close({ code: 3999, reason: "Ä".repeat(70) });
  assertEquals(await two.server.closed, { code: 3999, reason: "Ä".repeat(61) });
});

test("close() refuses codes that a client may not use, and changes nothing then", async () => {
  const { server, client } = await ScriptedServer.connected();
  const next = client.subscribe("/a").next();
  for (const code of [1001, 1005, 1006, 2999, 3000.5, 5000, NaN]) {
    await assertRejects(() => client.close({ code }), RangeError, String(code));
  }
  server.advertise({ id: 1, topic: "/a" });
  await server.expect("subscribe");
  server.data(1, "still here");
  assertEquals((await next).value?.value, "still here");
  await client.close();
});

test("close() cuts a connection whose server does not answer", async () => {
  const clock = new ManualClock();
  const { server, client } = await ScriptedServer.connected({ client: { clock } });
  server.transport.pause();
  const closing = client.close({ timeoutMs: 300 });
  clock.advance(299);
  assertEquals(clock.delays, 1);
  clock.advance(1);
  await closing;
  assertEquals(await client.closed, { code: 1006, reason: "" });
  assertEquals(clock.delays, 0);
  assertEquals((await server.closed).code, 1006);
});

test("close() takes 2 s by default, and a second close() can shorten it", async () => {
  const clock = new ManualClock();
  const { server, client } = await ScriptedServer.connected({ client: { clock } });
  server.transport.pause();
  const closing = client.close();
  clock.advance(1999);
  const again = client.close({ timeoutMs: 0 });
  clock.advance(0);
  await Promise.all([closing, again]);
  assertEquals(clock.delays, 0);
});

test("close() sends what was published before", async () => {
  const { server, client } = await ScriptedServer.connected({ info: { capabilities: ["clientPublish"] } });
  const publisher = client.publisher({ topic: "/a", encoding: "raw" });
  server.transport.pause();
  for (let i = 0; i < 30; i++) publisher.publish(new Uint8Array(100_000));
  const closing = client.close({ timeoutMs: Infinity });
  assertEquals(publisher.publish("too late"), false);
  server.transport.resume();
  await server.expect("advertise");
  for (let i = 0; i < 30; i++) await server.expect("messageData");
  await closing;
  assertEquals((await server.closed).code, 1000);
});

test("close() right after connect() does not wait for what was held back", async () => {
  const server = new ScriptedServer();
  server.info();
  server.advertise({ id: 1, topic: "/a" });
  const client = await connect(server.clientEnd);
  await client.close();
  assertEquals(client.channels.size, 0);
  assertEquals((await client.closed).code, 1000);
});

test("1006 after an own close() is normal", async () => {
  const { server, client } = await ScriptedServer.connected();
  const next = client.subscribe("/a").next();
  const closing = client.close();
  server.transport.terminate();
  await closing;
  assertEquals((await client.closed).code, 1006);
  assertEquals((await next).done, true);
});

test("closing the client ends iteration after what had come", async () => {
  const { server, client, subscription } = await ScriptedServer.subscribed();
  server.data(1, 1);
  server.data(1, 2);
  await server.settle(client);
  const seen: unknown[] = [];
  for await (const { value } of subscription) {
    seen.push(value);
    await client.close();
  }
  assertEquals(seen, [1, 2]);
});

test("a connection that is cut ends iteration with a ConnectionError after what had come", async () => {
  const { server, client, subscription } = await ScriptedServer.subscribed();
  server.data(1, "last words");
  await server.settle(client);
  server.transport.terminate();
  const seen: unknown[] = [];
  const error = await assertRejects(async () => {
    for await (const { value } of subscription) seen.push(value);
  }, ConnectionError);
  assertEquals([seen, error.closeCode], [["last words"], 1006]);
  assertEquals(await client.closed, { code: 1006, reason: "" });
});

test("a server that closes ends iteration with a ConnectionError too, which tells code and reason", async () => {
  const { server, client } = await ScriptedServer.connected();
  const next = client.subscribe("/a").next();
  server.transport.close(1001, "Server is closing");
  const error = await assertRejects(() => next, ConnectionError);
  assertEquals(error.closeCode, 1001);
  assertStringIncludes(error.message, 'code 1001, "Server is closing"');
  assertEquals(await client.closed, { code: 1001, reason: "Server is closing" });
});

test("after the end subscribe() gives a subscription that has ended the same way", async () => {
  const closed = await ScriptedServer.connected();
  await closed.client.close();
  assertEquals((await closed.client.subscribe("/a").next()).done, true);
  const cut = await ScriptedServer.connected();
  cut.server.transport.terminate();
  await cut.client.closed;
  await assertRejects(() => cut.client.subscribe("/a").next(), ConnectionError);
  await cut.client.close();
});

test("nothing is raised after close() has been called but the end", async () => {
  const { server, client } = await ScriptedServer.connected();
  const events: string[] = [];
  client.on("time", () => events.push("time"));
  client.on("error", () => events.push("error"));
  client.on("close", () => events.push("close"));
  server.send({ op: "time", timestamp: 1n }, "garbage");
  await client.close();
  assertEquals(events, ["close"]);
});

test("a server that never reads ends the connection when too many requests wait", async () => {
  const { server, client } = await ScriptedServer.connected({ client: { limits: { sendBytes: 10_000 } } });
  const errors: unknown[] = [];
  client.on("error", ({ error }) => errors.push(error));
  server.advertise({ id: 1, topic: "/a" });
  await server.settle(client);
  server.transport.pause();
  let requests = 0;
  // 64 KiB count as the kernel's, and 64 KiB are what the queue lets a transport have.
  while (errors.length === 0 && requests++ < 100_000) client.subscribe("/a").close();
  assertInstanceOf(errors[0], FoxgloveError);
  assertEquals((errors[0] as FoxgloveError).code, "overflow");
  assertEquals((await client.closed).code, 1006);
});

test("a WebSocket that never closes is cut, and nothing of it is heard any more", async () => {
  const clock = new ManualClock();
  const socket = new FakeWebSocket("ws://localhost:1");
  socket.open("foxglove.sdk.v1");
  const connecting = connect(socket.socket, { clock });
  socket.raise("message", { data: '{"op":"serverInfo","name":"x","capabilities":[]}' });
  const client = await connecting;
  const closing = client.close();
  clock.advance(2000);
  await closing;
  let heard = 0;
  client.on("error", () => heard++);
  socket.raise("message", { data: "garbage" });
  socket.end(1006);
  assertEquals([heard, clock.delays], [0, 0]);
});

test("stats() counts what came and went", async () => {
  const { server, client } = await ScriptedServer.connected();
  server.advertise({ id: 1, topic: "/ä", encoding: "raw" });
  await server.settle(client);
  const before = client.stats();
  client.subscribe("/ä");
  await server.expect("subscribe");
  server.data(1, new Uint8Array(87));
  server.send({ op: "time", timestamp: 1n });
  await new Promise<void>((resolve) => client.on("time", () => resolve()));
  const after = client.stats();
  assertEquals(after.receivedMessages - before.receivedMessages, 2);
  assertEquals(after.receivedBytes - before.receivedBytes, 109);
  assertEquals([after.sentMessages - before.sentMessages, after.subscriptions], [1, 1]);
  assertEquals(
    after.sentBytes - before.sentBytes,
    '{"op":"subscribe","subscriptions":[{"id":1,"channelId":1}]}'.length,
  );
  await client.close();
});
