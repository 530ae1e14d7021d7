import { assertEquals, assertLessOrEqual } from "@std/assert";
import { MESSAGE_OVERHEAD } from "../../src/flow/lane.ts";
import { resolveLimits, SEND_QUEUE_LIMITS } from "../../src/flow/limits.ts";
import { test } from "../support/test.ts";
import { frame, KIB, setup, stall, textOf } from "./support.ts";

test("the first message on an idle queue is sent at once", () => {
  const { queue, transport } = setup();
  queue.data(frame("a"), 1);
  assertEquals(transport.batchTexts, [["a"]]);
});

test("the first control message on an idle queue is sent at once", () => {
  const { queue, transport } = setup();
  queue.control("a");
  assertEquals(transport.batchTexts, [["a"]]);
});

test("what follows in the same turn leaves in one batch when the turn ends", () => {
  const { queue, clock, transport } = setup();
  for (const text of ["a", "b", "c"]) queue.data(frame(text), 1);
  assertEquals(transport.batchTexts, [["a"]]);
  clock.turn();
  assertEquals(transport.batchTexts, [["a"], ["b", "c"]]);
});

test("a turn after a batch is gathered from its first message on", () => {
  const { queue, clock, transport } = setup();
  for (const text of ["a", "b"]) queue.data(frame(text), 1);
  clock.turn(1);
  for (const text of ["c", "d"]) queue.data(frame(text), 1);
  clock.turn(1);
  assertEquals(transport.batchTexts, [["a"], ["b"], ["c", "d"]]);
});

test("a turn without a message makes the queue idle again, and nothing stays deferred", () => {
  const { queue, clock, transport } = setup();
  for (const text of ["a", "b"]) queue.data(frame(text), 1);
  clock.settle();
  assertEquals(clock.deferred, 0);
  queue.data(frame("c"), 1);
  assertEquals(transport.batchTexts, [["a"], ["b"], ["c"]]);
});

test("a batch leaves before the turn ends when batchBytes wait", () => {
  const { queue, clock, transport } = setup({ batchBytes: 4 * KIB });
  for (const text of ["a", "b", "c", "d"]) queue.data(frame(text, 2 * KIB - MESSAGE_OVERHEAD), 1);
  assertEquals(transport.batchTexts, [["a"], ["b", "c"]]);
  clock.turn();
  assertEquals(transport.batchTexts, [["a"], ["b", "c"], ["d"]]);
});

test("a large message does not wait for the turn to end", () => {
  const { queue, transport } = setup();
  queue.data(frame("a"), 1);
  queue.data(frame("b", 64 * KIB), 1);
  assertEquals(transport.batchTexts, [["a"], ["b"]]);
});

test("flush() sends without waiting for the turn to end", () => {
  const { queue, transport } = setup();
  for (const text of ["a", "b", "c"]) queue.data(frame(text), 1);
  queue.flush();
  assertEquals(transport.batchTexts, [["a"], ["b", "c"]]);
});

test("control goes ahead of the data that waits, each in its order", () => {
  const { queue, clock, transport } = setup();
  queue.data(frame("first"), 1);
  queue.data(frame("d1"), 1);
  queue.control("c1");
  queue.data(frame("d2"), 2);
  queue.control("c2");
  clock.turn();
  assertEquals(transport.batchTexts, [["first"], ["c1", "c2", "d1", "d2"]]);
});

test("data gets out although control keeps coming", () => {
  const all = setup();
  const { queue, clock, transport } = all;
  for (let turn = 0; turn < 200; turn++) {
    queue.control(`c${turn}`);
    queue.data(frame(`d${turn}`), 1);
    clock.turn(0.01);
  }
  clock.settle();
  const data = transport.texts.filter((text) => text.startsWith("d"));
  assertEquals(data, Array.from({ length: 200 }, (_, turn) => `d${turn}`));
});

