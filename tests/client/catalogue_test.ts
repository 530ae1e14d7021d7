import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import type { FoxgloveClient } from "../../src/client/client.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import type { AdvertisedChannel, AdvertisedService } from "../../src/protocol/messages.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

/** Events of a client in short, in order. */
function record(client: FoxgloveClient): string[] {
  const events: string[] = [];
  client.on("serverInfo", ({ name }) => events.push(`serverInfo ${name}`));
  client.on("advertise", ({ channels }) => events.push(`advertise ${channels.map(({ topic }) => topic)}`));
  client.on("unadvertise", ({ channels }) => events.push(`unadvertise ${channels.map(({ topic }) => topic)}`));
  client.on(
    "advertiseServices",
    ({ services }) => events.push(`advertiseServices ${services.map(({ name }) => name)}`),
  );
  client.on(
    "unadvertiseServices",
    ({ services }) => events.push(`unadvertiseServices ${services.map(({ name }) => name)}`),
  );
  client.on("status", ({ level, message }) => events.push(`status ${level} ${message}`));
  client.on("time", (time) => events.push(`time ${time}`));
  client.on("warning", ({ code, channel }) => events.push(`warning ${code} ${channel.topic}`));
  client.on("error", ({ error }) => events.push(`error ${error}`));
  return events;
}

/** The channels of one `advertise` as a client shows them. */
async function shown(channel: AdvertisedChannel) {
  const { server, client } = await ScriptedServer.connected();
  const events = record(client);
  server.send({ op: "advertise", channels: [channel] });
  await server.settle(client);
  await client.close();
  return { channel: client.channels.get(channel.id), events };
}

for (const protocol of ["foxglove.sdk.v1.1", "foxglove.sdk.v1"] as const) {
  test(`channels appear and go, with their schemas, under ${protocol}`, async () => {
    const { server, client } = await ScriptedServer.connected({ protocol });
    const events = record(client);
    const schema = { schemaName: "A", schema: '{"type":"object"}', schemaEncoding: "jsonschema" };
    server.advertise({ id: 1, topic: "/a", ...schema, metadata: { k: "v" } }, {
      id: 2,
      topic: "/raw",
      encoding: "raw",
    });
    await server.settle(client);
    assertEquals([...client.channels.values()], [
      {
        id: 1,
        topic: "/a",
        encoding: "json",
        schema: { name: "A", encoding: "jsonschema", data: '{"type":"object"}' },
        schemaMissing: undefined,
        metadata: { k: "v" },
      },
      { id: 2, topic: "/raw", encoding: "raw", schema: undefined, schemaMissing: undefined, metadata: {} },
    ]);
    server.unadvertise(1, 99);
    await server.settle(client);
    assertEquals([...client.channels.keys()], [2]);
    assertEquals(events, ["advertise /a,/raw", "unadvertise /a"]);
    assertEquals(client.stats().ignoredMessages, 1);
    await client.close();
  });
}

test("a binary schema comes as bytes", async () => {
  const { channel } = await shown({
    id: 1,
    topic: "/p",
    encoding: "protobuf",
    schemaName: "P",
    schema: "3q2+7w==",
    schemaEncoding: "protobuf",
  });
  assertEquals(channel?.schema, { name: "P", encoding: "protobuf", data: new Uint8Array([0xde, 0xad, 0xbe, 0xef]) });
});

test("a schema without a schema encoding gets the one that goes with the message encoding", async () => {
  const cases = [["json", "jsonschema"], ["ros1", "ros1msg"], ["cdr", "ros2msg"], ["other", ""]] as const;
  for (const [encoding, expected] of cases) {
    const { channel } = await shown({ id: 1, topic: "/a", encoding, schemaName: "A", schema: "text" });
    assertEquals(channel?.schema, { name: "A", encoding: expected, data: "text" });
  }
});

test("a binary schema that is not base64 leaves a channel without schema, and a warning", async () => {
  const { channel, events } = await shown({
    id: 1,
    topic: "/p",
    encoding: "protobuf",
    schemaName: "P",
    schema: "?!",
    schemaEncoding: "protobuf",
  });
  assertEquals(channel?.schema, undefined);
  assertEquals(channel?.schemaMissing, "its protobuf data is not base64");
  assertEquals(events, ["advertise /p", "warning schema_missing /p"]);
});

