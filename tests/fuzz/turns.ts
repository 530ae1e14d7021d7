/** Turns and time in the hands of a run. */
import { systemClock } from "../../src/util/time.ts";
import type { FakeClock } from "../support/fake_clock.ts";
import { Mismatch } from "./case.ts";

/** No input may keep the event loop for so long, in milliseconds; a loaded machine takes some of it for itself. */
export const STALL_MS = 3_000;

/** An input has kept the event loop: worth a second look, as the machine may have been busy. */
export class Stall extends Mismatch {}

/** The longest turn so far, in milliseconds. */
export const slowest = { ms: 0 };

/** Lets everything run that waits for promises. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => systemClock.defer(resolve));
}

/** Two clocks that go together: what was tested, and what belongs to the test. */
export class Pace {
  readonly #clock: FakeClock;
  readonly #ownClock: FakeClock;
  #waiting = 0;

  constructor(clock: FakeClock, ownClock: FakeClock) {
    this.#clock = clock;
    this.#ownClock = ownClock;
  }

  /** Time to pass in the next {@link settle}. */
  wait(ms: number): void {
    this.#waiting += ms;
  }

  /** Turns until nothing waits for a turn any more. */
  async settle(): Promise<void> {
    const ms = this.#waiting;
    this.#waiting = 0;
    if (ms > 0) {
      this.#ownClock.advance(ms);
      await this.#turns();
      this.#clock.advance(ms);
    }
    await this.#turns();
  }

  async #turns(): Promise<void> {
    do {
      const start = performance.now();
      this.#clock.settle();
      const ms = performance.now() - start;
      slowest.ms = Math.max(slowest.ms, ms);
      if (ms > STALL_MS) throw new Stall(`A turn took ${Math.round(ms)} ms`);
      await macrotask();
    } while (this.#clock.deferred > 0);
  }
}
