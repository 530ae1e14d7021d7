/**
 * Which parameters a client wants to hear of.
 *
 * @module
 */

import { utf8Length } from "../util/bytes.ts";

/** What would be more than a client may ask the server to remember. */
export type Excess = "names" | "bytes";

/** How much that is. */
export interface InterestLimits {
  readonly parameterNames: number;
  readonly parameterNameBytes: number;
}

/** Names, or all but some names: who has asked for everything hears of what does not exist yet. */
export class ParameterInterest {
  #all = false;
  /** With `#all` those that are not wanted, else those that are. */
  #names = new Set<string>();
  /** Of the names. */
  #bytes = 0;

  /** Whether anything is wanted. */
  get any(): boolean {
    return this.#all || this.#names.size > 0;
  }

  wants(name: string): boolean {
    return this.#all !== this.#names.has(name);
  }

  /** Wants these too; all with no names. @returns What would be too much; nothing is done then. */
  add(names: readonly string[], limits: InterestLimits): Excess | undefined {
    return this.#set(names, true, limits);
  }

  /** Wants these no more; none with no names. @returns As {@link add}. */
  remove(names: readonly string[], limits: InterestLimits): Excess | undefined {
    return this.#set(names, false, limits);
  }

  #set(names: readonly string[], wanted: boolean, limits: InterestLimits): Excess | undefined {
    if (names.length === 0) {
      this.#all = wanted;
      this.#names.clear();
      this.#bytes = 0;
    } else if (this.#all === wanted) {
      for (const name of names) if (this.#names.delete(name)) this.#bytes -= utf8Length(name);
    } else {
      return this.#keep(new Set(names.filter((name) => !this.#names.has(name))), limits);
    }
  }

  #keep(added: ReadonlySet<string>, limits: InterestLimits): Excess | undefined {
    const bytes = Array.from(added, utf8Length).reduce((sum, length) => sum + length, this.#bytes);
    if (this.#names.size + added.size > limits.parameterNames) return "names";
    if (bytes > limits.parameterNameBytes) return "bytes";
    for (const name of added) this.#names.add(name);
    this.#bytes = bytes;
  }
}
