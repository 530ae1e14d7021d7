/**
 * Waiting until something holds.
 *
 * @module
 */

/** Rung by whoever changes something; heard by all who wait. */
export class Bell {
  readonly #waiting: Set<() => void> = new Set();

  /** Something has changed. */
  ring(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Waits until a condition holds, or for so many milliseconds. */
  wait(condition: () => boolean, ms: number): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const look = () => condition() && done();
      const timer = setTimeout(done, ms);
      this.#waiting.add(look);
    });
  }
}
