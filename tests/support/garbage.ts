/** What nobody holds any more, on runtimes that can be told to look: Deno, Bun and Node. */
import { AssertionError } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "../../src/util/time.ts";

const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };

/** Collects what can be collected now. */
export const collect: () => void = Bun === undefined ? exposed() : () => Bun.gc(true);

function exposed(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** Turns of the event loop, each with a collection: what a turn has on its stack is freed in a later one. */
const ROUNDS = 50;

/** Objects of which nothing may stay behind, told apart by kind. */
export class Mortals {
  readonly #refs = new Map<string, WeakRef<object>[]>();

  add(kind: string, object: object): void {
    const refs = this.#refs.get(kind) ?? [];
    this.#refs.set(kind, refs);
    refs.push(new WeakRef(object));
  }

  /** How many there have been. */
  count(kind: string): number {
    return this.#refs.get(kind)?.length ?? 0;
  }

  /** How many are still there, by kind. */
  alive(): Record<string, number> {
    return Object.fromEntries(
      Array.from(this.#refs, ([kind, refs]) => [kind, refs.filter((ref) => ref.deref()).length]),
    );
  }

  /**
   * Fails when more than one of a hundred of a kind is held; a collector may take the stack for references.
   *
   * @param few Where there were not many: so many may be held.
   */
  async assertGone(few = 0): Promise<void> {
    const isLeft = ([kind, alive]: [string, number]) => alive > Math.max(few, this.count(kind) / 100);
    let left: [string, number][] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await new Promise<void>((resolve) => systemClock.defer(resolve));
      collect();
      left = Object.entries(this.alive()).filter(isLeft);
      if (left.length === 0) return;
    }
    throw new AssertionError(
      left.map(([kind, alive]) => `${alive} of ${this.count(kind)} ${kind} are held`).join(", "),
    );
  }
}
