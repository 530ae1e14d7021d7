import { assert, assertEquals, assertThrows } from "@std/assert";
import type { PlaybackRequest, PlaybackSource } from "../../src/server/playback.ts";
import { FoxgloveServer, type ServerOptions } from "../../src/server/server.ts";
import type { PlaybackControlRequest, ServerMessage } from "../../src/protocol/messages.ts";
import { linkedTransports } from "../../src/transport/linked.ts";
import { deferred } from "../../src/util/async.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";
import { nextEvent, WireClient } from "../support/wire_client.ts";

const START = 1_000_000_000_000n;
const END = 1_060_000_000_000n;

const PLAY: PlaybackControlRequest = { command: "play", speed: 1, requestId: "r" };
const PAUSE: PlaybackControlRequest = { command: "pause", speed: 1, requestId: "r" };

/** Playback whose handlers write down what they are asked for. */
function setUp(handlers: Partial<PlaybackSource> = {}, options: ServerOptions = {}) {
  const server = new FoxgloveServer(options);
  const errors: string[] = [];
  server.on("error", ({ error, during }) => errors.push(`${during}: ${(error as Error).message}`));
  const calls: string[] = [];
  const source: PlaybackSource = {
    startTime: START,
    endTime: END,
    play: () => void calls.push("play"),
    pause: () => void calls.push("pause"),
    seek: (time) => void calls.push(`seek ${time - START}`),
    setSpeed: (speed) => void calls.push(`setSpeed ${speed}`),
    ...handlers,
  };
  return { server, errors, calls, source };
}

async function playing(handlers: Partial<PlaybackSource> = {}, options: ServerOptions = {}) {
  const scene = setUp(handlers, options);
  const playback = scene.server.playback(scene.source);
  const client = await WireClient.greeted(scene.server);
  return { ...scene, playback, client };
}

const send = (client: WireClient, request: PlaybackControlRequest) =>
  client.send({ op: "playbackControlRequest", ...request });

/** A state in short: `"playing +5 x2 r1"`, with `seek` where it has jumped. */
function short(message: ServerMessage<true>): string {
  if (message.op === "status") return `${message.level}: ${message.message}`;
  if (message.op !== "playbackState") return message.op;
  const { status, currentTime, speed, didSeek, requestId } = message;
  return `${status} +${currentTime - START} x${speed}${didSeek ? " seek" : ""} ${requestId}`.trim();
}

const all = async (client: WireClient) => (await client.settle()).map(short);

/** What a client gets in answer to one request. */
function ask(client: WireClient, request: PlaybackControlRequest): Promise<string[]> {
  send(client, request);
  return all(client);
}

test("playbackControlRequest without capability", async () => {
  const { server, source } = setUp();
  const client = await WireClient.greeted(server);
  const refusal = ["error: Server does not support playbackControl capability"];
  assertEquals(await ask(client, PLAY), refusal);
  server.playback(source);
  const old = await WireClient.greeted(server, { protocol: "foxglove.websocket.v1" });
  assertEquals(await ask(old, PLAY), refusal, "the oldest subprotocol has none");
  await server.close();
});

test("a client connects to a server with playback: it gets the range, and the state after the greeting", async () => {
  const { server, source } = setUp();
  const playback = server.playback(source);
  playback.update({ status: "playing", currentTime: START + 7n, speed: 2 });
  const client = new WireClient(server);
  const { capabilities, dataStartTime, dataEndTime } = await client.expect("serverInfo");
  assertEquals(capabilities.sort(), ["playbackControl", "time"]);
  assertEquals([dataStartTime, dataEndTime], [{ sec: 1000, nsec: 0 }, { sec: 1060, nsec: 0 }]);
  await client.expect("advertise");
  assertEquals(short(await client.next()), "playing +7 x2");
  await server.close();
});

