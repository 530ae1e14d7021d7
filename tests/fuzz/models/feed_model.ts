/** What waits to be read at a client. */

/** Items that wait at most. */
export const FEED_ITEMS = 50;

/** A queue that drops its oldest items. */
export class FeedModel {
  readonly #limit: number;
  items: string[] = [];
  dropped = 0;
  /** `"error"`: whoever reads on learns why. */
  ended: "done" | "error" | undefined;

  constructor(limit: number = FEED_ITEMS) {
    this.#limit = limit;
  }

  push(item: string): void {
    if (this.ended !== undefined) return;
    if (this.items.length >= this.#limit) {
      this.items.shift();
      this.dropped++;
    }
    this.items.push(item);
  }

  /** What was not read is of before. */
  forget(): void {
    this.dropped += this.items.length;
    this.items = [];
  }

  end(how: "done" | "error"): void {
    this.ended ??= how;
  }

  close(): void {
    this.items = [];
    this.end("done");
  }
}
