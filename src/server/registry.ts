/**
 * What a server has and tells its clients of: its channels, or its services.
 *
 * @module
 */
import type { Advertised } from "./batches.ts";

/** One of them. */
export interface RegistryEntry<Info extends { readonly id: number }> {
  readonly advertised: Advertised<Info>;
}

/** What happens when the set changes. */
export interface RegistryHooks<Entry> {
  /** Something was added, for the first time since all that was added has been told. */
  added(): void;
  /** Something that clients know of is gone. */
  removed(entry: Entry): void;
}

/** All of them by id. Ids start at 1 and are never used again. */
export class Registry<Info extends { readonly id: number }, Entry extends RegistryEntry<Info>> {
  readonly #entries = new Map<number, Entry>();
  /** Those that clients have not been told of. */
  readonly #added = new Set<Entry>();
  readonly #hooks: RegistryHooks<Entry>;
  #nextId = 1;

  constructor(hooks: RegistryHooks<Entry>) {
    this.#hooks = hooks;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The id of the next one. */
  get nextId(): number {
    return this.#nextId;
  }

  /** One that clients have been told of; others are unknown to them, whatever they guess. */
  get(id: number): Entry | undefined {
    const entry = this.#entries.get(id);
    return entry !== undefined && this.#added.has(entry) ? undefined : entry;
  }

  /** All of them. */
  all(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** Those that clients have been told of, as they are advertised. */
  known(): Advertised<Info>[] {
    return [...this.#entries.values()].filter((entry) => !this.#added.has(entry)).map(({ advertised }) => advertised);
  }

  /** Those that clients are to be told of. */
  added(): Entry[] {
    return [...this.#added];
  }

  /** Clients are being told of these now. @returns Those that are still there, as they are advertised. */
  takeAdded(entries: readonly Entry[]): Advertised<Info>[] {
    const taken = entries.filter((entry) => this.#added.delete(entry)).map(({ advertised }) => advertised);
    // Others have come while clients' filters were asked.
    if (this.#added.size > 0) this.#hooks.added();
    return taken;
  }

  /** Adds one with the {@link nextId}. */
  add(entry: Entry): void {
    this.#entries.set(this.#nextId++, entry);
    this.#added.add(entry);
    if (this.#added.size === 1) this.#hooks.added();
  }

  /**
   * Removes one.
   *
   * @param whenGone Called before clients are told.
   */
  remove(id: number, whenGone: (entry: Entry) => void): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    whenGone(entry);
    // One that nobody has heard of yet leaves as quietly as it came.
    if (!this.#added.delete(entry)) this.#hooks.removed(entry);
  }
}