test("a client connects to a server with playback: foxglove.websocket.v1 hears nothing of it", async () => {
  const { server, client, playback } = await playing();
  const old = new WireClient(server, { protocol: "foxglove.websocket.v1" });
  const info = await old.expect("serverInfo");
  assertEquals([info.capabilities, "dataStartTime" in info, "dataEndTime" in info], [[], false, false]);
  await old.settle();
  await ask(client, { ...PLAY, seekTime: START + 5n });
  playback.update({ status: "buffering" });
  playback.ended();
  assertEquals(await all(old), []);
  playback.update({ currentTime: START + 6n });
  assertEquals((await old.expect("serverInfo")).capabilities, ["time"], "the time it gets, once there is one");
  assertEquals((await old.expect("time")).timestamp, START + 6n);
  assert(old.raw.every((data) => typeof data === "string" || data[0] !== 0x05), "never opcode 0x05");
  await server.close();
});

test("a capability's first handler registered: playback() tells connected clients, but not those of v1", async () => {
  const { server, source } = setUp({}, { sessionId: "s" });
  const client = await WireClient.greeted(server);
  const old = await WireClient.greeted(server, { protocol: "foxglove.websocket.v1" });
  server.playback(source);
  const { capabilities, sessionId } = await client.expect("serverInfo");
  assertEquals([capabilities.includes("playbackControl"), sessionId], [true, "s"]);
  assertEquals(await all(client), ["paused +0 x1"]);
  assertEquals(await all(old), []);
  assertThrows(() => server.playback(source), TypeError, "a source already");
  await server.close();
});

test("playback() refuses a range that is none", () => {
  const { server, source } = setUp();
  for (const [startTime, endTime] of [[2n, 1n], [-1n, 1n], [0n, 1n << 64n]] as const) {
    assertThrows(() => server.playback({ ...source, startTime, endTime }), RangeError);
  }
  server.playback({ ...source, startTime: 1n, endTime: 1n });
});

test("playbackControlRequest: all clients get the state with the request's id, handlers only what changes", async () => {
  const { server, client, calls } = await playing();
  const other = await WireClient.greeted(server);
  const steps: [request: PlaybackControlRequest, answer: string, called: string[]][] = [
    [PLAY, "playing +0 x1 r", ["play"]],
    [{ ...PLAY, requestId: "" }, "playing +0 x1", []],
    [{ ...PLAY, speed: 2.5, requestId: "ü" }, "playing +0 x2.5 ü", ["setSpeed 2.5"]],
    [{ ...PLAY, speed: 2.5, seekTime: START + 9n }, "playing +9 x2.5 seek r", ["seek 9"]],
    [{ ...PAUSE, seekTime: START + 3n }, "paused +3 x1 seek r", ["pause", "setSpeed 1", "seek 3"]],
    [PAUSE, "paused +3 x1 r", []],
    [{ ...PLAY, speed: 4, seekTime: START }, "playing +0 x4 seek r", ["setSpeed 4", "seek 0", "play"]],
  ];
  for (const [request, answer, called] of steps) {
    assertEquals(await ask(client, request), [answer]);
    assertEquals(await all(other), [answer]);
    assertEquals(calls.splice(0), called);
  }
  await server.close();
});

test("playbackControlRequest: a seek outside the range is clamped", async () => {
  const { server, client, calls } = await playing();
  assertEquals(await ask(client, { ...PAUSE, seekTime: 0n }), ["paused +0 x1 seek r"]);
  assertEquals(await ask(client, { ...PAUSE, seekTime: (1n << 64n) - 1n }), ["paused +60000000000 x1 seek r"]);
  assertEquals(calls, ["seek 0", "seek 60000000000"]);
  await server.close();
});

test("playbackControlRequest: play at the end without a seek is answered with ended, and with one it plays", async () => {
  const { server, client, calls, playback } = await playing();
  await ask(client, PLAY);
  playback.ended();
  playback.ended();
  playback.update({ status: "ended" });
  assertEquals(await all(client), ["ended +60000000000 x1"], "ended is sent once");
  calls.length = 0;
  assertEquals(await ask(client, PLAY), ["ended +60000000000 x1 r"]);
  assertEquals(await ask(client, PAUSE), ["ended +60000000000 x1 r"]);
  assertEquals(calls, []);
  assertEquals(await ask(client, { ...PLAY, seekTime: START + 1n }), ["playing +1 x1 seek r"]);
  assertEquals(calls, ["seek 1", "play"]);
  await ask(client, { ...PAUSE, seekTime: END });
  calls.length = 0;
  assertEquals(await ask(client, PLAY), ["ended +60000000000 x1 r"]);
  assertEquals([playback.status, calls.length], ["ended", 0]);
  await server.close();
});