test("a schema id that was never defined leaves a readable channel without schema, and a warning", async () => {
  const { server, client } = await ScriptedServer.connected({ protocol: "foxglove.sdk.v1.1" });
  const events = record(client);
  server.send('{"op":"advertise","channels":[{"id":1,"topic":"/a","encoding":"json","schemaId":7}]}');
  const subscription = client.subscribe("/a");
  const [[id]] = await server.subscriptions() as [[number, number]];
  server.data(id, { x: 1 });
  assertEquals((await subscription.next()).value?.value, { x: 1 });
  assertEquals(client.channels.get(1)?.schema, undefined);
  assertStringIncludes(client.channels.get(1)?.schemaMissing ?? "", "schema 7");
  assertEquals(events, ["advertise /a", "warning schema_missing /a"]);
  await client.close();
});

test("a serverInfo in mid-connection keeps channels, replaces serverInfo and empties the schema table", async () => {
  const { server, client } = await ScriptedServer.connected({ protocol: "foxglove.sdk.v1.1" });
  const events = record(client);
  server.send(
    '{"op":"advertise","schemas":[{"id":1,"name":"A","encoding":"jsonschema","data":"{}"}],' +
      '"channels":[{"id":1,"topic":"/a","encoding":"json","schemaId":1}]}',
  );
  server.info({ name: "second", sessionId: "s2" });
  server.send('{"op":"advertise","channels":[{"id":2,"topic":"/b","encoding":"json","schemaId":1}]}');
  await server.settle(client);
  assertEquals(client.serverInfo, { name: "second", capabilities: [], sessionId: "s2" });
  assertEquals(client.channels.get(1)?.schema?.name, "A");
  assertEquals(client.channels.get(2)?.schema, undefined);
  assertEquals(events, ["advertise /a", "serverInfo second", "advertise /b", "warning schema_missing /b"]);
  await client.close();
});

test("services appear and go", async () => {
  const { server, client } = await ScriptedServer.connected();
  const events = record(client);
  const add: AdvertisedService = { id: 1, name: "/add", type: "Add", requestSchema: "", responseSchema: "" };
  server.send({ op: "advertiseServices", services: [add, { ...add, id: 2, name: "/sub" }] });
  await server.settle(client);
  assertEquals(client.services.get(1), add);
  server.send({ op: "unadvertiseServices", serviceIds: [1, 99] });
  await server.settle(client);
  assertEquals([...client.services.keys()], [2]);
  assertEquals(events, ["advertiseServices /add,/sub", "unadvertiseServices /add"]);
  await client.close();
});

test("a status replaces the one with its id and is removed by it; one without id is an event only", async () => {
  const { server, client } = await ScriptedServer.connected();
  const events = record(client);
  server.send(
    { op: "status", level: "warning", message: "Low", id: "battery" },
    { op: "status", level: "error", message: "Empty", id: "battery" },
    { op: "status", level: "info", message: "Hello" },
    { op: "status", level: "info", message: "Other", id: "other" },
  );
  await server.settle(client);
  assertEquals([...client.statuses.values()], [
    { level: "error", message: "Empty", id: "battery" },
    { level: "info", message: "Other", id: "other" },
  ]);
  assertEquals(events, ["status warning Low", "status error Empty", "status info Hello", "status info Other"]);
  let removed: readonly string[] = [];
  client.on("removeStatus", ({ statusIds }) => removed = removed.concat(statusIds));
  server.send({ op: "removeStatus", statusIds: ["battery", "unknown"] });
  await server.settle(client);
  assertEquals([...client.statuses.keys()], ["other"]);
  assertEquals(removed.slice(0, 2), ["battery", "unknown"]);
  await client.close();
});

test("the server's time is kept, in nanoseconds", async () => {
  const { server, client } = await ScriptedServer.connected();
  const events = record(client);
  server.send({ op: "time", timestamp: 5n }, { op: "time", timestamp: 0xffff_ffff_ffff_ffffn });
  await server.settle(client);
  assertEquals(client.time, 0xffff_ffff_ffff_ffffn);
  assertEquals(events, ["time 5", "time 18446744073709551615"]);
  await client.close();
});

