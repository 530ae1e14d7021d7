import { type Clock, systemClock } from "../../src/util/time.ts";

/** The machine's clock, which knows how many timers run. */
export class CountingClock implements Clock {
  readonly #running = new Set<object>();

  /** How many delays run. */
  get delays(): number {
    return this.#running.size;
  }

  now(): number {
    return systemClock.now();
  }

  defer(callback: () => void): void {
    systemClock.defer(callback);
  }

  delay(ms: number, callback: () => void): () => void {
    const delay = {};
    this.#running.add(delay);
    const cancel = systemClock.delay(ms, () => {
      this.#running.delete(delay);
      callback();
    });
    return () => {
      this.#running.delete(delay);
      cancel();
    };
  }
}