test("ended and paused go out behind what was published before them", async () => {
  const { server, playback, client } = await playing();
  const count = server.channel<number>("/count", { encoding: "json" });
  await client.settle();
  client.subscribe(1, count.id);
  await client.settle();
  for (let i = 0; i < 50; i++) count.publish(i);
  playback.ended();
  const messages = await client.settle();
  assertEquals(messages.map(({ op }) => op), [...Array(50).fill("messageData"), "playbackState"]);
  await server.close();
});

test("playbackControlRequest with unknown command, hasSeek above 1, non-finite or not positive speed", async () => {
  const { server, client, calls } = await playing();
  const frame = (command: number, speed: number, hasSeek: number) => {
    const bytes = new Uint8Array(19 + 1);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, 0x03);
    view.setUint8(1, command);
    view.setFloat32(2, speed, true);
    view.setUint8(6, hasSeek);
    view.setUint32(15, 1, true);
    bytes[19] = 0x72;
    return bytes;
  };
  const bad = [frame(2, 1, 0), frame(0, 1, 2), ...[NaN, Infinity, 0, -1].map((speed) => frame(0, speed, 0))];
  for (const bytes of bad) {
    client.send(bytes);
    const [answer, ...more] = await all(client);
    assert(answer?.startsWith("error: Invalid message: "), answer);
    assertEquals(more, []);
  }
  client.send(frame(0, 1, 0));
  assertEquals(await all(client), ["playing +0 x1 r"]);
  assertEquals(calls, ["play"]);
  await server.close();
});

test("update() tells what has changed without an id, and the current time alone as time", async () => {
  const { server, client, playback } = await playing();
  playback.update({ status: "playing", currentTime: START + 4n });
  assertEquals(await all(client), ["playing +4 x1"]);
  playback.update({ status: "playing", speed: 1 });
  assertEquals(await all(client), []);
  playback.update({ currentTime: START + 5n });
  assertEquals((await client.expect("time")).timestamp, START + 5n);
  playback.update({ speed: 0.5 });
  playback.update({ currentTime: 0n });
  assertEquals(short(await client.next()), "playing +5 x0.5");
  assertEquals((await client.expect("time")).timestamp, START);
  assertEquals([playback.status, playback.currentTime, playback.speed], ["playing", START, 0.5]);
  assertThrows(() => playback.update({ speed: NaN }), RangeError);
  await server.close();
});

/** A client whose queue fills up: what it has not read at the barrier must not come any more. */
function slowClient(server: FoxgloveServer) {
  const [serverEnd, clientEnd] = linkedTransports({ protocol: "foxglove.sdk.v1", capacity: 0 });
  const received: number[] = [];
  let heard = deferred<void>();
  server.accept(serverEnd);
  clientEnd.bind({
    message(data) {
      if (typeof data !== "string") received.push(data[0] === 1 ? data[13]! : -data[0]!);
      heard.resolve();
    },
    drain() {},
    close() {},
  });
  const until = async (value: number) => {
    while (!received.includes(value)) {
      heard = deferred();
      await heard.promise;
    }
    return received;
  };
  return { end: clientEnd, until };
}

test("didSeek: queued data and time from before the jump are discarded before the state goes out", async () => {
  const { server, client, playback, source } = await playing();
  const channel = server.channel("/t", { encoding: "raw" });
  const data = (value: number) => new Uint8Array(100_000).fill(value);
  source.seek = (_time, request) => {
    channel.publish(data(30));
    request.arrived();
    request.arrived();
    channel.publish(data(40));
  };
  playback.update({ currentTime: START });
  const slow = slowClient(server);
  const subscribed = nextEvent(server, "subscribe");
  slow.end.send([JSON.stringify({ op: "subscribe", subscriptions: [{ id: 1, channelId: channel.id }] })]);
  await subscribed;
  slow.end.pause();
  for (let value = 10; value < 30; value++) {
    channel.publish(data(value));
    playback.update({ currentTime: START + BigInt(value) });
  }
  send(client, { ...PLAY, seekTime: START + 5n });
  await client.settle();
  channel.publish(data(50));
  slow.end.resume();
  const received = await slow.until(50);
  const jump = received.lastIndexOf(-0x05);
  assert(jump > 0 && !received.slice(0, jump).includes(29), `old data was dropped: ${received}`);
  assertEquals(received.slice(jump + 1), [40, 50], "only new data, and no time of before");
  await server.close();
});