test("a text counts its UTF-8 bytes, a message in two parts both of them", () => {
  const { queue } = setup();
  queue.control("");
  queue.control("aé€😀");
  queue.data({ head: new Uint8Array(13), body: new Uint8Array(1000) }, 1);
  const { control, data } = queue.stats();
  assertEquals(control, { messages: 1, bytes: 10 });
  assertEquals(data, { messages: 1, bytes: 1013 });
});

test("queuedBytes is both lanes with overhead and what the transport has", () => {
  const { queue, transport } = setup();
  queue.data(frame("a"), 1);
  transport.waiting = 500;
  queue.data(frame("b", 10), 1);
  queue.control("cc");
  assertEquals(queue.queuedBytes, 500 + 10 + MESSAGE_OVERHEAD + 2 + MESSAGE_OVERHEAD);
  assertEquals(queue.controlBytes, 2 + MESSAGE_OVERHEAD);
});

test("queuedBytes counts a transport that cannot tell as empty", () => {
  const { queue, transport } = setup();
  transport.waiting = undefined;
  queue.data(frame("a"), 1);
  queue.data(frame("b", 10), 1);
  assertEquals(queue.queuedBytes, 10 + MESSAGE_OVERHEAD);
  assertEquals(queue.stats().bufferedBytes, undefined);
});

test("stats() counts what was sent", () => {
  const { queue, clock } = setup();
  for (const size of [100, 20, 3]) queue.data(new Uint8Array(size), 1);
  clock.settle();
  const { batches, sentMessages, sentBytes, data } = queue.stats();
  assertEquals({ batches, sentMessages, sentBytes, data }, {
    batches: 2,
    sentMessages: 3,
    sentBytes: 123,
    data: { messages: 0, bytes: 0 },
  });
});

test("the transport may keep the arrays it gets", () => {
  const { queue, clock, transport } = setup({ batchBytes: 2 * KIB });
  for (let i = 0; i < 100; i++) {
    queue.data(frame(String(i)), 1);
    if (i % 10 === 0) clock.turn(1);
  }
  clock.settle();
  assertEquals(transport.batches.flat().map(textOf), Array.from({ length: 100 }, (_, i) => String(i)));
});

test("close() frees what waits, and what is called later does nothing", () => {
  const { queue, clock, transport, heard } = setup();
  for (const text of ["a", "b"]) queue.data(frame(text), 1);
  queue.control("c");
  queue.close();
  assertEquals(queue.queuedBytes, 0);
  queue.data(frame("d"), 1);
  queue.control("e");
  queue.latest(frame("f"), 2);
  queue.purge(1);
  queue.drain();
  queue.flush();
  queue.close();
  clock.turn();
  assertEquals(clock.deferred, 0);
  assertEquals(transport.batchTexts, [["a"]]);
  assertEquals(heard, { overflows: 0, recoveries: 0, drops: [] });
});

test("close() inside transport.send ends the sending", () => {
  const { queue, clock, transport } = setup();
  for (const text of ["a", "b", "c"]) queue.data(frame(text), 1);
  transport.onSend = () => queue.close();
  clock.settle();
  queue.data(frame("d"), 1);
  assertEquals(transport.batchTexts, [["a"], ["b", "c"]]);
});

test("a message queued inside transport.send goes out after the batch that is being sent", () => {
  const { queue, clock, transport } = setup({ batchBytes: 1 * KIB });
  transport.onSend = (batch) => {
    if (textOf(batch[0]!).length > 2) return;
    for (let i = 0; i < 8; i++) queue.data(frame(`${textOf(batch[0]!)}.${i}`), 1);
  };
  queue.data(frame("a"), 1);
  queue.data(frame("b"), 1);
  clock.settle();
  const replies = (text: string) => Array.from({ length: 8 }, (_, i) => `${text}.${i}`);
  assertEquals(transport.texts, ["a", ...replies("a"), "b", ...replies("b")]);
});

test("purge() forgets the waiting data of its key and nothing else", () => {
  const { queue, clock, transport } = setup();
  queue.data(frame("first"), 1);
  for (let i = 0; i < 40; i++) queue.data(frame(`d${i}`), i % 2);
  queue.control("c");
  queue.purge(1);
  clock.settle();
  const kept = Array.from({ length: 20 }, (_, i) => `d${i * 2}`);
  assertEquals(transport.texts, ["first", "c", ...kept]);
});

