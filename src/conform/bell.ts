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

  /** Waits until a condition holds, or for so many milliseconds. Rejects when it throws; asks no more once it has held. */
  async wait(condition: () => boolean, ms: number): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        settle();
      };
      const look = () => {
        try {
          if (condition()) done(resolve);
        } catch (error) {
          done(() => reject(error));
        }
      };
      const timer = setTimeout(() => done(resolve), ms);
      this.#waiting.add(look);
    });
  }
}
