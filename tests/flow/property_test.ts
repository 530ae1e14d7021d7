/** Random use of a send queue against a naive model of it that knows nothing of turns, rings and holds. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { MESSAGE_OVERHEAD } from "../../src/flow/lane.ts";
import { SendQueue, type SendQueueLimits } from "../../src/flow/send_queue.ts";
import type { Message } from "../../src/transport/transport.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";
import { FakeTransport, KIB } from "./support.ts";

const LIMITS: SendQueueLimits = {
  controlBytes: 96 * KIB,
  dataBytes: 256 * KIB,
  batchBytes: 16 * KIB,
  transportBytes: 64 * KIB,
  coalesceMicros: 200,
};

const LATEST_KEY = -1;

interface Waiting {
  message: Message;
  key: number;
  bytes: number;
}

/** A queue, and beside it plain lists of what must be waiting. */
class Bench {
  readonly clock = new FakeClock();
  readonly transport = new FakeTransport();
  readonly queue: SendQueue;
  control: Waiting[] = [];
  data: Waiting[] = [];
  largest = 0;
  readonly counts = { in: 0, sent: 0, dropped: 0, purged: 0, replaced: 0 };
  overflowed = false;
  /** Drops and no recovery since. */
  lossy = false;
  /** Control messages that `onDrop` still sends. */
  warnings = 3;

  constructor() {
    this.transport.onSend = (batch) => this.#sent(batch);
    this.queue = new SendQueue({
      transport: this.transport,
      clock: this.clock,
      limits: LIMITS,
      onOverflow: () => this.#overflow(),
      onDrop: (key, bytes) => this.#dropped(key, bytes),
      onRecover: () => this.#recovered(),
    });
  }

  get buffered(): number {
    return this.transport.waiting ?? 0;
  }

  /** What the transport leaves of the budget. */
  get #room(): number {
    return Math.max(LIMITS.dataBytes / 2, LIMITS.dataBytes - this.buffered);
  }

  sendControl(bytes: number): void {
    if (this.overflowed) return;
    this.#arrives(this.control, bytes, LATEST_KEY, (message) => this.queue.control(message));
  }

  sendData(bytes: number, key: number): void {
    if (this.overflowed) return;
    this.#arrives(this.data, bytes, key, (message) => this.queue.data(message, key));
  }

  sendLatest(bytes: number): void {
    if (this.overflowed) return;
    const place = this.data.findIndex(({ key }) => key === LATEST_KEY);
    if (place < 0) {
      return this.#arrives(this.data, bytes, LATEST_KEY, (message) => this.queue.latest(message, LATEST_KEY));
    }
    this.counts.replaced++;
    if (bytes + MESSAGE_OVERHEAD > this.#room) {
      this.data.splice(place, 1);
      return this.#arrives(this.data, bytes, LATEST_KEY, (message) => this.queue.latest(message, LATEST_KEY));
    }
    const message = this.#message(bytes);
    this.data[place] = { message, key: LATEST_KEY, bytes };
    this.queue.latest(message, LATEST_KEY);
  }

  purge(key: number): void {
    const before = this.data.length;
    this.data = this.data.filter((waiting) => waiting.key !== key);
    this.counts.purged += before - this.data.length;
    this.queue.purge(key);
  }

  /** The peer reads `bytes`. */
  read(bytes: number): void {
    if (this.transport.release(bytes)) this.queue.drain();
  }

  check(): void {
    const { control, data, sentMessages, droppedMessages, purgedMessages, replacedMessages } = this.queue.stats();
    assertEquals(control, sum(this.control));
    assertEquals(data, sum(this.data));
    assertEquals(this.counts, {
      in: sentMessages + droppedMessages + purgedMessages + replacedMessages + control.messages + data.messages,
      sent: sentMessages,
      dropped: droppedMessages,
      purged: purgedMessages,
      replaced: replacedMessages,
    });
    this.#checkBounds();
  }

  #checkBounds(): void {
    const { transportBytes, batchBytes, controlBytes, dataBytes } = LIMITS;
    assertLessOrEqual(this.buffered, transportBytes + batchBytes + this.largest);
    assert(cost(this.control) <= controlBytes || this.control.length === 1);
    assert(cost(this.data) <= dataBytes || this.data.length === 1);
    assert(
      this.transport.waiting === undefined ||
        this.queue.queuedBytes === cost(this.control) + cost(this.data) + this.buffered,
    );
  }

  #message(bytes: number): Message {
    this.counts.in++;
    this.largest = Math.max(this.largest, bytes);
    // Every message is an object of its own, so that identity tells them apart.
    return new Uint8Array(bytes);
  }

  #arrives(lane: Waiting[], bytes: number, key: number, send: (message: Message) => void): void {
    const message = this.#message(bytes);
    lane.push({ message, key, bytes });
    send(message);
    if (lane === this.data && this.overflowed) this.#refused(message);
  }

  /** The status of a drop has made control overflow: the queue takes nothing more, not what the drop was for either. */
  #refused(message: Message): void {
    const place = this.data.findIndex((waiting) => waiting.message === message);
    if (place < 0) return;
    this.data.splice(place, 1);
    this.counts.in--;
  }

  #sent(batch: readonly Message[]): void {
    assertLessOrEqual(this.buffered, LIMITS.transportBytes);
    assert(batch.length > 0);
    const control = this.control.splice(0, Math.min(batch.length, this.control.length));
    const data = this.data.splice(0, batch.length - control.length);
    const expected = [...control, ...data];
    assert(batch.every((message, i) => message === expected[i]?.message), "not the oldest, control first");
    this.counts.sent += batch.length;
    assert(cost(expected.slice(0, -1)) < LIMITS.batchBytes);
  }

  #dropped(key: number, bytes: number): void {
    const newest = this.data.at(-1)!;
    const lost = newest.bytes + MESSAGE_OVERHEAD > this.#room ? this.data.pop() : this.data.shift();
    assertEquals({ key, bytes }, { key: lost!.key, bytes: lost!.bytes });
    this.counts.dropped++;
    this.lossy = true;
    if (this.warnings-- > 0) this.sendControl(100);
  }

  #recovered(): void {
    assert(this.lossy);
    const { messages, bytes } = this.queue.stats().data;
    assertLessOrEqual(messages * MESSAGE_OVERHEAD + bytes, LIMITS.dataBytes / 2);
    this.lossy = false;
  }

  #overflow(): void {
    const { bytes } = this.control.pop()!;
    this.counts.in--;
    assert(this.control.length > 0 && cost(this.control) + bytes + MESSAGE_OVERHEAD > LIMITS.controlBytes);
    assert(!this.overflowed);
    this.overflowed = true;
  }
}

