/**
 * Which parameters a client wants to hear of.
 *
 * @module
 */

/** Names, or all but some names: who has asked for everything hears of what does not exist yet. */
export class ParameterInterest {
  #all = false;
  /** With `#all` those that are not wanted, else those that are. */
  #names = new Set<string>();

  /** Whether anything is wanted. */
  get any(): boolean {
    return this.#all || this.#names.size > 0;
  }

  wants(name: string): boolean {
    return this.#all !== this.#names.has(name);
  }

  /** Wants these too; all with no names. @returns `false`, and nothing done, when that is more than `limit` names. */
  add(names: readonly string[], limit: number): boolean {
    return this.#set(names, true, limit);
  }

  /** Wants these no more; none with no names. @returns As {@link add}. */
  remove(names: readonly string[], limit: number): boolean {
    return this.#set(names, false, limit);
  }

  #set(names: readonly string[], wanted: boolean, limit: number): boolean {
    if (names.length === 0) {
      this.#all = wanted;
      this.#names.clear();
      return true;
    }
    if (this.#all === wanted) {
      for (const name of names) this.#names.delete(name);
      return true;
    }
    const added = names.filter((name) => !this.#names.has(name));
    if (this.#names.size + added.length > limit) return false;
    for (const name of added) this.#names.add(name);
    return true;
  }
}
