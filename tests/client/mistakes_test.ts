/** Calls that make no sense, as untyped callers write them: each is refused at once, by name, and nothing is sent. */
import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { FoxgloveClient } from "../../src/client/client.ts";
import { connect, type ConnectOptions } from "../../src/client/connect.ts";
import { encodeServerMessage } from "../../src/protocol/codec.ts";
import type { PlaybackState } from "../../src/protocol/messages.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import { ConnectionError } from "../../src/util/errors.ts";
import { FakeWebSocket } from "../support/fake_web_socket.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

const NO_GRAPH = {
  publishedTopics: [],
  subscribedTopics: [],
  advertisedServices: [],
  removedTopics: [],
  removedServices: [],
};
const CAPABILITIES = ["parameters", "parametersSubscribe", "assets", "services", "playbackControl", "connectionGraph"];
const everything = () => ScriptedServer.connected({ info: { capabilities: CAPABILITIES } });

test("connect() names what it can connect to", async () => {
  const need = 'need an address such as "ws://localhost:8765"';
  const cases: [unknown, string][] = [
    [undefined, `Cannot connect to undefined: ${need}`],
    [null, `Cannot connect to null: ${need}`],
    [{ url: "ws://localhost:8765" }, `Cannot connect to object: ${need}`],
    [8765, `Cannot connect to number 8765: ${need}`],
    ["http://localhost", `Cannot connect to "http://localhost": ${need}`],
    ["ws://localhost/#x", `Cannot connect to "ws://localhost/#x": ${need}, without "#"`],
  ];
  for (const [target, text] of cases) await assertRejects(() => connect(target as string), TypeError, text);
  for (const made of [undefined, Promise.resolve({})]) {
    const error = await assertRejects(() => connect(() => made as never), ConnectionError, "need an address");
    assertInstanceOf(error.cause, TypeError);
  }
});

test("connect() fails at once with a socket that has failed before it came", async () => {
  for (const readyState of [2, 3]) {
    const socket = Object.assign(new FakeWebSocket("ws://localhost:8765"), { readyState }).socket;
    const late = () => Promise.resolve(socket);
    await assertRejects(() => connect(late, { timeoutMs: Infinity }), ConnectionError, "Cannot connect to the server");
    await assertRejects(() => connect(socket, { timeoutMs: Infinity }), ConnectionError, "Cannot connect to");
  }
});

test("connect() listens to a socket in the turn in which it is made", async () => {
  const socket = new FakeWebSocket("ws://localhost:8765");
  const connecting = connect("ws://localhost:8765", { webSocket: () => socket.socket, timeoutMs: Infinity });
  socket.raise("error", { message: "bad port" });
  await assertRejects(() => connecting, ConnectionError, "(bad port)");
});

test("a time limit that is none is refused, and nothing is sent", async () => {
  const { server, client } = await everything();
  const cases = [[-1, RangeError], [NaN, RangeError], ["5s", TypeError], [null, TypeError]] as const;
  for (const [wrong, mistake] of cases) {
    const timeoutMs = wrong as number;
    const calls: Record<string, () => Promise<unknown>> = {
      connect: () => connect(() => new FakeWebSocket("ws://localhost").socket, { timeoutMs }),
      call: () => client.callService("/a", {}, { timeoutMs }),
      get: () => client.getParameters([], { timeoutMs }),
      set: () => client.setParameters({ a: 1 }, { timeoutMs }),
      fetch: () => client.fetchAsset("a", { timeoutMs }),
      play: () => client.playback.play({ timeoutMs }),
      close: () => client.close({ timeoutMs }),
    };
    for (const call of Object.values(calls)) await assertRejects(call, mistake, `timeoutMs is ${wrong}, need a number`);
    const reconnect: ConnectOptions = { reconnect: { connectTimeoutMs: timeoutMs } };
    const dial = () => new FakeWebSocket("ws://localhost").socket;
    await assertRejects(() => connect(dial, reconnect), mistake, `connectTimeoutMs is ${wrong}`);
  }
  await server.settle(client);
  assertEquals(server.inbox, []);
  await client.close();
});

