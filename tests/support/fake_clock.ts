import type { Clock } from "../../src/util/time.ts";

interface Delay {
  at: number;
  callback: () => void;
}

/** A clock whose hands the test holds: nothing runs and no time passes but by {@link turn} and {@link advance}. */
export class FakeClock implements Clock {
  #now = 0;
  #deferred: (() => void)[] = [];
  #delays: Delay[] = [];

  now(): number {
    return this.#now;
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  delay(ms: number, callback: () => void): () => void {
    const delay = { at: this.#now + ms, callback };
    this.#delays.push(delay);
    return () => {
      this.#delays = this.#delays.filter((other) => other !== delay);
    };
  }

  /** How many callbacks wait for the next turn. */
  get deferred(): number {
    return this.#deferred.length;
  }

  /** How many delays run. */
  get delays(): number {
    return this.#delays.length;
  }

  /** One turn of the event loop that took `ms`: runs the delays that are due then, and what was deferred before it. */
  turn(ms = 0): void {
    const deferred = this.#deferred;
    this.#deferred = [];
    this.#pass(this.#now + ms);
    for (const callback of deferred) callback();
  }

  /** Turns until nothing is deferred. @throws {Error} when something defers itself for ever. */
  settle(): void {
    for (let turns = 0; this.#deferred.length > 0; turns++) {
      if (turns === 10_000) throw new Error("Cannot settle: something is still deferred after 10000 turns");
      this.turn();
    }
  }

  /** Lets `ms` pass: every delay runs at its own time, and everything deferred before the next one. */
  advance(ms: number): void {
    const end = this.#now + ms;
    this.settle();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#run(next);
      this.settle();
    }
    this.#now = end;
  }

  /** Moves time to `end` and runs the delays that are due by then, each at its own time. */
  #pass(end: number): void {
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) this.#run(next);
    this.#now = end;
  }

  /** The delay that is due first, if it is by `end`; of two at the same time the one that was asked for first. */
  #next(end: number): Delay | undefined {
    const due = this.#delays.filter((delay) => delay.at <= end);
    return due.length === 0 ? undefined : due.reduce((first, delay) => delay.at < first.at ? delay : first);
  }

  #run(delay: Delay): void {
    this.#delays = this.#delays.filter((other) => other !== delay);
    this.#now = Math.max(this.#now, delay.at);
    delay.callback();
  }
}
