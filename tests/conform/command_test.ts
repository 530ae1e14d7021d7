/** The command, as those run it who write servers. */
import { assertEquals, assertMatch } from "@std/assert";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SERVER_RULES } from "@foxwire/foxwire/conform";
import { serve } from "@foxwire/foxwire/server";
import { TEST_CERTIFICATE } from "../support/certificate.ts";
import { ExampleProcess } from "../support/example_process.ts";
import { OPCODES } from "../support/raw_socket.ts";
import { goodAnswer, RawServer, serverFrame } from "../support/raw_server.ts";
import { Model } from "./model/model.ts";
import { test } from "../support/test.ts";

const COMMAND = new URL("../../src/conform/mod.ts", import.meta.url);

async function command(...args: string[]) {
  const process = new ExampleProcess(COMMAND, args);
  return { code: await process.exit(), output: process.output, lines: process.lines, errors: process.errors };
}

const PATIENT = ["--answer", "20000"];

test("a server that keeps the rules: TAP, a summary, exit code 0", async () => {
  const server = await serve({ name: "robot", port: 0 });
  const { code, lines, errors } = await command(server.url, ...PATIENT, "--only", "connection,services/unknown");
  await server.close();
  const { length } = SERVER_RULES.filter(({ name }) => name.startsWith("connection/"));
  assertEquals(lines.slice(0, 3), [
    "TAP version 14",
    `1..${length + 1}`,
    `# "robot" at ${server.url}: foxglove.sdk.v1.1`,
  ]);
  const results = lines.slice(3, -5);
  assertEquals(results.map((line) => /^ok (\d+) - /.exec(line)?.[1]), results.map((_, index) => `${index + 1}`));
  assertMatch(
    results.at(-1)!,
    / must services\/unknown .* # SKIP the server does not declare the capability "services"$/,
  );
  assertMatch(lines.at(-5)!, /^# to have 1 more tried, offer: declare "services", /);
  assertMatch(lines.at(-4)!, /^# must: \d+ passed, 0 failed, 1 skipped$/);
  assertEquals([lines.at(-1), code, errors], ["# It conforms", 0, ""]);
});

async function playOnWrong(...args: string[]) {
  const model = await Model.start({ faults: ["greeting/no-name"] });
  const played = await command(model.url, ...PATIENT, "--only", "connection/name", ...args);
  await model.stop();
  return played;
}

test("a server that breaks a rule: what was expected and what came, exit code 1", async () => {
  const { code, lines, errors } = await playOnWrong();
  const at = lines.indexOf("not ok 1 - must connection/name (foxglove.sdk.v1.1)");
  assertEquals(lines[at + 1], "  ---");
  assertEquals(lines.slice(at).filter((line) => /^ {2}(rule|source|expected|got): "/.test(line)).length, 4);
  assertEquals([lines.at(-1), code, errors], ["# It does not conform", 1, ""]);
});

test("--json: one document, which says the same", async () => {
  const { code, output, errors } = await playOnWrong("--json");
  const { url, server, protocols, count, results, conforms, counts, ...rest } = JSON.parse(output);
  assertEquals([server, protocols, count, conforms, rest], ["", ["foxglove.sdk.v1.1"], 1, false, {}]);
  assertMatch(url, /^ws:\/\/127\.0\.0\.1:\d+$/);
  assertEquals(counts.must, { ok: 0, failed: 1, skipped: 0 });
  const [{ expected, got, took, rule, source, wire, ...result }] = results;
  assertEquals(result, { name: "connection/name", level: "must", protocol: "foxglove.sdk.v1.1", outcome: "failed" });
  assertEquals([expected, got, rule, source.where].map((text) => typeof text), Array(4).fill("string"));
  assertEquals([typeof took, Array.isArray(wire), code, errors], ["number", true, 1, ""]);
});

test("a server that answers no Close frame does not keep the command from its end", async () => {
  const answer = serverFrame(OPCODES.text, JSON.stringify({ op: "status", level: 1, message: `${0xbad0_0bad}` }));
  const server = await RawServer.start((upgrade) => {
    for (const part of goodAnswer(upgrade)) upgrade.socket.write(part);
    upgrade.socket.on("data", () => upgrade.socket.write(answer));
  });
  const { code, lines } = await command(
    `ws://127.0.0.1:${server.port}`,
    "--answer",
    "2000",
    "--only",
    "connection/name",
  );
  await server.stop();
  assertEquals([lines.at(-1), code], ["# It conforms", 0]);
});

test("nobody there: one sentence, exit code 2", async () => {
  const server = await serve({ port: 0 });
  await server.close();
  const { code, output, errors } = await command(server.url, "--answer", "2000");
  assertEquals([code, output], [2, ""]);
  assertMatch(errors, /^Cannot connect to ws:\/\/127\.0\.0\.1:\d+: [^\n]+\n$/);
});

test("nobody there, and --json: a document that says so", async () => {
  const server = await serve({ port: 0 });
  await server.close();
  const { code, output, errors } = await command(server.url, "--answer", "2000", "--json");
  const { error, conforms, ...rest } = JSON.parse(output);
  assertEquals([code, conforms, rest, errors], [2, false, {}, `${error}\n`]);
});

/** A server that takes no more connections once somebody has subscribed. */
async function playOnMortal(...args: string[]) {
  const server = await serve({ name: "mortal", port: 0 });
  server.channel("/counter", { encoding: "raw" });
  server.on("subscribe", () => void server.close({ timeoutMs: 0 }));
  const played = await command(server.url, "--answer", "1500", "--only", "connection/name,subscribe", ...args);
  await server.close();
  return played;
}

test("a server that dies: Bail out!, nothing after it but the end, exit code 1", async () => {
  const { code, lines, errors } = await playOnMortal();
  const at = lines.indexOf("Bail out! The server takes no connections any more, since subscribe/data");
  assertMatch(lines[at - 1]!, /^ {2}\.\.\.$/);
  assertEquals(lines.slice(at + 1).filter((line) => !line.startsWith("# ")), []);
  assertEquals(lines.slice(-3), [
    "# failed: must subscribe/data",
    "# died: the server takes no connections any more, since subscribe/data",
    "# It does not conform",
  ]);
  assertEquals([code, errors], [1, ""]);
});

test("--json says of a server that dies when that was", async () => {
  const { code, output } = await playOnMortal("--json");
  const { died, conforms } = JSON.parse(output);
  assertEquals([code, died, conforms], [1, "subscribe/data", false]);
});

test("--ca: a server whose certificate the runtime does not trust", async () => {
  const server = await serve({ name: "secure", port: 0, tls: TEST_CERTIFICATE });
  const file = join(await mkdtemp(join(tmpdir(), "conform-")), "ca.pem");
  await writeFile(file, TEST_CERTIFICATE.cert);
  const only = ["--only", "handshake/accept,connection/name"];
  const { code, lines } = await command(server.url, ...PATIENT, "--ca", file, ...only);
  await server.close();
  assertEquals([lines.at(-2), lines.at(-1), code], ["# must: 2 passed, 0 failed, 0 skipped", "# It conforms", 0]);
});

test("flags that make no sense: one sentence that names them, exit code 2", async () => {
  const wrong = [
    [],
    ["http://localhost"],
    ["ws://a", "ws://b"],
    ["ws://a", "--no-such-flag"],
    ["ws://a", "--level", "may"],
    ["ws://a", "--protocol", "mqtt"],
    ["ws://a", "--answer", "soon"],
    ["ws://a", "--port", "1"],
    ["ws://a", "--ca", "nonesuch.pem"],
    ["ws://a", "--ca", fileURLToPath(COMMAND)],
    ["--names", "--only", "nothing-at-all"],
  ];
  for (const args of wrong) {
    const { code, output, errors } = await command(...args);
    assertEquals([code, output], [2, ""], `${args} ${errors}`);
    assertMatch(errors, /^[^\n]+\n$/);
    const named = args.findLast((word) => errors.includes(word.replace(/^--/, "")));
    assertEquals(
      named !== undefined || args.length === 0 || args.length === 2 && !args[1]!.startsWith("--"),
      true,
      errors,
    );
  }
});

test("--names lists the cases with level and rule, and needs no server", async () => {
  const { code, lines } = await command("--names", "--level", "must,should");
  const wanted = SERVER_RULES.filter(({ level }) => level !== "extra");
  assertEquals(lines, wanted.map(({ level, name, rule }) => `${level.padEnd(6)} ${name}: ${rule}`));
  assertEquals(code, 0);
});

test("--names --json lists them with their sources", async () => {
  const { code, output } = await command("--names", "--json", "--only", "harm");
  const wanted = SERVER_RULES.filter(({ name }) => name.startsWith("harm/"));
  assertEquals(JSON.parse(output), wanted.map(({ name, level, rule, source }) => ({ name, level, rule, source })));
  assertEquals(code, 0);
});

test("--help says how it is used", async () => {
  const { code, output } = await command("--help");
  assertMatch(output, /conform URL/);
  assertEquals(code, 0);
});
