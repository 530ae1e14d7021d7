/**
 * Waiting until something holds.
 *
 * @module
 */

/** Rung by whoever changes something; heard by the one who waits for it. */
export class Bell {
  #ring: () => void = () => {};

  /** Something has changed. */
  ring(): void {
    this.#ring();
  }

  /** Waits until a condition holds, or for so many milliseconds. */
  async wait(condition: () => boolean, ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => resolve(void (over = true)), ms);
    });
    try {
      while (!condition() && !over) await Promise.race([late, new Promise<void>((resolve) => this.#ring = resolve)]);
    } finally {
      clearTimeout(timer);
    }
  }
}
