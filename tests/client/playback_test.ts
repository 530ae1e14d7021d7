import { assertEquals, assertInstanceOf, assertNotEquals, assertRejects } from "@std/assert";
import type { PlaybackState } from "../../src/protocol/messages.ts";
import { ConnectionError, FoxgloveError, TimeoutError } from "../../src/util/errors.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

const INFO = { capabilities: ["playbackControl", "time"] };
const PAUSED: PlaybackState = { status: "paused", currentTime: 5n, speed: 2, didSeek: false, requestId: "" };

/** A client of a server that has said how playback goes on. */
async function connected(state: Partial<PlaybackState> = {}) {
  const clock = new ManualClock();
  const { server, client } = await ScriptedServer.connected({ info: INFO, client: { clock } });
  server.send({ op: "playbackState", ...PAUSED, ...state });
  await server.settle(client);
  return { server, client, clock };
}

/** The next request without its id, and an answer to it. */
async function answer(server: ScriptedServer, state: Partial<PlaybackState>) {
  const { op: _, requestId, ...wanted } = await server.expect("playbackControlRequest");
  server.send({ op: "playbackState", ...PAUSED, ...state, requestId });
  return wanted;
}

test("the last playback state is kept, and every one is an event", async () => {
  const { server, client } = await ScriptedServer.connected({ info: INFO });
  const states: PlaybackState[] = [];
  client.on("playbackState", (state) => states.push(state));
  assertEquals(client.playback.state, undefined);
  server.send({ op: "playbackState", ...PAUSED });
  server.send({ op: "playbackState", ...PAUSED, status: "ended", requestId: "somebody else's", didSeek: true });
  await server.settle(client);
  const last = { ...PAUSED, status: "ended", requestId: "somebody else's", didSeek: true } as const;
  assertEquals([states, client.playback.state], [[PAUSED, last], last]);
  assertEquals(client.stats().ignoredMessages, 0);
  await client.close();
});

test("play(), pause(), seek() and setSpeed() send the whole wanted state and resolve to the answer", async () => {
  const { server, client } = await connected();
  const { playback } = client;
  const playing = playback.play();
  assertEquals(await answer(server, { status: "playing" }), { command: "play", speed: 2 });
  assertEquals((await playing).status, "playing");
  const seeking = playback.seek(7n);
  assertEquals(await answer(server, { status: "playing", didSeek: true, currentTime: 7n }), {
    command: "play",
    speed: 2,
    seekTime: 7n,
  });
  assertEquals(await seeking, playback.state);
  const faster = playback.setSpeed(4);
  assertEquals(await answer(server, { status: "buffering", speed: 4 }), { command: "play", speed: 4 });
  assertEquals((await faster).speed, 4);
  const pausing = playback.pause({ time: 0n, speed: 0.5 });
  assertEquals(await answer(server, { speed: 0.5 }), { command: "pause", speed: 0.5, seekTime: 0n });
  assertEquals((await pausing).status, "paused");
  await client.close();
});

test("a request knows of the one before it that is not answered yet", async () => {
  const { server, client } = await connected();
  const both = Promise.all([client.playback.play(), client.playback.setSpeed(3)]);
  assertEquals(await answer(server, { status: "playing" }), { command: "play", speed: 2 });
  assertEquals(await answer(server, { status: "playing", speed: 3 }), { command: "play", speed: 3 });
  assertEquals((await both).map(({ speed }) => speed), [2, 3]);
  await client.close();
});

test("a state that stands still, runs backwards or has ended makes a request that says neither", async () => {
  for (
    const [state, wanted] of [
      [{ status: "ended", speed: 0 }, { command: "pause", speed: 1, seekTime: 1n }],
      [{ status: "playing", speed: -1 }, { command: "play", speed: 1, seekTime: 1n }],
    ] as const
  ) {
    const { server, client } = await connected(state);
    const seeking = client.playback.seek(1n);
    assertEquals(await answer(server, {}), wanted);
    await seeking;
    await client.close();
  }
});

test("without a state a request leaves playback paused, at speed 1", async () => {
  const { server, client } = await ScriptedServer.connected({ info: INFO });
  const seeking = client.playback.seek(1n);
  assertEquals(await answer(server, {}), { command: "pause", speed: 1, seekTime: 1n });
  await seeking;
  await client.close();
});

test("two clients have different request ids, and answers to others settle nothing", async () => {
  const [one, two] = [await connected(), await connected()];
  const pending = [one.client.playback.play(), two.client.playback.play()];
  const a = await one.server.expect("playbackControlRequest");
  const b = await two.server.expect("playbackControlRequest");
  assertNotEquals(a.requestId, b.requestId);
  for (const { server } of [one, two]) {
    server.send({ op: "playbackState", ...PAUSED, speed: 8, requestId: a.requestId });
    server.send({ op: "playbackState", ...PAUSED, speed: 9, requestId: b.requestId });
  }
  assertEquals((await Promise.all(pending)).map(({ speed }) => speed), [8, 9]);
  for (const { client } of [one, two]) await client.close();
});

test("duplicate and late answers are counted, and are states all the same", async () => {
  const { server, client, clock } = await connected();
  const late = assertRejects(() => client.playback.play({ timeoutMs: 10 }), TimeoutError, "playbackState");
  const { requestId } = await server.expect("playbackControlRequest");
  clock.advance(10);
  await late;
  server.send({ op: "playbackState", ...PAUSED, currentTime: 6n, requestId });
  await server.settle(client);
  assertEquals([client.playback.state?.currentTime, client.stats().lateMessages, clock.delays], [6n, 1, 0]);
  await client.close();
});

test("every request says at once when the server has no playback, or a number cannot be sent", async () => {
  const { server, client } = await ScriptedServer.connected();
  const { playback } = client;
  for (const request of [() => playback.play(), () => playback.pause(), () => playback.seek(0n)]) {
    assertEquals((await assertRejects(request, FoxgloveError, "playbackControl capability")).code, "capability");
  }
  server.info(INFO);
  await server.settle(client);
  for (const speed of [0, -1, NaN, Infinity]) await assertRejects(() => playback.setSpeed(speed), TypeError, "speed");
  for (const time of [-1n, 2n ** 64n]) await assertRejects(() => playback.seek(time), TypeError, "seekTime");
  assertEquals(server.inbox, []);
  await client.close();
});

test("an abort and the end of the connection reject playback requests", async () => {
  const { server, client, clock } = await connected();
  const reason = new Error("changed my mind");
  const controller = new AbortController();
  const aborted = client.playback.play({ signal: controller.signal }).catch((error) => error);
  controller.abort(reason);
  assertEquals(await aborted, reason);
  const cut = client.playback.pause().catch((error) => error);
  server.transport.terminate();
  assertInstanceOf(await cut, ConnectionError);
  await assertRejects(() => client.playback.play(), ConnectionError);
  assertEquals([clock.delays, client.playback.state], [0, undefined]);
});
