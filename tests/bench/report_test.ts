/** What the benchmark makes of its measurements. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { formatTable, type Series, summarize, type WorkloadResult } from "../../bench/report.ts";
import type { Measurement } from "../../bench/run.ts";
import { median, spread } from "../../bench/stats.ts";
import { selectWorkloads } from "../../bench/workloads.ts";
import { test } from "../support/test.ts";

const BASELINES = { reference: "reference", limit: "limit" };

function measurement(changes: Partial<Measurement> = {}): Measurement {
  return {
    protocol: "foxglove.sdk.v1",
    clients: 1,
    seconds: 2,
    messages: 2000,
    bytes: 200_000,
    reads: 10,
    sinkCpuSeconds: 0.5,
    serverCpuSeconds: 1,
    total: 3000,
    statuses: 0,
    published: 3000,
    dropped: 0,
    ...changes,
  };
}

/** A series whose rounds had these rates in messages per second. */
function series(competitor: string, ...rates: number[]): Series {
  const measurements = rates.map((rate) => measurement({ messages: rate * 2 }));
  return { competitor, title: competitor.toUpperCase(), measurements, failures: [] };
}

function result(...all: Series[]): WorkloadResult {
  const figures = [{
    title: "msg/s",
    digits: 0,
    of: ({ messages, seconds }: Measurement) => messages / seconds,
    compared: true,
  }];
  return { workload: { id: "W0", title: "a test", figures }, series: all };
}

test("the median is the middle of the sorted values, or between the two in the middle", () => {
  assertEquals(median([10, 9, 100]), 10);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([]), NaN);
});

test("the spread is the distance of the extremes as a part of the median", () => {
  assertEquals(spread([95, 100, 105]), 0.1);
});

test("a series is compared by medians with the reference and with the limit", () => {
  const summary = summarize(
    result(series("ours", 100, 300, 200), series("reference", 50), series("limit", 400)),
    BASELINES,
  );
  const { "msg/s": figure } = summary[0]!.figures;
  assertEquals(figure, { median: 200, rounds: [100, 300, 200], toReference: 4, toLimit: 0.5 });
});

test("a table says so where there is nothing to compare with", () => {
  assertEquals(formatTable(result(series("ours", 1000)), BASELINES).split("\n"), [
    "W0: a test",
    "        msg/s  × reference  × limit  spread  sink busy",
    "  OURS  1,000            –        –     0 %       25 %",
  ]);
});

test("messages that were dropped, or did not arrive, stand under the table", () => {
  const lossy = { ...series("ours"), measurements: [measurement({ dropped: 7, total: 2990 })] };
  const table = formatTable(result(lossy), BASELINES);
  assertStringIncludes(table, "\n! OURS: dropped 7 messages\n");
  assertStringIncludes(table, "\n! OURS: 10 of 3000 published messages did not arrive");
});

test("a competitor whose every round failed stays in the table", () => {
  const failed = { ...series("ours"), failures: ["ended with 1"] };
  const table = formatTable(result(failed), BASELINES);
  assertStringIncludes(table, "OURS      –");
  assertStringIncludes(table, "\n! OURS: ended with 1");
});

test("workloads are chosen by the beginning of their ids", () => {
  const ids = (...names: string[]) => selectWorkloads(names).map(({ id }) => id);
  assertEquals(ids("w1"), ["W1K1", "W1K64"]);
  assertEquals(ids("W5", "W1K1"), ["W1K1", "W5"]);
  assertThrows(() => ids("W99"), Error, 'No workload is called "W99"');
});
