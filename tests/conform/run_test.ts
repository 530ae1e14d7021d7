/** Runs of the conformance suite, on servers that are right, wrong, silent and gone. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type FoxgloveError, SUBPROTOCOLS } from "@foxwire/foxwire";
import { conform, type ConformOptions, type ConformReport, conforms, SERVER_RULES } from "@foxwire/foxwire/conform";
import { webSocket } from "@foxwire/foxwire/node";
import { type FoxgloveServer, serve, type ServeOptions } from "@foxwire/foxwire/server";
import { goodAnswer, RawServer, type UpgradeOf } from "../support/raw_server.ts";
import { Model } from "./model/model.ts";
import { test } from "../support/test.ts";

/** Long enough for what has to come on a loaded machine. */
const PATIENT = { answerMs: 20_000, caseMs: 120_000 };

/** Runs cases against a server that is gone afterwards. */
async function playOn(
  options: ServeOptions,
  conformOptions: ConformOptions,
  prepare: (server: FoxgloveServer) => void = () => {},
): Promise<ConformReport> {
  const server = await serve({ name: "robot", ...options, port: 0 });
  prepare(server);
  try {
    return await conform(server.url, { ...PATIENT, ...conformOptions });
  } finally {
    await server.close();
  }
}

function outcomes({ results }: ConformReport): string[] {
  return results.map(({ name, outcome, expected, got }) => `${name} ${outcome}${got ? `: ${expected}; ${got}` : ""}`);
}

test("a server that has nothing is tried with what concerns every server, and skips say what is missing", async () => {
  const { results, server, protocols } = await playOn({}, { only: ["connection", "services", "undeclared"] });
  assertEquals([server, protocols], ["robot", ["foxglove.sdk.v1.1"]]);
  assertEquals(results.filter(({ outcome }) => outcome === "failed"), []);
  const reasons = new Map(results.map(({ name, reason }) => [name, reason]));
  assertEquals(reasons.get("connection/name"), undefined);
  assertEquals(reasons.get("services/unknown"), 'the server does not declare the capability "services"');
  assert(results.some(({ name, outcome }) => name.startsWith("undeclared/") && outcome === "ok"));
});

test("what a case needs by name is asked for by name", async () => {
  const prepare = (server: FoxgloveServer) => {
    server.service("/other", { request: { encoding: "json" }, response: { encoding: "json" } }, () => ({}));
    server.parameters.set("other", 1);
  };
  const { results } = await playOn({}, { only: ["services/fails", "parameters/integer"] }, prepare);
  const reasons = results.map(({ reason }) => reason);
  assertEquals(reasons[0], 'the server has no service "/fail"');
  assertMatch(`${reasons[1]}`, /^the server has no parameter "\w+"$/);
});

test("results come as they are there, in the order of the cases, with all that a reader needs", async () => {
  const told: string[] = [];
  const report = await playOn({}, {
    only: ["connection"],
    onStart: ({ count, server }) => told.push(`${count} for ${server}`),
    onCase: (name) => told.push(name),
    onResult: ({ name, outcome }) => told.push(`${name} ${outcome}`),
  });
  const names = SERVER_RULES.map(({ name }) => name).filter((name) => name.startsWith("connection/"));
  assertEquals(told, [`${names.length} for robot`, ...names.flatMap((name) => [name, `${name} ok`])]);
  assertEquals(report.results.map(({ name }) => name), names);
  const { rule, source, level, protocol } = report.results[0]!;
  assertEquals({ rule, source, level }, pick(names[0]!));
  assertEquals(protocol, "foxglove.sdk.v1.1");
});

function pick(wanted: string) {
  const { rule, source, level } = SERVER_RULES.find(({ name }) => name === wanted)!;
  return { rule, source, level };
}

test("each subprotocol that a server takes is tried when all are asked for", async () => {
  const report = await playOn({}, { only: ["connection/name"], protocols: "all" });
  assertEquals(report.protocols, SUBPROTOCOLS);
  assertEquals(report.results.map(({ protocol, outcome }) => [protocol, outcome]), SUBPROTOCOLS.map((p) => [p, "ok"]));
});

test("cases are chosen by name, by group, by pattern and by level", async () => {
  const namesOf = async (options: ConformOptions) => (await playOn({}, options)).results.map(({ name }) => name);
  assertEquals(await namesOf({ only: ["connection/name", "connection/o*"] }), ["connection/name", "connection/order"]);
  const musts = SERVER_RULES.filter(({ name, level }) => name.startsWith("connection/") && level === "must");
  assertEquals(await namesOf({ only: ["connection"], levels: ["must"] }), musts.map(({ name }) => name));
});

test("a name that stands for no case is refused before anything is tried", async () => {
  await assertRejects(() => playOn({}, { only: ["connection", "conection/*"] }), RangeError, '"conection/*"');
});

