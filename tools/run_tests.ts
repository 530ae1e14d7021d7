/**
 * The test command: the suites on every runtime, with progress, and a last line that says how many passed and failed.
 *
 * `deno task test [--only deno,bun] [--filter text] [--all] [part of a path …]`
 */
import { parseArgs } from "node:util";
import { runInBrowser } from "./runners/browser.ts";
import { runOnBun } from "./runners/bun.ts";
import { runOnDeno } from "./runners/deno.ts";
import { formatTally, sum, type Tally, tally } from "./runners/junit.ts";
import { runOnNode } from "./runners/node.ts";
import { runPackage } from "./runners/package.ts";
import { type Runner, type SuiteOptions, testFiles } from "./runners/suite.ts";
import { Unavailable } from "./support/unavailable.ts";

const RUNNERS: Record<string, Runner> = {
  deno: runOnDeno,
  bun: runOnBun,
  node: runOnNode,
  browser: runInBrowser,
  package: runPackage,
};

const isCI = Deno.env.get("CI") === "true";

/** Runs the suites on one runtime. Where it cannot run, that is a failure under CI and is skipped elsewhere. */
async function runOn(name: string, options: SuiteOptions): Promise<Tally> {
  console.log(name);
  const start = performance.now();
  try {
    const result = await RUNNERS[name]!(options);
    console.log(`  ${formatTally(result)} on ${name} in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
    return result;
  } catch (error) {
    if (!(error instanceof Unavailable) || isCI) {
      console.log(`  FAILED: ${error instanceof Error ? error.stack : error}\n`);
      return tally({ failed: 1 });
    }
    console.log(`  skipped: ${error.message}\n`);
    return tally({ skipped: 1 });
  }
}

/** The built package takes longest and changes least: it is for CI and for those who ask. */
function wantedRunners({ only, all }: { only?: string | undefined; all?: boolean | undefined }): string[] {
  const standard = Object.keys(RUNNERS).filter((name) => name !== "package" || all || isCI);
  const names = only?.split(",") ?? standard;
  const unknown = names.find((name) => !Object.hasOwn(RUNNERS, name));
  if (unknown !== undefined) {
    throw new Error(`No runner is called "${unknown}": ${Object.keys(RUNNERS).join(", ")} are`);
  }
  return names;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      only: { type: "string" },
      all: { type: "boolean" },
      filter: { type: "string" },
      limit: { type: "string", default: "300" },
    },
    allowPositionals: true,
  });
  const names = wantedRunners(values);
  const files = await testFiles(positionals);
  const results: Tally[] = [];
  for (const name of names) {
    results.push(await runOn(name, { files, filter: values.filter, limitMs: Number(values.limit) * 1000 }));
  }
  const total = sum(results);
  console.log(formatTally(total));
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

Deno.exit(await main());
