/**
 * Promises with a handle, a time limit and an `AbortSignal`.
 *
 * @module
 */
import { TimeoutError } from "./errors.ts";
import { type Clock, systemClock } from "./time.ts";

/** A promise and the functions that settle it (`Promise.withResolvers`, which Node 20 lacks). */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** Makes a {@link Deferred}. */
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}

/** How long a wait may take, and what may end it before. */
export interface WaitOptions {
  /** Ends the wait: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Time limit in milliseconds; the promise then rejects with a {@link TimeoutError}. Default 35 000 for what a client asks
   * (its limit `requestMs`); `Infinity` waits for ever.
   */
  timeoutMs?: number;
}

/**
 * Refuses what a timer would take for "at once".
 *
 * @throws {TypeError} when a time limit is no number.
 * @throws {RangeError} when it is below 0.
 */
export function checkTimeout(timeoutMs: number, name = "timeoutMs"): void {
  if (timeoutMs >= 0 && typeof timeoutMs === "number") return;
  const Mistake = typeof timeoutMs === "number" ? RangeError : TypeError;
  throw new Mistake(`Cannot wait: ${name} is ${String(timeoutMs)}, need a number of milliseconds from 0, or Infinity`);
}

/**
 * Settles as `promise` does, unless `signal` aborts or `timeoutMs` passes first.
 *
 * @param what What is waited for, for the message of the error: `"serverInfo"`; a function is asked when it is needed.
 */
export function within<T>(
  promise: Promise<T>,
  what: string | (() => string),
  options: WaitOptions & { clock?: Clock },
): Promise<T> {
  const { signal, timeoutMs = Infinity, clock = systemClock } = options;
  if (signal?.aborted) {
    promise.catch(() => {});
    return Promise.reject(signal.reason);
  }
  const { promise: result, resolve, reject } = deferred<T>();
  const onAbort = () => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const onTimeout = () => {
    const missing = typeof what === "string" ? what : what();
    reject(new TimeoutError(`No ${missing} within ${timeoutMs} ms`));
  };
  const cancel = timeoutMs === Infinity ? () => {} : clock.delay(timeoutMs, onTimeout);
  promise.then(resolve, reject);
  return result.finally(() => {
    cancel();
    signal?.removeEventListener("abort", onAbort);
  });
}
