import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { FoxgloveServer } from "../../src/server/server.ts";
import { test } from "../support/test.ts";
import { recordEvents, WireClient } from "../support/wire_client.ts";

const POSE = { name: "Pose", encoding: "jsonschema", data: { type: "object" } };

test("a client is greeted with serverInfo and an empty advertise when there is no channel", async () => {
  const server = new FoxgloveServer({ name: "robot", sessionId: "s1", metadata: { place: "lab" } });
  const client = new WireClient(server);
  const { metadata, ...info } = await client.expect("serverInfo");
  assertEquals(info, { op: "serverInfo", name: "robot", capabilities: [], sessionId: "s1" });
  assertEquals(metadata?.["place"], "lab");
  assertMatch(metadata?.["fg-library"] ?? "", /^foxwire\/\d+\.\d+\.\d+$/);
  assertEquals((await client.expect("advertise")).channels, []);
  assertEquals(await client.settle(), []);
  await server.close();
});

test("serverInfo tells the capabilities, the encodings and a random session id", async () => {
  const server = new FoxgloveServer({ clientPublish: true, supportedEncodings: ["json"], capabilities: ["time"] });
  const [one, two] = [new WireClient(server), new WireClient(server)];
  const info = await one.expect("serverInfo");
  assertEquals(new Set(info.capabilities), new Set(["clientPublish", "time"]));
  assertEquals(info.supportedEncodings, ["json"]);
  assertMatch(info.sessionId ?? "", /^[0-9a-f-]{36}$/);
  assertEquals((await two.expect("serverInfo")).sessionId, info.sessionId);
  await server.close();
});

for (const protocol of ["foxglove.sdk.v1.1", "foxglove.sdk.v1", "foxglove.websocket.v1"] as const) {
  test(`channels are advertised in the greeting under ${protocol}`, async () => {
    const server = new FoxgloveServer();
    server.channel("/pose", { encoding: "json", schema: POSE, metadata: { frame: "map" } });
    server.channel("/raw", { encoding: "raw" });
    const client = new WireClient(server, { protocol });
    await client.expect("serverInfo");
    assertEquals((await client.expect("advertise")).channels, [
      {
        id: 1,
        topic: "/pose",
        encoding: "json",
        schemaName: "Pose",
        schema: '{"type":"object"}',
        schemaEncoding: "jsonschema",
        metadata: { frame: "map" },
      },
      { id: 2, topic: "/raw", encoding: "raw", schemaName: "", schema: "" },
    ]);
    await server.close();
  });
}

test("v1.1 defines a schema once per connection, and again after a repeated serverInfo", async () => {
  const server = new FoxgloveServer();
  server.channel("/a", { encoding: "json", schema: POSE });
  const client = await WireClient.greeted(server, { protocol: "foxglove.sdk.v1.1" });
  assertEquals(JSON.parse(client.raw[1] as string).schemas.length, 1);
  server.channel("/b", { encoding: "json", schema: POSE });
  await client.expect("advertise");
  assertEquals("schemas" in JSON.parse(client.raw.at(-1) as string), false);
  server.time(1n);
  await client.expect("serverInfo");
  await client.expect("time");
  server.channel("/c", { encoding: "json", schema: POSE });
  await client.expect("advertise");
  assertEquals(JSON.parse(client.raw.at(-1) as string).schemas[0].id, 1);
  await server.close();
});

test("channels of one turn are advertised together, and one removed in that turn not at all", async () => {
  const server = new FoxgloveServer();
  const client = await WireClient.greeted(server);
  server.channel("/a", { encoding: "json" });
  server.channel("/gone", { encoding: "json" }).close();
  server.channel("/b", { encoding: "json" });
  const { channels } = await client.expect("advertise");
  assertEquals(channels.map((channel) => "topic" in channel && channel.topic), ["/a", "/b"]);
  assertEquals(await client.settle(), []);
  await server.close();
});