test("what is unknown is ignored and counted", async () => {
  const { server, client } = await ScriptedServer.connected();
  const events = record(client);
  server.send('{"op":"teleport","to":"moon"}', new Uint8Array([0x7f, 1, 2]), new Uint8Array(0));
  server.send({ op: "parameterValues", parameters: [] });
  server.send({ op: "serviceCallFailure", serviceId: 1, callId: 1, message: "" });
  server.data(12345, {});
  await server.settle(client);
  assertEquals(events, []);
  const { ignoredMessages, invalidMessages, lateMessages } = client.stats();
  assertEquals({ ignoredMessages, invalidMessages, lateMessages }, {
    ignoredMessages: 5,
    invalidMessages: 0,
    lateMessages: 0,
  });
  await client.close();
});

test("what is malformed is counted and raised as error, and ends nothing", async () => {
  const { server, client } = await ScriptedServer.connected();
  const errors: unknown[] = [];
  client.on("error", ({ error, during }) => errors.push(error, during));
  const bad = [
    "no JSON",
    "[]",
    "null",
    "{}",
    '{"op":5}',
    '{"op":"serverInfo","name":"x"',
    '{"op":"status","level":7,"message":"x"}',
    '{"op":"advertise","channels":{}}',
    '{"op":"unadvertise"}',
    '{"op":"removeStatus","statusIds":[1]}',
    new Uint8Array([1, 0, 0]),
    new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0]),
    new Uint8Array([3, 0]),
    new Uint8Array([4]),
    new Uint8Array([5, 9]),
  ];
  server.send(...bad);
  await server.settle(client);
  assertEquals(client.stats().invalidMessages, bad.length);
  assertEquals(errors.length, 2 * bad.length);
  for (let i = 0; i < errors.length; i += 2) {
    assertInstanceOf(errors[i], ProtocolError);
    assertEquals(errors[i + 1], "message from the server");
  }
  assertEquals(client.serverInfo.name, "scripted");
  await client.close();
});

test("a malformed entry does not spoil the others of its message", async () => {
  const { server, client } = await ScriptedServer.connected();
  const events = record(client);
  server.send(
    '{"op":"advertise","channels":[{"id":1,"topic":"/a","encoding":"json","schemaName":"","schema":""},' +
      '{"id":-1,"topic":"/bad","encoding":"json","schemaName":"","schema":""},' +
      '{"id":2,"topic":"/b","encoding":"json","schemaName":"","schema":""}]}',
    '{"op":"unadvertise","channelIds":["1",2]}',
  );
  await server.settle(client);
  assertEquals([...client.channels.keys()], [1]);
  assertEquals(client.stats().invalidMessages, 2);
  assertEquals(events.map((event) => event.split(" ").slice(0, 2).join(" ")), [
    "error ProtocolError:",
    "advertise /a,/b",
    "error ProtocolError:",
    "unadvertise /b",
  ]);
  await client.close();
});

test("an advertise with an id that is known replaces the channel", async () => {
  const { server, client } = await ScriptedServer.connected();
  const events = record(client);
  server.advertise({ id: 1, topic: "/a" });
  server.advertise({ id: 1, topic: "/b", encoding: "raw" });
  await server.settle(client);
  assertEquals(client.channels.size, 1);
  assertEquals(client.channels.get(1)?.topic, "/b");
  assertEquals(events, ["advertise /a", "advertise /b"]);
  await client.close();
});

test("a listener that throws or rejects is reported as error, and the others are called", async () => {
  const { server, client } = await ScriptedServer.connected();
  const errors: string[] = [];
  const times: bigint[] = [];
  client.on("error", ({ error, during }) => errors.push(`${during}: ${error}`));
  client.on("time", () => {
    throw new Error("thrown");
  });
  client.on("time", () => Promise.reject(new Error("rejected")));
  const counting = client.on("time", (time) => times.push(time));
  server.send({ op: "time", timestamp: 1n });
  await server.settle(client);
  counting[Symbol.dispose]();
  assertEquals(times, [1n]);
  assertEquals(errors, ['listener of "time": Error: thrown', 'listener of "time": Error: rejected']);
  await client.close();
});
