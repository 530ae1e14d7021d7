/** What own code gets wrong is refused where it is done: not in a later turn, and not when a client comes. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { FoxgloveServer } from "../../src/server/server.ts";
import { test } from "../support/test.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { recordEvents, WireClient } from "../support/wire_client.ts";

const WRONG = 5 as never;
const JSON_ENCODING = { encoding: "json" };

const WRONGS: [what: string, make: (server: FoxgloveServer) => unknown][] = [
  ["a channel's topic", (server) => server.channel(WRONG, JSON_ENCODING)],
  ["a channel's metadata", (server) => server.channel("/t", { ...JSON_ENCODING, metadata: { rate: WRONG } })],
  ["a service's name", (server) => server.service(WRONG, {}, () => {})],
  ["a service's type", (server) => server.service("/s", { type: WRONG }, () => {})],
  ["a session's id", (server) => server.clearSession(WRONG)],
  ["a name in the connection graph", (server) => server.graph.publish(WRONG, "node")],
  ["an id in the connection graph", (server) => server.graph.provide("/s", WRONG)],
];

for (const [what, make] of WRONGS) {
  test(`${what} that is no text is refused, and clients notice nothing`, async () => {
    const server = new FoxgloveServer({ connectionGraph: true });
    const client = await WireClient.greeted(server);
    client.send({ op: "subscribeConnectionGraph" });
    await client.settle();
    assertThrows(() => make(server), TypeError);
    assertEquals(await client.settle(), []);
    assertEquals(await (await WireClient.greeted(server)).settle(), []);
    await server.close();
  });
}

test("server options that clients cannot be told are refused", () => {
  for (const options of [{ name: WRONG }, { metadata: { floor: WRONG } }, { sessionId: WRONG }]) {
    assertThrows(() => new FoxgloveServer(options), TypeError, "is number 5, need a string");
  }
});

test("an encoder that gives no bytes is refused: its text would go out as zeros", async () => {
  const server = new FoxgloveServer();
  const channel = server.channel("/t", { encoding: "raw", encode: () => "text" as never });
  const client = await WireClient.greeted(server);
  client.subscribe(1, channel.id);
  await client.settle();
  assertThrows(() => channel.publish({}), TypeError, 'Cannot publish on "/t": its encode option gave');
  assertEquals(await client.settle(), []);
  await server.close();
});

test("playback refuses times and states that are none, and goes on", async () => {
  const server = new FoxgloveServer();
  const handlers = { play() {}, pause() {}, seek() {}, setSpeed() {} };
  assertThrows(() => server.playback({ startTime: 0 as never, endTime: 1n, ...handlers }), TypeError, "no bigint");
  const playback = server.playback({ startTime: 0n, endTime: 9n, ...handlers });
  assertThrows(() => playback.update({ currentTime: 3 as never }), TypeError, "no bigint");
  assertThrows(() => playback.jump(3 as never), TypeError, "no bigint");
  assertThrows(() => playback.update({ status: "gone" as never }), TypeError, '"gone"');
  const client = await WireClient.greeted(server);
  client.send({ op: "playbackControlRequest", command: "play", speed: 1, requestId: "a" });
  assertEquals((await client.expect("playbackState")).currentTime, 0n);
  await server.close();
});

/** A promise of a library: not the language's own. */
function thenable<T>(value: T): Promise<T> {
  return { then: (resolve: (value: T) => void) => void queueMicrotask(() => resolve(value)) } as never;
}

test("handlers may give promises of any kind: validators and playback wait for them", async () => {
  const server = new FoxgloveServer();
  server.parameters.declare("gain", { value: 1, validate: () => thenable(undefined) });
  server.parameters.declare("mode", { value: 1, validate: () => thenable("it is fixed") });
  let isThere = false;
  server.playback({
    startTime: 0n,
    endTime: 9n,
    play() {},
    pause() {},
    setSpeed() {},
    seek: () => thenable(0).then(() => void (isThere = true)),
  });
  const client = await WireClient.greeted(server);
  client.send({ op: "setParameters", parameters: [{ name: "gain", value: 2 }, { name: "mode", value: 2 }], id: "a" });
  assertEquals((await client.expect("status")).message, "Parameter mode was not set: it is fixed");
  const { parameters } = await client.expect("parameterValues");
  assertEquals(parameters, [{ name: "gain", value: 2 }, { name: "mode", value: 1 }]);
  client.send({ op: "playbackControlRequest", command: "pause", speed: 1, seekTime: 5n, requestId: "a" });
  await client.expect("playbackState");
  assertEquals(isThere, true);
  await server.close();
});

