/** A signal that knows who listens to it. */
export class CountingSignal {
  readonly #controller = new AbortController();
  readonly #listeners = new Set<unknown>();

  constructor() {
    const { signal } = this;
    const { addEventListener: add, removeEventListener: remove } = signal;
    signal.addEventListener = (type: string, listener: unknown, ...options: unknown[]) => {
      this.#listeners.add(listener);
      Reflect.apply(add, signal, [type, listener, ...options]);
    };
    signal.removeEventListener = (type: string, listener: unknown, ...options: unknown[]) => {
      this.#listeners.delete(listener);
      Reflect.apply(remove, signal, [type, listener, ...options]);
    };
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** How many listeners were added and not removed. */
  get listeners(): number {
    return this.#listeners.size;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }
}
