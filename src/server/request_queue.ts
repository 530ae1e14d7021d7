/**
 * Requests of one client that are answered in the order in which they came.
 *
 * @module
 */

/** Runs jobs one after the other: at once while none of them has to wait. */
export class RequestQueue {
  #inFlight = 0;
  #last: Promise<void> | undefined;

  /** How many jobs have begun or wait. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Runs a job when those before it are done. One that may fail reports it by itself. */
  run(job: () => void | Promise<void>): void {
    const pending = this.#last === undefined ? job() : this.#last.then(job);
    if (pending === undefined) return;
    this.#inFlight++;
    const over = () => {
      this.#inFlight--;
      if (this.#last === last) this.#last = undefined;
    };
    // One that fails all the same must not stop the next.
    const last: Promise<void> = pending.then(over, over);
    this.#last = last;
  }
}

/** Takes each step in order, the next one when the one before is done; only a step that has to wait makes it async. */
export function inOrder<T>(items: readonly T[], step: (item: T) => void | Promise<void>): void | Promise<void> {
  for (const [i, item] of items.entries()) {
    const pending = step(item);
    if (pending !== undefined) return pending.then(() => rest(items.slice(i + 1), step));
  }
}

async function rest<T>(items: readonly T[], step: (item: T) => void | Promise<void>): Promise<void> {
  for (const item of items) await step(item);
}
