/** The shared suites on Bun. */
import { bun } from "../support/runtimes.ts";
import { BUN_SYNTAX } from "./progress.ts";
import { asPattern, type Runner, runSuite } from "./suite.ts";

/** Bun alone ends a test after 5 s unless told otherwise; the others have no limit of their own. */
const TEST_LIMIT_MS = 60_000;

/** Runs them with the Bun of this machine or one fetched from npm. */
export const runOnBun: Runner = async (options) => {
  const { path } = await bun();
  const flags = [`--timeout=${TEST_LIMIT_MS}`, "--reporter=junit"];
  if (options.filter !== undefined) flags.push("--test-name-pattern", asPattern(options.filter));
  return await runSuite((report, files) => ({
    program: path,
    // With "./" a path is this file; without, it is a pattern.
    args: ["test", ...flags, `--reporter-outfile=${report}`, ...files.map((file) => `./${file}`)],
    syntax: BUN_SYNTAX,
  }), options);
};