const NO_TEXT = 'validator of parameter "gain": TypeError: A validator returns a text or nothing, not ';

test("a validator that answers with anything but a text has refused, and the client gets its reply", async () => {
  const answers: [answer: unknown, reason: string, reported: string[]][] = [
    ["", "Unknown error", []],
    [new Error("it is too hot"), "it is too hot", []],
    [true, "A validator returns a text or nothing, not boolean true", [`error in ${NO_TEXT}boolean true`]],
    [false, "A validator returns a text or nothing, not boolean false", [`error in ${NO_TEXT}boolean false`]],
    [Object.create(null), "A validator returns a text or nothing, not object", [`error in ${NO_TEXT}object`]],
  ];
  for (const [answer, reason, reported] of answers) {
    for (const validate of [() => answer, () => Promise.resolve(answer)]) {
      const server = new FoxgloveServer();
      const events = recordEvents(server);
      server.parameters.declare("gain", { value: 1, validate: validate as never });
      const client = await WireClient.greeted(server);
      client.send({ op: "setParameters", parameters: [{ name: "gain", value: 2 }], id: "a" });
      assertEquals((await client.expect("status")).message, `Parameter gain was not set: ${reason}`);
      assertEquals((await client.expect("parameterValues")).parameters, [{ name: "gain", value: 1 }]);
      assertEquals(events, ["connect 1", ...reported]);
      await server.close();
    }
  }
});

test("parameters of clients, limit N: N + 1 is refused with the limit, and there is room again after a deletion", async () => {
  const server = new FoxgloveServer({ limits: { clientParameters: 2 } });
  server.parameters.set("own", 0);
  const clients = [await WireClient.greeted(server), await WireClient.greeted(server)];
  const set = async (client: WireClient, name: string, value?: number) => {
    client.send({ op: "setParameters", parameters: [value === undefined ? { name } : { name, value }] });
    return await client.statuses();
  };
  assertEquals(await set(clients[0]!, "a", 1), []);
  assertEquals(await set(clients[1]!, "b", 1), []);
  const refused = ["error: Parameter c was not set: too many parameters, the limit is 2"];
  for (const client of clients) assertEquals(await set(client, "c", 1), refused);
  assertEquals(await set(clients[0]!, "own", 1), [], "there already");
  assertEquals(await set(clients[0]!, "a", 2), [], "there already");
  assertEquals(await set(clients[1]!, "a"), []);
  assertEquals(await set(clients[0]!, "c", 1), []);
  server.parameters.delete("c");
  assertEquals(await set(clients[0]!, "d", 1), []);
  server.parameters.declare("d", { value: 1 });
  assertEquals(await set(clients[0]!, "e", 1), [], "own code has taken d over");
  assertEquals(server.parameters.names().sort(), ["b", "d", "e", "own"]);
  await server.close();
});

test("parameters of clients, limit N: async validators of several clients let no more in", async () => {
  const server = new FoxgloveServer({
    limits: { clientParameters: 1 },
    parameters: { validate: () => Promise.resolve(undefined) },
  });
  const clients = [await WireClient.greeted(server), await WireClient.greeted(server)];
  for (const [i, client] of clients.entries()) {
    client.send({ op: "setParameters", parameters: [{ name: `p${i}`, value: 1 }], id: "a" });
  }
  for (const client of clients) await client.settle();
  assertEquals(server.parameters.names(), ["p0"]);
  await server.close();
});

test("a connection that is closing is cut at the soonest time that was asked for", () => {
  const clock = new FakeClock();
  const server = new FoxgloveServer({ clock });
  let cut = 0;
  const silent = {
    protocol: "foxglove.sdk.v1",
    bind() {},
    send() {},
    buffered: () => 0,
    close() {},
    terminate: () => cut++,
  };
  const client = server.accept(silent);
  void server.close({ timeoutMs: 100 });
  clock.advance(90);
  client.close();
  clock.advance(9);
  assertEquals(cut, 0);
  clock.advance(1);
  assertEquals(cut, 1);
  assertEquals(clock.delays, 0);
});

const FUNCTION = (() => undefined) as never;
const HANDLERS = { play() {}, pause() {}, seek() {}, setSpeed() {} };
const RANGE = { startTime: 0n, endTime: 9n };