test("purge() counts what it forgot, and not as drops", () => {
  const { queue, heard } = setup();
  queue.data(frame("first"), 1);
  for (const size of [10, 20, 30]) queue.data(new Uint8Array(size), size === 20 ? 2 : 1);
  queue.purge(1);
  const { purgedMessages, purgedBytes, droppedMessages, data } = queue.stats();
  assertEquals({ purgedMessages, purgedBytes, droppedMessages, data }, {
    purgedMessages: 2,
    purgedBytes: 40,
    droppedMessages: 0,
    data: { messages: 1, bytes: 20 },
  });
  assertEquals(heard.drops, []);
});

test("purgeAll() forgets all waiting data, and no control", () => {
  const { queue, transport, clock } = setup();
  queue.control("first");
  queue.data(frame("a"), 1);
  queue.latest(frame("b"), 2);
  queue.control("second");
  queue.purgeAll();
  clock.settle();
  assertEquals([transport.texts, queue.stats().purgedMessages], [["first", "second"], 2]);
});

test("a key may be used again after its purge", () => {
  const { queue, clock, transport } = setup();
  for (const text of ["first", "old"]) queue.data(frame(text), 1);
  queue.purge(1);
  queue.data(frame("new"), 1);
  clock.settle();
  assertEquals(transport.texts, ["first", "new"]);
});

test("latest() takes the place of the waiting message of its key", () => {
  const { queue, clock, transport } = setup();
  queue.latest(frame("t0"), -1);
  queue.data(frame("a"), 1);
  queue.latest(frame("t1"), -1);
  queue.data(frame("b"), 1);
  queue.latest(frame("t2, longer"), -1);
  clock.turn();
  assertEquals(transport.batchTexts, [["t0"], ["a", "t2, longer", "b"]]);
  const { replacedMessages, replacedBytes, sentMessages, sentBytes } = queue.stats();
  assertEquals({ replacedMessages, replacedBytes, sentMessages, sentBytes }, {
    replacedMessages: 1,
    replacedBytes: 2,
    sentMessages: 4,
    sentBytes: 14,
  });
});

test("latest() of more than the lane takes loses its own place, and costs no other message", () => {
  const scene = setup({ dataBytes: 128 * KIB });
  stall(scene);
  const { queue, clock, transport, heard } = scene;
  queue.data(frame("a"), 1);
  queue.latest(frame("t0"), -1);
  queue.latest(frame("t1", 128 * KIB), -1);
  assertEquals(heard.drops, [{ key: -1, bytes: 128 * KIB }]);
  assertEquals(queue.stats().replacedMessages, 1);
  if (transport.release()) queue.drain();
  clock.settle();
  assertEquals(transport.texts, ["fill", "a"]);
});

test("latest() queues anew once the one before has left, or was purged", () => {
  const { queue, clock, transport } = setup();
  queue.latest(frame("t0"), -1);
  queue.latest(frame("t1"), -1);
  clock.turn();
  queue.latest(frame("t2"), -1);
  queue.purge(-1);
  queue.data(frame("a"), 1);
  queue.latest(frame("t3"), -1);
  clock.settle();
  assertEquals(transport.texts, ["t0", "t1", "a", "t3"]);
});

test("latest() finds its place after the lane has grown and others were purged", () => {
  const { queue, clock, transport } = setup();
  queue.data(frame("first"), 1);
  for (let i = 0; i < 10; i++) queue.data(frame(`p${i}`), 2);
  queue.latest(frame("t0"), -1);
  for (let i = 0; i < 30; i++) queue.data(frame(`d${i}`), 1);
  queue.purge(2);
  queue.latest(frame("t1"), -1);
  clock.settle();
  assertEquals(transport.texts, ["first", "t1", ...Array.from({ length: 30 }, (_, i) => `d${i}`)]);
});