test("didSeek: a source that jumps by itself tells without an id, and discards what waits", async () => {
  const { server, client, playback } = await playing();
  playback.update({ status: "playing", currentTime: START + 9n });
  await client.settle();
  playback.jump(START - 5n);
  assertEquals(await all(client), ["playing +0 x1 seek"]);
  playback.ended();
  playback.jump(START + 1n);
  assertEquals(await all(client), ["ended +60000000000 x1", "paused +1 x1 seek"]);
  await server.close();
});

test("playbackControlRequest: async handlers, one request at a time, answers in order", async () => {
  const seeks: { time: bigint; done: ReturnType<typeof deferred<void>> }[] = [];
  const started = [deferred<void>(), deferred<void>()];
  const seek = (time: bigint) => {
    const done = deferred<void>();
    seeks.push({ time, done });
    started[seeks.length - 1]!.resolve();
    return done.promise;
  };
  const { server, client } = await playing({ seek });
  const other = await WireClient.greeted(server);
  send(client, { ...PAUSE, seekTime: START + 1n, requestId: "a" });
  await client.settle();
  send(other, { ...PAUSE, seekTime: START + 2n, requestId: "b" });
  assertEquals(await all(other), []);
  assertEquals(seeks.length, 1);
  seeks[0]!.done.resolve();
  await started[1]!.promise;
  assertEquals(await all(client), ["paused +1 x1 seek a"]);
  seeks[1]!.done.resolve();
  assertEquals(short(await client.next()), "paused +2 x1 seek b");
  await server.close();
});

const FAILURES: Record<string, () => void | Promise<void>> = {
  throws: () => {
    throw new Error("on purpose");
  },
  rejects: () => Promise.reject(new Error("on purpose")),
};

for (const [what, fail] of Object.entries(FAILURES)) {
  for (const step of ["pause", "setSpeed", "seek", "play"] as const) {
    test(`a user callback throws or rejects: ${step} of playback that ${what} is answered by a status`, async () => {
      const { server, client, errors, source, playback } = await playing();
      if (step === "pause") await ask(client, PLAY);
      const good = { ...source };
      source[step] = fail;
      const request = step === "pause" ? PAUSE : { ...PLAY, speed: 2 };
      send(client, step === "seek" ? { ...request, seekTime: START + 1n } : request);
      const failure = nextEvent(server, "error").then(() => all(client));
      const before = step === "pause" ? "playing" : "paused";
      const speed = step === "seek" || step === "play" ? 2 : 1;
      assertEquals(await failure, ["error: Playback control failed: on purpose", `${before} +0 x${speed} r`]);
      assertEquals(errors, [`playback "${step}": on purpose`]);
      assertEquals(playback.status, before);
      Object.assign(source, good);
      assertEquals((await ask(client, { ...request, requestId: "next" })).length, 1, "the next request is served");
      await server.close();
    });
  }
}

test("play that fails after a jump: the clients that were told it plays are told it does not", async () => {
  const { server, client } = await playing({ play: FAILURES.throws! });
  assertEquals(await ask(client, { ...PLAY, seekTime: START + 1n }), [
    "playing +1 x1 seek r",
    "error: Playback control failed: on purpose",
    "paused +1 x1",
  ]);
  await server.close();
});

