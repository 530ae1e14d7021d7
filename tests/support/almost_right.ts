/**
 * What servers do that is not quite right, and what the client makes of it: the rows of "Servers that are almost right"
 * in docs/interop.md, each with a proof.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../src/client/connect.ts";
import type { FoxgloveClient } from "../../src/client/client.ts";
import { ConnectionError, TimeoutError } from "../../src/util/errors.ts";
import { ScriptedServer } from "./scripted_server.ts";

/** Sends these, and gives the client that has dealt with them. */
async function after(...messages: (object | string | Uint8Array)[]) {
  const { server, client } = await ScriptedServer.connected({
    info: { capabilities: ["services", "parameters", "connectionGraph", "time"] },
  });
  send(server, ...messages);
  await server.settle(client);
  return { server, client };
}

function send(server: ScriptedServer, ...messages: (object | string | Uint8Array)[]): void {
  server.send(...messages.map((message) => plain(message) ? JSON.stringify(message) : message));
}

function plain(message: object | string | Uint8Array): message is object {
  return typeof message === "object" && !(message instanceof Uint8Array);
}

/** Greets with this `serverInfo`. */
async function greeted(info: object | string): Promise<FoxgloveClient> {
  const server = new ScriptedServer();
  send(server, info);
  return await connect(server.clientEnd);
}

/** What was counted: invalid messages, and ignored ones. */
function counted(client: FoxgloveClient): [invalid: number, ignored: number] {
  const { invalidMessages, ignoredMessages } = client.stats();
  return [invalidMessages, ignoredMessages];
}

const NOTHING: [number, number] = [0, 0];
const CHANNEL = { id: 1, topic: "/a", encoding: "json", schemaName: "", schema: "" };

/** Sends a channel; gives what the client shows, without what was counted. */
async function channel(members: object) {
  const { client } = await after({ op: "advertise", channels: [{ ...CHANNEL, ...members }] });
  assertEquals(counted(client), NOTHING);
  const shown = client.channels.get(1);
  await client.close();
  return shown;
}

/** Sends one bad entry between two good channels; gives the ids that are there, and what was counted. */
async function beside(bad: unknown) {
  const good = [{ ...CHANNEL, id: 7, topic: "/b" }, { ...CHANNEL, id: 8, topic: "/c" }];
  const { client } = await after({ op: "advertise", channels: [good[0], bad, good[1]] });
  const seen = [...client.channels.keys()];
  await client.close();
  return [seen, ...counted(client)];
}

/** Asks for parameters, and answers with this text; gives the values. */
async function parameters(text: (id: string) => string) {
  const { server, client } = await after();
  const asked = client.getParameters();
  const { id = "" } = await server.expect("getParameters");
  server.send(text(id));
  const values = await asked;
  await client.close();
  return Object.fromEntries(values);
}

const values = (parameters: string) => (id: string) =>
  `{"op":"parameterValues","id":"${id}","parameters":${parameters}}`;

/** Sends something that means nothing, and then something that does; gives what was counted. */
async function passedOver(...messages: (object | string | Uint8Array)[]) {
  const { server, client } = await after(...messages);
  server.advertise({ id: 5, topic: "/after" });
  await server.settle(client);
  assertEquals([...client.channels.keys()], [5]);
  const result = counted(client);
  await client.close();
  return result;
}

/** What a service call to a service with these members sends and gets. */
async function called(members: object): Promise<unknown> {
  const service = { id: 1, name: "/s", type: "t", ...members };
  const { server, client } = await after({ op: "advertiseServices", services: [service] });
  const calling = client.callService("/s", { a: 1 });
  const { callId, encoding } = await server.expect("serviceCallRequest");
  const data = new TextEncoder().encode('{"ok":true}');
  server.send({ op: "serviceCallResponse", serviceId: 1, callId, encoding, data });
  const result = await calling;
  await client.close();
  return result;
}

