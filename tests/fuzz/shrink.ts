/** From a run that fails to the few steps that make it fail. */
import { type Case, caseText, readCase, type Target } from "./case.ts";
import { withRejections } from "./rejections.ts";
import { StallWatch } from "./stall.ts";

/** Milliseconds that making a case smaller may take. */
const LIMIT_MS = 60_000;

/** Plays a case. @returns What is wrong with it; `undefined` when nothing is. */
export async function failureOf(
  target: Target,
  { setup, steps }: Pick<Case, "setup" | "steps">,
): Promise<string | undefined> {
  try {
    await withRejections(() => playAll(target, setup, steps));
  } catch (error) {
    return textOf(error);
  }
}

async function playAll(target: Target, setup: unknown, steps: readonly unknown[]): Promise<void> {
  // What is played must not change what is kept.
  const stalls = new StallWatch();
  const play = await target.start(readCase(caseText(setup)));
  try {
    for (const step of steps) await stalls.step(() => play.play(step));
    await play.finish();
  } finally {
    await play.dispose?.();
  }
}

/** What was thrown, for people: a mismatch says all by itself, anything else with where it comes from. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === "Mismatch" ? error.message : error.stack ?? error.message;
}

/** A case that fails with fewer steps, and less in each of them. The same one when it does not fail again. */
export async function shrink(target: Target, found: Case, log: (line: string) => void): Promise<Case> {
  const until = performance.now() + LIMIT_MS;
  const fails = async (steps: unknown[]) =>
    performance.now() < until && await failureOf(target, { ...found, steps }) !== undefined;
  if (!await fails(found.steps)) {
    log("It does not fail when it is played again: look for something that other runs have left behind");
    return found;
  }
  const fewer = await withoutMost(found.steps, fails);
  log(`Smaller: ${fewer.length} of ${found.steps.length} steps`);
  const steps = await inside(fewer, fails);
  return { ...found, steps, found: await failureOf(target, { ...found, steps }) ?? found.found };
}

/** Leaves out as many items as it can: first large parts, then single ones. */
async function withoutMost<T>(items: readonly T[], fails: (items: T[]) => Promise<boolean>): Promise<T[]> {
  let left = [...items];
  for (let size = Math.ceil(left.length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = left.length - size; at > -size; at -= size) {
      const shorter = left.filter((_, i) => i < at || i >= at + size);
      if (shorter.length < left.length && await fails(shorter)) left = shorter;
    }
  }
  return left;
}

/** Leaves out what it can of the lists in each step. */
async function inside(steps: readonly unknown[], fails: (steps: unknown[]) => Promise<boolean>): Promise<unknown[]> {
  let best = [...steps];
  for (const index of best.keys()) {
    const lists = Object.entries(best[index] as object).filter(([, member]) => Array.isArray(member));
    for (const [key, list] of lists) {
      const changed = (items: unknown[]) => best.with(index, { ...(best[index] as object), [key]: items });
      const items = await withoutMost(list as unknown[], (items) => fails(changed(items)));
      best = changed(items);
    }
  }
  return best;
}
