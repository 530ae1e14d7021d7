/**
 * Jobs that wait for each other.
 *
 * @module
 */

/** Runs one job at a time, in the order in which they were given. One that fails does not stop the next. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs a job when those before it are done. @returns What the job gives. */
  run<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => {});
    return result;
  }
}
