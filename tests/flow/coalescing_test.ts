import { assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import { test } from "../support/test.ts";
import { frame, KIB, setup } from "./support.ts";

const HOLD_MS = 0.2;

/** Turns of a publisher that runs flat out at 200 000 turns a second. */
const BUSY_MS = 0.005;

type Setup = ReturnType<typeof setup>;

/** Publishes one frame in each of `turns` turns that take `ms`; the queue hears of the end of each. */
function publish({ queue, clock }: Setup, turns: number, ms: number): void {
  for (let i = 0; i < turns; i++) {
    queue.data(frame("d", 113), 1);
    clock.turn(ms);
  }
}

/** A queue that has held frames for some time. */
function loaded(limits: Parameters<typeof setup>[0] = {}): Setup {
  const all = setup(limits);
  publish(all, 400, BUSY_MS);
  assertGreater(all.queue.stats().data.messages, 0);
  return all;
}

test("at 1 kHz every frame leaves at once", () => {
  const all = setup();
  for (let i = 1; i <= 2000; i++) {
    all.queue.data(frame("d"), 1);
    assertEquals(all.queue.stats().sentMessages, i);
    all.clock.turn(0.01);
    all.clock.turn(0.99);
  }
});

test("at about 1 kHz every frame leaves at once however unsteady the timer is", () => {
  const all = setup();
  for (let i = 1; i <= 2000; i++) {
    all.queue.data(frame("d"), 1);
    assertEquals(all.queue.stats().sentMessages, i);
    // A late frame and the one right behind it, in turn.
    all.clock.turn(i % 2 === 0 ? 1.95 : 0.05);
  }
});

test("a publisher that catches up for a few turns is not held", () => {
  const all = setup();
  for (let second = 0; second < 20; second++) {
    for (let i = 0; i < 20; i++) {
      const before = all.queue.stats().sentMessages;
      all.queue.data(frame("d"), 1);
      assertEquals(all.queue.stats().sentMessages, before + 1);
      all.clock.turn(BUSY_MS);
    }
    all.clock.turn(1000);
  }
});

test("at 200 000 frames a second, one a turn, dozens leave in one write", () => {
  const all = setup();
  publish(all, 10_000, BUSY_MS);
  const { sentMessages, batches } = all.queue.stats();
  assertGreater(sentMessages, 9_900);
  assertGreater(sentMessages / batches, 24);
});

test("it is the same for a publisher whose turn comes before the queue's", () => {
  const all = setup();
  const { queue, clock } = all;
  // Two frames in the first turn: from then on the queue gathers, and never sees an empty turn.
  queue.data(frame("d"), 1);
  publish(all, 10_000, BUSY_MS);
  assertGreater(queue.stats().sentMessages / queue.stats().batches, 24);
  assertEquals(clock.deferred, 1);
});

test("many frames a turn, turn after turn, share a write too", () => {
  const { queue, clock } = setup({ batchBytes: 1024 * KIB });
  for (let turn = 0; turn < 1000; turn++) {
    for (let i = 0; i < 16; i++) queue.data(frame("d"), 1);
    clock.turn(0.02);
  }
  assertGreater(queue.stats().sentMessages / queue.stats().batches, 100);
});

test("no frame is held longer than coalesceMicros", () => {
  for (const ms of [0.001, 0.005, 0.03, 0.07, 0.15, 0.19]) {
    const all = setup();
    const { queue, clock, transport } = all;
    const published: number[] = [];
    let sent = 0;
    transport.onSend = (batch) => {
      for (const _ of batch) assertLessOrEqual(clock.now() - published[sent++]!, HOLD_MS + ms);
    };
    for (let i = 0; i < 2000; i++) {
      published.push(clock.now());
      queue.data(frame("d"), 1);
      clock.turn(ms);
    }
    clock.settle();
    assertEquals(sent, 2000);
  }
});

test("a hold re-arms defer and uses no timer", () => {
  const { clock } = loaded();
  assertEquals(clock.deferred, 1);
  assertEquals(clock.delays, 0);
});

test("a hold ends within a few turns when nothing more comes", () => {
  const { queue, clock } = loaded();
  const start = clock.now();
  for (let i = 0; queue.stats().data.messages > 0; i++) {
    assertLess(i, 5);
    clock.turn(0.002);
  }
  assertLess(clock.now() - start, 0.02);
  clock.settle();
  assertEquals(clock.deferred, 0);
});

test("when the rate falls to 1 kHz, the next frame leaves at once", () => {
  const all = loaded();
  const { queue, clock } = all;
  clock.turn(1);
  clock.settle();
  for (let i = 0; i < 100; i++) {
    queue.data(frame("d"), 1);
    assertEquals(queue.stats().data.messages, 0);
    clock.turn(1);
  }
});

test("when the rate falls to one frame in many short turns, at most one frame waits, for a few turns", () => {
  const { queue, clock } = loaded();
  clock.settle();
  let held = 0;
  for (let i = 0; i < 20; i++) {
    queue.data(frame("d"), 1);
    held += queue.stats().data.messages;
    for (let turn = 0; turn < 20; turn++) clock.turn(0.002);
    assertEquals(queue.stats().data.messages, 0);
  }
  assertLessOrEqual(held, 1);
});

test("a long turn ends the hold", () => {
  const { queue, clock } = loaded();
  queue.data(frame("d"), 1);
  clock.turn(5);
  assertEquals(queue.stats().data.messages, 0);
});

test("turns further apart than a hold are not held", () => {
  const all = setup();
  for (let i = 1; i <= 200; i++) {
    all.queue.data(frame("d"), 1);
    assertEquals(all.queue.stats().sentMessages, i);
    all.clock.turn(0.25);
  }
});

test("control does not wait for the end of a hold, and takes the held data along", () => {
  const { queue, clock, transport } = loaded();
  const held = queue.stats().data.messages;
  queue.control("c");
  clock.turn(BUSY_MS);
  assertEquals(transport.batchTexts.at(-1), ["c", ...Array.from({ length: held }, () => "d")]);
});

test("control by itself is never held", () => {
  const { queue, clock } = setup();
  for (let i = 0; i < 200; i++) {
    queue.control("c");
    clock.turn(BUSY_MS);
    assertEquals(queue.stats().control.messages, 0);
  }
});

test("a hold ends when batchBytes wait", () => {
  const all = loaded({ batchBytes: 2 * KIB });
  for (let i = 0; i < 100; i++) {
    publish(all, 1, BUSY_MS);
    assertLess(all.queue.queuedBytes, 2 * KIB);
  }
  assertEquals(all.transport.batches.at(-1)?.length, 6);
});

test("flush() and close() end a hold", () => {
  const first = loaded();
  first.queue.flush();
  assertEquals(first.queue.stats().data.messages, 0);
  first.clock.turn(BUSY_MS);
  assertEquals(first.clock.deferred, 0);
  const second = loaded();
  const { sentMessages } = second.queue.stats();
  second.queue.close();
  second.clock.settle();
  assertEquals(second.queue.stats().sentMessages, sentMessages);
});

test("what was purged in a hold does not leave, and the queue comes to rest", () => {
  const { queue, clock } = loaded();
  const { sentMessages } = queue.stats();
  queue.purge(1);
  clock.settle();
  assertEquals(queue.stats().sentMessages, sentMessages);
  assertEquals(clock.deferred, 0);
});

test("load is held again after a pause", () => {
  const all = loaded();
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 10; i++) all.clock.turn(0.002);
    const before = all.queue.stats();
    publish(all, 1000, BUSY_MS);
    const { sentMessages, batches } = all.queue.stats();
    assertGreater((sentMessages - before.sentMessages) / (batches - before.batches), 10);
  }
});

test("coalesceMicros 0 turns holding off", () => {
  const all = setup({ coalesceMicros: 0 });
  for (let i = 1; i <= 500; i++) {
    all.queue.data(frame("d"), 1);
    assertEquals(all.queue.stats().sentMessages, i);
    // A clock as coarse as a browser's may stand still.
    all.clock.turn(0);
  }
});

test("a stalled transport ends the spinning of a hold", () => {
  const all = setup({ transportBytes: 64 * KIB });
  all.transport.stalled = true;
  while (all.queue.stats().stalledSince === undefined) publish(all, 1, BUSY_MS);
  all.queue.data(frame("d"), 1);
  all.clock.turn(BUSY_MS);
  assertEquals(all.clock.deferred, 0);
});
