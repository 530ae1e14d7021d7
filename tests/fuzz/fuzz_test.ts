/** A short run of the fuzzer with a seed that no run before had, and everything that it has ever found. */
import { AssertionError } from "@std/assert";
import { readFileSync } from "node:fs";
import { freshSeed } from "../support/random.ts";
import { test } from "../support/test.ts";
import { Campaign } from "./campaign.ts";
import { type Case, caseText, readCase, type Target } from "./case.ts";
import { failureOf } from "./shrink.ts";
import { TARGETS } from "./targets/all.ts";

const REGRESSIONS = new URL("./regressions.json", import.meta.url);

/** Runs of each target: a second or two on one core. */
const RUNS: Record<string, number> = { server: 6, client: 6, codec: 10, frames: 4 };

for (const target of TARGETS) {
  test(`fuzz: ${target.name} does what it should on whatever comes`, () => shortRun(target));
}

test("fuzz: nothing that has ever been found is wrong again", async () => {
  for (const { target: name, setup, steps, found } of readCase<Case[]>(readFileSync(REGRESSIONS, "utf8"))) {
    const target = TARGETS.find((target) => target.name === name)!;
    const failure = await failureOf(target, { setup, steps });
    if (failure !== undefined) throw new AssertionError(`${failure}\nwhich was once: ${found}`);
  }
});

async function shortRun(target: Target): Promise<void> {
  const seed = freshSeed();
  const campaign = new Campaign({ targets: [target], seed, runs: RUNS[target.name]!, log: () => {} });
  const { failure } = await campaign.run();
  if (failure === undefined) return;
  const steps = failure.steps.map(caseText).join("\n");
  const repeat = `deno task fuzz --only ${target.name} --runs 1 --seed ${failure.seed}`;
  throw new AssertionError(`${failure.found}\nRepeat with: ${repeat}\nSteps, ${caseText(failure.setup)}:\n${steps}`);
}
