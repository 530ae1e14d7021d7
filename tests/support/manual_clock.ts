/** A clock whose timers a test fires; `defer` is the machine's. */
import { type Clock, systemClock } from "../../src/util/time.ts";

/** Timers wait for {@link advance}. */
export class ManualClock implements Clock {
  readonly #timers = new Map<() => void, number>();
  #now = 0;

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  defer(callback: () => void): void {
    systemClock.defer(callback);
  }

  delay(ms: number, callback: () => void): () => void {
    const timer = () => callback();
    this.#timers.set(timer, this.#now + ms);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass and fires what is due. */
  advance(ms: number): void {
    this.#now += ms;
    for (const [timer, due] of [...this.#timers]) {
      if (due <= this.#now && this.#timers.delete(timer)) timer();
    }
  }
}