function cost(waiting: readonly Waiting[]): number {
  return waiting.reduce((all, { bytes }) => all + bytes + MESSAGE_OVERHEAD, 0);
}

function sum(waiting: readonly Waiting[]): { messages: number; bytes: number } {
  return { messages: waiting.length, bytes: waiting.reduce((all, { bytes }) => all + bytes, 0) };
}

type Step = (bench: Bench) => void;

const key = fc.integer({ min: 0, max: 4 });
const size = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 2 * KIB }) },
  { weight: 3, arbitrary: fc.integer({ min: 2 * KIB, max: 40 * KIB }) },
  { weight: 1, arbitrary: fc.integer({ min: 40 * KIB, max: 300 * KIB }) },
);
const controlSize = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 1 * KIB }) },
  { weight: 1, arbitrary: fc.integer({ min: 1 * KIB, max: 120 * KIB }) },
);
const turnMs = fc.constantFrom(0, 0.005, 0.05, 1);

const steps: [weight: number, step: fc.Arbitrary<Step>][] = [
  [10, fc.tuple(size, key).map(([bytes, key]) => (bench) => bench.sendData(bytes, key))],
  // A rush: what fills lanes, wraps rings and makes holds.
  [3, fc.tuple(size, key, fc.integer({ min: 1, max: 80 }), turnMs, fc.boolean()).map(rush)],
  [3, controlSize.map((bytes) => (bench) => bench.sendControl(bytes))],
  [2, size.map((bytes) => (bench) => bench.sendLatest(bytes))],
  [2, fc.oneof(key, fc.constant(LATEST_KEY)).map((key) => (bench) => bench.purge(key))],
  [6, turnMs.map((ms) => (bench) => bench.clock.turn(ms))],
  [4, fc.integer({ min: 0, max: 200 * KIB }).map((bytes) => (bench) => bench.read(bytes))],
  [1, fc.constant((bench) => bench.queue.flush())],
  [1, fc.constant((bench) => bench.queue.drain())],
  [1, fc.boolean().map((stalled) => (bench) => bench.transport.stalled = stalled)],
];

function rush([bytes, key, count, ms, turns]: [number, number, number, number, boolean]): Step {
  return (bench) => {
    for (let i = 0; i < count; i++) {
      bench.sendData(bytes, key);
      if (turns) bench.clock.turn(ms);
    }
  };
}

const script = fc.array(fc.oneof(...steps.map(([weight, arbitrary]) => ({ weight, arbitrary }))), { maxLength: 120 });

function run(bench: Bench, script: readonly Step[]): void {
  for (const step of script) {
    step(bench);
    bench.check();
  }
}

test("whatever happens, order, bounds and counters are those of the model, and in the end everything has left", () => {
  fc.assert(
    fc.property(script, fc.boolean(), (script, knows) => {
      const bench = new Bench();
      bench.transport.stalled = true;
      if (!knows) bench.transport.waiting = undefined;
      run(bench, script);
      finish(bench);
      assertEquals(
        bench.counts.in,
        bench.counts.sent + bench.counts.dropped + bench.counts.purged + bench.counts.replaced,
      );
    }),
    { numRuns: 300 },
  );
});

/** Reads until nothing is left; the queue must send what it has without being asked again. */
function finish(bench: Bench): void {
  for (let i = 0; i < 1000 && bench.queue.queuedBytes > 0; i++) {
    bench.read(32 * KIB);
    bench.clock.turn(0.1);
  }
  bench.clock.settle();
  bench.check();
  assertEquals([...bench.control, ...bench.data], []);
}

test("a peer that reads nothing costs at most the budget, with what the transport has", () => {
  const small = fc.array(fc.tuple(fc.integer({ min: 0, max: 16 * KIB }), key, fc.boolean()), { maxLength: 200 });
  fc.assert(
    fc.property(small, (messages) => {
      const bench = new Bench();
      bench.transport.stalled = true;
      bench.warnings = 0;
      for (const [bytes, key, turn] of messages) {
        bench.sendData(bytes, key);
        if (turn) bench.clock.turn(0.005);
        assertLessOrEqual(bench.queue.queuedBytes, LIMITS.dataBytes);
      }
    }),
    { numRuns: 100 },
  );
});

test("nothing leaves, and nothing keeps working, after close() at any moment", () => {
  fc.assert(
    fc.property(script, script, (before, after) => {
      const bench = new Bench();
      run(bench, before);
      const { sent } = bench.counts;
      bench.queue.close();
      bench.control = [];
      bench.data = [];
      for (const step of after) step(bench);
      bench.clock.settle();
      assertEquals(bench.counts.sent, sent);
      assertEquals(bench.queue.queuedBytes, 0);
    }),
    { numRuns: 50 },
  );
});