test("a handler that never answers is given up after playbackMs, at N and not before", async () => {
  const clock = new FakeClock();
  let request: PlaybackRequest | undefined;
  const seek = (_time: bigint, asked: PlaybackRequest) => {
    request = asked;
    return new Promise<void>(() => {});
  };
  const { server, errors, source } = setUp({ seek }, { clock, limits: { playbackMs: 1000, idleMs: 0 } as never });
  const playback = server.playback(source);
  const told: unknown[] = [];
  const [serverEnd, clientEnd] = linkedTransports({ protocol: "foxglove.sdk.v1" });
  server.accept(serverEnd);
  clientEnd.bind({ message: (data) => told.push(data), drain() {}, close() {} });
  const turn = async () => {
    clock.settle();
    await new Promise((resolve) => setTimeout(resolve));
    clock.settle();
  };
  const client = { send: (message: Uint8Array) => clientEnd.send([message]) };
  const { encodeClientMessage } = await import("../../src/protocol/codec.ts");
  client.send(
    encodeClientMessage({ op: "playbackControlRequest", ...PAUSE, seekTime: START + 1n }) as Uint8Array,
  );
  while (request === undefined) await turn();
  clock.advance(999);
  await turn();
  assertEquals([request.signal.aborted, errors], [false, []]);
  clock.advance(1);
  await turn();
  assertEquals(request.signal.aborted, true);
  assertEquals(errors, ['playback "seek": No answer of playback to "seek" within 1000 ms']);
  request.arrived();
  assertEquals(playback.currentTime, START, "too late");
  const closed = server.close({ timeoutMs: 0 });
  while (server.clients.size > 0) {
    clock.advance(1);
    await turn();
  }
  await closed;
  assertEquals(clock.delays, 0);
});

test("a client that leaves: its request is given up, those of others are served", async () => {
  let request: PlaybackRequest | undefined;
  const { server, client, errors, source } = await playing();
  const seek = source.seek;
  source.seek = (_time, asked) => {
    request = asked;
    source.seek = seek;
    return new Promise<void>(() => {});
  };
  const other = await WireClient.greeted(server);
  send(client, { ...PAUSE, seekTime: START + 1n });
  send(client, { ...PAUSE, seekTime: START + 2n });
  await client.settle();
  send(other, { ...PAUSE, seekTime: START + 3n, requestId: "other" });
  client.transport.terminate();
  await nextEvent(server, "disconnect");
  assertEquals(request?.signal.aborted, true);
  assertEquals(short(await other.next()), "paused +3 x1 seek other");
  assertEquals(errors, []);
  await server.close();
});

test("playback requests in flight, limit N: the request N + 1 is refused, and the connection lives", async () => {
  const gate = deferred<void>();
  const { server, client } = await playing({ seek: () => gate.promise }, { limits: { playbackRequests: 2 } });
  for (const requestId of ["1", "2", "3"]) send(client, { ...PAUSE, seekTime: START + 1n, requestId });
  assertEquals(await all(client), ["error: Too many playback requests"]);
  gate.resolve();
  assertEquals(short(await client.next()), "paused +1 x1 seek 1");
  assertEquals(short(await client.next()), "paused +1 x1 seek 2");
  assertEquals(await ask(client, { ...PAUSE, requestId: "4" }), ["paused +1 x1 4"]);
  await server.close();
});

test("playbackControlRequest of a client that may not control playback", async () => {
  const { server, client, calls } = await playing({}, { permissions: { control: (client) => client.id !== 1 } });
  assertEquals(await ask(client, PLAY), ["error: Client may not control playback"]);
  const other = await WireClient.greeted(server);
  assertEquals(await ask(other, PLAY), ["playing +0 x1 r"]);
  assertEquals(await all(client), ["playing +0 x1 r"], "it hears of it");
  assertEquals(calls, ["play"]);
  await server.close();
});

test("an id that is very long goes back to its client, and to no other", async () => {
  const { server, client } = await playing();
  const other = await WireClient.greeted(server);
  const requestId = "x".repeat(1_000_000);
  assertEquals(await ask(client, { ...PAUSE, requestId }), [`paused +0 x1 ${requestId}`]);
  assertEquals(await all(other), ["paused +0 x1"]);
  await server.close();
});

test("handlers may update, end and close: ended from inside play is what clients get", async () => {
  const { server, client, playback, source } = await playing();
  source.play = () => playback.ended();
  assertEquals(await ask(client, PLAY), ["ended +60000000000 x1", "ended +60000000000 x1 r"]);
  source.seek = () => void server.close();
  send(client, { ...PLAY, seekTime: START });
  assertEquals((await client.closed).code, 1001);
  await server.close();
});
