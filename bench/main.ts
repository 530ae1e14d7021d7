/**
 * The benchmark: `deno task bench [W1 W5 …] [--rounds 5] [--seconds 2] [--warmup 1] [--runtimes deno,bun,node]
 * [--competitors deno,ws-protocol,c,…] [--json path]`. See README.md.
 */
import { availableParallelism, cpus, loadavg, release } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { cache } from "../tools/support/repo.ts";
import { buildNative } from "./build.ts";
import { type Competitor, competitors, LIMIT, REFERENCE } from "./competitors.ts";
import { formatTable, type Series, summarize, type WorkloadResult } from "./report.ts";
import { canPin, measure, type RunOptions } from "./run.ts";
import { selectWorkloads, type Workload } from "./workloads.ts";

const BASELINES = { reference: REFERENCE, limit: LIMIT };
/** Others at work on this machine make figures worthless. */
const QUIET_LOAD = 0.5;

type Settings = Pick<RunOptions, "sink" | "warmup" | "seconds" | "pinned"> & { rounds: number };

/** All rounds of a workload, the competitors in turn. */
async function runWorkload(workload: Workload, all: Competitor[], settings: Settings): Promise<WorkloadResult> {
  const entries = all.filter(({ takesPart }) => takesPart?.(workload) ?? true).map((competitor) => {
    const series: Series = { competitor: competitor.id, title: competitor.title, measurements: [], failures: [] };
    return { competitor, series };
  });
  for (let round = 1; round <= settings.rounds; round++) {
    for (const { competitor: { id, launch }, series } of entries) {
      const figure = await runOnce(series, { ...settings, launch, workload }, workload);
      console.error(`${workload.id} ${round}/${settings.rounds} ${id}: ${figure}`);
    }
  }
  return { workload, series: entries.map(({ series }) => series) };
}

/** @returns What to show of the run. */
async function runOnce(series: Series, options: RunOptions, { figures: [first] }: Workload): Promise<string> {
  try {
    const measurement = await measure(options);
    series.measurements.push(measurement);
    return `${first!.of(measurement).toFixed(first!.digits)} ${first!.title}`;
  } catch (error) {
    const { message } = error as Error;
    series.failures.push(message);
    return `failed: ${message}`;
  }
}

function machine(pinned: boolean): Record<string, unknown> {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    kernel: release(),
    loadBefore: loadavg(),
    pinned,
  };
}

async function writeJson(path: string, content: unknown): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, `${JSON.stringify(content, null, 2)}\n`);
  console.error(`Wrote ${path}`);
}

function warn(pinned: boolean): void {
  const [load = 0] = loadavg();
  if (!pinned) console.error('Not pinned to cores: that needs two of them and the program "taskset"');
  if (load > QUIET_LOAD) {
    console.error(`Others are at work here (load ${load.toFixed(2)}): take these figures as rough`);
  }
}

async function selectCompetitors(runtimes: string, ids: string | undefined): Promise<Competitor[]> {
  const all = await competitors(runtimes.split(","));
  if (ids === undefined) return all;
  const wanted = ids.split(",");
  const unknown = wanted.find((id) => !all.some((competitor) => competitor.id === id));
  if (unknown !== undefined) {
    throw new Error(`No competitor is called "${unknown}": ${all.map(({ id }) => id).join(", ")} are`);
  }
  return all.filter(({ id }) => wanted.includes(id));
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "2" },
      warmup: { type: "string", default: "1" },
      runtimes: { type: "string", default: "deno,bun,node" },
      competitors: { type: "string" },
      json: { type: "string", default: `${cache}/bench/${new Date().toISOString().replaceAll(":", "-")}.json` },
    },
    allowPositionals: true,
  });
  const workloads = selectWorkloads(positionals);
  const all = await selectCompetitors(values.runtimes, values.competitors);
  const [rounds = 0, seconds = 0, warmup = 0] = [values.rounds, values.seconds, values.warmup].map(Number);
  const settings: Settings = { rounds, seconds, warmup, pinned: canPin(), sink: await buildNative("sink") };
  const about = machine(settings.pinned);
  warn(settings.pinned);

  const results: WorkloadResult[] = [];
  for (const workload of workloads) results.push(await runWorkload(workload, all, settings));
  for (const result of results) console.log(`\n${formatTable(result, BASELINES)}`);
  const summaries = results.map((result) => ({
    workload: result.workload.id,
    title: result.workload.title,
    summary: summarize(result, BASELINES),
    series: result.series,
  }));
  await writeJson(values.json, { ...about, loadAfter: loadavg(), rounds, seconds, warmup, results: summaries });
  return summaries.some(({ summary }) => summary.some(({ problems }) => problems.length > 0)) ? 1 : 0;
}

const code = await main().catch((error: Error) => {
  console.error(error.message);
  return 1;
});
Deno.exit(code);
