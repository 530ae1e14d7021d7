/** From measurements to a table and to JSON. */
import { lost, type Measurement } from "./run.ts";
import { median, spread } from "./stats.ts";
import type { Figure, Workload } from "./workloads.ts";

/** All rounds of one competitor in one workload. */
export interface Series {
  competitor: string;
  title: string;
  measurements: Measurement[];
  /** Why rounds gave no measurement. */
  failures: string[];
}

/** All series of one workload. */
export interface WorkloadResult {
  workload: Pick<Workload, "id" | "title" | "figures">;
  series: Series[];
}

/** Ids of the competitors that the others are compared with. */
export interface Baselines {
  reference: string;
  limit: string;
}

/** One figure of one series over its rounds. */
export interface FigureSummary {
  median: number;
  rounds: number[];
  /** To the reference and to the limit; `undefined` where it is not compared, or that one was not measured. */
  toReference?: number | undefined;
  toLimit?: number | undefined;
}

/** A series in figures, by their titles. */
export interface SeriesSummary {
  competitor: string;
  title: string;
  figures: Record<string, FigureSummary>;
  /** Part of its core that the sink was busy, at the most: near 1 it would be the sink that is measured. */
  sinkBusy: number;
  /** What makes the figures doubtful. */
  problems: string[];
}

/** Medians and ratios of each series. */
export function summarize({ workload: { figures }, series }: WorkloadResult, baselines: Baselines): SeriesSummary[] {
  const medianOf = (id: string, figure: Figure) => {
    const found = series.find(({ competitor }) => competitor === id);
    return found === undefined ? undefined : median(found.measurements.map(figure.of));
  };
  return series.map(({ competitor, title, measurements, failures }) => ({
    competitor,
    title,
    figures: Object.fromEntries(figures.map((figure) => {
      const rounds = measurements.map(figure.of);
      const ratio = (id: string) => figure.compared ? divide(median(rounds), medianOf(id, figure)) : undefined;
      const ratios = { toReference: ratio(baselines.reference), toLimit: ratio(baselines.limit) };
      return [figure.title, { median: median(rounds), rounds, ...ratios }];
    })),
    sinkBusy: Math.max(0, ...measurements.map(({ sinkCpuSeconds, seconds }) => sinkCpuSeconds / seconds)),
    problems: [...failures, ...measurements.flatMap(problemsOf)],
  }));
}

/** The table of a workload, with a line of text for each problem. */
export function formatTable(result: WorkloadResult, baselines: Baselines): string {
  const { workload: { id, title, figures } } = result;
  const summaries = summarize(result, baselines);
  const header = ["", ...figures.flatMap(headerCells), "spread", "sink busy"];
  const rows = summaries.map((summary) => [
    summary.title,
    ...figures.flatMap((figure) => figureCells(figure, summary.figures[figure.title]!)),
    percent(spread(summary.figures[figures[0]!.title]!.rounds)),
    percent(summary.sinkBusy),
  ]);
  const problems = summaries.flatMap((summary) => summary.problems.map((text) => `! ${summary.title}: ${text}`));
  return [`${id}: ${title}`, ...align([header, ...rows]), ...problems].join("\n");
}

function headerCells({ title, compared }: Figure): string[] {
  return compared ? [title, "× reference", "× limit"] : [title];
}

function figureCells({ digits, compared }: Figure, { median, toReference, toLimit }: FigureSummary): string[] {
  const value = formatNumber(median, digits);
  return compared ? [value, formatNumber(toReference, 2), formatNumber(toLimit, 2)] : [value];
}

function problemsOf(measurement: Measurement): string[] {
  const missing = lost(measurement);
  return [
    ...(measurement.dropped > 0 ? [`dropped ${measurement.dropped} messages`] : []),
    ...(missing !== 0 ? [`${missing} of ${measurement.published} published messages did not arrive`] : []),
  ];
}

function divide(value: number, by: number | undefined): number | undefined {
  return by === undefined ? undefined : value / by;
}

function formatNumber(value: number | undefined, digits: number): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function percent(part: number): string {
  return Number.isNaN(part) ? "–" : `${Math.round(part * 100)} %`;
}

/** Pads cells to the width of their column: the first to the left, numbers to the right. */
function align(rows: string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!));
    return `  ${cells.join("  ")}`.trimEnd();
  });
}
