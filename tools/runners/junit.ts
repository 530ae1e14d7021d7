/** Counts from the JUnit reports that Deno, Bun and Node all write. */

/** How many tests ended how. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** A tally with nothing in it but what is given. */
export function tally(counts: Partial<Tally> = {}): Tally {
  return { passed: 0, failed: 0, skipped: 0, ...counts };
}

/** The sum of tallies. */
export function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce((total, { passed, failed, skipped }) => ({
    passed: total.passed + passed,
    failed: total.failed + failed,
    skipped: total.skipped + skipped,
  }), tally());
}

/** Where nothing may be skipped: what was counts as failed. */
export function withoutSkips({ passed, failed, skipped }: Tally): Tally {
  return tally({ passed, failed: failed + skipped });
}

/** `12 passed, 0 failed`, and how many were skipped if any were. */
export function formatTally({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

// Attribute values may hold a bare ">" (Node writes them so).
const ATTRIBUTES = String.raw`((?:[^">]|"[^"]*")*?)`;
const TEST_CASE = new RegExp(String.raw`<testcase\b${ATTRIBUTES}(?:/>|>(.*?)</testcase>)`, "gs");
/** Node reports a file as a test too: as a passed one when it holds none, as a failed one when it cannot be loaded. */
const FILE_NAME = /\bname="[^"]*_test\.ts"/;

/** Counts the test cases of a report. */
export function countTests(xml: string): Tally {
  const result = tally();
  for (const [, attributes = "", body = ""] of xml.matchAll(TEST_CASE)) {
    if (/<(failure|error)\b/.test(body)) result.failed++;
    else if (/<skipped\b/.test(body)) result.skipped++;
    else if (!FILE_NAME.test(attributes)) result.passed++;
  }
  return result;
}
