/** The suite for clients is held against a model client: it passes as it is, and each of its faults is caught. */
import { assertEquals } from "@std/assert";
import { SENT_RULES } from "../../src/conform/client/rules.ts";
import { CLIENT_RULES, conformClient } from "../../src/conform/client/runner.ts";
import { test } from "../support/test.ts";
import { type Fault, FAULTS } from "./client_model/faults.ts";
import { modelDriver } from "./client_model/model.ts";
import { brokenRules, clientGroups, PATIENT } from "./client_model/outcomes.ts";

/** How long a fault is waited for that shows by silence. */
const SHORT = { connectMs: 2000, answerMs: 2000 };
const TOGETHER = 16;

for (const group of clientGroups()) {
  test(`the model client without a fault passes "${group}" for clients`, async () => {
    const { results } = await conformClient({ ...PATIENT, driver: modelDriver(), only: [group, "sent"] });
    assertEquals(brokenRules(results), []);
  });
}

/** Whether what is meant to show a fault does. @param meant A rule, or a rule and its scene. */
async function isCaught(fault: Fault, meant: string): Promise<boolean> {
  const only = meant.split(" in ");
  const { results } = await conformClient({ ...SHORT, driver: modelDriver(fault), only });
  return results.some(({ name, outcome }) => name === only[0] && outcome === "failed");
}

const faults = (Object.keys(FAULTS) as Fault[]).flatMap((fault) => FAULTS[fault].map((meant) => ({ fault, meant })));

for (let at = 0; at < faults.length; at += TOGETHER) {
  const some = faults.slice(at, at + TOGETHER);
  test(`a client is caught that ${[...new Set(some.map(({ fault }) => fault))].join(", ")}`, async () => {
    const missed = await Promise.all(some.map(async ({ fault, meant }) => await isCaught(fault, meant) ? [] : [fault]));
    assertEquals(missed.flat(), []);
  });
}

test("what is meant to show a fault is a rule that there is, and each rule about what is sent has its fault", () => {
  const meant = faults.map(({ meant }) => meant.split(" in ")[0]!);
  const rules = new Set(CLIENT_RULES.map(({ name }) => name));
  assertEquals(meant.filter((name) => !rules.has(name)), []);
  assertEquals(SENT_RULES.map(({ name }) => name).filter((name) => !meant.includes(name)), []);
});
