import { assert, assertEquals, assertThrows } from "@std/assert";
import { Backoff, FATAL_CLOSE_CODES, type ReconnectOptions, reconnectOptions } from "../../src/client/backoff.ts";
import { test } from "../support/test.ts";

function delays(count: number, options: ReconnectOptions): number[] {
  const backoff = new Backoff(reconnectOptions(options));
  return Array.from({ length: count }, () => backoff.delay());
}

test("waits double from 250 ms to 10 s", () => {
  assertEquals(delays(8, { random: () => 0 }), [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test("waits follow minDelayMs, maxDelayMs and factor, however many there are", () => {
  assertEquals(delays(4, { random: () => 0, minDelayMs: 10, maxDelayMs: 100, factor: 3 }), [10, 30, 90, 100]);
  assertEquals(delays(3, { random: () => 0, minDelayMs: 7, factor: 1 }), [7, 7, 7]);
  assertEquals(delays(2, { random: () => 0, minDelayMs: 500, maxDelayMs: 100 }), [100, 100]);
  assertEquals(delays(4, { random: () => 0, minDelayMs: 0 }), [0, 2, 4, 8]);
  assertEquals(delays(3, { random: () => 0, minDelayMs: 0, factor: Infinity }), [0, 10_000, 10_000]);
  assertEquals(delays(5000, { random: () => 0, factor: Infinity }).at(-1), 10_000);
});

test("the jitter takes at most its part of a wait", () => {
  assertEquals(delays(3, { random: () => 1 }), [125, 250, 500]);
  assertEquals(delays(3, { random: () => 0.5, jitter: 1 }), [125, 250, 500]);
  assertEquals(delays(3, { random: () => 1, jitter: 0 }), [250, 500, 1000]);
  for (const delay of delays(100, { factor: 1 })) assert(delay > 125 && delay <= 250, `${delay} ms`);
});

test("waits start anew after a connection that lasted as long as the wait before it", () => {
  const backoff = new Backoff(reconnectOptions({ random: () => 0 }));
  assertEquals([backoff.delay(), backoff.delay(), backoff.delay()], [250, 500, 1000]);
  backoff.lasted(999);
  assertEquals(backoff.delay(), 2000);
  backoff.lasted(2000);
  assertEquals(backoff.delay(), 250);
});

test("numbers that make no sense are refused by name", () => {
  const wrong: ReconnectOptions[] = [
    { minDelayMs: -1 },
    { maxDelayMs: NaN },
    { maxDelayMs: 2 ** 31 },
    { factor: 0.5 },
    { jitter: 1.1 },
    { attempts: 0 },
  ];
  for (const options of wrong) assertThrows(() => reconnectOptions(options), RangeError, Object.keys(options)[0]);
});

test("every fatal close code has a reason, and what passes is not among them", () => {
  for (const [code, reason] of FATAL_CLOSE_CODES) assert(reason.length > 0, String(code));
  for (const code of [1000, 1001, 1005, 1006, 1009, 1011, 1012, 1013, 1014]) assert(!FATAL_CLOSE_CODES.has(code));
});