/** By the first cell of the row. */
export const ALMOST_RIGHT: Readonly<Record<string, () => Promise<void>>> = {
  "`serverInfo` without `capabilities`, or with what is no list of texts": async () => {
    for (const capabilities of [undefined, null, {}, "time", [1]]) {
      const client = await greeted({ op: "serverInfo", name: "x", capabilities });
      assertEquals([client.serverInfo.capabilities, ...counted(client)], [[], ...NOTHING]);
      await client.close();
    }
  },
  "`serverInfo` with another member that cannot be read, such as `dataStartTime` as one number": async () => {
    const bad = { dataStartTime: 12.5, dataEndTime: {}, supportedEncodings: "json", metadata: [] };
    const client = await greeted({ op: "serverInfo", name: "x", capabilities: ["time"], ...bad });
    assertEquals([client.serverInfo, counted(client)], [{ name: "x", capabilities: ["time"] }, NOTHING]);
    await client.close();
  },
  "`serverInfo` without `name`, or `name` or `sessionId` is a number": async () => {
    for (const [given, shown] of [[undefined, ""], [7, "7"]] as const) {
      const client = await greeted({ op: "serverInfo", name: given, capabilities: [], sessionId: 1700000000 });
      assertEquals([client.serverInfo.name, client.serverInfo.sessionId], [shown, "1700000000"]);
      await client.close();
    }
  },
  "Values of `metadata` that are numbers, booleans or objects": async () => {
    const metadata = { build: 42, debug: true, nested: { a: 1 }, text: "x" };
    const client = await greeted({ op: "serverInfo", name: "x", capabilities: [], metadata });
    const expected = { build: "42", debug: "true", nested: '{"a":1}', text: "x" };
    assertEquals(client.serverInfo.metadata, expected);
    assertEquals((await channel({ metadata }))?.metadata, expected);
    await client.close();
  },
  "`null` for an optional member": async () => {
    const info = { supportedEncodings: null, metadata: null, sessionId: null, dataStartTime: null, dataEndTime: null };
    const client = await greeted({ op: "serverInfo", name: "x", capabilities: [], ...info });
    assertEquals(client.serverInfo, { name: "x", capabilities: [] });
    assertEquals((await channel({ schemaEncoding: null, metadata: null }))?.schema, undefined);
    await client.close();
  },
  "No `serverInfo` at all": async () => {
    const server = new ScriptedServer();
    server.advertise({ id: 1, topic: "/early" });
    await assertRejects(() => connect(server.clientEnd, { timeoutMs: 20 }), TimeoutError);
  },
  "`advertise` before `serverInfo`": async () => {
    const server = new ScriptedServer();
    server.advertise({ id: 1, topic: "/early" });
    server.info();
    const client = await connect(server.clientEnd);
    await server.settle(client);
    assertEquals([client.channels.size, ...counted(client)], [0, 0, 1]);
    await client.close();
  },
  "`schemaEncoding` is empty, without a schema": async () => {
    const shown = await channel({ schemaEncoding: "" });
    assertEquals([shown?.schema, shown?.schemaMissing], [undefined, undefined]);
  },
  "`schemaEncoding` is empty or left out, with a schema": async () => {
    const schema = { schemaName: "A", schema: "{}" };
    const expected = { name: "A", encoding: "jsonschema", data: "{}" };
    assertEquals((await channel({ ...schema, schemaEncoding: "" }))?.schema, expected);
    assertEquals((await channel(schema))?.schema, expected);
  },
  "`schemaName`, `schema` or `encoding` left out, or `null`": async () => {
    assertEquals((await channel({ schemaName: undefined, schema: undefined }))?.schema, undefined);
    assertEquals((await channel({ schemaName: null, schema: null }))?.schema, undefined);
    assertEquals((await channel({ encoding: undefined }))?.encoding, "");
  },
  "A schema name without a schema": async () => {
    const shown = await channel({ encoding: "cdr", schemaName: "my_msgs/Secret", schemaEncoding: "ros2msg" });
    assertEquals(shown?.schema, { name: "my_msgs/Secret", encoding: "ros2msg", data: "" });
  },
  "`schema` is a JSON object": async () => {
    const shown = await channel({ schemaName: "A", schema: { type: "object" } });
    assertEquals(shown?.schema, { name: "A", encoding: "jsonschema", data: '{"type":"object"}' });
  },
  "Base64 of a binary schema without its padding": async () => {
    const shown = await channel({
      encoding: "protobuf",
      schemaName: "A",
      schemaEncoding: "protobuf",
      schema: "3q2+7w",
    });
    assertEquals(shown?.schema?.data, new Uint8Array([0xde, 0xad, 0xbe, 0xef]));
  },
  "A binary schema that is no base64 at all": async () => {
    const shown = await channel({ encoding: "protobuf", schemaName: "A", schemaEncoding: "protobuf", schema: "*" });
    assertEquals([shown?.schema, shown?.schemaMissing], [undefined, "its protobuf data is not base64"]);
  },
  "Ids that are numbers in strings": async () => {
    assertEquals(await beside({ ...CHANNEL, id: "1" }), [[7, 8], 1, 0]);
  },
  "One bad channel, service, parameter or id in a list": async () => {
    assertEquals(await beside(null), [[7, 8], 1, 0]);
    assertEquals(await parameters(values('[{"name":5},{"name":"a","value":1}]')), { a: 1 });
  },
  "Two channels with one id": async () => {
    const { client } = await after({ op: "advertise", channels: [CHANNEL, { ...CHANNEL, topic: "/later" }] });
    assertEquals(client.channels.get(1)?.topic, "/later");
    await client.close();
  },
  "The same channels advertised again and again": async () => {
    const { server, client, subscription } = await ScriptedServer.subscribed();
    const reader = subscription[Symbol.asyncIterator]();
    for (const count of [1, 2]) {
      server.advertise({ id: 1, topic: "/a" });
      server.data(1, { count });
      assertEquals((await reader.next()).value?.value, { count });
    }
    await server.settle(client);
    assertEquals([server.inbox, counted(client)], [[], NOTHING]);
    await client.close();
  },
  "`unadvertise` of unknown ids": async () => {
    assertEquals((await passedOver({ op: "unadvertise", channelIds: [99] }))[0], 0);
  },
  "Services with only `requestSchema` and `responseSchema`, with neither of any form, or without `type`": async () => {
    const forms = [{ requestSchema: "{}", responseSchema: "{}" }, {}, { type: undefined }, {
      request: {},
      response: {},
    }];
    for (const members of forms) assertEquals(await called(members), { ok: true });
  },
  "`serviceCallFailure` without `message`": async () => {
    const { server, client } = await after({ op: "advertiseServices", services: [{ id: 1, name: "/s", type: "t" }] });
    const calling = client.callService("/s", {});
    const { callId } = await server.expect("serviceCallRequest");
    send(server, { op: "serviceCallFailure", serviceId: 1, callId });
    await assertRejects(() => calling, Error);
    assertEquals(counted(client)[0], 1);
    await client.close();
  },
  "Answers to unknown calls, data of unknown subscriptions": async () => {
    const failure = { op: "serviceCallFailure", serviceId: 1, callId: 77, message: "x" };
    const data = new Uint8Array([1, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    assertEquals(await passedOver(failure, data), [0, 2]);
  },
  "`parameterValues` without the id of the request": async () => {
    const { server, client } = await after();
    const asked = client.getParameters([], { timeoutMs: 20 });
    await server.expect("getParameters");
    send(server, { op: "parameterValues", parameters: [{ name: "a", value: 1 }] });
    await assertRejects(() => asked, TimeoutError);
    assertEquals(counted(client), [0, 1]);
    await client.close();
  },
  "Bytes of a parameter (`byte_array`) without the padding of base64": async () => {
    assertEquals(await parameters(values('[{"name":"b","type":"byte_array","value":"3q2+7w"}]')), {
      b: new Uint8Array([0xde, 0xad, 0xbe, 0xef]),
    });
  },
  "A parameter of an unknown `type`": async () => {
    assertEquals(await parameters(values('[{"name":"a","type":"int128","value":7}]')), { a: 7 });
  },
  "`NaN` or `Infinity` in JSON": async () => {
    const text = '[{"name":"NaN","type":"float64","value":NaN},{"name":"b","type":"float64","value":-Infinity}]';
    assertEquals(await parameters(values(text)), { NaN: NaN, b: NaN });
    const { server, client, subscription } = await ScriptedServer.subscribed();
    server.data(1, new TextEncoder().encode('{"range":[1,Infinity],"text":"NaN \\" NaN"}'));
    assertEquals((await subscription[Symbol.asyncIterator]().next()).value?.value, {
      range: [1, null],
      text: 'NaN " NaN',
    });
    await client.close();
  },
  "A byte order mark before JSON, or NULs behind it": async () => {
    const { client } = await after(`\ufeff${JSON.stringify({ op: "advertise", channels: [CHANNEL] })}\0`);
    assertEquals([[...client.channels.keys()], counted(client)], [[1], NOTHING]);
    await client.close();
  },
  "`connectionGraphUpdate` without some of its members": async () => {
    const { server, client } = await after();
    const graph = client.connectionGraph();
    await server.expect("subscribeConnectionGraph");
    const reader = graph[Symbol.asyncIterator]();
    send(server, { op: "connectionGraphUpdate", publishedTopics: [{ name: "/a", publisherIds: ["x"] }] });
    const { value } = await reader.next();
    assertEquals([...value!.publishers.keys()], ["/a"]);
    assertEquals(counted(client), NOTHING);
    await client.close();
  },
  "A status without a level, or of an unknown one": async () => {
    const statuses = [{ op: "status", message: "x" }, { op: "status", level: 3, message: "x" }];
    assertEquals(await passedOver(...statuses), [2, 0]);
  },
  "`removeStatus` without `statusIds`, `advertise` without `channels`, and the like": async () => {
    assertEquals(await passedOver({ op: "removeStatus" }, { op: "advertise", topics: [{ name: "/a" }] }), [2, 0]);
  },
  "`playbackState` without `playbackControl`": async () => {
    const { client } = await after(new Uint8Array([5, 1, ...new Uint8Array(17)]));
    assertEquals([client.playback.state?.status, counted(client)], ["paused", NOTHING]);
    await client.close();
  },
  "Messages without a payload": async () => {
    const { server, client, subscription } = await ScriptedServer.subscribed();
    server.data(1, new Uint8Array());
    for await (const { data, value } of subscription) {
      assertEquals([data, value], [new Uint8Array(), undefined]);
      break;
    }
    await client.close();
  },
  "JSON in a binary message": async () => {
    assertEquals(await passedOver(new TextEncoder().encode('{"op":"status"}')), [0, 1]);
  },
  "Unknown ops and opcodes": async () => {
    const publish = { op: "publish", channel: { id: 1, topic: "/a" }, data: {} };
    assertEquals(await passedOver({ op: "login" }, publish, new Uint8Array([99, 1])), [0, 3]);
  },
  "No subprotocol, or one in other letters": async () => {
    for (const protocol of ["", "FOXGLOVE.SDK.V1"]) {
      const server = new ScriptedServer({ protocol });
      server.info();
      await assertRejects(() => connect(server.clientEnd), ConnectionError);
    }
  },
};
