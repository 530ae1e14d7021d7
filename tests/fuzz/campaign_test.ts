/** The fuzzer finds what is there to be found, and says how to find it again. */
import { assertEquals } from "@std/assert";
import type { Random } from "../support/random.ts";
import { test } from "../support/test.ts";
import { Campaign, type Outcome } from "./campaign.ts";
import { caseText, Mismatch, type Play, readCase, type Target } from "./case.ts";

type Step = { add: number[] };

/** Cannot count to more than 20. */
class BadAtCounting implements Play<Step> {
  #sum = 0;

  next(random: Random): Step {
    return { add: Array.from({ length: random.below(4) }, () => random.below(9)) };
  }

  play({ add }: Step): Promise<number> {
    for (const number of add) this.#sum += number;
    if (this.#sum > 20) throw new Mismatch("Cannot count so far");
    return Promise.resolve(add.length);
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }
}

function targetOf(start: () => Play<Step>): Target {
  const target: Target<null, Step> = {
    name: "test",
    steps: 50,
    setup: () => null,
    start: () => Promise.resolve(start()),
  };
  return target as Target<never, never> as unknown as Target;
}

function campaign(target: Target, seed: number): Promise<Outcome> {
  return new Campaign({ targets: [target], seed, runs: 3, log: () => {} }).run();
}

test("a campaign stops at the first failure and leaves out all steps that it does not need", async () => {
  const target = targetOf(() => new BadAtCounting());
  const { failure } = await campaign(target, 1);
  assertEquals(failure?.found, "Cannot count so far");
  const numbers = failure!.steps.flatMap((step) => (step as Step).add);
  const sum = numbers.reduce((sum, number) => sum + number);
  assertEquals([sum > 20, numbers.every((number) => sum - number <= 20)], [true, true], `${numbers}`);
});

test("the seed of a failure makes it fail again", async () => {
  const target = targetOf(() => new BadAtCounting());
  const { failure } = await campaign(target, 77);
  const again = await campaign(target, failure!.seed);
  assertEquals([again.failure!.seed, again.tallies.get("test")!.runs], [failure!.seed, 1]);
  assertEquals(again.failure!.steps, failure!.steps);
});

test("a case is what it was when it is read again", () => {
  const steps = [{ raw: new Uint8Array([0, 255]), text: "\ud800 é\u0000", list: [[1, "a"]] }];
  assertEquals(readCase(caseText(steps)), steps);
});
