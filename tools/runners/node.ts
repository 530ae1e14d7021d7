/** The shared suites on Node 24, from source. */
import { node } from "../support/runtimes.ts";
import { cache } from "../support/repo.ts";
import { BUN_SYNTAX } from "./progress.ts";
import { asPattern, type Runner, runSuite, TEST_LIMIT_MS } from "./suite.ts";

// Not --test-force-exit: a file that ends so loses what it has not reported yet.
const FLAGS = [
  "--test",
  `--test-timeout=${TEST_LIMIT_MS}`,
  "--import=./tools/node_std.mjs",
  "--import=./tools/node_leftovers.mjs",
];

/** Runs them with the Node of this machine or one fetched from npm. */
export const runOnNode: Runner = async (options) => {
  const { path } = await node(24);
  const flags = [...FLAGS];
  if (options.filter !== undefined) flags.push(`--test-name-pattern=${asPattern(options.filter)}`);
  return await runSuite((report, files) => ({
    program: path,
    args: [...flags, ...reporters(report), ...files],
    syntax: BUN_SYNTAX,
    // Each file has a process of its own, which need not strip the types of the same modules again.
    env: { NODE_COMPILE_CACHE: `${cache}/node` },
  }), options);
};

function reporters(report: string): string[] {
  return [
    "--test-reporter=./tools/node_reporter.mjs",
    "--test-reporter-destination=stdout",
    "--test-reporter=junit",
    `--test-reporter-destination=${report}`,
  ];
}
