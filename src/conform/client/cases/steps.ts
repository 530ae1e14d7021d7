/**
 * What several cases do.
 *
 * @module
 */
import type { Level, Source } from "../../case.ts";
import type { ClientCase } from "../case.ts";
import type { Stage } from "../stage.ts";

/** Bytes as text. */
export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/** A case in short. */
export type Row = [name: string, level: Level, rule: string, run: (stage: Stage) => Promise<void>];

/** Cases of a group that all need a driver. */
export function driven(group: string, source: Source, rows: readonly Row[]): ClientCase[] {
  return rows.map(([name, level, rule, run]) => ({ name: `${group}/${name}`, level, rule, source, driven: true, run }));
}
