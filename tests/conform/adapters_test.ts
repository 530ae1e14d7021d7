/** The reference server keeps every rule of the conformance suite: in each way that this runtime has to serve. */
import { assertEquals } from "@std/assert";
import { SUBPROTOCOLS } from "@foxwire/foxwire";
import { CASES, conform, type ConformResult } from "@foxwire/foxwire/conform";
import { FoxgloveServer } from "@foxwire/foxwire/server";
import { addEverything, OPTIONS } from "../../examples/everything/all.ts";
import { bun, insideBunServe, insideDenoServe, insideNodeHttp, type Listen, nodeHttp } from "../support/listeners.ts";
import { runtime, test } from "../support/test.ts";

type Protocol = typeof SUBPROTOCOLS[number];

/** Long enough for what has to come on a loaded machine. */
const PATIENT = { answerMs: 20_000, caseMs: 120_000 };

/** Runs some cases against a reference server of their own. */
async function play(listen: Listen, protocol: Protocol, only: readonly string[]): Promise<readonly ConformResult[]> {
  const stop = new AbortController();
  const server = new FoxgloveServer(OPTIONS);
  addEverything(server, stop.signal);
  // A service that fails is among what it has.
  server.on("error", () => {});
  const listener = await listen(server);
  try {
    const url = `ws://127.0.0.1:${listener.port}`;
    return (await conform(url, { ...PATIENT, protocols: [protocol], only })).results;
  } finally {
    stop.abort();
    await server.close();
    await listener.stop();
  }
}

/** All cases, in parts that run at the same time: most of them wait. */
async function playParts(listen: Listen, protocol: Protocol, parts: number): Promise<ConformResult[]> {
  const names = CASES.map(({ name }) => name);
  const part = (index: number) => names.filter((_, place) => place % parts === index);
  const plays = Array.from({ length: parts }, (_, index) => play(listen, protocol, part(index)));
  return (await Promise.all(plays)).flat();
}

function shown({ protocol, name, expected, got, wire = [] }: ConformResult): string {
  return [`${protocol} ${name}: ${expected}; ${got}`, ...wire].join("\n  ");
}

/** Skips of a server that has everything. */
const EXPECTED_SKIPS = [
  /^the server declares /,
  /^does not concern /,
  /^another program answers HTTP at this address: 200$/,
];

/** Of a subprotocol without playback. */
const NO_PLAYBACK = /^the server does not declare the capability "playbackControl"$/;

function unexpectedSkips(results: readonly ConformResult[]): string[] {
  return results
    .filter(({ outcome }) => outcome === "skipped")
    .filter(({ reason = "" }) => !EXPECTED_SKIPS.some((expected) => expected.test(reason)))
    .filter(({ protocol, reason = "" }) => protocol !== "foxglove.websocket.v1" || !NO_PLAYBACK.test(reason))
    .map(({ protocol, name, reason }) => `${protocol} ${name}: ${reason}`);
}

/** What an adapter cannot mend: it stands in docs/conformance.md. */
type Known = (name: string) => boolean;

function declare(name: string, listen: Listen, protocols: readonly Protocol[], isKnown: Known = () => false): void {
  test(`conformance of ${name}: every case passes with ${protocols.join(", ")}`, async () => {
    const parts = 6 / protocols.length;
    const results = (await Promise.all(protocols.map((protocol) => playParts(listen, protocol, parts)))).flat();
    assertEquals(results.length, CASES.length * protocols.length);
    const failed = results.filter(({ outcome }) => outcome === "failed");
    assertEquals(failed.filter(({ name }) => !isKnown(name)).map(shown), []);
    const known = CASES.filter(({ name }) => isKnown(name)).map(({ name }) => name);
    assertEquals(known.filter((name) => !failed.some((result) => result.name === name)), [], "no longer known to fail");
    assertEquals(unexpectedSkips(results), []);
  });
}

const [NEWEST] = SUBPROTOCOLS;

/** Deno ends a connection without a Close frame that says why, and takes frames that are not masked. */
const ofDenoServe: Known = (name) => /^framing\/(?!close-(reserved|own)-).*-code$|\/unmasked$/.test(name);

if (runtime === "node" || runtime === "deno") {
  declare("serve()", nodeHttp, SUBPROTOCOLS);
  declare("node:http", insideNodeHttp(), [NEWEST]);
}
if (runtime === "deno") declare("Deno.serve", insideDenoServe, [NEWEST], ofDenoServe);
if (runtime === "bun") {
  declare("serve()", bun, SUBPROTOCOLS);
  declare("Bun.serve", insideBunServe, [NEWEST]);
}
