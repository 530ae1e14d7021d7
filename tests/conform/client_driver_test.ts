/** What those who write a driver are told of it. */
import { assertEquals, assertMatch } from "@std/assert";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conformClient, type StartDriver } from "@foxwire/foxwire/conform";
import { commandDriver } from "../../src/conform/client/driver.ts";
import { thisRuntime } from "../support/example_process.ts";
import { test } from "../support/test.ts";

/** A driver whose client connects, and which prints these lines. */
const printing = (...lines: string[]): StartDriver => (url, sink) => {
  const socket = new WebSocket(url, ["foxglove.sdk.v1"]);
  setTimeout(() => lines.forEach((line) => sink.line(line)));
  return { write() {}, stop: () => Promise.resolve(socket.close()), ended: undefined, errors: "" };
};

for (
  const [what, line] of [
    ["no JSON", "{'got': 'status'}"],
    ["a report that there is not", '{"got":"statuses"}'],
    ["neither got nor cannot", '{"do":"subscribe"}'],
    ["a word that no instruction and no report has", '{"cannot":["subscribing"]}'],
  ] as const
) {
  test(`a line of the driver that is ${what} is told with the line`, async () => {
    const driver = printing("a line of its own", line);
    const { results } = await conformClient({ driver, only: ["status/levels"], answerMs: 500 });
    assertMatch(`${results[0]?.got}`, /; the driver has said what is no report: /);
    assertEquals(results[0]?.got?.includes(line), true, results[0]?.got);
    assertEquals(results[0]?.wire?.includes(`0 -- the driver says: ${line}`), true);
    assertEquals(results[0]?.wire?.some((shown) => shown.includes("a line of its own")), false);
  });
}

test("of a driver's standard error the last whole lines are told", async () => {
  const file = join(await mkdtemp(join(tmpdir(), "conform-")), "driver.mjs");
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index} ${"x".repeat(50)}`);
  await writeFile(
    file,
    `for (const line of ${JSON.stringify(lines)}) console.error(line); process.stderr.write("end");`,
  );
  const start = await commandDriver([...thisRuntime, file].map((word) => `"${word}"`).join(" "));
  const driver = await new Promise<ReturnType<StartDriver>>((resolve) => {
    const started = start("ws://127.0.0.1:1", { line() {}, changed: () => resolve(started) });
  });
  const told = driver.errors.split("standard error ends with: ")[1]!.split("\n");
  assertEquals(told.at(-1), "end");
  assertEquals(told.slice(0, -1), lines.slice(1 - told.length));
  assertEquals(told.length > 5 && told.length <= 20, true, `${told.length} lines`);
  await driver.stop();
});
