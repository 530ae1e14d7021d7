/** Turns and time in the hands of a run. */
import { type Clock, systemClock } from "../../../src/util/time.ts";

interface Delay {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock on which time passes in steps, and promises have their turn between any two timers, as on every runtime. */
export class SteppedClock implements Clock {
  #now = 0;
  #deferred: (() => void)[] = [];
  readonly #delays = new Set<Delay>();

  now(): number {
    return this.#now;
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  delay(ms: number, callback: () => void): () => void {
    const delay = { at: this.#now + ms, callback };
    this.#delays.add(delay);
    return () => void this.#delays.delete(delay);
  }

  /** How many delays run. */
  get delays(): number {
    return this.#delays.size;
  }

  /** Turns until nothing waits for a turn any more. */
  async settle(): Promise<void> {
    do {
      while (this.#deferred.length > 0) this.#turn();
      await macrotask();
    } while (this.#deferred.length > 0);
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#delays.delete(next);
      this.#now = next.at;
      next.callback();
      await this.settle();
    }
    this.#now = end;
  }

  #turn(): void {
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const callback of deferred) callback();
  }

  /** Of two at the same time the one that was asked for first. */
  #next(end: number): Delay | undefined {
    let first: Delay | undefined;
    for (const delay of this.#delays) if (delay.at <= end && delay.at < (first?.at ?? Infinity)) first = delay;
    return first;
  }
}

/** Lets everything run that waits for promises. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => systemClock.defer(resolve));
}
