import { assert, assertEquals } from "@std/assert";
import { FoxgloveServer } from "../../src/server/server.ts";
import { test } from "../support/test.ts";
import { recordEvents, WireClient } from "../support/wire_client.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const channel = (id: number, encoding = "json") => ({ id, topic: `/c${id}`, encoding, schemaName: "" });

test("a client publishes: advertise, message and unadvertise arrive as events, in order", async () => {
  const server = new FoxgloveServer({ clientPublish: true });
  const events = recordEvents(server);
  const client = await WireClient.greeted(server);
  client.send({ op: "advertise", channels: [channel(1), channel(2)] });
  client.send({ op: "messageData", channelId: 2, data: utf8("two") });
  client.send({ op: "messageData", channelId: 1, data: utf8("") });
  client.send({ op: "unadvertise", channelIds: [2] });
  assertEquals(await client.statuses(), []);
  client.transport.close();
  await client.closed;
  assertEquals(events, [
    "connect 1",
    "advertise 1 /c1",
    "advertise 1 /c2",
    "message 1 /c2 two",
    "message 1 /c1 ",
    "unadvertise 1 /c2",
    "unadvertise 1 /c1",
    "disconnect 1 1005",
  ]);
  await server.close();
});

test("client publish without the capability is refused once per advertise", async () => {
  const server = new FoxgloveServer();
  const client = await WireClient.greeted(server);
  client.send({ op: "advertise", channels: [channel(1), channel(2)] });
  client.send({ op: "messageData", channelId: 1, data: utf8("x") });
  client.send({ op: "unadvertise", channelIds: [1] });
  assertEquals(await client.statuses(), [
    "error: Server does not support clientPublish capability",
    "error: Unknown channel ID: 1",
    "warning: Client is not advertising channel: 1; ignoring unadvertisement",
  ]);
  await server.close();
});

test("advertise answers each bad entry for itself and takes the good ones", async () => {
  const server = new FoxgloveServer({
    clientPublish: true,
    supportedEncodings: ["json"],
    limits: { clientChannels: 2 },
  });
  const client = await WireClient.greeted(server);
  client.send(JSON.stringify({
    op: "advertise",
    channels: [channel(1), channel(1), channel(2, "cdr"), { ...channel(4), topic: 5 }, channel(3), channel(5)],
  }));
  const statuses = await client.statuses();
  assert(statuses[2]?.startsWith("error: Invalid message: "), statuses[2]);
  statuses.splice(2, 1);
  assertEquals(statuses, [
    "warning: Client is already advertising channel: 1; ignoring advertisement",
    "error: Unsupported encoding: cdr; ignoring advertisement of channel 2",
    "error: Too many channels: the limit is 2",
  ]);
  await server.close();
});

test("requests for a capability that the server lacks are all answered", async () => {
  const server = new FoxgloveServer();
  const client = await WireClient.greeted(server);
  client.send({ op: "getParameters", parameterNames: [], id: "x" });
  client.send({ op: "setParameters", parameters: [{ name: "a", value: 1 }] });
  client.send({ op: "subscribeParameterUpdates", parameterNames: [] });
  client.send({ op: "unsubscribeParameterUpdates", parameterNames: [] });
  client.send({ op: "playbackControlRequest", command: "play", speed: 1, requestId: "p" });
  assertEquals(await client.statuses(), [
    "error: Server does not support parameters capability",
    "error: Server does not support parameters capability",
    "error: Server does not support parametersSubscribe capability",
    "error: Server does not support parametersSubscribe capability",
    "error: Server does not support playbackControl capability",
  ]);
  client.send({ op: "fetchAsset", uri: "package://x", requestId: 4 });
  client.send({ op: "serviceCallRequest", serviceId: 1, callId: 5, encoding: "json", data: utf8("{}") });
  assertEquals(await client.settle(), [
    { op: "fetchAssetResponse", requestId: 4, error: "Server does not support assets capability" },
    { op: "serviceCallFailure", serviceId: 1, callId: 5, message: "Server does not support services capability" },
  ]);
  await server.close();
});

const GARBAGE: [string, string | Uint8Array][] = [
  ["text that is no JSON", "{"],
  ["text that is no object", "[]"],
  ["null", "null"],
  ["a number", "1"],
  ["an object without op", "{}"],
  ["an op that is no string", '{"op":1}'],
  ["an unknown op", '{"op":"fly"}'],
  ["an op named like a member of every object", '{"op":"__proto__"}'],
  ["a missing member", '{"op":"subscribe"}'],
  ["a member of a wrong type", '{"op":"subscribe","subscriptions":{}}'],
  ["an unknown opcode", new Uint8Array([0xff])],
  ["a truncated messageData", new Uint8Array([0x01, 1, 0])],
];

for (const [name, message] of GARBAGE) {
  test(`${name} is answered with one error, and the connection lives`, async () => {
    const server = new FoxgloveServer();
    const client = await WireClient.greeted(server);
    client.send(message);
    const statuses = await client.statuses();
    assertEquals(statuses.length, 1);
    assert(statuses[0]?.startsWith("error: Invalid message: "), statuses[0]);
    assertEquals(client.serverSide.stats().invalidMessages, 1);
    await server.close();
  });
}

test("an empty binary message is ignored", async () => {
  const server = new FoxgloveServer();
  const client = await WireClient.greeted(server);
  client.send(new Uint8Array(0));
  assertEquals(await client.settle(), []);
  await server.close();
});

test("a broken request whose ids can be read gets its failure answer too", async () => {
  const server = new FoxgloveServer();
  const client = await WireClient.greeted(server);
  client.send(new Uint8Array([0x02, 7, 0, 0, 0, 9, 0, 0, 0, 99, 0, 0, 0]));
  client.send('{"op":"fetchAsset","requestId":3,"uri":1}');
  const answers = (await client.settle()).filter(({ op }) => op !== "status");
  assertEquals(answers.map(({ op }) => op), ["serviceCallFailure", "fetchAssetResponse"]);
  assertEquals(answers[0]?.op === "serviceCallFailure" && [answers[0].serviceId, answers[0].callId], [7, 9]);
  assertEquals(answers[1]?.op === "fetchAssetResponse" && answers[1].requestId, 3);
  await server.close();
});

test("a message over the limit closes with 1009", async () => {
  const server = new FoxgloveServer({ limits: { messageBytes: 64 } });
  for (const [fits, tooLarge] of [["x".repeat(64), "x".repeat(65)], ["é".repeat(32), "é".repeat(32) + "x"]] as const) {
    const client = await WireClient.greeted(server);
    client.send(fits);
    assertEquals((await client.statuses()).length, 1);
    client.send(tooLarge);
    assertEquals((await client.closed).code, 1009);
  }
  await server.close();
});

test("a listener that throws harms nobody and is reported", async () => {
  const server = new FoxgloveServer({ clientPublish: true });
  const errors: unknown[] = [];
  server.on("error", ({ error }) => errors.push(error));
  server.on("message", () => {
    throw new Error("on purpose");
  });
  server.on("message", () => Promise.reject(new Error("later")));
  const client = await WireClient.greeted(server);
  client.send({ op: "advertise", channels: [channel(1)] });
  client.send({ op: "messageData", channelId: 1, data: utf8("x") });
  assertEquals(await client.settle(), []);
  assertEquals(errors.map(String), ["Error: on purpose", "Error: later"]);
  await server.close();
});
