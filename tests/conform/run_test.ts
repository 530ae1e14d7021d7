/** Runs of the conformance suite, on servers that are right, wrong, silent and gone. */
import { type AddressInfo, createServer } from "node:net";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type FoxgloveError, SUBPROTOCOLS } from "@foxwire/foxwire";
import {
  conform,
  type ConformOptions,
  type ConformReport,
  conforms,
  SERVER_RULES,
  summaryLines,
} from "@foxwire/foxwire/conform";
import { webSocket } from "@foxwire/foxwire/node";
import { type FoxgloveServer, serve, type ServeOptions } from "@foxwire/foxwire/server";
import { TEST_CERTIFICATE } from "../support/certificate.ts";
import { goodAnswer, RawServer, serverFrame, type UpgradeOf } from "../support/raw_server.ts";
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

test("the wire of a case that sets the server back ends where it failed", async () => {
  const model = await Model.start({ faults: ["set/not-kept"] });
  try {
    const { results } = await conform(model.url, { ...PATIENT, only: ["parameters/set-then-get"] });
    const wire = results[0]?.wire ?? [];
    assertEquals(results[0]?.outcome, "failed", `${outcomes({ results } as ConformReport)}`);
    assertMatch(`${wire.at(-1)}`, /^\(here it failed; \d+ messages after it set the server back\)$/);
    const set = wire.filter((line) => line.includes("setParameters"));
    assertEquals(set.map((line) => /"value":(\d+)/.exec(line)?.[1]), ["41", "42"], wire.join("\n"));
  } finally {
    await model.stop();
  }
});

