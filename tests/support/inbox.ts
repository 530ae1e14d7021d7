import { within } from "../../src/util/async.ts";
import { deferred } from "../../src/util/async.ts";

/** What has arrived and was not yet asked for. */
export class Inbox<T> {
  readonly #name: string;
  readonly #items: T[] = [];
  #arrived = deferred<void>();

  /** @param name Of what arrives, for the error when it does not. */
  constructor(name: string) {
    this.#name = name;
  }

  put(item: T): void {
    this.#items.push(item);
    this.#arrived.resolve();
  }

  /** The next item; fails when none comes within 5 s. */
  async next(): Promise<T> {
    while (this.#items.length === 0) {
      this.#arrived = deferred();
      await within(this.#arrived.promise, this.#name, { timeoutMs: 5000 });
    }
    return this.#items.shift()!;
  }
}
