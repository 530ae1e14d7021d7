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
import { FAILED, type Print, type Runner, type SuiteOptions, testFiles } from "./runners/suite.ts";
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

/** Parts that the files are dealt out to on each of them. */
const PARTS = 4;

/** How much of a failure is said a second time. */
const MAX_LINES = 60;
const MAX_COLUMNS = 200;

const isCI = Deno.env.get("CI") === "true";

/** A runtime, and files that it runs in one go. */
interface Job {
  name: string;
  files: readonly string[];
}

/** Long suites are dealt out to several processes: while one waits for its sockets, another runs. */
function jobsOf(name: string, { files, filter }: Pick<SuiteOptions, "files" | "filter">): Job[] {
  // Bun takes it for a mistake when a filter matches nothing.
  if (!SHARED.has(name) || filter !== undefined) return [{ name, files }];
  const parts = Array.from({ length: PARTS }, (_, part) => files.filter((_, place) => place % PARTS === part));
  return parts.filter((part) => part.length > 0).map((part) => ({ name, files: part }));
}

/** Runs the suites on one runtime. What is skipped, be it a test or all of them, is a failure under CI. */
async function runOn(name: string, options: SuiteOptions): Promise<Tally> {
  const { print } = options;
  try {
    const result = await RUNNERS[name]!(options);
    return isCI ? withoutSkips(result) : result;
  } catch (error) {
    if (!(error instanceof Unavailable)) {
      print(`FAILED: ${error instanceof Error ? error.stack : error}`, FAILED);
      return tally({ failed: 1 });
    }
    if (isCI) print(`FAILED: ${error.message}`, FAILED);
    else print(`skipped: ${error.message}`);
    return tally(isCI ? { failed: 1 } : { skipped: 1 });
  }
}

/** Runs them on several runtimes, so many jobs at a time. @returns What came of each runtime. */
async function runOnEach(
  names: readonly string[],
  { atOnce, ...options }: Omit<SuiteOptions, "print"> & { atOnce: number },
): Promise<{ results: Map<string, Tally>; failures: string[] }> {
  const left = names.flatMap((name) => jobsOf(name, options));
  const results = new Map(names.map((name) => [name, tally()]));
  const failures: string[] = [];
  const width = Math.max(...names.map(({ length }) => length));
  const work = async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) {
      const { name, files } = job;
      const print: Print = (text, outcome) => {
        const named = text.replace(/^/gm, `${name.padEnd(width)}  `);
        console.log(named);
        if (outcome === FAILED) failures.push(named);
      };
      const result = await runOn(name, { ...options, files, print });
      results.set(name, sum([results.get(name)!, result]));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { results, failures };
}

/** Without `--only`: those that are not on demand; with `--all` and in CI all but what a host may keep from them. */
function wantedRunners({ only, all }: { only?: string | undefined; all?: boolean | undefined }): string[] {
  const known = Object.keys(RUNNERS);
  if (only !== undefined) return namesIn(only, known);
  return all || isCI ? known.filter((name) => name !== "compile") : known.filter((name) => !(name in ON_DEMAND));
}

/** Says once more what failed, where the end of a log shows it: as much of each as fits. */
function sayFailures(failures: readonly string[]): void {
  for (const failure of failures) {
    const lines = failure.split("\n").map((line) => line.slice(0, MAX_COLUMNS));
    const shown = lines.length > MAX_LINES ? [lines[0], "…", ...lines.slice(1 - MAX_LINES)] : lines;
    console.log(`\n${shown.join("\n")}`);
  }
}

/** Says of what was left out how it is run. */
function sayLeftOut(names: readonly string[]): void {
  for (const [name, why] of Object.entries(ON_DEMAND)) if (!names.includes(name)) console.log(`${name}: ${why}`);
}

/** Runtimes that find no test at all are broken, unless few were asked for. */
function countIdle(results: Iterable<Tally>): number {
  return [...results].filter(({ passed, failed, skipped }) => passed + failed + skipped === 0).length;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      only: { type: "string" },
      all: { type: "boolean" },
      filter: { type: "string" },
      limit: { type: "string", default: "900" },
      // Tests wait for half of their time: one more than there are cores keeps these busy.
      jobs: { type: "string", default: `${navigator.hardwareConcurrency + 1}` },
    },
    allowPositionals: true,
  });
  const start = performance.now();
  const names = wantedRunners(values);
  const files = await testFiles(positionals);
  if (names.some((name) => SHARED.has(name))) await preparePeers(files, isCI);
  const limitMs = Number(values.limit) * 1000;
  const { results, failures } = await runOnEach(names, {
    atOnce: Number(values.jobs),
    files,
    filter: values.filter,
    limitMs,
  });
  sayFailures(failures);
  console.log();
  for (const [name, result] of results) console.log(`${name}: ${formatTally(result)}`);
  if (values.only === undefined) sayLeftOut(names);
  const total = sum([...results.values()]);
  if (positionals.length === 0 && values.filter === undefined) total.failed += countIdle(results.values());
  console.log(`\n${formatTally(total)} in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

await runMain(main);