const MISTAKES: [what: string, make: (server: FoxgloveServer) => unknown, text: string][] = [
  ["an event that there is not", (server) => server.on("mesage" as never, FUNCTION), 'listen to "mesage"'],
  ["no listener", (server) => server.on("connect", undefined as never), "listener is undefined"],
  ["an event of parameters", (server) => server.parameters.on("changed" as never, FUNCTION), 'listen to "changed"'],
  ["an event of the graph", (server) => server.graph.on("change" as never, FUNCTION), 'listen to "change"'],
  ["no handler of a service", (server) => server.service("/a", {}, undefined as never), 'handler of service "/a"'],
  [
    "a handler in place of options",
    (server) => server.service("/a", FUNCTION, undefined as never),
    "function, need an",
  ],
  [
    "no options of a service",
    (server) => server.service("/a", undefined as never, FUNCTION),
    'options of service "/a": missing, need an object',
  ],
  ["no decoder", (server) => server.service("/a", { decode: WRONG }, FUNCTION), "option decode"],
  ["an asset handler", (server) => server.asset({} as never), "Invalid asset handler: object"],
  ["a source's handler", (server) => server.playback({ ...RANGE, ...HANDLERS, seek: WRONG }), "playback: seek"],
  ["no handler of a source", (server) => server.playback(RANGE as never), "playback: play"],
  ["an option of declare()", (server) => {
    server.parameters.declare("gain", { value: 1, readonly: true } as never);
  }, '"readonly" is unknown'],
  [
    "a validator",
    (server) => server.parameters.declare("gain", { value: 1, validate: WRONG }),
    "validator of parameter",
  ],
  ["an encoder", (server) => server.channel("/t", { ...JSON_ENCODING, encode: WRONG }), "option encode"],
  ["a message encoding in capitals", (server) => server.channel("/t", { encoding: "JSON" }), 'is "JSON", need "json"'],
  ["a channel without options", (server) => server.channel("/t", undefined as never), 'channel "/t": missing, need an'],
  ["no socket", (server) => server.accept(undefined as never), "Cannot accept undefined: need a WebSocket or a Tran"],
  ["a wrapper of a socket", (server) => server.accept({ raw: {}, send() {} } as never), "Cannot accept object: need"],
  ["no message encoding", (server) => server.channel("/t", {} as never), "encoding is missing"],
];

for (const [what, make, text] of MISTAKES) {
  test(`${what} is refused at once, and leaves nothing behind`, async () => {
    const server = new FoxgloveServer();
    const client = await WireClient.greeted(server);
    assertThrows(() => make(server), TypeError, text);
    assertEquals(await client.settle(), []);
    assertEquals(server.parameters.names(), []);
    await server.close();
  });
}

const SCHEMA = { name: "Pose", encoding: "jsonschema", data: { type: "object" } };

const BAD_SCHEMAS: [schema: object, text: string][] = [
  [{ ...SCHEMA, name: undefined }, "schema.name is missing, need a string"],
  [{ ...SCHEMA, encoding: undefined }, "schema.encoding is missing, need a string"],
  [{ ...SCHEMA, encoding: "JSONSchema" }, 'schema.encoding is "JSONSchema", need "jsonschema"'],
  [{ ...SCHEMA, data: undefined }, "schema.data is missing"],
  [{ ...SCHEMA, data: "hello" }, "schema.data is not JSON"],
  [{ ...SCHEMA, data: "[]" }, "schema.data is array, need the object"],
  [{ ...SCHEMA, data: [] }, "schema.data is array, need the object"],
  [{ ...SCHEMA, data: new Uint8Array([0xff]) }, "schema.data is not JSON"],
];

test("a schema that viewers could make nothing of is refused in the words of its options", async () => {
  const server = new FoxgloveServer();
  for (const [schema, text] of BAD_SCHEMAS) {
    const message = { encoding: "json", schema: schema as never };
    assertThrows(() => server.channel("/t", message), TypeError, `Cannot add channel "/t": ${text}`);
    const response = () => server.service("/s", { response: message }, FUNCTION);
    assertThrows(response, TypeError, `Cannot add response of service "/s": ${text}`);
  }
  for (const [i, data] of ['{"type":"object"}', new TextEncoder().encode("{}"), {}, ""].entries()) {
    server.channel(`/${i}`, { encoding: "json", schema: { ...SCHEMA, data } });
  }
  await server.close();
});

