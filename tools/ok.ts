/**
 * All gates, one after the other, to the end also when one fails.
 *
 * `deno task ok [--only layers,sizes] [--except tests]`
 */
import { parseArgs } from "node:util";
import { adapters } from "./gates/adapters.ts";
import { doc, examples } from "./gates/docs.ts";
import { exports } from "./gates/exports.ts";
import { layers } from "./gates/layers.ts";
import { sizes } from "./gates/sizes.ts";
import { check, dom } from "./gates/types.ts";
import { denoCommand, type Gate, type Verdict } from "./gates/verdict.ts";
import { formatTally, tally } from "./runners/junit.ts";
import { namesIn, runMain } from "./support/main.ts";

const GATES: Record<string, Gate> = {
  fmt: () => denoCommand("fmt", "--check"),
  lint: () => denoCommand("lint"),
  check,
  dom,
  layers,
  exports,
  adapters,
  sizes,
  doc,
  examples,
  publish: () => denoCommand("publish", "--dry-run", "--allow-dirty"),
  tests,
};

/** On every runtime, and the built package: its output is long and shown as it comes. */
async function tests(): Promise<Verdict> {
  const args = ["run", "--allow-all", "tools/run_tests.ts", "--all"];
  const { code } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  return { problems: code === 0 ? [] : [`The test command ended with exit code ${code}`] };
}

async function run(name: string, gate: Gate): Promise<boolean> {
  const start = performance.now();
  const { problems, note } = await gate().catch(thrown);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${problems.length === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)${note ? `: ${note}` : ""}`);
  for (const line of problems.flatMap((problem) => problem.trimEnd().split("\n"))) console.log(`       ${line}`);
  return problems.length === 0;
}

/** A gate that breaks does not let anything pass. */
function thrown(error: unknown): Verdict {
  return { problems: [error instanceof Error ? error.stack ?? error.message : String(error)] };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: "string" }, except: { type: "string" } } });
  const known = Object.keys(GATES);
  const only = values.only === undefined ? known : namesIn(values.only, known);
  const except = namesIn(values.except, known);
  const names = known.filter((name) => only.includes(name) && !except.includes(name));
  let failed = 0;
  for (const name of names) if (!await run(name, GATES[name]!)) failed++;
  console.log(formatTally(tally({ passed: names.length - failed, failed })));
  return failed > 0 ? 1 : 0;
}

await runMain(main);
