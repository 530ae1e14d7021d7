import { assertEquals } from "@std/assert";
import { KeepAlive, StallWatch } from "../../src/server/keep_alive.ts";
import { FoxgloveServer } from "../../src/server/server.ts";
import { SERVER_LIMITS } from "../../src/server/limits.ts";
import type { Message, Transport, TransportSink } from "../../src/transport/transport.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { SleepyClock } from "../support/sleepy_clock.ts";
import { test } from "../support/test.ts";

const IDLE = 30_000;

function setUp() {
  const clock = new FakeClock();
  const pings: Uint8Array[] = [];
  const scene = { clock, pings, buffered: 0, deaths: 0 };
  const alive = new KeepAlive({
    clock,
    idleMs: IDLE,
    ping: (data) => pings.push(data),
    buffered: () => scene.buffered,
    dead: () => scene.deaths++,
  });
  return Object.assign(scene, { alive });
}

test("idle: a peer that says nothing is given up after N ms, and not before", () => {
  const scene = setUp();
  scene.clock.advance(IDLE - 1);
  assertEquals([scene.deaths, scene.pings.length], [0, 1], "one ping waits for its answer");
  scene.clock.advance(1);
  assertEquals([scene.deaths, scene.clock.delays], [1, 0]);
});

test("idle: N ms count from the last message, whatever it is", () => {
  const scene = setUp();
  scene.clock.advance(12_345);
  scene.alive.heard();
  scene.clock.advance(IDLE - 1);
  assertEquals(scene.deaths, 0);
  scene.clock.advance(1);
  assertEquals(scene.deaths, 1);
});

test("idle: a peer that answers pings lives, and the round trip is measured", () => {
  const scene = setUp();
  assertEquals(scene.alive.rttMs, undefined);
  for (let i = 1; i <= 20; i++) {
    while (scene.pings.length < i) scene.clock.advance(100);
    scene.clock.advance(i);
    scene.alive.pong(scene.pings[i - 1]!.slice());
    assertEquals(Math.round(scene.alive.rttMs!) >= i, true);
    assertEquals(scene.alive.rttMs! <= 100 + i, true);
  }
  assertEquals([scene.deaths, scene.clock.delays], [0, 1]);
  scene.alive.stop();
  assertEquals(scene.clock.delays, 0);
});

test("idle: a pong that nobody asked for is a sign of life, and no round trip", () => {
  const scene = setUp();
  scene.clock.advance(IDLE - 1);
  scene.alive.pong(new Uint8Array());
  scene.alive.pong(new Uint8Array([9, 9, 9, 9]));
  scene.clock.advance(IDLE - 1);
  assertEquals([scene.deaths, scene.alive.rttMs], [0, undefined]);
  scene.clock.advance(1);
  assertEquals(scene.deaths, 1);
});

test("idle: a peer that takes what waits for it lives", () => {
  const scene = setUp();
  scene.buffered = 1000;
  for (let i = 0; i < 10; i++) {
    scene.clock.advance(IDLE - 1);
    scene.buffered--;
  }
  assertEquals(scene.deaths, 0);
  scene.clock.advance(2 * IDLE);
  assertEquals(scene.deaths, 1);
});

test("a client that takes no byte for N ms while its queue is full is given up, and not before", () => {
  const clock = new FakeClock();
  let waiting: number | undefined = 100;
  let deaths = 0;
  const watch = new StallWatch({ clock, stallMs: 10_000, waiting: () => waiting, dead: () => deaths++ });
  for (let i = 0; i < 3; i++) watch.full();
  clock.advance(9_999);
  assertEquals([deaths, clock.delays], [0, 1]);
  waiting = 99;
  clock.advance(1);
  assertEquals(deaths, 0, "it has taken one");
  clock.advance(9_999);
  assertEquals(deaths, 0);
  clock.advance(1);
  assertEquals([deaths, clock.delays], [1, 0]);
  waiting = undefined;
  watch.full();
  assertEquals(clock.delays, 0, "nothing to watch");
  waiting = 1;
  watch.full();
  waiting = undefined;
  clock.advance(10_000);
  assertEquals([deaths, clock.delays], [1, 0], "it has recovered");
  watch.full();
  watch.stop();
  assertEquals(clock.delays, 0);
});

