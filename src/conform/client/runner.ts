/**
 * Plays the cases for clients one after the other, on one port.
 *
 * @module
 */
import { SUBPROTOCOLS } from "../../protocol/constants.ts";
import type { TcpEnd, TcpSink } from "../../runtime/tcp_listener.ts";
import { FoxgloveError } from "../../util/errors.ts";
import { type Verdict, verdictOf } from "../mismatch.ts";
import { CONFORM_DEFAULTS, type ConformResult } from "../options.ts";
import { selected } from "../select.ts";
import type { ConformRule } from "../case.ts";
import type { ClientCase } from "./case.ts";
import { CLIENT_CASES } from "./cases.ts";
import { commandDriver, type Driver, type StartDriver } from "./driver.ts";
import type { ClientConformOptions, ClientConformReport } from "./options.ts";
import { Observations, SENT_RULES } from "./rules.ts";
import { Stage } from "./stage.ts";

/** Everything that there is a result for: what is played, then what everything that was sent is held against. */
export const CLIENT_RULES: readonly ConformRule[] = [...CLIENT_CASES, ...SENT_RULES];

/** Milliseconds in which a client must send nothing. */
const QUIET_MS = 200;
/** A driver has to be started first; a person, or a viewer that reconnects, has to notice. */
const CONNECT_MS = { driven: 15_000, alone: 60_000 };
/** Milliseconds after which people are told that something waits for them. */
const PROMPT_MS = 4000;

/**
 * Tries a client: starts a scripted server that plays one scene per connection, and says what the client must have done.
 *
 * @throws {RangeError} When a name in `only` stands for no case.
 * @throws {TypeError} When the driver cannot be started.
 * @throws {FoxgloveError} With code `"connection"` when no client has connected at all, or the driver has ended before.
 *
 * @example
 * ```ts
 * import { conformClient } from "@foxwire/foxwire/conform";
 *
 * const report = await conformClient({
 *   only: ["handshake/offers"],
 *   onStart: ({ url }) => void new WebSocket(url, ["foxglove.sdk.v1"]), // a client, as simple as can be
 * });
 * console.assert(report.results[0]?.outcome === "ok");
 * ```
 */
export async function conformClient(options: ClientConformOptions = {}): Promise<ClientConformReport> {
  // By need: browsers, which have no sockets, load this module too.
  const { listenTcp } = await import("../../runtime/tcp_listener.ts");
  const { driver, host = "127.0.0.1", port = 0, protocols = "all" } = options;
  const wanted = new Set(selected(CLIENT_RULES, options).map(({ name }) => name));
  const run = new Run(options, wanted, typeof driver === "string" ? await commandDriver(driver) : driver);
  const listening = await listenTcp({ host, port }, (end) => run.arrive(end));
  const url = `ws://${host}:${listening.port}`;
  const plan = { url, protocols: protocols === "all" ? SUBPROTOCOLS : protocols, count: wanted.size };
  try {
    options.onStart?.(plan);
    return { ...plan, results: await run.play(plan) };
  } finally {
    await listening.stop();
  }
}

class Run {
  readonly #options: ClientConformOptions;
  readonly #wanted: ReadonlySet<string>;
  readonly #start: StartDriver | undefined;
  readonly #seen = new Observations();
  readonly #keys = new Set<string>();
  readonly #cannot = new Set<string>();
  readonly #results: ConformResult[] = [];
  #stage: Stage | undefined;
  /** Whether a client has ever come. */
  #met = false;
  /** Nobody has come although there was time: nobody will. */
  #absent = false;
  /** Connections that came between two scenes: of a client that nobody drives. */
  #early: EarlyEnd[] = [];

  constructor(options: ClientConformOptions, wanted: ReadonlySet<string>, start: StartDriver | undefined) {
    this.#options = options;
    this.#wanted = wanted;
    this.#start = start;
  }

