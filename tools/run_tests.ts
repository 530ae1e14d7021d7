/**
 * The test command: the suites on every runtime, with progress, and a last line that says how many passed and failed.
 *
 * `deno task test [--only deno,bun] [--filter text] [--all] [--jobs N] [part of a path …]`
 */
import { parseArgs } from "node:util";
import { runBundles, runCompiled } from "./runners/bundles.ts";
import { runInBrowser } from "./runners/browser.ts";
import { runOnBun } from "./runners/bun.ts";
import { runOnDeno } from "./runners/deno.ts";
import { formatTally, sum, type Tally, tally, withoutSkips } from "./runners/junit.ts";
import { runOnNode } from "./runners/node.ts";
import { runPackage } from "./runners/package.ts";
import { preparePeers } from "./runners/peers.ts";
import { type Runner, type SuiteOptions, testFiles } from "./runners/suite.ts";
import { namesIn, runMain } from "./support/main.ts";
import { Unavailable } from "./support/unavailable.ts";

/** Those that take longest come first, see `--jobs`. */
const RUNNERS: Record<string, Runner> = {
  deno: runOnDeno,
  node: runOnNode,
  bun: runOnBun,
  browser: runInBrowser,
  package: runPackage,
  bundles: runBundles,
  compile: runCompiled,
};

/** Not without being asked for: they take longest and change least, or need what CI may not have. */
const ON_DEMAND: Readonly<Record<string, string>> = {
  package: "left to CI and to `deno task test:package`",
  bundles: "left to CI and to `deno task test:bundles`",
  compile: "left to `deno task test:compile`: what `deno compile` needs is on dl.deno.land alone",
};

/** Those that run the files which have peers in other languages. */
const SHARED: ReadonlySet<string> = new Set(["deno", "bun", "node"]);

const isCI = Deno.env.get("CI") === "true";

/** Runs the suites on one runtime. What is skipped, be it a test or all of them, is a failure under CI. */
async function runOn(name: string, options: SuiteOptions): Promise<Tally> {
  const { print } = options;
  const start = performance.now();
  try {
    const result = await RUNNERS[name]!(options);
    print(`${formatTally(result)} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    return isCI ? withoutSkips(result) : result;
  } catch (error) {
    if (!(error instanceof Unavailable)) {
      print(`FAILED: ${error instanceof Error ? error.stack : error}`);
      return tally({ failed: 1 });
    }
    print(`${isCI ? "FAILED" : "skipped"}: ${error.message}`);
    return tally(isCI ? { failed: 1 } : { skipped: 1 });
  }
}

/** Runs them on several runtimes, so many at a time: each waits half of the time for its sockets. */
async function runOnEach(
  names: readonly string[],
  jobs: number,
  options: Omit<SuiteOptions, "print">,
): Promise<Tally[]> {
  const width = Math.max(...names.map(({ length }) => length));
  const left = [...names];
  const results: Tally[] = [];
  const work = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const margin = `${name.padEnd(width)}  `;
      const print = (text: string) => console.log(text.replace(/^/gm, margin));
      results.push(await runOn(name, { ...options, print }));
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}

/** Without `--only`: those that are not on demand; with `--all` and in CI all but what a host may keep from them. */
function wantedRunners({ only, all }: { only?: string | undefined; all?: boolean | undefined }): string[] {
  const known = Object.keys(RUNNERS);
  if (only !== undefined) return namesIn(only, known);
  return all || isCI ? known.filter((name) => name !== "compile") : known.filter((name) => !(name in ON_DEMAND));
}

/** Says of what was left out how it is run. */
function sayLeftOut(names: readonly string[]): void {
  for (const [name, why] of Object.entries(ON_DEMAND)) if (!names.includes(name)) console.log(`${name}: ${why}`);
}

/** A runtime that finds no test at all is broken, unless few were asked for. */
function countIdle(results: readonly Tally[]): number {
  return results.filter(({ passed, failed, skipped }) => passed + failed + skipped === 0).length;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      only: { type: "string" },
      all: { type: "boolean" },
      filter: { type: "string" },
      limit: { type: "string", default: "900" },
      jobs: { type: "string", default: `${navigator.hardwareConcurrency}` },
    },
    allowPositionals: true,
  });
  const names = wantedRunners(values);
  const files = await testFiles(positionals);
  const options = { files, filter: values.filter, limitMs: Number(values.limit) * 1000 };
  if (names.some((name) => SHARED.has(name))) await preparePeers(files, isCI);
  const results = await runOnEach(names, Number(values.jobs), options);
  if (values.only === undefined) sayLeftOut(names);
  const total = sum(results);
  if (positionals.length === 0 && values.filter === undefined) total.failed += countIdle(results);
  console.log(formatTally(total));
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

await runMain(main);
