/**
 * Nanosecond times and the clock that everything with a timer is given, so that tests can hold the hands.
 *
 * @module
 */

/** The passing of time, as the portable layers see it. */
export interface Clock {
  /** Milliseconds from a fixed point, with fractions; never goes backwards. */
  now(): number;
  /** Runs `callback` in the next turn of the event loop, after pending I/O had its chance. */
  defer(callback: () => void): void;
  /** Runs `callback` after `ms` milliseconds unless the returned function is called before. */
  delay(ms: number, callback: () => void): () => void;
}

/** A timer of more milliseconds than this, 24 days, fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Whether a time limit is one: 0 and `Infinity` are none. */
export function isLimit(ms: number): boolean {
  return ms > 0 && ms < Infinity;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  defer: deferrer(),
  delay(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

/** `setImmediate` is no web standard; a `MessageChannel` does the same in browsers (a timer there waits 4 ms). */
function deferrer(): (callback: () => void) => void {
  const scope = globalThis as { setImmediate?: (callback: () => void) => void };
  if (scope.setImmediate !== undefined) return scope.setImmediate.bind(globalThis);
  // workerd: a timer there does not wait, and a channel belongs to the request that has made it.
  if ("WebSocketPair" in globalThis) return (callback) => void setTimeout(callback, 0);
  const pending: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => pending.shift()?.();
  return (callback) => {
    pending.push(callback);
    port2.postMessage(null);
  };
}

const NS_PER_MS = 1_000_000;

/**
 * Wall-clock time in nanoseconds since 1970, with the resolution of `Date.now()` (1 ms).
 *
 * @example
 * ```ts
 * import { wallTime } from "@foxwire/foxwire";
 * const logTime: bigint = wallTime();
 * ```
 */
export function wallTime(): bigint {
  return BigInt(Date.now()) * BigInt(NS_PER_MS);
}

/** Nanoseconds as seconds and the nanoseconds over them, the shape times have inside JSON. */
export interface SecNsec {
  /** Whole seconds. */
  sec: number;
  /** 0 … 999 999 999. */
  nsec: number;
}

/**
 * Splits nanoseconds into {@link SecNsec}.
 *
 * @example
 * ```ts
 * import { fromSecNsec, toSecNsec } from "@foxwire/foxwire";
 *
 * const { sec, nsec } = toSecNsec(1_500_000_000n);
 * console.assert(sec === 1 && nsec === 500_000_000);
 * console.assert(fromSecNsec({ sec, nsec }) === 1_500_000_000n);
 * ```
 */
export function toSecNsec(ns: bigint): SecNsec {
  return { sec: Number(ns / 1_000_000_000n), nsec: Number(ns % 1_000_000_000n) };
}

/** The nanoseconds of a {@link SecNsec}; {@link toSecNsec} shows both. */
export function fromSecNsec({ sec, nsec }: SecNsec): bigint {
  return BigInt(sec) * 1_000_000_000n + BigInt(nsec);
}