const BAD_OPTIONS: [options: unknown, error: typeof TypeError | typeof RangeError, text: string][] = [
  [9201, TypeError, "options of the server: number 9201, need an object"],
  [{ nmae: "robot" }, TypeError, 'options of the server: "nmae" is unknown, need "name", '],
  [{ port: 8765 }, TypeError, '"port" is unknown'],
  [{ clientPublish: "no" }, TypeError, 'clientPublish: string "no", need true or false'],
  [{ connectionGraph: 1 }, TypeError, "connectionGraph: number 1, need true or false"],
  [{ permissions: FUNCTION }, TypeError, "Invalid permissions: function, need an object"],
  [{ permissions: { sees: FUNCTION } }, TypeError, '"sees" is unknown'],
  [{ permissions: { see: true } }, TypeError, 'permission "see": boolean true'],
  [{ parameters: { validator: FUNCTION } }, TypeError, '"validator" is unknown'],
  [{ parameters: { validate: true } }, TypeError, "validator of parameters"],
  [{ authorize: "secret" }, TypeError, 'authorize: string "secret", need a function'],
  [{ allowedOrigins: "https://x" }, TypeError, 'allowedOrigins: string "https://x", need an array'],
  [{ limits: { maxClients: 3 } }, TypeError, '"maxClients" is unknown'],
  [{ limits: { clients: "3" } }, TypeError, 'limit clients: string "3", need a number'],
  [{ limits: { dataBytes: NaN } }, RangeError, "limit dataBytes: NaN"],
  [{ limits: { idleMs: -1 } }, RangeError, "limit idleMs: -1"],
];

test("options of the server that would not hold are refused, and the message names them", () => {
  for (const [options, kind, text] of BAD_OPTIONS) {
    assertThrows(() => new FoxgloveServer(options as never), kind, text);
  }
});

test("limits may be infinite, zero, or left out by undefined", () => {
  const { limits } = new FoxgloveServer({ limits: { parameterMs: Infinity, idleMs: 0, clients: undefined as never } });
  assertEquals([limits.parameterMs, limits.idleMs, limits.clients], [Infinity, 0, 1000]);
});

const EMPTIED: [value: unknown, text: string][] = [
  [new Map([["x", 1]]), "pass Object.fromEntries(map)"],
  [new Set([1]), "pass an array"],
  [new ArrayBuffer(3), "pass a Uint8Array"],
  [1n, ""],
  [undefined, "Cannot encode undefined"],
];

test("what cannot be published is refused with the topic, and the reason as its cause", async () => {
  const server = new FoxgloveServer();
  const channels = [server.channel("/j", JSON_ENCODING), server.channel("/raw", { encoding: "raw" })] as const;
  const client = await WireClient.greeted(server);
  channels.forEach(({ id }, i) => client.subscribe(i, id));
  await client.settle();
  for (const [value, text] of EMPTIED) {
    for (const publish of [() => channels[0].publish(value), () => channels[0].publishTo(client.serverSide, value)]) {
      const { cause } = assertThrows(publish, TypeError, 'Cannot publish on "/j": ');
      assertStringIncludes((cause as Error).message, text);
    }
  }
  assertThrows(() => channels[1].publish(5), TypeError, 'Cannot publish on "/raw": encoding "raw" takes a Uint8Array');
  const logTime = Date.now() as never;
  assertThrows(() => channels[0].publish(1, { logTime }), TypeError, 'Cannot publish on "/j": logTime is number');
  assertEquals(await client.settle(), []);
  await server.close();
});

test("a latched message without a time is refused, and the next client can subscribe", async () => {
  const server = new FoxgloveServer();
  const events = recordEvents(server);
  const map = server.channel("/map", { ...JSON_ENCODING, latch: true });
  assertThrows(() => map.publish(1, { logTime: 5 as never }), TypeError, "logTime is number 5");
  const client = await WireClient.greeted(server);
  client.subscribe(1, map.id);
  assertEquals(await client.settle(), []);
  assertEquals(events, ["connect 1", "subscribe 1 /map"]);
  await server.close();
});

test("authorize that answers at once is answered at once: Deno warns of requests that wait", async () => {
  const headers = new Headers({
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "foxglove.sdk.v1",
  });
  const request = { method: "GET", url: "/", headers };
  for (const [authorize, status] of [[() => true, undefined], [() => false, 403], [FUNCTION, 403]] as const) {
    const server = new FoxgloveServer({ authorize });
    server.on("error", () => {});
    const admission = server.admit(request);
    if (admission instanceof Promise) throw new Error("It waits");
    assertEquals(admission.accepted ? undefined : admission.status, status);
    await server.close();
  }
});
