/** Turns and time in the hands of a run. */
import process from "node:process";
import { systemClock } from "../../src/util/time.ts";
import type { FakeClock } from "../support/fake_clock.ts";
import { Mismatch } from "./case.ts";

/** What is said in one step may keep the event loop for so long, in milliseconds of this process: others may be at work. */
export const STALL_MS = 2_000;

/** The longest step so far, likewise. */
export const slowest = { ms: 0 };

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

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
    const start = cpuMs();
    await this.#pass(this.#waiting);
    const ms = cpuMs() - start;
    slowest.ms = Math.max(slowest.ms, ms);
    if (ms > STALL_MS) throw new Mismatch(`A step took ${Math.round(ms)} ms of CPU`);
  }

  async #pass(ms: number): Promise<void> {
    this.#waiting = 0;
    if (ms > 0) {
      await this.#advance(this.#ownClock, ms);
      await this.#advance(this.#clock, ms);
    }
    await this.#turns();
  }

  /** Between two timers of a runtime, what waits for promises runs. */
  async #advance(clock: FakeClock, ms: number): Promise<void> {
    const end = clock.now() + ms;
    while (clock.runNext(end - clock.now())) await this.#turns();
    clock.advance(end - clock.now());
  }

  async #turns(): Promise<void> {
    do {
      this.#clock.settle();
      await macrotask();
    } while (this.#clock.deferred > 0);
  }
}
