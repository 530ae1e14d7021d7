/**
 * The proof of the conformance suite: the model server keeps every rule, and each fault that it can be given is caught by the
 * case that is there for it.
 */
import { assertEquals } from "@std/assert";
import { SUBPROTOCOLS } from "@foxwire/foxwire";
import { conform, type ConformOptions, type ConformResult, SERVER_RULES } from "@foxwire/foxwire/conform";
import { runtime, test } from "../support/test.ts";
import { type Fault, type FaultName, FAULTS } from "./model/faults.ts";
import { Model, type ModelOptions } from "./model/model.ts";

/** Long enough for what has to come on a loaded machine. */
const PATIENT = { answerMs: 20_000, caseMs: 120_000 };

/**
 * A fault often shows by what does not come: nobody has to wait long for that. Where a loaded machine is too late for it,
 * more is tried.
 */
const PATIENCE = [{ answerMs: 400, caseMs: 4_000 }, { answerMs: 4_000 }, PATIENT];

/** Most of the time a mutant waits for what does not come. */
const AT_ONCE = 20;

/** Of the mutants, a share runs elsewhere than on Deno: the suite is the same there, and so is the model. */
const SHARE = runtime === "deno" ? 1 : 10;

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

/** So many servers share the cases: most of the time they wait. */
const PARTS = 6;

/** Rules that a server breaks which has no faults. */
async function broken(model: ModelOptions, protocol: typeof SUBPROTOCOLS[number]): Promise<string[]> {
  const parts = Array.from({ length: PARTS }, (_, part) => {
    const only = SERVER_RULES.map(({ name }) => name).filter((_, index) => index % PARTS === part);
    return play(model, { ...PATIENT, protocols: [protocol], only });
  });
  return failures((await Promise.all(parts)).flat());
}

for (const protocol of runtime === "deno" ? SUBPROTOCOLS : SUBPROTOCOLS.slice(0, 1)) {
  test(`a model server without faults keeps all rules of ${protocol}`, async () => {
    assertEquals(await broken({}, protocol), []);
  });

  test(`a model server with channels alone keeps all rules of ${protocol}`, async () => {
    assertEquals(await broken({ bare: true }, protocol), []);
  });
}

/** What came of the case that is there for a fault, with these faults. */
async function verdict([, wanted, on]: Fault, faults: FaultName[], patience: ConformOptions): Promise<string> {
  const protocol = on === undefined || on === "bare" ? "foxglove.sdk.v1" : on;
  const run = play({ faults, bare: on === "bare" }, { ...patience, protocols: [protocol], only: [wanted] });
  const [result] = await run.catch((error: Error) => [{ outcome: `no run: ${error.message}` }]);
  return result!.outcome;
}

/** Why a fault was missed; nothing when its case fails with it, and not without it. */
async function missed(name: FaultName): Promise<string | undefined> {
  const fault: Fault = FAULTS[name];
  let problem = "";
  for (const patience of PATIENCE) {
    const faulty = await verdict(fault, [name], patience);
    const control = faulty === "failed" ? await verdict(fault, [], patience) : "not tried";
    if (control === "ok") return undefined;
    problem = `${name}: ${fault[1]} ${faulty}, and without the fault ${control}`;
  }
  return problem;
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
  const all: string[] = [];
  await forEach(NAMES, async (name) => {
    const problem = await missed(name);
    if (problem !== undefined) all.push(problem);
  });
  assertEquals(all, []);
});

test("where no WebSocket takes the answer to a handshake, the handshake is tried and the rest is skipped", async () => {
  const only = ["handshake/subprotocol", "connection/name"];
  const results = await play({ faults: ["handshake/no-protocol"] }, {
    ...PATIENT,
    protocols: ["foxglove.sdk.v1"],
    only,
  });
  const [handshake, name] = results;
  assertEquals([handshake?.outcome, name?.outcome], ["failed", "skipped"]);
  assertEquals(name?.reason, "no WebSocket takes the server's answer to a handshake");
});

test("a server may have an echo for each publisher of a topic: the suite follows the topic, not a channel", async () => {
  const only = ["channels", "publish", "harm/vanishes-publishing"];
  assertEquals(failures(await play({ echoesEach: true }, { ...PATIENT, only })), []);
});