test("what only looks at the greeting shows it, and binary messages are told in words and in hexadecimal", async () => {
  const model = await Model.start({ faults: ["greeting/numbers-in-metadata", "data/by-channel-id"] });
  try {
    const only = ["connection/metadata", "subscribe/data"];
    const [metadata, data] = (await conform(model.url, { ...PATIENT, only })).results;
    assertEquals([metadata?.outcome, data?.outcome], ["failed", "failed"]);
    assertEquals(metadata?.wire?.[0], "(when the run began)");
    assertMatch(`${metadata?.wire?.[1]}`, /^1 <- \{"op":"serverInfo"/);
    const told = /^1 <- messageData of subscription \d+, log time \d+ ns, \d+ bytes?: .* \[01 .*\]/m;
    assertMatch(`${data?.wire?.join("\n")}`, told);
  } finally {
    await model.stop();
  }
});

test("raw sockets have a wire: requests, answers, frames in words, and who has cut the connection", async () => {
  const model = await Model.start({ faults: ["framing/pong-empty", "publish/outlives-its-client"] });
  try {
    const options = { answerMs: 2500, protocols: ["foxglove.sdk.v1"] as const };
    const only = ["framing/pong", "harm/vanishes-publishing"];
    const { results } = await conform(model.url, { ...options, only });
    const [pong, vanishes] = results.filter(({ outcome }) => outcome === "failed").map(({ wire = [] }) =>
      wire.join("\n")
    );
    assertMatch(`${pong}`, /^1 -> GET \/ HTTP\/1\.1 \| Host: .*\n1 <- HTTP\/1\.1 101 /);
    assertMatch(`${pong}`, /\n1 -> frame ping, .*\n(.*\n)*1 <- frame pong, 0 bytes/);
    assertMatch(`${vanishes}`, /\n\d -- the suite cuts the connection\n/);
  } finally {
    await model.stop();
  }
});

/** Says something, lets a client go, and answers nothing else. */
function say({ socket }: UpgradeOf, ...parts: Uint8Array[]): void {
  const CLOSE = 0x88;
  for (const part of parts) socket.write(part);
  socket.on("data", (frames: Uint8Array) => frames[0] === CLOSE && socket.end());
}

const greet = (upgrade: UpgradeOf) => say(upgrade, ...goodAnswer(upgrade));

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

test("a server that dies between two subprotocols is said to be dead, with the last case before", async () => {
  const server = await serve({ port: 0 });
  const died: string[] = [];
  const { results, ...report } = await conform(server.url, {
    answerMs: 1500,
    only: ["connection/name"],
    protocols: ["foxglove.sdk.v1.1", "foxglove.sdk.v1"],
    onResult: () => void server.close({ timeoutMs: 0 }),
    onDied: (name) => died.push(name),
  });
  await server.close();
  assertEquals(results.map(({ outcome }) => outcome), ["ok", "skipped"]);
  assertMatch(`${results[1]?.reason}`, /^the server takes no connections any more since "connection\/name"$/);
  assertEquals([report.died, died], ["connection/name", ["connection/name"]]);
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

test("a server that says nothing fails one case and is asked no more", async () => {
  const raw = await RawServer.start((upgrade) => say(upgrade, goodAnswer(upgrade)[0]!));
  try {
    const only = ["connection", "channels", "subscribe", "services"];
    const { results } = await conform(`ws://127.0.0.1:${raw.port}`, { answerMs: 2500, only });
    const failed = results.filter(({ outcome }) => outcome !== "skipped").map(({ name, outcome }) => [name, outcome]);
    assertEquals(failed, [["connection/server-info-first", "failed"]]);
    const reasons = new Set(results.map(({ reason }) => reason));
    assertEquals([...reasons], [undefined, "the server sends no serverInfo: it says nothing"]);
  } finally {
    await raw.stop();
  }
});

test("a server whose greeting is no JSON is tried with the connection, and the rest says what came", async () => {
  const raw = await RawServer.start((upgrade) => {
    say(upgrade, ...goodAnswer(upgrade), serverFrame(1, "{'op': 'advertise'}"));
  });
  try {
    const { results } = await conform(`ws://127.0.0.1:${raw.port}`, {
      answerMs: 2500,
      only: ["connection", "channels"],
    });
    const later = results.find(({ name }) => name.startsWith("channels/"));
    assertEquals(later?.outcome, "skipped");
    assertMatch(`${later?.reason}`, /^what the server says first cannot be read: expected JSON .*, got \{'op'/);
    assertEquals(results.some(({ name, outcome }) => name.startsWith("connection/") && outcome === "failed"), true);
  } finally {
    await raw.stop();
  }
});

test("a server whose lists hold null fails the cases that look at them, in words", async () => {
  const raw = await RawServer.start((upgrade) => {
    const messages = [{ op: "serverInfo", name: "", capabilities: [] }, { op: "advertise", channels: [null] }];
    say(upgrade, ...goodAnswer(upgrade), ...messages.map((message) => serverFrame(1, JSON.stringify(message))));
  });
  try {
    const { results } = await conform(`ws://127.0.0.1:${raw.port}`, { answerMs: 2500, only: ["channels"] });
    const failed = results.filter(({ outcome }) => outcome === "failed");
    assertEquals(failed.map(({ name }) => name).includes("channels/ids"), true);
    for (const { got } of failed) assertMatch(`${got}`, /"channels":\[null\]/);
  } finally {
    await raw.stop();
  }
});

/** Servers that are none, and what a person reads of them. */
const NO_SERVERS: Record<string, [answer: string | undefined, told: RegExp]> = {
  "another web server": [
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    /answers HTTP 200 instead of 101 and says "hi": is this a web server/,
  ],
  "one that does not know the path": [
    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    /answers HTTP 404 instead of 101: is the path right/,
  ],
  "one that wants another subprotocol": [
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno",
    /answers HTTP 400 instead of 101 and says "no": does it take foxglove/,
  ],
  "one that speaks something else": [
    "220 smtp ready\r\n",
    /does not answer a handshake \(nothing in \d+ ms but for 16 bytes: /,
  ],
  "one that says nothing": [
    undefined,
    /does not answer a handshake \(nothing in \d+ ms\): is it a WebSocket server, and does it take/,
  ],
};

for (const [who, [answer, told]] of Object.entries(NO_SERVERS)) {
  test(`why nothing can be tried is told in words: ${who}`, async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => answer !== undefined && socket.write(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // What shows by silence need not be waited for long.
    const answerMs = answer?.startsWith("HTTP") ? PATIENT.answerMs : 1500;
    const error = await assertRejects(() => conform(url, { answerMs, webSocket }));
    await new Promise<unknown>((resolve) => server.close(resolve));
    assertEquals((error as FoxgloveError).code, "connection");
    assertMatch((error as Error).message, told);
  });
}

test("why nothing can be tried is told in words: nobody, no TLS, no trust", async () => {
  const plain = await serve({ port: 0 });
  const secure = await serve({ port: 0, tls: TEST_CERTIFICATE });
  const tried = { answerMs: 5000, webSocket };
  const told = async (url: string) => (await assertRejects(() => conform(url, tried)) as Error).message;
  try {
    assertMatch(await told(plain.url.replace("ws:", "wss:")), /: no TLS is spoken there \(.*\): is it ws:/);
    assertMatch(await told(secure.url), /: its certificate is not trusted: .* --ca FILE$/);
  } finally {
    await Promise.all([plain.close(), secure.close()]);
  }
  assertMatch(await told(plain.url), /: nobody listens there \(connection refused\): /);
});

test("what could be offered is said once for each thing, with how much it would bring", async () => {
  const report = await playOn({}, { only: ["services", "status/hello"] });
  const lines = summaryLines(report.results).filter((line) => line.includes("offer"));
  const services = report.results.filter(({ name }) => name.startsWith("services/")).length;
  assertEquals(lines, [
    `# to have ${services} more tried, offer: declare "services", with the services "/add", "/echo", "/fail" and "/slow"`,
    '# to have 1 more tried, offer: send each new client a status with the id "hello", and remove it after five seconds',
  ]);
});

test("a token in the address goes along with every handshake", async () => {
  const authorize: ServeOptions["authorize"] = ({ url }) =>
    new URL(url, "ws://robot").searchParams.get("token") === "42";
  const server = await serve({ port: 0, authorize });
  try {
    const { results } = await conform(`${server.url}/?token=42`, {
      ...PATIENT,
      only: ["handshake/path", "handshake/slow"],
    });
    assertEquals(results.map(({ outcome }) => outcome), ["ok", "ok"]);
  } finally {
    await server.close();
  }
});
