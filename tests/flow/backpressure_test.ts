import { assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { MESSAGE_OVERHEAD } from "../../src/flow/lane.ts";
import type { SendQueue } from "../../src/flow/send_queue.ts";
import { test } from "../support/test.ts";
import { frame, KIB, setup, stall } from "./support.ts";

/** A frame that counts `cost` with its overhead. */
function costing(text: string, cost: number): Uint8Array {
  return frame(text, cost - MESSAGE_OVERHEAD);
}

const LIMITS = { dataBytes: 256 * KIB, controlBytes: 64 * KIB, transportBytes: 64 * KIB };

test("nothing is sent while the transport has more than transportBytes waiting", () => {
  const all = setup(LIMITS);
  stall(all);
  all.queue.control("c");
  for (let i = 0; i < 100; i++) all.queue.data(frame("d", 1 * KIB), 1);
  all.queue.flush();
  all.clock.settle();
  assertEquals(all.transport.batchTexts, [["fill"]]);
});

test("drain() sends what waits, control first", () => {
  const all = setup(LIMITS);
  stall(all);
  all.queue.data(frame("d"), 1);
  all.queue.control("c");
  all.transport.release();
  all.queue.drain();
  assertEquals(all.transport.batchTexts, [["fill"], ["c", "d"]]);
});

test("a drain that comes without a need changes nothing", () => {
  const all = setup(LIMITS);
  stall(all);
  all.queue.data(frame("d"), 1);
  all.queue.drain();
  all.clock.settle();
  assertEquals(all.transport.batchTexts, [["fill"]]);
});

test("after a drain batches follow until the transport is full again", () => {
  const all = setup({ ...LIMITS, batchBytes: 16 * KIB });
  stall(all);
  for (let i = 0; i < 16; i++) all.queue.data(costing(`d${i}`, 8 * KIB), 1);
  all.transport.release();
  all.queue.drain();
  const sent = all.queue.stats().sentMessages - 1;
  assertGreater(all.transport.waiting!, 64 * KIB);
  assertLessOrEqual(all.transport.waiting!, (64 + 16) * KIB);
  assertEquals(sent, 10);
});

test("a stalled queue neither polls nor defers", () => {
  const all = setup(LIMITS);
  stall(all);
  for (let i = 0; i < 200; i++) {
    all.queue.data(frame("d", 1 * KIB), 1);
    all.queue.control("c");
    assertEquals([all.clock.deferred, all.clock.delays], [0, 0]);
  }
});

test("a transport that cannot tell takes everything", () => {
  const { queue, clock, transport } = setup(LIMITS);
  transport.waiting = undefined;
  for (let i = 0; i < 1000; i++) queue.data(frame("d", 10 * KIB), 1);
  clock.settle();
  assertEquals(queue.stats().sentMessages, 1000);
});

test("stalledSince is the time since which the transport takes nothing", () => {
  const all = setup(LIMITS);
  all.clock.advance(5);
  assertEquals(all.queue.stats().stalledSince, undefined);
  stall(all);
  all.clock.advance(5);
  all.queue.drain();
  assertEquals(all.queue.stats().stalledSince, 5);
  all.transport.release();
  all.queue.drain();
  assertEquals(all.queue.stats().stalledSince, undefined);
});

test("a stalled reader costs at most the data budget, the transport included", () => {
  const all = setup(LIMITS);
  stall(all);
  for (let i = 0; i < 5000; i++) {
    all.queue.data(frame(`d${i}`, i % 2000), i % 7);
    assertLessOrEqual(all.queue.queuedBytes, LIMITS.dataBytes);
  }
  assertGreater(all.queue.queuedBytes, LIMITS.dataBytes - 2 * KIB - MESSAGE_OVERHEAD);
});

test("empty messages cost their bookkeeping", () => {
  const all = setup(LIMITS);
  stall(all);
  for (let i = 0; i < 5000; i++) all.queue.data(new Uint8Array(0), 1);
  assertLessOrEqual(all.queue.stats().data.messages, 192 * KIB / MESSAGE_OVERHEAD);
});

test("over budget the oldest data is dropped, counted and told", () => {
  const all = setup({ ...LIMITS, dataBytes: 128 * KIB });
  stall(all);
  for (const [i, kib] of [20, 20, 23, 30].entries()) all.queue.data(costing(`d${i}`, kib * KIB), 10 + i);
  const bytes = 20 * KIB - MESSAGE_OVERHEAD;
  assertEquals(all.heard.drops, [{ key: 10, bytes }, { key: 11, bytes }]);
  const { droppedMessages, droppedBytes, data } = all.queue.stats();
  assertEquals({ droppedMessages, droppedBytes }, { droppedMessages: 2, droppedBytes: 2 * bytes });
  assertEquals(data.messages, 2);
  all.transport.release();
  all.queue.drain();
  assertEquals(all.transport.texts, ["fill", "d2", "d3"]);
});

test("before it drops, the queue looks whether the transport has room", () => {
  const all = setup(LIMITS);
  stall(all);
  for (let i = 0; i < 190; i++) all.queue.data(costing(`d${i}`, 1 * KIB), 1);
  all.transport.release();
  all.queue.data(costing("more", 10 * KIB), 1);
  all.clock.settle();
  assertEquals(all.heard.drops, []);
  assertEquals(all.transport.texts.length, 1 + 190 + 1 - all.queue.stats().data.messages);
  assertGreater(all.transport.texts.length, 60);
});

test("data larger than its budget is sent when the queue is idle", () => {
  const { queue, transport, heard } = setup(LIMITS);
  queue.data(frame("big", 300 * KIB), 1);
  assertEquals(transport.texts, ["big"]);
  assertEquals(heard.drops, []);
});

test("data larger than its budget is taken when nothing waits before it", () => {
  const { queue, transport, heard } = setup(LIMITS);
  queue.data(frame("a"), 1);
  queue.data(frame("b"), 1);
  queue.data(frame("big", 300 * KIB), 1);
  assertEquals(transport.texts, ["a", "b", "big"]);
  assertEquals(heard.drops, []);
});

test("data larger than its budget is dropped while the transport is full, and takes nothing with it", () => {
  const all = setup(LIMITS);
  stall(all);
  all.queue.data(frame("small"), 1);
  all.queue.data(frame("big", 300 * KIB), 2);
  assertEquals(all.heard.drops, [{ key: 2, bytes: 300 * KIB }]);
  all.transport.release();
  all.queue.drain();
  assertEquals(all.transport.texts, ["fill", "small"]);
});

test("one large message in the transport leaves the data lane half of its budget", () => {
  const all = setup(LIMITS);
  all.transport.stalled = true;
  all.queue.control("x".repeat(400 * KIB));
  for (let i = 0; i < 128; i++) all.queue.data(costing(`d${i}`, 1 * KIB), 1);
  assertEquals(all.heard.drops, []);
  all.queue.data(frame("more"), 1);
  assertEquals(all.heard.drops.length, 1);
});

test("a replacement that is larger makes room as a new message does", () => {
  const all = setup({ ...LIMITS, dataBytes: 128 * KIB });
  stall(all);
  for (let i = 0; i < 60; i++) all.queue.data(costing(`d${i}`, 1 * KIB), 1);
  all.queue.latest(frame("t0"), -1);
  all.queue.latest(costing("t1", 10 * KIB), -1);
  assertEquals(all.heard.drops.length, 60 + 10 - 64);
  assertEquals(all.queue.stats().data.messages, 64 - 10 + 1);
});

test("control over its budget is told once, and the queue takes nothing more but sends what it has", () => {
  const all = setup(LIMITS);
  stall(all);
  all.queue.data(frame("d"), 1);
  for (let i = 0; i < 70; i++) all.queue.control(`c${i} `.padEnd(1 * KIB - MESSAGE_OVERHEAD));
  all.queue.data(frame("late"), 1);
  assertEquals(all.heard.overflows, 1);
  assertEquals(all.queue.controlBytes, 64 * KIB);
  all.transport.release();
  all.queue.drain();
  all.transport.release();
  all.queue.drain();
  assertEquals(all.transport.texts.map((text) => text.trim()), [
    "fill",
    ...all.transport.texts.slice(1, 65).map((text) => text.trim()),
    "d",
  ]);
  assertEquals(all.transport.texts[64]?.trim(), "c63");
});

test("control larger than its budget is taken when its lane is empty", () => {
  const all = setup(LIMITS);
  stall(all);
  all.queue.control("x".repeat(100 * KIB));
  assertEquals(all.heard.overflows, 0);
  all.queue.control("y");
  assertEquals(all.heard.overflows, 1);
});

test("a full data lane does not keep control out", () => {
  const all = setup(LIMITS);
  stall(all);
  for (let i = 0; i < 500; i++) all.queue.data(frame("d", 1 * KIB), 1);
  all.queue.control("c");
  assertEquals(all.heard.overflows, 0);
  all.transport.release();
  all.queue.drain();
  assertEquals(all.transport.texts[1], "c");
});

test("onRecover comes once, when data has come down to half of its budget after drops", () => {
  const all = setup({ ...LIMITS, batchBytes: 8 * KIB });
  stall(all);
  for (let i = 0; i < 300; i++) all.queue.data(costing("d", 1 * KIB), 1);
  assertGreater(all.heard.drops.length, 0);
  const steps: string[] = [];
  while (all.queue.stats().data.messages > 0) {
    all.transport.release();
    all.queue.drain();
    steps.push(`${all.queue.stats().data.messages <= 128 ? "low" : "high"} ${all.heard.recoveries}`);
  }
  assertEquals(steps[0], "low 1");
  assertEquals(steps.at(-1), "low 1");
});

test("onRecover does not come while more than half waits", () => {
  const all = setup({ ...LIMITS, dataBytes: 512 * KIB });
  stall(all);
  for (let i = 0; i < 600; i++) all.queue.data(costing("d", 1 * KIB), 1);
  all.transport.release();
  all.queue.drain();
  assertGreater(all.queue.stats().data.messages, 256);
  assertEquals(all.heard.recoveries, 0);
});

test("a purge can be the recovery", () => {
  const all = setup(LIMITS);
  stall(all);
  for (let i = 0; i < 300; i++) all.queue.data(costing("d", 1 * KIB), 1);
  all.queue.purge(1);
  assertEquals(all.heard.recoveries, 1);
});

test("large messages dropped one after the other are no recovery in between", () => {
  const all = setup(LIMITS);
  stall(all);
  for (let i = 0; i < 5; i++) all.queue.data(frame("big", 300 * KIB), 1);
  assertEquals(all.heard.drops.length, 5);
  assertEquals(all.heard.recoveries, 0);
  all.transport.release();
  all.queue.drain();
  assertEquals(all.heard.recoveries, 1);
});

test("without drops there is no recovery", () => {
  const all = setup(LIMITS);
  stall(all);
  for (let i = 0; i < 150; i++) all.queue.data(costing("d", 1 * KIB), 1);
  all.transport.release();
  all.queue.drain();
  all.queue.purge(1);
  assertEquals(all.heard.recoveries, 0);
});

/** A stalled queue whose data lane is full, with an `onDrop` that is given the queue. */
function overfull(onDrop: (queue: SendQueue) => void): ReturnType<typeof setup> {
  const all = setup(LIMITS, { onDrop: () => onDrop(all.queue) });
  stall(all);
  for (let i = 0; i < 190; i++) all.queue.data(costing(`d${i}`, 1 * KIB), 1);
  return all;
}

test("onDrop may queue control messages", () => {
  const all = overfull((queue) => queue.control("warning"));
  for (let i = 0; i < 5; i++) all.queue.data(costing("more", 1 * KIB), 1);
  assertEquals(all.queue.stats().control.messages, all.queue.stats().droppedMessages);
  all.transport.release();
  all.queue.drain();
  assertEquals(all.transport.texts[1], "warning");
});

test("onDrop may queue data", () => {
  let left = 3;
  const all = overfull((queue) => {
    if (left-- > 0) queue.data(costing("nested", 1 * KIB), 2);
  });
  for (let i = 0; i < 5; i++) all.queue.data(costing("more", 1 * KIB), 1);
  assertLessOrEqual(all.queue.queuedBytes, LIMITS.dataBytes);
  const { data, droppedMessages, sentMessages } = all.queue.stats();
  assertEquals(data.messages + droppedMessages + sentMessages, 1 + 190 + 5 + 3);
});

test("onDrop may purge", () => {
  const all = overfull((queue) => queue.purge(1));
  for (let i = 0; i < 3; i++) all.queue.data(costing("more", 1 * KIB), 2);
  const { data, droppedMessages, purgedMessages } = all.queue.stats();
  assertEquals(data.messages + droppedMessages + purgedMessages, 190 + 3);
  assertEquals(droppedMessages, 1);
});

test("onDrop may close the queue", () => {
  const all = overfull((queue) => queue.close());
  for (let i = 0; i < 5; i++) all.queue.data(costing("more", 1 * KIB), 1);
  assertEquals(all.queue.stats().droppedMessages, 1);
  assertEquals(all.queue.stats().data, { messages: 0, bytes: 0 });
});

test("onOverflow may close the queue", () => {
  const all = setup(LIMITS, { onOverflow: () => all.queue.close() });
  stall(all);
  for (let i = 0; i < 70; i++) all.queue.control("c".repeat(1 * KIB));
  assertEquals(all.queue.queuedBytes, 0);
  all.transport.release();
  all.queue.drain();
  assertEquals(all.transport.texts, ["fill"]);
});

test("onRecover may close the queue, and may queue control", () => {
  for (const act of ["close", "control"] as const) {
    const all = setup(LIMITS, { onRecover: () => act === "close" ? all.queue.close() : all.queue.control("better") });
    stall(all);
    for (let i = 0; i < 300; i++) all.queue.data(costing("d", 1 * KIB), 1);
    all.transport.stalled = false;
    all.transport.release();
    all.queue.drain();
    all.clock.settle();
    assertEquals(all.queue.stats().data.messages, 0);
    assertEquals(all.transport.texts.includes("better"), act === "control");
    assertEquals(all.transport.texts.length, act === "control" ? 1 + 191 + 1 : 1 + 64);
  }
});
