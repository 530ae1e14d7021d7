import { assertEquals, assertThrows } from "@std/assert";
import { FoxgloveServer } from "../../src/server/server.ts";
import { linkedTransports } from "../../src/transport/linked.ts";
import { test } from "../support/test.ts";
import { nextEvent, recordEvents, WireClient } from "../support/wire_client.ts";

test("status and removeStatus reach every client, a client's own only that one", async () => {
  const server = new FoxgloveServer();
  const [one, two] = [await WireClient.greeted(server), await WireClient.greeted(server)];
  server.status("warning", "Low battery", { id: "battery" });
  server.removeStatus("battery", "other");
  server.removeStatus();
  one.serverSide.status("info", "hello");
  one.serverSide.removeStatus("x");
  const both = [
    { op: "status", level: "warning", message: "Low battery", id: "battery" },
    { op: "removeStatus", statusIds: ["battery", "other"] },
  ];
  assertEquals(await two.settle() as unknown[], both);
  assertEquals(await one.settle() as unknown[], [
    ...both,
    { op: "status", level: "info", message: "hello" },
    { op: "removeStatus", statusIds: ["x"] },
  ]);
  await server.close();
});

test("time() declares its capability to connected clients and then sends the time", async () => {
  const server = new FoxgloveServer();
  const client = await WireClient.greeted(server);
  server.time(123n);
  assertEquals((await client.expect("serverInfo")).capabilities, ["time"]);
  assertEquals((await client.expect("time")).timestamp, 123n);
  server.time(0xffff_ffff_ffff_ffffn);
  assertEquals((await client.expect("time")).timestamp, 0xffff_ffff_ffff_ffffn);
  await server.close();
});

test("a client that leaves is released in order, and the others go on", async () => {
  const server = new FoxgloveServer({ clientPublish: true });
  const channel = server.channel("/t", { encoding: "json" });
  const [leaver, stayer] = [await WireClient.greeted(server), await WireClient.greeted(server)];
  for (const client of [leaver, stayer]) {
    client.subscribe(1, channel.id);
    client.send({ op: "advertise", channels: [{ id: 1, topic: "/up", encoding: "json", schemaName: "" }] });
    await client.settle();
  }
  const events = recordEvents(server);
  leaver.transport.close(4000, "bye");
  await leaver.closed;
  assertEquals(events, ["unsubscribe 1 /t", "unadvertise 1 /up", "disconnect 1 4000"]);
  assertEquals([server.clients.size, channel.subscribers], [1, 1]);
  channel.publish({ still: "here" });
  await stayer.expect("messageData");
  leaver.serverSide.status("info", "nobody hears this");
  leaver.serverSide.close();
  await server.close();
});

test("stats() counts for the server and for each client", async () => {
  const server = new FoxgloveServer();
  const channel = server.channel("/t", { encoding: "raw" });
  const client = await WireClient.greeted(server);
  client.subscribe(1, channel.id);
  await client.settle();
  const before = server.stats();
  assertEquals([before.clients, before.channels, before.subscriptions], [1, 1, 1]);
  channel.publish(new Uint8Array(87));
  await client.expect("messageData");
  assertEquals(server.stats().sentMessages - before.sentMessages, 1);
  assertEquals(server.stats().sentBytes - before.sentBytes, 100);
  assertEquals(client.serverSide.stats().subscriptions, [{ topic: "/t", channelId: channel.id, droppedMessages: 0 }]);
  client.transport.terminate();
  await nextEvent(server, "disconnect");
  assertEquals(server.stats().clients, 0);
  assertEquals(server.stats().sentMessages - before.sentMessages, 1);
  await server.close();
});

test("close() ends every connection with its code and reason, once", async () => {
  const server = new FoxgloveServer();
  const clients = [await WireClient.greeted(server), await WireClient.greeted(server)];
  const events = recordEvents(server);
  const closed = server.close({ code: 4001, reason: "done" });
  assertEquals(server.close(), closed);
  await closed;
  for (const client of clients) assertEquals(await client.closed, { code: 4001, reason: "done" });
  assertEquals(events.length, 2);
});

test("close() refuses a code that a Close frame cannot carry, and nothing has changed", async () => {
  const server = new FoxgloveServer();
  const client = await WireClient.greeted(server);
  for (const code of [0, 5, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, NaN]) {
    assertThrows(() => server.close({ code }), RangeError, `code ${code}`);
    assertThrows(() => client.serverSide.close({ code }), RangeError, `code ${code}`);
  }
  assertEquals(await client.settle(), []);
  for (const code of [1014, 3000]) {
    const other = await WireClient.greeted(server);
    other.serverSide.close({ code });
    assertEquals((await other.closed).code, code);
  }
  await server.close({ code: 4999 });
  assertEquals((await client.closed).code, 4999);
});

test("a closed server greets nobody: a late socket is closed with 1001", async () => {
  const server = new FoxgloveServer();
  await server.close();
  const client = new WireClient(server);
  assertEquals((await client.closed).code, 1001);
  assertEquals(client.inbox, []);
});

test("a listener may close the server from any event", async () => {
  for (const type of ["connect", "subscribe", "unsubscribe", "disconnect"] as const) {
    const server = new FoxgloveServer();
    const channel = server.channel("/t", { encoding: "raw" });
    server.on(type, () => server.close());
    const client = new WireClient(server);
    client.subscribe(1, channel.id);
    client.send({ op: "unsubscribe", subscriptionIds: [1] });
    if (type === "disconnect") client.transport.close();
    await client.closed;
    await server.close();
    assertEquals(server.clients.size, 0);
  }
});

test("accept() refuses a socket without one of the protocol's names", () => {
  const server = new FoxgloveServer();
  const [end] = linkedTransports({ protocol: "chat" });
  assertThrows(() => server.accept(end), TypeError, '"chat"');
});

test("a close reason of any length is cut to 123 bytes between characters", async () => {
  const server = new FoxgloveServer();
  const client = await WireClient.greeted(server);
  client.serverSide.close({ code: 4000, reason: "ü".repeat(100) });
  await nextEvent(server, "disconnect");
  assertEquals(await client.closed, { code: 4000, reason: "ü".repeat(61) });
  assertEquals(server.clients.size, 0);
  await server.close();
});
