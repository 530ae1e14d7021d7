/** Our client is held against the suite for clients: driven, and as a viewer that nobody drives. */
import { assertEquals } from "@std/assert";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { connect } from "@foxwire/foxwire/client";
import type { ClientConformOptions } from "../../src/conform/client/options.ts";
import { conformClient } from "../../src/conform/client/runner.ts";
import { thisRuntime } from "../support/example_process.ts";
import { runtime, test } from "../support/test.ts";

/** Long enough for what has to come on a loaded machine. */
const PATIENT = { connectMs: 60_000, answerMs: 20_000, caseMs: 120_000 };

/** The WebSocket of Deno takes any `Sec-WebSocket-Accept`; that of `ws`, which `./node` exports, does not. */
const RUNTIME_FAULTS = runtime === "deno" ? ["handshake/wrong-accept"] : [];

// A driver is started for each scene: Node need not strip the types of the same modules each time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("../../.cache/node", import.meta.url));

function driverOf(file: string): string {
  return [...thisRuntime, fileURLToPath(new URL(`../../${file}`, import.meta.url))].map((word) => `"${word}"`).join(
    " ",
  );
}

async function outcomes(options: ClientConformOptions): Promise<Record<string, string>> {
  const { results } = await conformClient({ ...PATIENT, ...options });
  return Object.fromEntries(results.map(({ name, outcome, expected, got, reason }) => {
    return [name, outcome === "ok" ? "ok" : `${outcome}: ${expected ?? reason}; ${got}`];
  }));
}

function broken(all: Record<string, string>): string[] {
  return Object.entries(all).filter(([, outcome]) => outcome !== "ok").map(([name, outcome]) => `${name} ${outcome}`);
}

test("our client passes every case for clients", async () => {
  const all = await outcomes({ driver: driverOf("examples/conform_driver.ts"), answerMs: 6000 });
  assertEquals(broken(all).filter((line) => !RUNTIME_FAULTS.some((name) => line.startsWith(`${name} `))), []);
  for (const name of RUNTIME_FAULTS) assertEquals(all[name]?.startsWith("failed:"), true, `${name} is mended`);
});

test("our client on the sockets of npm ws passes every case of the handshake", async () => {
  assertEquals(broken(await outcomes({ driver: driverOf("tests/conform/ws_driver.ts"), only: ["handshake"] })), []);
});
