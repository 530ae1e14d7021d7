/** What the tests of the suite for clients have in common. */
import { CLIENT_RULES } from "../../../src/conform/client/runner.ts";
import type { ConformResult } from "../../../src/conform/options.ts";

/** Long enough for what has to come on a loaded machine. */
export const PATIENT = { connectMs: 60_000, answerMs: 20_000, caseMs: 120_000 };

/** The first parts of the names of the cases, without those of rules that are looked at in all of them. */
export function clientGroups(): string[] {
  return [...new Set(CLIENT_RULES.map(({ name }) => name.split("/")[0]!))].filter((group) => group !== "sent");
}

/** Rules that are not kept, in words. Which messages were sent at all depends on the scenes. */
export function brokenRules(results: readonly ConformResult[]): string[] {
  return results
    .filter(({ name, outcome }) => outcome === "failed" || outcome === "skipped" && !name.startsWith("sent/"))
    .map(({ name, outcome, expected, got, reason }) => `${name} ${outcome}: ${reason ?? `${expected}; ${got}`}`);
}
