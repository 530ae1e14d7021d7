/** What a gate has to say. */
import { runDeno } from "../support/child.ts";

/** The finding of a gate: it lets pass when there are no problems. */
export interface Verdict {
  problems: string[];
  /** A figure worth seeing when all is well. */
  note?: string;
}

/** A check of the whole repository. */
export type Gate = () => Promise<Verdict>;

/** The verdict of a Deno command: all it printed, if it failed. */
export async function denoCommand(...args: string[]): Promise<Verdict> {
  const { code, output } = await runDeno(args);
  return { problems: code === 0 ? [] : [output] };
}

/** One verdict out of many. */
export function joined(verdicts: readonly Verdict[]): Verdict {
  const notes = verdicts.flatMap(({ note }) => note ?? []);
  const problems = verdicts.flatMap((verdict) => verdict.problems);
  return notes.length > 0 ? { problems, note: notes.join(", ") } : { problems };
}
