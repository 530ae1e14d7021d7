/**
 * What handlers of own code give: a promise perhaps, an error, or nothing in time.
 *
 * @module
 */
import { errorMessage } from "../util/errors.ts";
import type { Clock } from "../util/time.ts";

/** The text for a client that waits, of whatever was thrown; never throws itself, and is never empty. */
export function failureText(error: unknown): string {
  try {
    return String(errorMessage(error)) || "Unknown error";
  } catch {
    return "Unknown error";
  }
}

/** Calls back after so many milliseconds, which may be `Infinity`, unless the returned function is called before. */
export function startLimit(clock: Clock, ms: number, callback: () => void): () => void {
  return ms === Infinity ? () => {} : clock.delay(ms, callback);
}

/** Whether a handler's result is still to come. */
export function isPromiseLike(result: unknown): result is PromiseLike<unknown> {
  return typeof (result as PromiseLike<unknown> | null | undefined)?.then === "function";
}