test("a client that connects in the turn in which a channel was added hears of it once", async () => {
  const server = new FoxgloveServer();
  server.channel("/a", { encoding: "json" });
  const client = new WireClient(server);
  await client.expect("serverInfo");
  assertEquals((await client.expect("advertise")).channels.length, 1);
  assertEquals(await client.settle(), []);
  await server.close();
});

test("advertise comes in batches of at most 100 channels", async () => {
  const server = new FoxgloveServer();
  for (let i = 0; i < 250; i++) server.channel(`/t${i}`, { encoding: "json" });
  const client = new WireClient(server);
  await client.expect("serverInfo");
  const sizes = [];
  for (let i = 0; i < 3; i++) sizes.push((await client.expect("advertise")).channels.length);
  assertEquals(sizes, [100, 100, 50]);
  await server.close();
});

test("advertise comes in batches of about 1 MiB of schemas", async () => {
  const server = new FoxgloveServer();
  const data = "x".repeat(600 * 1024);
  for (let i = 0; i < 3; i++) {
    server.channel(`/t${i}`, { encoding: "cdr", schema: { name: `T${i}`, encoding: "ros2msg", data } });
  }
  const client = new WireClient(server);
  await client.expect("serverInfo");
  for (let i = 0; i < 3; i++) assertEquals((await client.expect("advertise")).channels.length, 1);
  await server.close();
});

test("a greeting larger than the control lane arrives whole, with what was added and removed meanwhile", async () => {
  const server = new FoxgloveServer({ limits: { controlBytes: 256 * 1024 } });
  const data = "x".repeat(20_000);
  const add = (topic: string) =>
    server.channel(topic, { encoding: "cdr", schema: { name: topic, encoding: "ros2msg", data } });
  const channels = Array.from({ length: 200 }, (_, i) => add(`/t${i}`));
  const client = new WireClient(server);
  client.transport.pause();
  channels[199]!.close();
  add("/late");
  assertEquals(client.serverSide.queuedBytes < 4_000_000, true);
  client.transport.resume();
  await client.expect("serverInfo");
  const topics: string[] = [];
  while (topics.length < 200) {
    const advertised = await client.expect("advertise");
    topics.push(...advertised.channels.map((channel) => "topic" in channel ? channel.topic : ""));
  }
  assertEquals(topics, [...Array.from({ length: 199 }, (_, i) => `/t${i}`), "/late"]);
  assertEquals(await client.settle(), []);
  await server.close();
});

test("a second channel on a live topic is allowed and warned of once", async () => {
  const server = new FoxgloveServer();
  const events = recordEvents(server);
  const first = server.channel("/t", { encoding: "json" });
  server.channel("/t", { encoding: "json" });
  server.channel("/t", { encoding: "json" });
  assertEquals(events.length, 1);
  assertMatch(events[0] ?? "", /"\/t" has more than one channel/);
  first.close();
  await server.close();
});

test("a topic that comes back after its channel was removed is no second channel", async () => {
  const server = new FoxgloveServer();
  const events = recordEvents(server);
  server.channel("/t", { encoding: "json" }).close();
  server.channel("/t", { encoding: "json" });
  assertEquals(events, []);
  await server.close();
});

test("a channel whose encoding says nothing without a schema is refused", async () => {
  const server = new FoxgloveServer();
  for (const encoding of ["protobuf", "flatbuffer", "ros1", "cdr"]) {
    assertThrows(() => server.channel("/t", { encoding }), TypeError, `encoding "${encoding}" needs a schema`);
  }
  assertEquals(server.stats().channels, 0);
  await server.close();
});

test("binary schemas are advertised as padded base64", async () => {
  const server = new FoxgloveServer();
  const data = new Uint8Array([0, 1, 2, 0xde, 0xad, 0xbe, 0xef]).subarray(3);
  server.channel("/p", { encoding: "protobuf", schema: { name: "P", encoding: "protobuf", data } });
  const client = new WireClient(server);
  await client.expect("serverInfo");
  await client.expect("advertise");
  assertEquals(JSON.parse(client.raw[1] as string).channels[0].schema, "3q2+7w==");
  await server.close();
});
