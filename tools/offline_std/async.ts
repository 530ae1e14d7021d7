/** Stand-in for the functions of `@std/async` that the tests use; see assert.ts. */

/** Resolves after `ms` milliseconds, or rejects with the signal's reason. */
export function delay(ms: number, options: { signal?: AbortSignal } = {}): Promise<void> {
  const { signal } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Settles as `promise` does, or rejects with a `TimeoutError` (a `DOMException`) after `ms` milliseconds. */
export async function deadline<T>(promise: Promise<T>, ms: number, options: { signal?: AbortSignal } = {}): Promise<T> {
  const over = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, over.signal]) : over.signal;
  const expired = delay(ms, { signal }).then(() => {
    throw new DOMException("Signal timed out.", "TimeoutError");
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    // The timer goes, and nobody reports the rejection that its end causes.
    expired.catch(() => {});
    over.abort();
  }
}
