/**
 * The fuzzer as a program: `deno task fuzz --minutes 5`. See tools/fuzz.ts for the other runtimes.
 *
 * `[--minutes N] [--inputs N] [--runs N] [--seed S] [--only server,client,codec,frames] [--dry]`
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { freshSeed } from "../support/random.ts";
import { Campaign, type Outcome, summaryOf } from "./campaign.ts";
import { type Case, caseText, readCase } from "./case.ts";
import { TARGETS } from "./targets/all.ts";
import { watch } from "./watchdog.ts";

const REGRESSIONS = new URL("./regressions.json", import.meta.url);

function settings() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: { minutes: text, inputs: text, runs: text, seed: text, only: text, dry: { type: "boolean" } },
  });
  const names = values.only?.split(",") ?? TARGETS.map(({ name }) => name);
  const targets = TARGETS.filter(({ name }) => names.includes(name));
  if (targets.length !== names.length) throw new TypeError(`There are ${TARGETS.map(({ name }) => name).join(", ")}`);
  const numbers = Object.entries({ inputs: values.inputs, runs: values.runs, minutes: values.minutes });
  const given = numbers.filter(([, value]) => value !== undefined).map(([name, value]) =>
    [name, Number(value)] as const
  );
  const limits = given.length === 0 ? { minutes: 1 } : Object.fromEntries(given);
  return {
    targets,
    limits,
    seed: values.seed === undefined ? freshSeed() : Number(values.seed),
    dry: values.dry ?? false,
  };
}

/** What has ever failed is played again by the tests. */
function keep({ target, found, setup, steps }: Case): void {
  const known = readCase<Case[]>(readFileSync(REGRESSIONS, "utf8"));
  const lines = [...known, { target, found, setup, steps }].map((each) => `  ${caseText(each)}`);
  writeFileSync(REGRESSIONS, `[\n${lines.join(",\n")}\n]\n`);
}

function report({ tallies, failure }: Outcome, dry: boolean): number {
  console.log(summaryOf(tallies));
  const inputs = [...tallies.values()].reduce((sum, each) => sum + each.inputs, 0);
  console.log(`${inputs} inputs, ${failure === undefined ? "no failure" : "1 failure"}`);
  if (failure === undefined) return 0;
  console.log(`FAILED ${failure.target}: ${failure.found}`);
  console.log(`Its steps, ${caseText(failure.setup)}:`);
  for (const step of failure.steps) console.log(`  ${caseText(step).slice(0, 2000)}`);
  console.log(`Repeat with --only ${failure.target} --runs 1 --seed ${failure.seed}`);
  if (!dry) keep(failure);
  return 1;
}

async function main(): Promise<number> {
  const { targets, limits, seed, dry } = settings();
  console.log(`Seed ${seed}`);
  const dog = watch(TARGETS.map(({ name }) => name));
  const campaign = new Campaign({ targets, seed, ...limits, log: (line) => console.log(line), beat: dog.beat });
  const outcome = await campaign.run();
  dog.stop();
  return report(outcome, dry);
}

process.exit(await main());
