import { assertEquals } from "@std/assert";
import process from "node:process";
import { report } from "../../tools/node_reporter.mjs";
import { countTests, formatTally, sum, tally, withoutSkips } from "../../tools/runners/junit.ts";
import { BUN_SYNTAX, DENO_SYNTAX, Progress, type Syntax } from "../../tools/runners/progress.ts";
import { test } from "../support/test.ts";

const DENO_REPORT = `<testsuites name="deno test" tests="3" failures="1" errors="0" time="0.008">
  <testsuite name="./tests/a_test.ts" tests="3" disabled="0" errors="0" failures="1">
    <testcase name="a" classname="./tests/a_test.ts" time="0.000" line="28" col="53">
    </testcase>
    <testcase name="b" time="0.001"><failure message="Uncaught Error: no">Error: &lt;testcase&gt;</failure></testcase>
    <testcase name="c" time="0.000"><skipped/></testcase>
  </testsuite>
</testsuites>`;

const NODE_REPORT = `<testsuites>
  <testcase name="a => b" time="0.0009" classname="test" file="/x/tests/a_test.ts"/>
  <testcase name="tests/none_test.ts" time="0.1" classname="test"/>
  <testcase name="tests/broken_test.ts" time="0.1" classname="test" failure="test failed">
    <failure type="testCodeFailure" message="test failed">{ code: 'ERR' => 1 }</failure>
  </testcase>
</testsuites>`;

test("`countTests()` counts passed, failed and skipped test cases", () => {
  assertEquals(countTests(DENO_REPORT), { passed: 1, failed: 1, skipped: 1 });
});

test("`countTests()` takes Node's entry for a file as a failure when it cannot be loaded, else not at all", () => {
  assertEquals(countTests(NODE_REPORT), { passed: 1, failed: 1, skipped: 0 });
});

test("`countTests()` finds nothing in a report that was never written", () => {
  assertEquals(countTests(""), { passed: 0, failed: 0, skipped: 0 });
});

test("`formatTally()` names what was skipped only if something was", () => {
  assertEquals(formatTally(sum([tally({ passed: 2 }), tally({ passed: 1, failed: 1 })])), "3 passed, 1 failed");
  assertEquals(formatTally(tally({ skipped: 1 })), "0 passed, 0 failed, 1 skipped");
});

test("`withoutSkips()` counts what was skipped as failed", () => {
  assertEquals(withoutSkips({ passed: 3, failed: 1, skipped: 2 }), { passed: 3, failed: 3, skipped: 0 });
});

type NodeEvent = [type: string, file: string, name?: string];

/** What the reporter for Node makes of events, and the exit codes that it asks for. */
async function reported(list: NodeEvent[]): Promise<{ lines: string[]; codes: number[] }> {
  const events = list.map(([type, file, name]) => ({ type, data: { name, file: `${process.cwd()}/${file}` } }));
  const codes: number[] = [];
  const lines = await Array.fromAsync(report(events, (code: number) => codes.push(code)) as AsyncIterable<string>);
  return { lines, codes };
}

const WHOLE: NodeEvent[] = [
  ["test:enqueue", "a_test.ts", "a_test.ts"],
  ["test:enqueue", "none_test.ts", "none_test.ts"],
  ["test:pass", "suite.ts", "one"],
  ["test:summary", "a_test.ts"],
  ["test:pass", "none_test.ts", "none_test.ts"],
];

test("the reporter for Node names the file in which a test was declared, and no file without tests", async () => {
  assertEquals(await reported(WHOLE), { lines: ["suite.ts:\n", "(pass) one\n"], codes: [] });
});

test("the reporter for Node takes a file whose report breaks off for a failure", async () => {
  const { lines, codes } = await reported(WHOLE.filter(([type]) => type !== "test:summary"));
  assertEquals(lines.at(-1), "a_test.ts:\n(fail) its report breaks off: tests may be lost\n");
  assertEquals(codes, [1]);
});

test("the reporter for Node does not take a test that was skipped for one that passed", async () => {
  const file = `${process.cwd()}/a_test.ts`;
  const events = [{ type: "test:pass", data: { name: "one", file, skip: true } }];
  const lines = await Array.fromAsync(report(events, () => {}) as AsyncIterable<string>);
  assertEquals(lines, ["a_test.ts:\n", "(skip) one\n"]);
});

/** What {@link Progress} makes of an output. */
function shown(syntax: Syntax, lines: string[], unexplained?: boolean): string[] {
  const printed: string[] = [];
  const progress = new Progress(syntax, (text) => printed.push(...text.split("\n")));
  for (const line of lines) progress.line(line);
  progress.end(unexplained);
  return printed;
}

test("`Progress` shows a line for a file that passes, and the output of one that fails", () => {
  const lines = ["tests/a_test.ts:", "noise", "(pass) one", "(pass) two", "tests/b_test.ts:", "(pass) three"];
  assertEquals(shown(BUN_SYNTAX, [...lines, "TypeError: no", "(fail) four", " 3 pass", " 1 fail"]), [
    "tests/a_test.ts: 2 passed",
    "tests/b_test.ts: FAILED",
    "  TypeError: no",
    "  (fail) four",
  ]);
});

test("`Progress` shows the list of errors that Deno prints after all files", () => {
  const lines = [
    "running 1 test from ./tests/a_test.ts",
    "one ... FAILED (1ms)",
    " ERRORS ",
    "one => ./tests/a_test.ts:3:1",
  ];
  assertEquals(shown(DENO_SYNTAX, [...lines, "error: Error: no", " FAILURES ", "one => ./tests/a_test.ts:3:1"]), [
    "tests/a_test.ts: FAILED",
    "  one ... FAILED (1ms)",
    "  one => ./tests/a_test.ts:3:1",
    "  error: Error: no",
  ]);
});

test("`Progress` shows everything when the command fails and no test does", () => {
  assertEquals(shown(DENO_SYNTAX, ["Cannot start"], true), ["  Cannot start"]);
  assertEquals(shown(DENO_SYNTAX, ["Nothing to say"]), []);
});
