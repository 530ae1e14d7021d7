/**
 * Runs the cases against a server.
 *
 * @module
 */
import { type Subprotocol, SUBPROTOCOLS } from "../protocol/constants.ts";
import { errorMessage, FoxgloveError } from "../util/errors.ts";
import { type Barrier, BARRIERS, SILENCE } from "./barrier.ts";
import type { ConformCase, Greeting, JsonObject } from "./case.ts";
import { CASES } from "./cases.ts";
import { greetingOf, readGreeting, readServerInfo } from "./greeting.ts";
import { Mismatch, Skip } from "./mismatch.ts";
import { hasRawSockets, missing, type Offer } from "./needs.ts";
import { CONFORM_DEFAULTS, type ConformOptions, type ConformReport, type ConformResult } from "./options.ts";
import { RawSocket } from "./raw_socket.ts";
import { CaseScene, type Setting } from "./scene.ts";
import { selected } from "./select.ts";
import type { Received } from "./peer.ts";
import { find, isOp } from "./steps/messages.ts";
import { type OpenSocket, WebSocketPeer } from "./web_socket_peer.ts";
import { WireLog } from "./wire_log.ts";

type Verdict = Pick<ConformResult, "outcome" | "reason" | "expected" | "got" | "wire">;

/** How to reach the server, and how long to wait for it. */
interface Reach {
  url: string;
  open: OpenSocket;
  answerMs: number;
  caseMs: number;
}

/** A server is held for dead when it takes no connection in as many times the wait for one answer. */
const BUSY_ANSWERS = 3;
/** It is asked again after so long. */
const AGAIN_MS = 200;

/**
 * Runs the conformance cases against a server, and says what came of each. Cases that change something on the server act
 * only on channels, services and parameters with the names that docs/conformance.md lists.
 *
 * @throws {FoxgloveError} With code `"connection"` when there is no server, or it takes none of the subprotocols.
 *
 * @example
 * ```ts
 * import { conform } from "@foxwire/foxwire/conform";
 * import { serve } from "@foxwire/foxwire/server";
 *
 * const server = await serve({ name: "robot", port: 0 });
 * const report = await conform(server.url, { only: ["connection"] });
 * const failed = report.results.filter(({ outcome }) => outcome === "failed");
 * if (failed.length > 0) console.log(failed);
 *
 * await server.close();
 * ```
 */
export async function conform(url: string, options: ConformOptions = {}): Promise<ConformReport> {
  const { answerMs = CONFORM_DEFAULTS.answerMs, caseMs = CONFORM_DEFAULTS.caseMs } = options;
  const reach = { url, answerMs, caseMs, open: options.webSocket ?? standardSocket };
  const protocols = await takenProtocols(reach, options.protocols);
  const cases = selected(CASES, options);
  const first = await meet(reach, protocols[0]!);
  const name = first.greeting.serverInfo.name;
  const server = typeof name === "string" ? name : "";
  const plan = { url, server, protocols, count: cases.length * protocols.length };
  options.onStart?.(plan);
  const run = new Run(reach, cases, options);
  for (const protocol of protocols) await run.with(protocol, protocol === protocols[0] ? first : undefined);
  return { ...plan, results: run.results, ...(run.died === undefined ? {} : { died: run.died }) };
}

/** A run over all its subprotocols. */
class Run {
  readonly results: ConformResult[] = [];
  died: string | undefined;
  readonly #reach: Reach;
  readonly #cases: readonly ConformCase[];
  readonly #options: ConformOptions;

  constructor(reach: Reach, cases: readonly ConformCase[], options: ConformOptions) {
    this.#reach = reach;
    this.#cases = cases;
    this.#options = options;
  }

  /** @param known What is known of the server already. */
  async with(protocol: Subprotocol, known?: Met): Promise<void> {
    const met = known ?? (this.died === undefined ? await meet(this.#reach, protocol) : undefined);
    for (const entry of this.#cases) {
      if (this.#options.signal?.aborted) return;
      this.#options.onCase?.(entry.name);
      const began = performance.now();
      const verdict = await this.#verdict(entry, met);
      const { name, level, rule, source } = entry;
      const result = { name, level, rule, source, protocol, ...verdict, took: Math.round(performance.now() - began) };
      this.results.push(result);
      this.#options.onResult?.(result);
    }
  }

  async #verdict(entry: ConformCase, met: Met | undefined): Promise<Verdict> {
    if (met === undefined || this.died !== undefined) {
      return { outcome: "skipped", reason: `the server takes no connections any more since "${this.died}"` };
    }
    const reason = missing(entry.needs, met);
    if (reason !== undefined) return { outcome: "skipped", reason };
    if (met.refused && !entry.name.startsWith("handshake/")) {
      return { outcome: "skipped", reason: "no WebSocket takes the server's answer to a handshake" };
    }
    const verdict = await play(entry, new CaseScene(met.setting, met.greeting), this.#reach.caseMs);
    if (verdict.outcome === "failed" && !met.refused && !await isAlive(met.setting)) {
      this.died = entry.name;
      verdict.got += "; and the server takes no connections any more";
    }
    return verdict;
  }
}

/** Plays one case, for a limited time. */
async function play(entry: ConformCase, scene: CaseScene, caseMs: number): Promise<Verdict> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Mismatch(`the case to be over in ${caseMs} ms`, "no end")), caseMs);
  });
  try {
    await Promise.race([entry.run(scene), late]);
    return { outcome: "ok" };
  } catch (error) {
    return verdictOf(error, scene.log);
  } finally {
    clearTimeout(timer);
    await scene.leave();
  }
}

