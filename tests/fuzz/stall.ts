/** Whether a step keeps the event loop for too long. */
import process from "node:process";
import { Mismatch } from "./case.ts";

/** Milliseconds of this process's own that one step may take: several messages of up to a megabyte. */
export const STALL_MS = 3_000;

/** The longest step so far. */
export const slowest = { ms: 0 };

/** Looks at the steps of a run. */
export class StallWatch {
  readonly #cpu = process.cpuUsage();

  /** Does a step. @throws {Mismatch} when it has taken too long, and not because others were at work on this machine. */
  async step<T>(run: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await run();
    const ms = performance.now() - start;
    slowest.ms = Math.max(slowest.ms, ms);
    if (ms > STALL_MS && this.#cpuMs() > STALL_MS) throw new Mismatch(`A step took ${Math.round(ms)} ms`);
    return result;
  }

  /** Of the whole run, which is hardly more than that of its longest step. */
  #cpuMs(): number {
    const { user, system } = process.cpuUsage(this.#cpu);
    return (user + system) / 1000;
  }
}