test("the defaults are 16 MiB a lane, 64 KiB a batch, 1 MiB in the transport and 200 microseconds", () => {
  assertEquals(resolveLimits(), {
    controlBytes: 16 * KIB * KIB,
    dataBytes: 16 * KIB * KIB,
    batchBytes: 64 * KIB,
    transportBytes: KIB * KIB,
    coalesceMicros: 200,
  });
  assertEquals(resolveLimits({}), SEND_QUEUE_LIMITS);
});

test("transportBytes is at most half of the data budget, and no less than what a transport drains from", () => {
  assertEquals(resolveLimits({ dataBytes: 512 * KIB }).transportBytes, 256 * KIB);
  assertEquals(resolveLimits({ dataBytes: 1 * KIB }).transportBytes, 64 * KIB);
  assertLessOrEqual(resolveLimits({ transportBytes: 100 * KIB }).transportBytes, 100 * KIB);
});

test("behindControl() sends at once when no control waits and the transport takes more", () => {
  const { queue, transport } = setup();
  queue.data(frame("first"), 1);
  queue.data(frame("d"), 1);
  queue.behindControl(() => frame("body"));
  assertEquals(transport.batchTexts, [["first"], ["body"]]);
  queue.flush();
  assertEquals(transport.batchTexts, [["first"], ["body"], ["d"]]);
});

test("behindControl() waits for the control that waits, and not for data", () => {
  const { queue, clock, transport } = setup();
  for (const text of ["c1", "c2"]) queue.control(text);
  let made = 0;
  queue.behindControl(() => (made++, frame("body")));
  assertEquals(made, 0);
  queue.control("c3");
  clock.turn();
  assertEquals(transport.batchTexts, [["c1"], ["c2", "c3"], ["body"]]);
});

test("behindControl() makes its message when the transport has room, and control goes first even then", () => {
  const all = setup({ transportBytes: 64 * KIB });
  const { queue, clock, transport } = all;
  stall(all);
  const made: string[] = [];
  for (const text of ["a", "b"]) queue.behindControl(() => (made.push(text), frame(text, 64 * KIB + 1)));
  clock.settle();
  assertEquals(made, []);
  queue.control("later");
  transport.release();
  queue.drain();
  assertEquals(transport.texts, ["fill", "later", "a"]);
  assertEquals(made, ["a"], "the transport is full again");
  transport.release();
  queue.drain();
  assertEquals(transport.texts, ["fill", "later", "a", "b"]);
});

test("a batch of data goes between two large messages behind control", () => {
  const all = setup({ transportBytes: 64 * KIB });
  const { queue, transport } = all;
  stall(all);
  for (const text of ["a", "b"]) queue.behindControl(() => frame(text, 64 * KIB + 1));
  for (const text of ["d1", "d2"]) queue.data(frame(text, 64 * KIB), 1);
  for (let i = 0; i < 4; i++) {
    transport.release();
    queue.drain();
  }
  assertEquals(transport.texts, ["fill", "d1", "a", "d2", "b"]);
});

test("behindControl() may make nothing, and a maker may call the queue and close it", () => {
  const { queue, clock, transport } = setup();
  queue.behindControl(() => undefined);
  queue.behindControl(() => {
    queue.control("c");
    return frame("body");
  });
  queue.behindControl(() => {
    queue.close();
    return frame("never");
  });
  queue.behindControl(() => frame("too late"));
  clock.settle();
  assertEquals(transport.texts, ["c", "body"]);
});

test("a queue that is closed or has overflowed makes no message behind control", () => {
  for (const end of ["close", "overflow"]) {
    const all = setup({ controlBytes: 2 * MESSAGE_OVERHEAD, transportBytes: 64 * KIB });
    const { queue, transport } = all;
    stall(all);
    let made = 0;
    queue.behindControl(() => (made++, undefined));
    if (end === "close") queue.close();
    else for (let i = 0; i < 4; i++) queue.control("c");
    queue.behindControl(() => (made++, undefined));
    transport.release();
    queue.drain();
    assertEquals(made, 0, end);
  }
});
