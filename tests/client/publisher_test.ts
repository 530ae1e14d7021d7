import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import type { FoxgloveClient } from "../../src/client/client.ts";
import type { PublisherOptions } from "../../src/client/publisher.ts";
import { ConnectionError, FoxgloveError } from "../../src/util/errors.ts";
import { quiet, ScriptedRobot } from "../support/scripted_robot.ts";
import { nextTurn, ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

const CLIENT_PUBLISH = { info: { capabilities: ["clientPublish"] } };

function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/** What the server sees of a publisher. */
async function advertised<T>(options: PublisherOptions<T>) {
  const { server, client } = await ScriptedServer.connected(CLIENT_PUBLISH);
  client.publisher(options);
  const { channels } = await server.expect("advertise");
  await client.close();
  return channels;
}

test("a publisher advertises its topic, sends messages and takes the topic away", async () => {
  const { server, client } = await ScriptedServer.connected(CLIENT_PUBLISH);
  const publisher = client.publisher({ topic: "/goal", encoding: "json" });
  assertEquals((await server.expect("advertise")).channels, [
    { id: 1, topic: "/goal", encoding: "json", schemaName: "" },
  ]);
  assertEquals(publisher.topic, "/goal");
  assertEquals(publisher.publish({ x: 1 }), true);
  publisher.close();
  publisher.close();
  const message = await server.expect("messageData");
  assertEquals([message.channelId, text(message.data)], [1, '{"x":1}']);
  assertEquals((await server.expect("unadvertise")).channelIds, [1]);
  client.publisher({ topic: "/goal", encoding: "json" });
  assertEquals((await server.expect("advertise")).channels, [
    { id: 2, topic: "/goal", encoding: "json", schemaName: "" },
  ]);
  assertEquals(server.inbox, []);
  await client.close();
});

test("a publisher's schema goes out as the wire wants it", async () => {
  const base = { id: 1, topic: "/a" };
  assertEquals(await advertised({ topic: "/a", encoding: "ros1", schema: { name: "geometry_msgs/PoseStamped" } }), [
    { ...base, encoding: "ros1", schemaName: "geometry_msgs/PoseStamped" },
  ]);
  assertEquals(
    await advertised({ topic: "/a", encoding: "json", schema: { name: "A", encoding: "jsonschema", data: { a: 1 } } }),
    [{ ...base, encoding: "json", schemaName: "A", schema: '{"a":1}', schemaEncoding: "jsonschema" }],
  );
  const data = new Uint8Array([0xde, 0xad, 0xbe, 0xef]);
  assertEquals(
    await advertised({ topic: "/a", encoding: "protobuf", schema: { name: "P", encoding: "protobuf", data } }),
    [{ ...base, encoding: "protobuf", schemaName: "P", schema: "3q2+7w==", schemaEncoding: "protobuf" }],
  );
});

test("publish() encodes by the channel's encoding, or as it is told", async () => {
  const { server, client } = await ScriptedServer.connected(CLIENT_PUBLISH);
  const json = client.publisher({ topic: "/json", encoding: "json" });
  const raw = client.publisher({ topic: "/raw", encoding: "raw" });
  const own = client.publisher<number>({ topic: "/own", encoding: "own", encode: (n) => new Uint8Array(n) });
  for (let i = 0; i < 3; i++) await server.expect("advertise");
  const buffer = new Uint8Array([1, 2]);
  json.publish("text");
  json.publish(null);
  raw.publish(buffer);
  buffer.fill(9);
  raw.publish("ü");
  raw.publish(new Uint8Array(0));
  own.publish(3);
  const sent: number[][] = [];
  for (let i = 0; i < 6; i++) sent.push([...(await server.expect("messageData")).data]);
  assertEquals(sent, [[...new TextEncoder().encode('"text"')], [110, 117, 108, 108], [1, 2], [195, 188], [], [
    0,
    0,
    0,
  ]]);
  const error = assertThrows(() => json.publish(undefined), TypeError, 'Cannot publish on "/json": ');
  assertStringIncludes(error.message, "no JSON form");
  assertInstanceOf(error.cause, TypeError);
  assertThrows(
    () => raw.publish({ x: 1 }),
    TypeError,
    'Cannot publish on "/raw": only encoding "json" takes object without an encode option',
  );
  await client.close();
});

test("publisher() says when the server takes no messages from clients, or not in this encoding", async () => {
  const refused = (client: FoxgloveClient) =>
    assertThrows(() => client.publisher({ topic: "/goal", encoding: "json" }), FoxgloveError, '"/goal"').code;
  const { client: without } = await ScriptedServer.connected();
  assertEquals(refused(without), "capability");
  await without.close();
  const { client: other } = await ScriptedServer.connected({
    info: { ...CLIENT_PUBLISH.info, supportedEncodings: ["ros1", "cdr"] },
  });
  assertEquals(refused(other), "encoding");
  await other.close();
});

test("publisher() works once the server's capabilities have grown", async () => {
  const { server, client } = await ScriptedServer.connected();
  server.info(CLIENT_PUBLISH.info);
  await server.settle(client);
  client.publisher({ topic: "/goal", encoding: "json" });
  await server.expect("advertise");
  await client.close();
});

test("publish() after the end drops and counts", async () => {
  const { client } = await ScriptedServer.connected(CLIENT_PUBLISH);
  const closed = client.publisher({ topic: "/a", encoding: "json" });
  const open = client.publisher({ topic: "/b", encoding: "json" });
  await closed[Symbol.asyncDispose]();
  assertEquals([closed.publish(1), closed.dropped], [false, 1]);
  await client.close();
  assertEquals([open.publish(1), open.publish(2), open.dropped], [false, false, 2]);
  assertEquals(client.stats().droppedMessages, 2);
});

test("publish() drops and counts when the server does not read, and goes on when it does", async () => {
  const { server, client } = await ScriptedServer.connected({
    ...CLIENT_PUBLISH,
    client: { limits: { publishBytes: 1_000_000 } },
  });
  const publisher = client.publisher({ topic: "/a", encoding: "raw" });
  await server.expect("advertise");
  server.transport.pause();
  const payload = new Uint8Array(100_000);
  let taken = 0;
  while (publisher.publish(payload)) taken++;
  assert(taken >= 9, `only ${taken} taken`);
  assertEquals([publisher.dropped, client.stats().droppedMessages], [1, 1]);
  server.transport.resume();
  for (let i = 0; i < taken; i++) await server.expect("messageData");
  assertEquals(publisher.publish(payload), true);
  await server.expect("messageData");
  await client.close();
});

test("a writable waits while the server does not read, and loses nothing", async () => {
  const { server, client } = await ScriptedServer.connected(CLIENT_PUBLISH);
  const publisher = client.publisher({ topic: "/a", encoding: "raw" });
  await server.expect("advertise");
  server.transport.pause();
  const writer = publisher.writable.getWriter();
  let written = 0;
  const writing = (async () => {
    for (let i = 0; i < 100; i++) {
      await writer.write(new Uint8Array(100_000).fill(i));
      written++;
    }
    await writer.close();
  })();
  for (let i = 0; i < 20; i++) await nextTurn();
  const before = written;
  assert(before < 100 && (client.stats().queuedBytes ?? 0) < 2_000_000, `${before} written`);
  for (let i = 0; i < 20; i++) await nextTurn();
  assertEquals(written, before);
  server.transport.resume();
  for (let i = 0; i < 100; i++) assertEquals((await server.expect("messageData")).data[0], i);
  await writing;
  await server.expect("unadvertise");
  assertEquals(publisher.dropped, 0);
  assertEquals(publisher.publish("late"), false);
  await client.close();
});

for (const [publishBytes, size] of [[100_000, 60_000], [1, 300_000], [1_000_000, 950_000]] as const) {
  test(`a writable takes messages of ${size} bytes where ${publishBytes} may wait`, async () => {
    const { server, client } = await ScriptedServer.connected({
      ...CLIENT_PUBLISH,
      client: { limits: { publishBytes } },
    });
    const [one, two] = ["/a", "/b"].map((topic) => client.publisher({ topic, encoding: "raw" }));
    for (let i = 0; i < 2; i++) await server.expect("advertise");
    server.transport.pause();
    const writers = [one!.writable.getWriter(), two!.writable.getWriter()];
    const writing = Array.from({ length: 25 }, () => writers.map((writer) => writer.write(new Uint8Array(size))))
      .flat();
    for (let i = 0; i < 5; i++) await nextTurn();
    server.transport.resume();
    await Promise.all(writing);
    for (let i = 0; i < 50; i++) assertEquals((await server.expect("messageData")).data.length, size);
    assertEquals(client.stats().droppedMessages, 0);
    await client.close();
  });
}

test("a writable says that the connection is closing when it is", async () => {
  const { client } = await ScriptedServer.connected(CLIENT_PUBLISH);
  const writer = client.publisher({ topic: "/a", encoding: "raw" }).writable.getWriter();
  writer.closed.catch(() => {});
  const closing = client.close();
  await assertRejects(() => writer.write("x"), ConnectionError, "closed or closing");
  await closing;
});

test("a writable fails when its publisher is closed or the connection ends, also while it waits", async () => {
  const { server, client } = await ScriptedServer.connected(CLIENT_PUBLISH);
  const closed = client.publisher({ topic: "/closed", encoding: "raw" });
  const writer = closed.writable.getWriter();
  writer.closed.catch(() => {});
  closed.close();
  const error = await assertRejects(() => writer.write("x"), FoxgloveError, '"/closed"');
  assertEquals(error.code, "closed");

  const waiting = client.publisher({ topic: "/waiting", encoding: "raw" }).writable.getWriter();
  waiting.closed.catch(() => {});
  server.transport.pause();
  const writes = Array.from({ length: 40 }, () => waiting.write(new Uint8Array(100_000)));
  const rejected = assertRejects(() => Promise.all(writes), ConnectionError, '"/waiting"');
  for (const write of writes) write.catch(() => {});
  for (let i = 0; i < 5; i++) await nextTurn();
  server.transport.terminate();
  await rejected;
  await client.closed;
});

for (const how of ["the stream's abort", "the publisher's close"] as const) {
  test(`${how} ends a write that waits for room, while the server reads nothing and while there is none`, async () => {
    const { robot, server, client } = await ScriptedRobot.connected(CLIENT_PUBLISH);
    server.transport.pause();
    for (const step of [() => {}, () => robot.lose(server, client)]) {
      const publisher = client.publisher({ topic: "/a", encoding: "raw" });
      const writer = publisher.writable.getWriter();
      while (publisher.publish(new Uint8Array(4 << 20)));
      const writing = assertRejects(() => writer.write(new Uint8Array(1)), FoxgloveError, "the publisher is closed");
      await quiet();
      await step();
      if (how === "the stream's abort") await writer.abort();
      else publisher.close();
      await writing;
      assertEquals(publisher.publish(new Uint8Array(1)), false);
    }
    await client.close({ timeoutMs: 0 });
  });
}

test("a publisher that cannot be advertised is refused at once, while connected and while not, and leaves nothing", async () => {
  const { robot, server, client } = await ScriptedRobot.connected(CLIENT_PUBLISH);
  const wrong = { topic: 5, encoding: "json" } as unknown as PublisherOptions;
  assertThrows(() => client.publisher(wrong), TypeError, "topic");
  await robot.lose(server, client);
  assertThrows(() => client.publisher(wrong), TypeError, "topic");
  const second = await robot.greet(client, CLIENT_PUBLISH.info);
  client.publisher({ topic: "/a", encoding: "json" });
  assertEquals((await second.expect("advertise")).channels.length, 1);
  await client.close();
});

test("aborting a writable closes its publisher", async () => {
  const { server, client } = await ScriptedServer.connected(CLIENT_PUBLISH);
  const publisher = client.publisher({ topic: "/a", encoding: "raw" });
  await publisher.writable.abort();
  await server.expect("advertise");
  await server.expect("unadvertise");
  await client.close();
});
