import { assertEquals } from "@std/assert";
import { SilenceWatch } from "../../src/util/silence.ts";
import { SleepyClock } from "../support/sleepy_clock.ts";
import { test } from "../support/test.ts";

const IDLE = 9_000;

function setUp(look = () => {}) {
  const clock = new SleepyClock();
  const scene = { clock, buffered: 0, looks: 0, deaths: 0 };
  const watch = new SilenceWatch({
    clock,
    idleMs: IDLE,
    buffered: () => scene.buffered,
    look: () => (scene.looks++, look()),
    dead: () => scene.deaths++,
  });
  return Object.assign(scene, { watch });
}

test("a peer that was silent for N ms is given up, once and not before", () => {
  const scene = setUp();
  scene.clock.advance(IDLE - 1);
  assertEquals([scene.deaths, scene.looks], [0, 2]);
  scene.clock.advance(1);
  scene.clock.advance(10 * IDLE);
  assertEquals([scene.deaths, scene.looks, scene.clock.delays], [1, 2, 0]);
});

test("a peer counts as silent when nothing came between two looks, and not when something did", () => {
  const silent: boolean[] = [];
  const scene = setUp(() => silent.push(scene.watch.isSilent));
  scene.clock.advance(IDLE / 3);
  for (let second = 0; second < 6; second++) {
    scene.watch.heard();
    scene.clock.advance(1000);
  }
  scene.clock.advance(IDLE / 3);
  assertEquals(silent, [true, false, false, true]);
});

test("what goes out to a peer is a sign of life, what waits for it is none", () => {
  const scene = setUp();
  scene.buffered = 1000;
  for (let i = 0; i < 5; i++) {
    scene.clock.advance(IDLE - 1);
    scene.buffered--;
  }
  assertEquals(scene.deaths, 0);
  scene.buffered++;
  scene.clock.advance(2 * IDLE);
  assertEquals(scene.deaths, 1);
});

test("time in which this program stood still is no silence of its peer", () => {
  const scene = setUp();
  scene.clock.advance(IDLE / 3);
  scene.clock.standStill(100 * IDLE);
  scene.clock.advance(IDLE / 3);
  assertEquals([scene.deaths, scene.looks], [0, 2], "it is asked, and has its time to answer");
  scene.clock.advance(IDLE / 3 - 1);
  assertEquals(scene.deaths, 0);
  scene.clock.advance(1);
  assertEquals([scene.deaths, scene.clock.delays], [1, 0]);
});

test("something that was heard while a timer was late counts from then, not from later", () => {
  const scene = setUp();
  scene.clock.standStill(5 * IDLE);
  scene.watch.heard();
  scene.clock.advance(IDLE / 3);
  assertEquals(scene.watch.lastHeard <= scene.clock.now(), true);
  scene.clock.advance(IDLE);
  assertEquals(scene.deaths, 1);
});

test("a watch that is stopped while it looks leaves no timer", () => {
  const scene = setUp(() => scene.watch.stop());
  scene.clock.advance(2 * IDLE);
  assertEquals([scene.looks, scene.deaths, scene.clock.delays], [1, 0, 0]);
});
