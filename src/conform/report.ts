/**
 * Results as text: the Test Anything Protocol, and a summary.
 *
 * @module
 */
import type { Level } from "./case.ts";
import type { ConformResult } from "./options.ts";

/** Levels, the heaviest first. */
export const LEVEL_NAMES: readonly Level[] = ["must", "should", "extra"];

/** How many results of a level came out how. */
export interface Count {
  /** The rule is kept. */
  ok: number;
  /** It is broken. */
  failed: number;
  /** It could not be tried. */
  skipped: number;
}

/** One result as lines of TAP. @param number Its place among the results, from 1. */
export function tapLines(number: number, result: ConformResult): string[] {
  const { outcome, level, name, rule, reason, protocol } = result;
  const first = `${outcome === "failed" ? "not ok" : "ok"} ${number} - ${level} ${name}`;
  const by = protocol === undefined ? "" : ` (${protocol})`;
  if (outcome === "skipped") return [`${first}${by} # SKIP ${reason}`];
  return outcome === "ok" ? [`${first}${by}: ${rule}`] : [`${first}${by}`, ...block(result)];
}

/** What went wrong, as YAML. */
function block({ rule, source, expected = "", got = "", wire = [] }: ConformResult): string[] {
  return [
    "  ---",
    `  rule: ${quoted(rule)}`,
    `  source: ${quoted(`${SOURCES[source.authority]}: ${source.where}`)}`,
    `  see: ${quoted(source.url)}`,
    `  expected: ${quoted(expected)}`,
    `  got: ${quoted(got)}`,
    ...(wire.length === 0 ? [] : ["  wire:", ...wire.map((line) => `    - ${quoted(line)}`)]),
    "  ...",
  ];
}

const SOURCES = {
  specification: "the published specification",
  sdk: "the official SDK",
  foxwire: "Foxwire's choice",
} as const;

/** JSON strings are YAML strings. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/** How many results came out how, per level. */
export function countByLevel(results: readonly Pick<ConformResult, "level" | "outcome">[]): Record<Level, Count> {
  const none = (): Count => ({ ok: 0, failed: 0, skipped: 0 });
  const counts = { must: none(), should: none(), extra: none() };
  for (const { level, outcome } of results) counts[level][outcome]++;
  return counts;
}

/** The end of a report, as comments of TAP: what to offer to have more tried, and the counts. */
export function summaryLines(results: readonly ConformResult[]): string[] {
  const counts = countByLevel(results);
  const levels = LEVEL_NAMES
    .map((level) => ({ level, ...counts[level] }))
    .filter(({ ok, failed, skipped }) => ok + failed + skipped > 0)
    .map(({ level, ok, failed, skipped }) => `# ${level}: ${ok} passed, ${failed} failed, ${skipped} skipped`);
  return [...offerLines(results), ...levels];
}

/** One line for each thing that a server would have to offer to have more tried. */
function offerLines(results: readonly ConformResult[]): string[] {
  const counts = new Map<string, number>();
  for (const { offer } of results) if (offer !== undefined) counts.set(offer, (counts.get(offer) ?? 0) + 1);
  return [...counts].map(([offer, count]) => `# to have ${count} more tried, offer: ${offer}`);
}

type Outcome = Pick<ConformResult, "level" | "outcome">;

/** Whether a peer conforms: something was tried, and no `must` and no `should` has failed. */
export function conforms(results: readonly Pick<ConformResult, "level" | "outcome">[]): boolean {
  return results.some(wasTried) && !results.some(weighs);
}

function wasTried({ outcome }: Outcome): boolean {
  return outcome !== "skipped";
}

function weighs({ level, outcome }: Outcome): boolean {
  return outcome === "failed" && level !== "extra";
}

/** The last lines of a report: which failures weigh, and the verdict. @param died After which case the server has. */
export function verdictLines(results: readonly ConformResult[], died?: string): string[] {
  const failed = results.filter(weighs).map(({ level, name }) => `# failed: ${level} ${name}`);
  if (!results.some(wasTried)) return ["# Nothing could be tried"];
  if (died !== undefined) failed.push(`# died: the server takes no connections any more, since ${died}`);
  return [...failed, failed.length === 0 ? "# It conforms" : "# It does not conform"];
}
