import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { fromSecNsec, systemClock, toSecNsec, wallTime } from "../../src/util/time.ts";
import { runtime, test } from "../support/test.ts";

test("toSecNsec() and fromSecNsec() are inverse, up to the largest u64", () => {
  const cases: [bigint, { sec: number; nsec: number }][] = [
    [0n, { sec: 0, nsec: 0 }],
    [1n, { sec: 0, nsec: 1 }],
    [999_999_999n, { sec: 0, nsec: 999_999_999 }],
    [1_000_000_000n, { sec: 1, nsec: 0 }],
    [1_700_000_000_123_456_789n, { sec: 1_700_000_000, nsec: 123_456_789 }],
    [0xffff_ffff_ffff_ffffn, { sec: 18_446_744_073, nsec: 709_551_615 }],
  ];
  for (const [ns, parts] of cases) {
    assertEquals(toSecNsec(ns), parts);
    assertEquals(fromSecNsec(parts), ns);
  }
});

test("wallTime() is the time of day in nanoseconds", () => {
  const before = Date.now();
  const now = Number(wallTime() / 1_000_000n);
  assertGreaterOrEqual(now, before);
  assertLessOrEqual(now, Date.now());
});

test("the system's clock never goes backwards", () => {
  let last = systemClock.now();
  for (let i = 0; i < 1000; i++) {
    const now = systemClock.now();
    assertGreaterOrEqual(now, last);
    last = now;
  }
});

test("defer() runs its callbacks in order, after the microtasks of this turn", async () => {
  const order: string[] = [];
  const done = new Promise<void>((resolve) => {
    systemClock.defer(() => order.push("first"));
    systemClock.defer(() => {
      order.push("second");
      resolve();
    });
  });
  Promise.resolve().then(() => order.push("microtask"));
  order.push("now");
  await done;
  assertEquals(order, ["now", "microtask", "first", "second"]);
});

test("what a deferred callback defers waits for another turn", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    systemClock.defer(() => {
      systemClock.defer(() => {
        order.push("nested");
        resolve();
      });
      queueMicrotask(() => order.push("microtask"));
    });
    systemClock.defer(() => order.push("second"));
  });
  assertEquals(order, ["microtask", "second", "nested"]);
});

test("delay() runs its callback, and not when it was cancelled before", async () => {
  const order: string[] = [];
  const cancel = systemClock.delay(0, () => order.push("cancelled"));
  cancel();
  await new Promise<void>((resolve) => systemClock.delay(1, resolve));
  assertEquals(order, []);
  cancel();
});

/** Just enough of a message channel: posts arrive one by one, in later microtasks. */
class FakeMessageChannel {
  readonly port1 = { onmessage: () => {} };
  readonly port2 = { postMessage: () => queueMicrotask(() => this.port1.onmessage()) };
}

// A browser has no setImmediate to begin with, and its tests are one bundle: no module can be loaded twice.
if (runtime !== "browser") {
  test("without setImmediate a message channel defers, one callback a message", async () => {
    const scope = globalThis as Record<string, unknown>;
    const { setImmediate, MessageChannel } = scope;
    try {
      scope.setImmediate = undefined;
      scope.MessageChannel = FakeMessageChannel;
      // The query makes it another module than the one above, which has its clock already.
      const copy: string = "../../src/util/time.ts?without-set-immediate";
      const { systemClock: clock } = await import(copy) as { systemClock: typeof systemClock };
      assert(clock !== systemClock);
      const order: string[] = [];
      await new Promise<void>((resolve) => {
        clock.defer(() => order.push("first"));
        clock.defer(() => clock.defer(resolve));
        order.push("now");
      });
      assertEquals(order, ["now", "first"]);
    } finally {
      Object.assign(scope, { setImmediate, MessageChannel });
    }
  });
}
