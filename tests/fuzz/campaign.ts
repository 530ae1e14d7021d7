/** Many runs, one after the other, until time is up or one of them fails. */
import process from "node:process";
import { collect } from "../support/garbage.ts";
import { Random } from "../support/random.ts";
import type { Case, Target } from "./case.ts";
import { withRejections } from "./rejections.ts";
import { shrink, textOf } from "./shrink.ts";
import { slowest, StallWatch } from "./stall.ts";

/** How long to go on. */
export interface CampaignOptions {
  readonly targets: readonly Target[];
  /** Of the first run; all others follow from it. */
  readonly seed: number;
  readonly minutes?: number;
  /** Inputs of each target. */
  readonly inputs?: number;
  /** Runs of each target. */
  readonly runs?: number;
  log(line: string): void;
  /** Is told before each run. */
  beat?(target: string, seed: number): void;
}

/** What was done with one target. */
export interface Tally {
  runs: number;
  inputs: number;
  ms: number;
}

/** What came of it. */
export interface Outcome {
  readonly tallies: ReadonlyMap<string, Tally>;
  /** The run that failed, made smaller. */
  readonly failure: (Case & { seed: number }) | undefined;
}

/** The seeds of runs are so far apart. */
const STRIDE = 0x9e3779b1;
const PROGRESS_MS = 10_000;
/** How often what is left behind is looked at, in runs of a target. */
const INSPECT_RUNS = 100;
/** How much more memory may be in use than after the first looks. */
const HEAP_BYTES = 64 * 2 ** 20;
const WARM_UP = 4;

/** Sockets are slow, and the codec is quick: a share of the time for each. */
const SHARES: Record<string, number> = { server: 4, client: 4, codec: 1, frames: 1 };

/** Runs all targets by turns. */
export class Campaign {
  readonly #options: CampaignOptions;
  readonly #tallies: ReadonlyMap<string, Tally>;
  readonly #start = performance.now();
  #told = performance.now();
  #looks = 0;
  #heap = Infinity;

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.#tallies = new Map(options.targets.map(({ name }) => [name, { runs: 0, inputs: 0, ms: 0 }]));
  }

  async run(): Promise<Outcome> {
    for (let target = this.#next(); target !== undefined; target = this.#next()) {
      const tally = this.#tallies.get(target.name)!;
      const failure = await this.#once(target, tally);
      if (failure !== undefined) return { tallies: this.#tallies, failure };
      if (tally.runs % INSPECT_RUNS === 0) await this.#inspect(target);
      this.#tell();
    }
    for (const target of this.#options.targets) await this.#inspect(target);
    return { tallies: this.#tallies, failure: undefined };
  }

  /** The one that has had the least of its share. */
  #next(): Target | undefined {
    const { targets, minutes = Infinity, inputs = Infinity, runs = Infinity } = this.#options;
    if (performance.now() - this.#start > minutes * 60_000) return undefined;
    const used = ({ name }: Target) => this.#tallies.get(name)!.ms / (SHARES[name] ?? 1);
    const isOpen = ({ name }: Target) => {
      const tally = this.#tallies.get(name)!;
      return tally.inputs < inputs && tally.runs < runs;
    };
    return targets.filter(isOpen).sort((one, other) => used(one) - used(other))[0];
  }

  async #once(target: Target, tally: Tally): Promise<Outcome["failure"]> {
    const seed = (this.#options.seed + tally.runs * STRIDE) >>> 0;
    const start = performance.now();
    const found: Case = { target: target.name, found: "", setup: undefined, steps: [] };
    this.#options.beat?.(target.name, seed);
    try {
      await withRejections(() => play(target, { seed, found, tally }));
    } catch (error) {
      return { ...await this.#smaller(target, { ...found, found: textOf(error) }), seed };
    } finally {
      tally.runs++;
      tally.ms += performance.now() - start;
    }
  }

  async #smaller(target: Target, found: Case): Promise<Case> {
    this.#options.log(`FAILED ${target.name}, at step ${found.steps.length}: ${found.found}`);
    return await shrink(target, found, this.#options.log);
  }

  /** What nobody holds must be gone, and what is in use must not grow. */
  async #inspect(target: Target): Promise<void> {
    await target.inspect?.();
    collect();
    const { heapUsed } = process.memoryUsage();
    if (++this.#looks <= WARM_UP) this.#heap = heapUsed;
    else if (heapUsed > this.#heap + HEAP_BYTES) {
      throw new Error(`${mib(heapUsed)} MiB are in use, and there were ${mib(this.#heap)} at first`);
    }
  }

  #tell(): void {
    if (performance.now() - this.#told < PROGRESS_MS) return;
    this.#told = performance.now();
    this.#options.log(summaryOf(this.#tallies));
  }
}

/** Plays one run that follows from its seed; `found` gets all that it does. */
async function play(
  target: Target,
  { seed, found, tally }: { seed: number; found: Case; tally: Tally },
): Promise<void> {
  const random = new Random(seed);
  found.setup = target.setup(random);
  const stalls = new StallWatch();
  const play = await target.start(found.setup);
  try {
    for (let i = 0; i < target.steps; i++) {
      const step = play.next(random);
      found.steps.push(step);
      tally.inputs += await stalls.step(() => play.play(step));
    }
    await play.finish();
  } finally {
    await play.dispose?.();
  }
}

/** Figures of all targets, in one line. */
export function summaryOf(tallies: ReadonlyMap<string, Tally>): string {
  const parts = Array.from(tallies, ([name, { inputs, ms }]) => {
    return `${name} ${inputs} (${ms === 0 ? 0 : Math.round(inputs / ms * 1000)}/s)`;
  });
  const { heapUsed } = process.memoryUsage();
  return `${parts.join(" · ")} · slowest step ${Math.round(slowest.ms)} ms · heap ${mib(heapUsed)} MiB`;
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