test("a text where a list of names is wanted is not taken for its letters", async () => {
  const { server, client } = await everything();
  const int = "int" as never;
  await assertRejects(() => client.getParameters(int), TypeError, 'Cannot get parameters: string "int", need a list');
  await assertRejects(() => client.setParameters(int, 3 as never), TypeError, 'Cannot set parameters: string "int"');
  await assertRejects(() => client.setParameters(undefined as never), TypeError, "Cannot set parameters: undefined");
  assertThrows(() => client.parameterUpdates(int), TypeError, 'Cannot watch parameters: string "int", need a list');
  await server.settle(client);
  assertEquals(server.inbox, []);
  await client.close();
});

test("subscribe() names what it can subscribe to", async () => {
  const { client } = await everything();
  for (const selector of [undefined, null, { topic: "/a" }, ["/a"], 5]) {
    const subscribe = () => client.subscribe(selector as never);
    assertThrows(subscribe, TypeError, "need a topic, a function or { channelId }");
  }
  await client.close();
});

test("what is asked of a client that was closed says so, also where its server could not do it", async () => {
  const { client } = await ScriptedServer.connected();
  await client.close();
  const calls: ((client: FoxgloveClient) => unknown)[] = [
    (client) => client.publisher({ topic: "/a", encoding: "json" }),
    (client) => client.connectionGraph(),
    (client) => client.parameterUpdates(),
    (client) => client.getParameters(),
    (client) => client.setParameters({ a: 1 }),
    (client) => client.fetchAsset("a"),
    (client) => client.callService("/a"),
    (client) => client.playback.play(),
  ];
  for (const call of calls) {
    const error = await assertRejects<ConnectionError>(async () => void await call(client), ConnectionError);
    assertEquals([error.message, error.code], ["The client was closed", "connection"]);
  }
});

test("the range of playback is in nanoseconds, and undefined where it is not declared", async () => {
  const info = { dataStartTime: { sec: 1, nsec: 5 }, dataEndTime: { sec: 2 ** 31, nsec: 999_999_999 } };
  const { client } = await ScriptedServer.connected({ info });
  const { startTime, endTime } = client.playback;
  assertEquals([startTime, endTime], [1_000_000_005n, 2_147_483_648_999_999_999n]);
  await client.close();
  const { client: live } = await ScriptedServer.connected();
  assertEquals([live.playback.startTime, live.playback.endTime], [undefined, undefined]);
  await live.close();
});

test("an answer that cannot be read, but for its id, rejects its request", async () => {
  const { server, client } = await everything();
  const errors: unknown[] = [];
  client.on("error", ({ error }) => errors.push(error));
  const reading = client.getParameters().catch((error) => error);
  const { id } = await server.expect("getParameters");
  const playing = client.playback.play().catch((error) => error);
  const { requestId } = await server.expect("playbackControlRequest");
  server.send(`{"op":"parameterValues","id":"other","parameters":1}`);
  server.send(JSON.stringify({ op: "parameterValues", id, parameters: 1 }), broken(requestId), broken("other"));
  for (const error of [await reading, await playing]) {
    assertInstanceOf(error, ProtocolError);
    assertEquals(error.code, "invalid_message");
  }
  await server.settle(client);
  assertEquals(errors.length, 4);
  assertStrictEquals(errors[1], await reading);
  await client.close();
});

/** A playback state whose status is none. */
function broken(requestId: string): Uint8Array {
  const state: PlaybackState = { status: "playing", currentTime: 0n, speed: 1, didSeek: false, requestId };
  const bytes = encodeServerMessage({ op: "playbackState", ...state }) as Uint8Array;
  bytes[1] = 9;
  return bytes;
}

test("a graph that the server takes away and has again is watched again, and begins anew", async () => {
  const { server, client } = await everything();
  const view = client.connectionGraph();
  await server.expect("subscribeConnectionGraph");
  server.send({ op: "connectionGraphUpdate", ...NO_GRAPH, publishedTopics: [{ name: "/a", publisherIds: ["x"] }] });
  await view.next();
  assertEquals([...view.publishers.keys()], ["/a"]);
  server.info({ capabilities: [] });
  await server.settle(client);
  assertEquals([...view.publishers.keys()], []);
  server.info({ capabilities: CAPABILITIES });
  await server.expect("subscribeConnectionGraph");
  server.send({ op: "connectionGraphUpdate", ...NO_GRAPH, publishedTopics: [{ name: "/b", publisherIds: ["x"] }] });
  await view.next();
  assertEquals([...view.publishers.keys()], ["/b"]);
  await client.close();
});
