import { FakeClock } from "./fake_clock.ts";

/** A clock of a program that can be stopped: its timers are then late, as after SIGSTOP, a breakpoint or a long computation. */
export class SleepyClock extends FakeClock {
  #stood = 0;

  override now(): number {
    return super.now() + this.#stood;
  }

  /** Lets time pass in which nothing runs: what is due meanwhile, and everything else, is so much later. */
  standStill(ms: number): void {
    this.#stood += ms;
  }
}
