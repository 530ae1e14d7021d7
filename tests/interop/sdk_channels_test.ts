/** Our client against the official SDK's server: channels, messages both ways, statuses, time. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { FoxgloveError } from "@foxwire/foxwire/client";
import { base64, connectToSdk, heard, sdkTest } from "../support/sdk_robot.ts";

const POSE = { name: "Pose", encoding: "jsonschema", data: '{"type":"object","title":"Pose"}' };
const MAX_TIME = 2n ** 64n - 1n;

sdkTest("channels come with schema and metadata, and go", {}, async ({ robot, client }) => {
  const [added, removed] = [heard(client, "advertise"), heard(client, "unadvertise")];
  await robot.do("channel", { topic: "/pose", schema: POSE, metadata: { frame: "map" } });
  const { id, topic, encoding, schema, metadata } = (await added.next()).channels[0]!;
  assertEquals([topic, encoding, schema, metadata], ["/pose", "json", POSE, { frame: "map" }]);
  await robot.do("channel", { topic: "/bare" });
  const bare = (await added.next()).channels[0]!;
  assertEquals([bare.topic, bare.encoding, bare.schema, bare.schemaMissing], ["/bare", "json", undefined, undefined]);
  await robot.do("close_channel", { topic: "/pose" });
  assertEquals((await removed.next()).channels.map((channel) => channel.id), [id]);
  assertEquals([...client.channels.values()].map((channel) => channel.topic), ["/ready", "/bare"]);
});

// docs/interop.md: the SDK's Python makes up a schema that says nothing, and is not JSON.
sdkTest("a channel for dicts has a schema that is empty", {}, async ({ robot, client }) => {
  const messages = client.subscribe("/dict");
  const added = heard(client, "advertise");
  await robot.do("dict_channel", { topic: "/dict" });
  const { encoding, schema } = (await added.next()).channels[0]!;
  assertEquals([encoding, schema?.encoding, schema?.data], ["json", "jsonschema", ""]);
  await robot.next("subscribe");
  await robot.do("log", { topic: "/dict", messages: [base64('{"x":1}')], times: ["1"] });
  assertEquals((await messages.next()).value?.value, { x: 1 });
});

sdkTest("a channel that comes back has another id and the schema it had", {}, async ({ robot, client }) => {
  const [added, removed] = [heard(client, "advertise"), heard(client, "unadvertise")];
  await robot.do("channel", { topic: "/a", schema: POSE });
  await robot.do("channel", { topic: "/b", schema: POSE });
  const [a, b] = [(await added.next()).channels[0]!, (await added.next()).channels[0]!];
  assertEquals([a.schema, b.schema], [POSE, POSE]);
  await robot.do("close_channel", { topic: "/a" });
  await removed.next();
  await robot.do("channel", { topic: "/a", schema: POSE });
  const again = (await added.next()).channels[0]!;
  assertEquals([again.topic, again.schema, again.id === a.id], ["/a", POSE, false]);
});

sdkTest("messages come in order, with their times to the nanosecond", {}, async ({ robot, client }) => {
  const messages = client.subscribe<{ x: number }>("/pose");
  await robot.do("channel", { topic: "/pose", schema: POSE });
  assertEquals((await robot.next("subscribe")).topic, "/pose");
  const times = Array.from({ length: 100 }, (_, x) => x === 99 ? MAX_TIME : BigInt(x));
  const texts = times.map((_, x) => base64(`{"x":${x}}`));
  await robot.do("log", { topic: "/pose", messages: texts, times: times.map(String) });
  for (const [x, time] of times.entries()) {
    const { value } = await messages.next();
    assertEquals([value?.value, value?.logTime, value?.channel.topic], [{ x }, time, "/pose"]);
  }
  messages.close();
  assertEquals((await robot.next("unsubscribe")).topic, "/pose");
});

sdkTest("messages may be empty, and large ones come whole", {}, async ({ robot, client }) => {
  const messages = client.subscribe("/raw");
  await robot.do("channel", { topic: "/raw", encoding: "raw" });
  await robot.next("subscribe");
  await robot.do("log", { topic: "/raw", messages: [""], times: ["1"] });
  assertEquals((await messages.next()).value?.data, new Uint8Array());
  const large = "x".repeat(5_000_000);
  await robot.do("log", { topic: "/raw", messages: [btoa(large)], times: ["2"] });
  const { value } = await messages.next();
  assert(new TextDecoder().decode(value?.data) === large);
});

sdkTest("protobuf messages of the SDK's own schemas come with their descriptor", {}, async ({ robot, client }) => {
  const added = heard(client, "advertise");
  const messages = client.subscribe("/pair");
  const { schema } = await robot.do("protobuf_channel", { topic: "/pair" });
  const channel = (await added.next()).channels[0]!;
  const data = channel.schema?.data as Uint8Array;
  assertEquals([channel.encoding, channel.schema?.name, channel.schema?.encoding], [
    "protobuf",
    "foxglove.KeyValuePair",
    "protobuf",
  ]);
  assertEquals(base64(data), schema);
  assert(new TextDecoder().decode(data).includes("foxglove/KeyValuePair.proto"));
  await robot.next("subscribe");
  await robot.do("log_pair", { topic: "/pair", key: "mode", value: "go", time: "7" });
  const { value } = await messages.next();
  // deno-fmt-ignore
  assertEquals(value?.data, new Uint8Array([
    0x0a, 4, 0x6d, 0x6f, 0x64, 0x65, // field 1, 4 bytes: "mode"
    0x12, 2, 0x67, 0x6f, // field 2, 2 bytes: "go"
  ]));
  assertEquals(value?.logTime, 7n);
});

sdkTest("a topic whose channel was away is subscribed again", {}, async ({ robot, client }) => {
  const messages = client.subscribe<number>("/pose");
  for (const value of [1, 2]) {
    await robot.do("channel", { topic: "/pose" });
    await robot.next("subscribe");
    await robot.do("log", { topic: "/pose", messages: [base64(`${value}`)], times: ["1"] });
    assertEquals((await messages.next()).value?.value, value);
    const removed = heard(client, "unadvertise");
    await robot.do("close_channel", { topic: "/pose" });
    await removed.next();
  }
});

sdkTest("clients share a channel, each with its own subscription", {}, async ({ robot, client, port, protocol }) => {
  const others = await Promise.all([1, 2].map(() => connectToSdk(port, { subprotocols: [protocol] })));
  const clients = [client, ...others];
  const feeds = clients.map((each) => each.subscribe<number>("/n"));
  await robot.do("channel", { topic: "/n" });
  for (const _ of clients) await robot.next("subscribe");
  await robot.do("log", { topic: "/n", messages: [base64("1")], times: ["1"] });
  for (const feed of feeds) assertEquals((await feed.next()).value?.value, 1);
  feeds[0]!.close();
  await robot.next("unsubscribe");
  await robot.do("log", { topic: "/n", messages: [base64("2")], times: ["2"] });
  for (const feed of feeds.slice(1)) assertEquals((await feed.next()).value?.value, 2);
  for (const other of others) await other.close();
  for (const _ of others) await robot.next("unsubscribe");
});

const PUBLISH = { capabilities: ["clientPublish"], encodings: ["json", "protobuf"] };

sdkTest("a client publishes, with a schema and without", PUBLISH, async ({ robot, client }) => {
  const descriptor = new Uint8Array([0, 128, 255]);
  const goal = client.publisher({ topic: "/goal", encoding: "json", schema: { name: "Goal" } });
  const { id, ...advertised } = await robot.next("advertise");
  assertEquals([id, advertised], [goal.channel.id, {
    topic: "/goal",
    encoding: "json",
    schemaName: "Goal",
    schemaEncoding: null,
    schema: null,
  }]);
  goal.publish({ x: 1 });
  assertEquals(await robot.next("message"), { id, data: base64('{"x":1}') });
  const schema = { name: "Mode", encoding: "protobuf", data: descriptor };
  const mode = client.publisher<Uint8Array>({ topic: "/mode", encoding: "protobuf", schema });
  const second = await robot.next("advertise");
  assertEquals([second.schemaName, second.schemaEncoding, second.schema], ["Mode", "protobuf", base64(descriptor)]);
  mode.publish(new Uint8Array());
  assertEquals(await robot.next("message"), { id: mode.channel.id, data: "" });
  goal.close();
  assertEquals(await robot.next("unadvertise"), { id: goal.channel.id });
});

sdkTest("what the server does not take cannot be published", PUBLISH, ({ client }) => {
  const error = assertThrows(() => client.publisher({ topic: "/t", encoding: "cdr" }), FoxgloveError);
  assertEquals(error.code, "encoding");
  return Promise.resolve();
});

sdkTest("a server without the capability takes nothing from clients", {}, async ({ client }) => {
  const error = assertThrows(() => client.publisher({ topic: "/t", encoding: "json" }), FoxgloveError);
  assertEquals(error.code, "capability");
  await Promise.resolve();
});

sdkTest("statuses are shown, replaced and taken away", {}, async ({ robot, client }) => {
  const [status, removed] = [heard(client, "status"), heard(client, "removeStatus")];
  await robot.do("status", { level: "Warning", message: "Low battery", id: "battery" });
  await robot.do("status", { level: "Error", message: "Empty battery", id: "battery" });
  assertEquals(await status.next(), { level: "warning", message: "Low battery", id: "battery" });
  assertEquals(await status.next(), { level: "error", message: "Empty battery", id: "battery" });
  // Not before: docs/interop.md says why it could come first.
  await robot.do("status", { level: "Info", message: "Hello" });
  assertEquals(await status.next(), { level: "info", message: "Hello" });
  assertEquals([...client.statuses.values()].map(({ message }) => message), ["Empty battery"]);
  await robot.do("remove_status", { ids: ["battery"] });
  assertEquals((await removed.next()).statusIds, ["battery"]);
  assertEquals(client.statuses.size, 0);
});

sdkTest("time comes to the nanosecond", { capabilities: ["time"] }, async ({ robot, client }) => {
  const time = heard(client, "time");
  for (const value of [123_456_789_123_456_789n, MAX_TIME, 0n]) {
    await robot.do("time", { time: `${value}` });
    assertEquals(await time.next(), value);
    assertEquals(client.time, value);
  }
});
