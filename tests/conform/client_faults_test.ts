/** The suite for clients is held against a model client: it passes as it is, and each of its faults is caught. */
import { assertEquals } from "@std/assert";
import type { ClientConformOptions } from "../../src/conform/client/options.ts";
import { conformClient } from "../../src/conform/client/runner.ts";
import { test } from "../support/test.ts";
import { type Fault, FAULTS } from "./client_model/faults.ts";
import { modelDriver } from "./client_model/model.ts";

/** Long enough for what has to come on a loaded machine. */
const PATIENT = { connectMs: 60_000, answerMs: 6_000, caseMs: 120_000 };
/** How long a fault is waited for that shows by silence. */
const SHORT = { connectMs: 2500, answerMs: 2500 };
const TOGETHER = 8;

async function outcomes(options: ClientConformOptions): Promise<Record<string, string>> {
  const { results } = await conformClient(options);
  return Object.fromEntries(results.map(({ name, outcome, expected, got, reason }) => {
    return [name, outcome === "ok" ? "ok" : `${outcome}: ${expected ?? reason}; ${got}`];
  }));
}

test("a client without a fault passes all cases, and each rule about what is sent has been looked at", async () => {
  const all = await outcomes({ driver: modelDriver(), ...PATIENT });
  assertEquals(Object.entries(all).filter(([, outcome]) => outcome !== "ok"), []);
});

/** Plays the case that is meant for a fault, and says whether it failed. */
async function caught(fault: Fault): Promise<boolean> {
  const meant: string | readonly [rule: string, scene: string] = FAULTS[fault];
  const [rule, scene] = typeof meant === "string" ? [meant, meant] : meant;
  const results = await outcomes({ driver: modelDriver(fault), ...SHORT, only: [rule, scene] });
  return results[rule]?.startsWith("failed:") ?? false;
}

const faults = Object.keys(FAULTS) as Fault[];

for (let at = 0; at < faults.length; at += TOGETHER) {
  const some = faults.slice(at, at + TOGETHER);
  test(`these are caught: a client that ${some.join(", ")}`, async () => {
    const missed = await Promise.all(some.map(async (fault) => await caught(fault) ? [] : [fault]));
    assertEquals(missed.flat(), []);
  });
}
