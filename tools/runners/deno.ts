/** The shared suites on Deno. */
import { stdFlags } from "../deno_std.ts";
import { DENO_SYNTAX } from "./progress.ts";
import { type Runner, runSuite } from "./suite.ts";

/** Runs them with the Deno that runs this. Types are another gate's business. */
export const runOnDeno: Runner = async (options) => {
  const flags = ["--allow-all", "--no-check", ...await stdFlags()];
  if (options.filter !== undefined) flags.push("--filter", options.filter);
  return await runSuite((report, files) => ({
    program: Deno.execPath(),
    args: ["test", ...flags, `--junit-path=${report}`, ...files],
    syntax: DENO_SYNTAX,
  }), options);
};
