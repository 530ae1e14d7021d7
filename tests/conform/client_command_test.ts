/** `--client`, as those run it who write clients. */
import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { ExampleProcess, thisRuntime } from "../support/example_process.ts";
import { test } from "../support/test.ts";

const COMMAND = new URL("../../src/conform/mod.ts", import.meta.url);
const PATIENT = ["--connect", "60000", "--answer", "20000", "--timeout", "60000"];

async function command(...args: string[]) {
  const process = new ExampleProcess(COMMAND, ["--client", ...args]);
  return { code: await process.exit(), output: process.output, lines: process.lines, errors: process.errors };
}

function quoted(...words: string[]): string {
  return words.map((word) => `"${word}"`).join(" ");
}

const DRIVER = quoted(...thisRuntime, fileURLToPath(new URL("../../examples/conform_driver.ts", import.meta.url)));

test("a client that keeps the rules: TAP, a summary, exit code 0", async () => {
  const { code, lines, errors } = await command("--command", DRIVER, ...PATIENT, "--only", "status");
  assertEquals(lines.slice(0, 2), ["TAP version 14", "1..2"]);
  assertMatch(lines[3]!, /^ok 1 - must status\/levels: /);
  assertEquals(lines.slice(-2), ["# must: 2 passed, 0 failed, 0 skipped", "# It conforms"]);
  assertEquals([code, errors], [0, ""]);
});

test("a driver that cannot run ends the run: why, in the words of its standard error, and exit code 2", async () => {
  const driver = quoted(...thisRuntime, "nonesuch.ts");
  const { code, lines, errors } = await command("--command", driver, ...PATIENT, "--only", "handshake");
  assertMatch(errors, /^Cannot begin: the driver ended with exit code \d+; standard error ends with: [^]*nonesuch\.ts/);
  assertMatch(lines.at(-1)!, /^Bail out! Cannot begin: the driver ended with exit code \d+; /);
  assertEquals([code, lines.filter((line) => /^(not )?ok /.test(line))], [2, []]);
});

test("a driver whose client never connects ends the run, too", async () => {
  const driver = quoted(...thisRuntime, fileURLToPath(new URL("../support/waits.ts", import.meta.url)));
  const { code, errors } = await command("--command", driver, "--connect", "3000", "--only", "handshake");
  assertMatch(errors, /^Cannot begin: the driver runs, but its client has not connected [^\n]+\n$/);
  assertEquals(code, 2);
});

test("--names marks what needs a driver, as JSON too", async () => {
  const { lines } = await command("--names");
  const marked = lines.filter((line) => line.includes(" (needs a driver): "));
  const { output } = await command("--names", "--json");
  const list: { name: string; driver: boolean }[] = JSON.parse(output);
  const driven = list.filter(({ driver }) => driver).map(({ name }) => name);
  assertEquals(marked.map((line) => line.split(" ").find((word) => word.includes("/"))), driven);
  assertEquals(list.length, lines.length);
  assertEquals(driven.length > 0 && driven.length < list.length / 2, true);
});

test("--json: one document, which says the same", async () => {
  const { code, output } = await command(
    "--command",
    DRIVER,
    ...PATIENT,
    "--json",
    "--only",
    "sent/masked,receiving/ping",
  );
  const { results, conforms, count } = JSON.parse(output);
  assertEquals([code, conforms, count], [0, true, 2]);
  assertEquals(results.map(({ name, outcome }: { name: string; outcome: string }) => [name, outcome]), [
    ["receiving/ping", "ok"],
    ["sent/masked", "ok"],
  ]);
});

test("nobody connects, no such driver, or wrong flags: one sentence and exit code 2", async () => {
  for (
    const [args, sentence] of [
      [["--connect", "50"], /^No client has connected\n$/],
      [["--command", ""], /^The driver is no command: give one such as [^\n]+\n$/],
      [["--command", "nonesuch"], /^Cannot begin: the driver could not be started: [^\n]*nonesuch[^\n]*\n$/],
      [["--command", DRIVER, "--only", "nonesuch"], /^No case is called "nonesuch": [^\n]+\n$/],
      [["--port", "65536"], /^--port [^\n]+\n$/],
      [["ws://localhost:8765"], /^--client takes no address[^\n]+\n$/],
    ] as const
  ) {
    const { code, errors } = await command(...args);
    assertMatch(errors, sentence);
    assertEquals(code, 2);
  }
});
