import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { deferred, within } from "../../src/util/async.ts";
import { TimeoutError } from "../../src/util/errors.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

/** A signal that counts its listeners. */
function countedSignal(): { controller: AbortController; listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => (count++, add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (count--, remove(...args));
  return { controller, listeners: () => count };
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(() => "resolved", (reason) => reason);
}

test("deferred() is settled by its functions, once", async () => {
  const resolved = deferred<number>();
  resolved.resolve(1);
  resolved.resolve(2);
  resolved.reject(new Error("too late"));
  assertEquals(await resolved.promise, 1);
  const rejected = deferred<number>();
  rejected.reject("no");
  assertEquals(await rejection(rejected.promise), "no");
});

test("within() settles as its promise does, and leaves no timer and no listener", async () => {
  for (const outcome of ["resolve", "reject"] as const) {
    const clock = new FakeClock();
    const { controller, listeners } = countedSignal();
    const { promise, ...settle } = deferred<string>();
    const waiting = within(promise, "answer", { clock, timeoutMs: 100, signal: controller.signal });
    assertEquals([clock.delays, listeners()], [1, 1]);
    settle[outcome](outcome);
    assertEquals(
      await waiting.catch((reason) => `caught ${reason}`),
      outcome === "resolve" ? "resolve" : "caught reject",
    );
    assertEquals([clock.delays, listeners()], [0, 0]);
  }
});

test("within() rejects with a TimeoutError that names what was waited for", async () => {
  const clock = new FakeClock();
  const { controller, listeners } = countedSignal();
  const { promise } = deferred<void>();
  const waiting = within(promise, "serverInfo", { clock, timeoutMs: 50, signal: controller.signal });
  clock.advance(50);
  const error = await assertRejects(() => waiting, TimeoutError, "No serverInfo within 50 ms");
  assertEquals(error.code, "timeout");
  assertEquals(listeners(), 0);
});

test("within() waits up to its limit and no less", async () => {
  const clock = new FakeClock();
  const { promise, resolve } = deferred<string>();
  const waiting = within(promise, "answer", { clock, timeoutMs: 50 });
  clock.advance(49);
  resolve("in time");
  assertEquals(await waiting, "in time");
});

test("within() rejects with the reason of its signal", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const { promise } = deferred<void>();
  const waiting = within(promise, "answer", { clock, timeoutMs: 50, signal: controller.signal });
  const reason = new Error("changed my mind");
  controller.abort(reason);
  assertStrictEquals(await rejection(waiting), reason);
  assertEquals(clock.delays, 0);
});

test("within() rejects at once when its signal has aborted before, and swallows a later rejection", async () => {
  const clock = new FakeClock();
  const { promise, reject } = deferred<void>();
  const waiting = within(promise, "answer", { clock, timeoutMs: 50, signal: AbortSignal.abort() });
  assertEquals(clock.delays, 0);
  const reason = await rejection(waiting);
  assertInstanceOf(reason, DOMException);
  assertEquals(reason.name, "AbortError");
  // Unhandled, this would fail the test on every runtime.
  reject(new Error("nobody listens any more"));
});

test("within() swallows a rejection that comes after its limit", async () => {
  const clock = new FakeClock();
  const { promise, reject } = deferred<void>();
  const waiting = within(promise, "answer", { clock, timeoutMs: 50 });
  clock.advance(50);
  await assertRejects(() => waiting, TimeoutError);
  reject(new Error("nobody listens any more"));
});

test("within() without a limit starts no timer", async () => {
  const clock = new FakeClock();
  for (const options of [{ clock }, { clock, timeoutMs: Infinity }]) {
    const { promise, resolve } = deferred<number>();
    const waiting = within(promise, "answer", options);
    assertEquals(clock.delays, 0);
    resolve(7);
    assertEquals(await waiting, 7);
  }
});