function verdictOf(error: unknown, log: WireLog): Verdict {
  if (error instanceof Skip) return { outcome: "skipped", reason: error.message };
  const wire = log.lines();
  if (error instanceof Mismatch) return { outcome: "failed", expected: error.expected, got: error.got, wire };
  return { outcome: "failed", expected: "the case to be played to its end", got: errorMessage(error), wire };
}

/** What was found out about a server when it was met. */
interface Met extends Offer {
  setting: Setting;
  /** It says that it accepts, and how it says it a WebSocket refuses. */
  refused?: true;
}

/** What is known of a server that could not be met. */
const NOTHING: Greeting = { serverInfo: { op: "serverInfo" }, capabilities: [], channels: [], services: [] };

/** Finds out which harmless request the server answers, and what it says of itself. */
async function meet(reach: Reach, protocol: Subprotocol): Promise<Met> {
  if (!await takes(reach, protocol)) {
    const setting = { ...reach, protocol, barrier: SILENCE };
    return { protocol, greeting: NOTHING, parameters: new Set(), setting, refused: true };
  }
  const barrier = await findBarrier(reach, protocol);
  const peer = await openPeer(reach, protocol, barrier);
  const greeting = greetingOf(await readGreeting(peer));
  const parameters = await parameterNames(peer, greeting);
  await peer.close();
  return { protocol, greeting, parameters, setting: { ...reach, protocol, barrier } };
}

async function parameterNames(peer: WebSocketPeer, { capabilities }: Greeting): Promise<ReadonlySet<unknown>> {
  if (!capabilities.includes("parameters")) return new Set();
  const id = "conform/all";
  peer.send({ op: "getParameters", parameterNames: [], id });
  const isAnswer = (message: Received) => isOp(message, "parameterValues") && message.id === id;
  const values = await find(peer, '"parameterValues"', isAnswer).catch(() => undefined) as JsonObject | undefined;
  const list = Array.isArray(values?.parameters) ? values.parameters : [];
  return new Set(list.map((parameter) => parameter?.name));
}

async function findBarrier(reach: Reach, protocol: Subprotocol): Promise<Barrier> {
  for (const barrier of BARRIERS) {
    const peer = await openPeer(reach, protocol, barrier);
    await readServerInfo(peer);
    const works = await peer.settle().then(() => true, () => false);
    await peer.close();
    if (works) return barrier;
  }
  return SILENCE;
}

/** Whether a server still takes connections: not at once perhaps, after a case that has kept it very busy. */
async function isAlive({ barrier, ...reach }: Setting): Promise<boolean> {
  const end = performance.now() + BUSY_ANSWERS * reach.answerMs;
  while (performance.now() < end) {
    const peer = await openPeer(reach, reach.protocol, barrier).catch(() => undefined);
    await peer?.close();
    if (peer !== undefined) return true;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  return false;
}

function openPeer(
  { url, open, answerMs }: Pick<Reach, "url" | "open" | "answerMs">,
  protocol: Subprotocol,
  barrier: Barrier,
): Promise<WebSocketPeer> {
  return WebSocketPeer.open(url, [protocol], open, { answerMs, barrier, number: 0, log: new WireLog() });
}

/** The subprotocols to run with. */
async function takenProtocols(reach: Reach, wanted: ConformOptions["protocols"]): Promise<readonly Subprotocol[]> {
  const named = wanted !== undefined && wanted !== "all";
  const tried = named ? wanted : SUBPROTOCOLS;
  const taken: Subprotocol[] = [];
  for (const protocol of tried) {
    if (await takes(reach, protocol)) taken.push(protocol);
    else if (named && await accepts(reach, protocol)) taken.push(protocol);
    else if (named) throw unreachable(reach, protocol);
    if (wanted === undefined && taken.length > 0) break;
  }
  if (taken.length > 0) return taken;
  if (await accepts(reach, tried[0]!)) return [tried[0]!];
  throw unreachable(reach, tried.join(" or "));
}

function unreachable({ url }: Reach, protocols: string): FoxgloveError {
  const message = `Cannot connect to ${url}: is a server running there, and does it take ${protocols}?`;
  return new FoxgloveError(message, { code: "connection" });
}

async function takes(reach: Reach, protocol: Subprotocol): Promise<boolean> {
  try {
    const peer = await openPeer(reach, protocol, SILENCE);
    await peer.close();
    return peer.protocol === protocol;
  } catch (error) {
    // Anything else is no matter of the server: that there is no WebSocket here, say.
    if (error instanceof Mismatch) return false;
    throw error;
  }
}

/** Whether a server at least says that it accepts: then cases on raw sockets can tell what is wrong with that. */
async function accepts({ url, answerMs }: Reach, protocol: Subprotocol): Promise<boolean> {
  if (!hasRawSockets()) return false;
  const socket = await RawSocket.connect(url, answerMs).catch(() => undefined);
  const answer = await socket?.request({ protocols: [protocol] }).catch(() => undefined);
  socket?.destroy();
  return answer?.status === 101;
}

function standardSocket(url: string, protocols: string[]): WebSocket {
  if (typeof WebSocket === "function") return new WebSocket(url, protocols);
  throw new FoxgloveError('This runtime has no WebSocket: pass one as `webSocket`, such as that of "./node"', {
    code: "no_websocket",
  });
}
