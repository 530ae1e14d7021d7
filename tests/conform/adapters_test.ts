/** The reference server keeps every rule of the conformance suite: in each way that this runtime has to serve. */
import { assertEquals } from "@std/assert";
import { SUBPROTOCOLS } from "@foxwire/foxwire";
import { conform, type ConformOptions, type ConformResult, SERVER_RULES } from "@foxwire/foxwire/conform";
import { FoxgloveServer } from "@foxwire/foxwire/server";
import { addEverything, OPTIONS } from "../../examples/everything/all.ts";
import { bun, insideBunServe, insideDenoServe, insideNodeHttp, type Listen, nodeHttp } from "../support/listeners.ts";
import { runtime, test } from "../support/test.ts";

type Protocol = typeof SUBPROTOCOLS[number];

/** Long enough for what has to come on a loaded machine. */
const PATIENT = { answerMs: 20_000, caseMs: 120_000 };

/** What an adapter cannot mend: it stands in docs/conformance.md. */
type Known = (name: string) => boolean;

/** Runs some cases against a reference server of their own. */
async function play(listen: Listen, options: ConformOptions): Promise<readonly ConformResult[]> {
  const stop = new AbortController();
  const server = new FoxgloveServer(OPTIONS);
  addEverything(server, stop.signal);
  // A service that fails is among what it has.
  server.on("error", () => {});
  const listener = await listen(server);
  try {
    return (await conform(`ws://127.0.0.1:${listener.port}`, options)).results;
  } finally {
    stop.abort();
    await server.close();
    await listener.stop();
  }
}

/** So many servers share the cases: most of them wait most of the time. */
const PARTS = 8;

/** All cases. Those that will fail need not wait for long. */
async function playParts(listen: Listen, protocol: Protocol, isKnown: Known): Promise<ConformResult[]> {
  const names = SERVER_RULES.map(({ name }) => name);
  const good = names.filter((name) => !isKnown(name));
  const known = names.filter(isKnown);
  const plays = Array.from({ length: PARTS }, (_, part) => {
    const only = good.filter((_, place) => place % PARTS === part);
    return play(listen, { ...PATIENT, protocols: [protocol], only });
  });
  if (known.length > 0) plays.push(play(listen, { answerMs: 500, protocols: [protocol], only: known }));
  return (await Promise.all(plays)).flat();
}

function shown({ protocol, name, expected, got, wire = [] }: ConformResult): string {
  return [`${protocol} ${name}: ${expected}; ${got}`, ...wire].join("\n  ");
}

/** Skips of a server that has everything. */
const EXPECTED_SKIPS = [
  /^the server declares /,
  /^does not concern /,
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

function declare(name: string, listen: Listen, protocol: Protocol, isKnown: Known = () => false): void {
  test(`conformance of ${name}: every case passes with ${protocol}`, async () => {
    const results = await playParts(listen, protocol, isKnown);
    assertEquals(results.length, SERVER_RULES.length);
    const failed = results.filter(({ outcome }) => outcome === "failed");
    assertEquals(failed.filter(({ name }) => !isKnown(name)).map(shown), []);
    const known = results.filter(({ name, outcome }) => isKnown(name) && outcome === "ok").map(({ name }) => name);
    assertEquals(known, [], "no longer known to fail");
    assertEquals(unexpectedSkips(results), []);
  });
}

const [NEWEST] = SUBPROTOCOLS;

/** There a program of the user answers what is no handshake. */
const withApp: Known = (name) => name === "handshake/plain-http-426";

/** Deno ends a connection without a Close frame that says why, and takes frames that are not masked. */
const ofDenoServe: Known = (name) =>
  withApp(name) || /^framing\/(?!close-(reserved|own)-).*-code$|\/unmasked$/.test(name);

if (runtime === "node" || runtime === "deno") {
  for (const protocol of SUBPROTOCOLS) declare("serve()", nodeHttp, protocol);
  declare("node:http", insideNodeHttp(), NEWEST, withApp);
}
if (runtime === "deno") declare("Deno.serve", insideDenoServe, NEWEST, ofDenoServe);
if (runtime === "bun") {
  for (const protocol of SUBPROTOCOLS) declare("serve()", bun, protocol);
  declare("Bun.serve", insideBunServe, NEWEST, withApp);
}