test("where there is no server, that is said with the code connection", async () => {
  const server = await serve({ port: 0 });
  await server.close();
  const error = await assertRejects(() => conform(server.url, PATIENT));
  assertEquals((error as FoxgloveError).code, "connection");
  assertMatch((error as Error).message, /^Cannot connect to ws:/);
});

test("a subprotocol that was named and is not taken is no run", async () => {
  const raw = await RawServer.start(({ socket }) => socket.destroy());
  try {
    const protocols = ["foxglove.sdk.v1"] as const;
    const error = await assertRejects(() => conform(`ws://127.0.0.1:${raw.port}`, { ...PATIENT, protocols }));
    assertMatch((error as Error).message, /does it take foxglove\.sdk\.v1\?$/);
  } finally {
    await raw.stop();
  }
});

test("a failure says rule, source, what was expected, what came, and what went over the wire", async () => {
  const model = await Model.start({ faults: ["greeting/no-name", "greeting/advertise-first"] });
  try {
    const only = ["connection/name", "connection/server-info-first"];
    const { results } = await conform(model.url, { ...PATIENT, only });
    const [first, name] = results;
    assertEquals(results.map(({ name, outcome }) => `${name} ${outcome}`), only.toReversed().map((c) => `${c} failed`));
    assertEquals([name?.expected, name?.rule], ["a string", "serverInfo has a name, which is a string"]);
    assertMatch(`${name?.got}`, /"op":"serverInfo"/);
    assertEquals(first?.expected, '"serverInfo" as the first message');
    assertMatch(`${first?.got}`, /"op":"advertise"/);
    assertMatch(`${first?.wire?.[0]}`, /^1 <- \{"op":"advertise"/);
    assertEquals(conforms(results), false);
  } finally {
    await model.stop();
  }
});

/** Greets, lets a client go, and answers nothing else. */
function greet(upgrade: UpgradeOf): void {
  const CLOSE = 0x88;
  for (const part of goodAnswer(upgrade)) upgrade.socket.write(part);
  upgrade.socket.on("data", (frames: Uint8Array) => frames[0] === CLOSE && upgrade.socket.end());
}

test("a server that answers nothing at all is tried all the same, and given up case by case", async () => {
  const raw = await RawServer.start(greet);
  try {
    const good = ["connection/server-info-first", "connection/name"];
    const bad = ["framing/ping", "subscribe/unknown-channel"];
    const report = await conform(`ws://127.0.0.1:${raw.port}`, { answerMs: 1500, only: [...good, ...bad] });
    const failed = report.results.filter(({ outcome }) => outcome === "failed").map(({ name }) => name);
    assertEquals(failed, bad, `${outcomes(report)}`);
    assertEquals([report.results.length, report.died], [4, undefined]);
  } finally {
    await raw.stop();
  }
});

test("a case that takes too long is given up, and its connections are closed", async () => {
  const options = { only: ["status/removed", "status/hello"], caseMs: 2_500 };
  const report = await playOn({}, options, (server) => {
    server.on("connect", ({ client }) => client.status("info", "hello", { id: "hello" }));
  });
  assertEquals(outcomes(report), ["status/hello ok", "status/removed failed: the case to be over in 2500 ms; no end"]);
});

test("a server that dies is said once, with the case that did it, and the rest is skipped", async () => {
  const report = await playOn({}, { answerMs: 1500, only: ["connection/name", "subscribe"] }, (server) => {
    server.channel("/counter", { encoding: "raw" });
    server.on("subscribe", () => void server.close({ timeoutMs: 0 }));
  });
  assertEquals(report.died, "subscribe/data", `${outcomes(report)}`);
  const at = report.results.findIndex(({ name }) => name === report.died);
  assertEquals(report.results[at]?.outcome, "failed");
  assertMatch(`${report.results[at]?.got}`, /; and the server takes no connections any more$/);
  const rest = report.results.slice(at + 1);
  assert(rest.length > 0);
  const reason = `the server takes no connections any more since "${report.died}"`;
  assertEquals(rest.filter((result) => result.outcome !== "skipped" || result.reason !== reason), []);
});

test("a signal ends a run after the case that is under way", async () => {
  const stop = new AbortController();
  const { results } = await playOn({}, {
    only: ["connection"],
    signal: stop.signal,
    onResult: () => stop.abort(),
  });
  assertEquals(results.length, 1);
});

test("connections are opened by the user's own function, and all of them are closed", async () => {
  const sockets: WebSocket[] = [];
  const open = async (url: string, protocols: string[]) => {
    const socket = await webSocket(url, protocols);
    sockets.push(socket);
    return socket;
  };
  const report = await playOn({}, { only: ["connection"], webSocket: open });
  assertEquals(report.results.filter(({ outcome }) => outcome === "failed"), []);
  assert(sockets.length > 5, `${sockets.length} sockets`);
  const CLOSED = 3;
  assertEquals(sockets.filter(({ readyState }) => readyState !== CLOSED), []);
});
