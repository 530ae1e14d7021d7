/** Things that happen again and again. */

/**
 * Calls a function so many times per second, the first time in the next turn, until `signal` aborts.
 *
 * The runtimes' intervals add up their delays: 10 Hz would be 9.9.
 */
export function every(hertz: number, signal: AbortSignal, call: () => void): void {
  const start = performance.now();
  let calls = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const schedule = () => {
    const now = performance.now();
    // What a busy machine has missed does not come all at once.
    calls = Math.max(calls, Math.floor((now - start) * hertz / 1000));
    timer = setTimeout(run, Math.max(0, start + calls * 1000 / hertz - now));
  };
  const run = () => {
    calls++;
    schedule();
    call();
  };
  schedule();
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
}