test("a client is not given up for what it did not take while this program stood still", () => {
  const clock = new SleepyClock();
  let deaths = 0;
  const watch = new StallWatch({ clock, stallMs: 10_000, waiting: () => 100, dead: () => deaths++ });
  watch.full();
  clock.standStill(60_000);
  clock.advance(10_000);
  assertEquals(deaths, 0);
  clock.advance(9_999);
  assertEquals(deaths, 0);
  clock.advance(1);
  assertEquals([deaths, clock.delays], [1, 0]);
});

/** A peer that takes what it is told to take. */
class Peer implements Transport {
  readonly protocol = "foxglove.sdk.v1";
  readonly pings: Uint8Array[] = [];
  sink!: TransportSink;
  waiting = 0;
  stalls = false;

  bind(sink: TransportSink): void {
    this.sink = sink;
  }

  send(batch: readonly Message[]): void {
    if (this.stalls) { for (const message of batch) this.waiting += (message as Uint8Array).length ?? 300_000; }
  }

  buffered(): number {
    return this.waiting;
  }

  ping(data: Uint8Array): void {
    this.pings.push(data);
  }

  close(code = 1005, reason = ""): void {
    this.sink.close(code, reason);
  }

  terminate(): void {
    this.waiting = 0;
    this.sink.close(1006, "");
  }
}

function serverWith(limits = {}) {
  const clock = new FakeClock();
  const server = new FoxgloveServer({ clock, limits });
  const ends: string[] = [];
  server.on("disconnect", ({ code, reason }) => ends.push(`${code} ${reason}`));
  const peer = new Peer();
  const client = server.accept(peer);
  return { clock, server, ends, peer, client };
}

test("idle: a client of the server is cut off after idleMs, and leaves no timer", () => {
  const { clock, ends, peer, client } = serverWith();
  clock.advance(1000);
  assertEquals(peer.pings.length, 1);
  clock.advance(5);
  peer.sink.pong?.(peer.pings[0]!);
  assertEquals(client.stats().rttMs, 5);
  clock.advance(SERVER_LIMITS.idleMs - 1);
  assertEquals(ends, []);
  clock.advance(1);
  assertEquals(ends, ["1006 No sign of life for 30000 ms"]);
  assertEquals(clock.delays, 0);
});

test("idle: messages of a client are signs of life; with idleMs 0 nobody is asked", () => {
  const { clock, ends, peer } = serverWith();
  for (let i = 0; i < 5; i++) {
    clock.advance(SERVER_LIMITS.idleMs - 1);
    peer.sink.message(new Uint8Array());
  }
  assertEquals(ends, []);
  peer.terminate();
  assertEquals(clock.delays, 0);
  const never = serverWith({ idleMs: 0 });
  never.clock.advance(1e9);
  assertEquals([never.ends, never.peer.pings, never.client.stats().rttMs], [[], [], undefined]);
});

test("a client that takes no byte for 10 s while its queue is full is terminated", () => {
  const { clock, server, ends, peer } = serverWith({ idleMs: 0, dataBytes: 4 << 20 });
  const channel = server.channel("/t", { encoding: "raw" });
  clock.settle();
  peer.sink.message(JSON.stringify({ op: "subscribe", subscriptions: [{ id: 1, channelId: channel.id }] }));
  peer.stalls = true;
  for (let i = 0; i < 50; i++) channel.publish(new Uint8Array(200_000));
  clock.settle();
  assertEquals(server.stats().droppedMessages > 0, true);
  clock.advance(SERVER_LIMITS.stallMs - 1);
  assertEquals(ends, []);
  clock.advance(1);
  assertEquals(ends, ["1006 Took nothing for 10000 ms"]);
  assertEquals(clock.delays, 0);
});
