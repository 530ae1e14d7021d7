/**
 * npm `@foxglove/ws-protocol` is held against the suite for clients: what it fails is what docs/conformance.md explains.
 * On Bun alone, which starts a driver fastest: it is about their code and not ours, and the outcome is the same on all.
 */
import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { conformClient } from "../../src/conform/client/runner.ts";
import { thisRuntime } from "../support/example_process.ts";
import { runtime, test } from "../support/test.ts";
import { clientGroups, PATIENT } from "./client_model/outcomes.ts";

const DOC = new URL("../../docs/conformance.md", import.meta.url);

/** Names of the table of what the npm client fails, of a group. */
function explained(group: string): string[] {
  const [, section = ""] = readFileSync(fileURLToPath(DOC), "utf8").split(
    "\n### npm `@foxglove/ws-protocol`, the client",
  );
  const [table = ""] = section.split("\n#");
  return [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, name = ""]) => name).filter((name) =>
    name.startsWith(`${group}/`)
  );
}

for (const group of runtime === "bun" ? clientGroups() : []) {
  test(`the npm client fails in "${group}" what is explained, and nothing else`, async () => {
    const driver = [...thisRuntime, fileURLToPath(new URL("ws_protocol_driver.ts", import.meta.url))]
      .map((word) => `"${word}"`)
      .join(" ");
    // Failures that show by silence take as long as an answer may.
    const { results } = await conformClient({ ...PATIENT, answerMs: 10_000, driver, only: [group, "sent"] });
    const failed = results.filter(({ outcome }) => outcome === "failed").map(({ name }) => name);
    const isSent = (name: string) => name.startsWith("sent/");
    assertEquals(failed.filter((name) => !isSent(name)).sort(), explained(group).sort());
    assertEquals(failed.filter((name) => isSent(name) && !explained("sent").includes(name)), []);
  });
}
