/** The shared suites on one runtime: runs its test command, shows progress, counts. */
import { runChild } from "../support/child.ts";
import { filesBelow } from "../support/repo.ts";
import { countTests, type Tally, tally } from "./junit.ts";
import { Progress, type Syntax } from "./progress.ts";

/** Fails one test that takes longer, on Bun and Node; Deno has no such limit. */
export const TEST_LIMIT_MS = 60_000;

/** Shows a line, or several, to whoever waits. What failed is shown once more at the end. */
export type Print = (text: string, outcome?: typeof FAILED) => void;
export const FAILED = "FAILED";

/** What to run. */
export interface SuiteOptions {
  /** Test files, relative to the root. */
  files: readonly string[];
  /** Runs only tests whose name contains this. */
  filter?: string | undefined;
  /** Ends a runtime that takes longer, in milliseconds. */
  limitMs: number;
  print: Print;
}

/** Runs the suites, or says by a throw why it cannot. */
export type Runner = (options: SuiteOptions) => Promise<Tally>;

/** How a runtime is told to run tests. */
export interface TestCommand {
  program: string;
  args: readonly string[];
  syntax: Syntax;
  env?: Record<string, string>;
}

/** The test files whose path contains one of some parts; all without any. */
export async function testFiles(wanted: readonly string[]): Promise<string[]> {
  const all = await filesBelow("tests", /_test\.ts$/);
  return all.filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)));
}

/**
 * Runs the suites by a runtime's own test command.
 *
 * @param command Is given the path of the JUnit report to write, and the files that are not for the browser alone.
 */
export async function runSuite(
  command: (report: string, files: string[]) => TestCommand,
  { files, filter, limitMs, print }: SuiteOptions,
): Promise<Tally> {
  const shared = files.filter((file) => !file.startsWith("tests/browser/"));
  // Without any file, each of the commands would look for files of its own.
  if (shared.length === 0) return tally();
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const { program, args, syntax, env = {} } = command(report, shared);
    const progress = new Progress(syntax, print);
    const result = await runChild(program, { args, env, limitMs, onLine: (line) => progress.line(line) });
    const counted = countTests(await Deno.readTextFile(report));
    const unexplained = result.code !== 0 && counted.failed === 0;
    progress.end(unexplained || result.timedOut);
    if (result.timedOut) {
      print(`ended after ${limitMs / 1000} s: a test hangs, or something it started is left over`, FAILED);
    } else if (unexplained) print(`ended with exit code ${result.code}, though no test failed`, FAILED);
    // Bun and Node count what a filter leaves out as skipped.
    if (filter !== undefined) counted.skipped = 0;
    return unexplained || result.timedOut ? { ...counted, failed: counted.failed + 1 } : counted;
  } finally {
    await Deno.remove(report);
  }
}

/** A filter as a pattern that matches exactly its text. */
export function asPattern(filter: string): string {
  return filter.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
