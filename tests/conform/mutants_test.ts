/**
 * The proof of the conformance suite: the model server keeps every rule, and each fault that it can be given is caught by the
 * case that is there for it.
 */
import { assertEquals } from "@std/assert";
import { SUBPROTOCOLS } from "@foxwire/foxwire";
import { conform, type ConformOptions, type ConformResult } from "@foxwire/foxwire/conform";
import { runtime, test } from "../support/test.ts";
import { type Fault, type FaultName, FAULTS } from "./model/faults.ts";
import { Model, type ModelOptions } from "./model/model.ts";

/** Long enough for what has to come on a loaded machine. */
const PATIENT = { answerMs: 20_000, caseMs: 120_000 };

/** A fault often shows by what does not come: nobody has to wait long for that. */
const IMPATIENT = { answerMs: 400, caseMs: 4_000 };

/** Most of the time a mutant waits for what does not come. */
const AT_ONCE = 12;

/** The mutants that run elsewhere than on Deno: the suite is the same there, and so is the model. */
const SHARE = runtime === "deno" ? 1 : 5;

async function play(model: ModelOptions, options: ConformOptions): Promise<readonly ConformResult[]> {
  const server = await Model.start(model);
  try {
    return (await conform(server.url, options)).results;
  } finally {
    await server.stop();
  }
}

function failures(results: readonly ConformResult[]): string[] {
  const failed = results.filter(({ outcome }) => outcome === "failed");
  return failed.map(({ name, expected, got, wire = [] }) => [`${name}: ${expected}; ${got}`, ...wire].join("\n  "));
}

for (const protocol of SUBPROTOCOLS) {
  test(`a model server without faults passes the suite, ${protocol}`, async () => {
    assertEquals(failures(await play({}, { ...PATIENT, protocols: [protocol] })), []);
  });
}

test("a model server with channels alone passes the suite", async () => {
  assertEquals(failures(await play({ bare: true }, { ...PATIENT })), []);
});

/** What came of the case that is there for a fault, with that fault. */
async function verdict(name: FaultName): Promise<string> {
  const [, only, on]: Fault = FAULTS[name];
  const protocol = on === undefined || on === "bare" ? "foxglove.sdk.v1" : on;
  const model = { faults: [name], bare: on === "bare" };
  const [result] = await play(model, { ...IMPATIENT, protocols: [protocol], only: [only] });
  return result!.outcome;
}

/** Does it for each, so many at a time. */
async function forEach<T>(all: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = [...all];
  const work = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

const NAMES = (Object.keys(FAULTS) as FaultName[]).filter((_, index) => index % SHARE === 0);

test(`${NAMES.length} faults of the model server are caught, each by the case that is there for it`, async () => {
  const missed: string[] = [];
  await forEach(NAMES, async (name) => {
    const outcome = await verdict(name).catch((error: Error) => `no run: ${error.message}`);
    if (outcome !== "failed") missed.push(`${name}: ${FAULTS[name][1]} ${outcome}`);
  });
  assertEquals(missed, []);
});
