/**
 * Which cases are wanted.
 *
 * @module
 */
import type { Level } from "./case.ts";

/** What can be wanted. */
export interface Selection {
  only?: readonly string[];
  levels?: readonly Level[];
}

/**
 * The entries with these names and levels.
 *
 * @throws {RangeError} When a name stands for none of them.
 */
export function selected<T extends { name: string; level: Level }>(
  entries: readonly T[],
  { only, levels }: Selection,
): readonly T[] {
  const names = only?.map((pattern) => matcher(pattern, entries));
  return entries.filter(({ name, level }) =>
    (levels?.includes(level) ?? true) && (names?.some((is) => is(name)) ?? true)
  );
}

function matcher(pattern: string, entries: readonly { name: string }[]): (name: string) => boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const whole = new RegExp(`^${parts.join(".*")}(/.*)?$`);
  const is = (name: string) => whole.test(name);
  if (entries.some(({ name }) => is(name))) return is;
  throw new RangeError(`No case is called "${pattern}": list the names with --names`);
}
