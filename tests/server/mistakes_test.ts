/** What own code gets wrong is refused where it is done: not in a later turn, and not when a client comes. */
import { assertEquals, assertThrows } from "@std/assert";
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

test("a validator that answers with anything but a text has refused, and the client gets its reply", async () => {
  const answers = [false, "", Object.create(null), new Error("it is too hot")];
  for (const answer of answers) {
    const server = new FoxgloveServer();
    const events = recordEvents(server);
    server.parameters.declare("gain", { value: 1, validate: () => answer as never });
    const client = await WireClient.greeted(server);
    client.send({ op: "setParameters", parameters: [{ name: "gain", value: 2 }], id: "a" });
    const reason = answer instanceof Error ? answer.message : answer === false ? "false" : "Unknown error";
    assertEquals((await client.expect("status")).message, `Parameter gain was not set: ${reason}`);
    assertEquals((await client.expect("parameterValues")).parameters, [{ name: "gain", value: 1 }]);
    assertEquals(events, ["connect 1"]);
    await server.close();
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
