/** Lists and maps of the models. */
import type { Members } from "../readers/read_json.ts";

/** Sets values by id. @returns Of an id that comes twice the last one, in the place of the first. */
export function setAll(map: Map<number, Members>, values: readonly Members[]): Members[] {
  const latest = new Map(values.map((value) => [value.id as number, value]));
  for (const [id, value] of latest) map.set(id, value);
  return [...latest.values()];
}

/** @returns Whether it was there. */
export function removeFrom<T>(list: T[], item: T): boolean {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
  return index >= 0;
}