  arrive(end: TcpEnd): TcpSink {
    this.#met = true;
    if (this.#stage !== undefined) return this.#stage.arrive(end);
    const early = new EarlyEnd(end);
    this.#early.push(early);
    return early;
  }

  async play(plan: { url: string; protocols: readonly string[] }): Promise<ConformResult[]> {
    const { signal, onCase } = this.#options;
    const scenes = CLIENT_CASES.filter(({ name }) => this.#wanted.has(name));
    // What is sent is held against its rules in the scenes that are wanted, or in all of them.
    for (const entry of scenes.length > 0 ? scenes : CLIENT_CASES) {
      if (signal?.aborted) return this.#results;
      onCase?.(entry.name);
      this.#report(await this.#playCase(entry, plan));
    }
    for (const rule of SENT_RULES) this.#report({ ...rule, ...this.#judged(rule), took: 0 });
    return this.#results;
  }

  #report(result: ConformResult): void {
    if (!this.#wanted.has(result.name)) return;
    this.#results.push(result);
    this.#options.onResult?.(result);
  }

  async #playCase(entry: ClientCase, plan: { url: string; protocols: readonly string[] }): Promise<ConformResult> {
    const began = performance.now();
    const { name, level, rule, source } = entry;
    const verdict = this.#notPlayed(entry) ?? await this.#verdict(entry, plan);
    return { name, level, rule, source, ...verdict, took: Math.round(performance.now() - began) };
  }

  #notPlayed({ driven }: ClientCase): Verdict | undefined {
    if (driven && this.#start === undefined) return { outcome: "skipped", reason: "needs a driver: --command" };
    return this.#absent ? { outcome: "skipped", reason: "no client connects any more" } : undefined;
  }

  async #verdict(
    entry: ClientCase,
    { url, protocols }: { url: string; protocols: readonly string[] },
  ): Promise<Verdict> {
    let stage: Stage | undefined;
    let driver: Driver | undefined;
    const prompt = setTimeout(() => stage?.met === false && this.#options.onWait?.(entry.name), PROMPT_MS);
    try {
      driver = this.#start?.(url, { line: (text) => stage?.line(text), changed: () => stage?.changed() });
      stage = this.#setStage(entry, driver, protocols);
      await entry.run(stage);
      return { outcome: "ok" };
    } catch (error) {
      if (stage?.met === false) this.#nobody(driver);
      return verdictOf(error, stage?.log.lines());
    } finally {
      clearTimeout(prompt);
      this.#stage = undefined;
      stage?.leave();
      await driver?.stop();
    }
  }

  #setStage(entry: ClientCase, driver: Driver | undefined, protocols: readonly string[]): Stage {
    const { answerMs = CONFORM_DEFAULTS.answerMs, caseMs = CONFORM_DEFAULTS.caseMs } = this.#options;
    const { connectMs = driver === undefined ? CONNECT_MS.alone : CONNECT_MS.driven } = this.#options;
    const patience = { connectMs, answerMs, caseMs, quietMs: QUIET_MS };
    const [seen, keys, cannot] = [this.#seen, this.#keys, this.#cannot];
    seen.during = entry.name;
    const stage = this.#stage = new Stage({ case: entry, patience, seen, keys, cannot, driver, protocols });
    for (const early of this.#early.splice(0)) early.enter(stage);
    return stage;
  }

  /** No client has come to a scene. */
  #nobody(driver: Driver | undefined): void {
    if (driver?.unstartable) throw new TypeError(`Cannot begin: ${driver.ended}`);
    if (!this.#met) throw neverMet(driver);
    this.#absent = driver === undefined;
  }

  #judged({ name }: ConformRule): Verdict {
    const { looks, broken } = this.#seen.of(name);
    if (looks === 0) return { outcome: "skipped", reason: "nothing of the kind was sent" };
    if (broken.length === 0) return { outcome: "ok" };
    const got = broken.map(({ during, got }) => `${got} (in ${during})`).join("; ");
    return { outcome: "failed", expected: "nothing that breaks it", got };
  }
}

/** Why it makes no sense to go on. */
function neverMet(driver: Driver | undefined): FoxgloveError {
  const why = driver === undefined
    ? "No client has connected"
    : driver.ended !== undefined
    ? `Cannot begin: ${driver.ended}`
    : `Cannot begin: the driver runs, but its client has not connected to the address in its last argument${driver.errors}`;
  return new FoxgloveError(why, { code: "connection" });
}

/** A connection that waits for its scene. */
class EarlyEnd implements TcpSink {
  readonly #end: TcpEnd;
  readonly #came: Uint8Array[] = [];
  #sink: TcpSink | undefined;
  #over = false;

  constructor(end: TcpEnd) {
    this.#end = end;
  }

  enter(stage: Stage): void {
    if (this.#over) return;
    this.#sink = stage.arrive(this.#end);
    for (const data of this.#came) this.#sink.data(data);
  }

  data(data: Uint8Array): void {
    if (this.#sink === undefined) this.#came.push(data);
    else this.#sink.data(data);
  }

  closed(): void {
    this.#over = true;
    this.#sink?.closed();
  }
}
