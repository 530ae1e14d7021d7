/** The shared suites on Bun. */
import { bun } from "../support/runtimes.ts";
import { BUN_SYNTAX } from "./progress.ts";
import { asPattern, type Runner, runSuite, TEST_LIMIT_MS } from "./suite.ts";

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
