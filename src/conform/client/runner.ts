/**
 * Plays the cases for clients one after the other, on one port.
 *
 * @module
 */
import { SUBPROTOCOLS } from "../../protocol/constants.ts";
import type { TcpAddress, TcpEnd, TcpSink } from "../../runtime/tcp_listener.ts";
import { errorMessage } from "../../util/errors.ts";
import { Mismatch, Skip } from "../mismatch.ts";
import type { ConformResult } from "../options.ts";
import type { ClientCase, ClientRule } from "./case.ts";
import { CLIENT_CASES } from "./cases.ts";
import type { Driver, StartDriver } from "./driver.ts";
import { Observations, SENT_RULES } from "./rules.ts";
import { type Patience, Stage } from "./stage.ts";

/** How to try a client. */
export interface ClientRunOptions {
  /** Starts the client's driver for a scene; without it the scenes wait for whoever connects. */
  start?: StartDriver;
  address?: TcpAddress;
  patience?: Partial<Patience>;
  /** The names under which the server may meet the client. Default: all. */
  protocols?: readonly string[];
  /** Which rules are reported; a rule about everything that is sent needs all scenes. Default: all. */
  only?: (name: string) => boolean;
  /** Which cases are played. Default: those that are reported, or all where a rule about everything that is sent is. */
  scenes?: (name: string) => boolean;
  /** Told the address, when the server listens. */
  listening?: (url: string) => void;
  /** Told each case before it is played. */
  onCase?: (entry: ClientCase) => void;
  /** Told each result when it is there. */
  onResult?: (result: ConformResult) => void;
}

const PATIENCE: Patience = { connectMs: 15_000, answerMs: 5000, quietMs: 200, caseMs: 60_000 };

/** Plays the cases, and gives what came of each, and of the rules about everything that was sent. */
export async function runClientCases(options: ClientRunOptions = {}): Promise<ConformResult[]> {
  // By need: browsers, which have no sockets, load this module too.
  const { listenTcp } = await import("../../runtime/tcp_listener.ts");
  const run = new Run(options);
  const listening = await listenTcp(options.address ?? {}, (end) => run.arrive(end));
  try {
    return await run.play(listening.port);
  } finally {
    await listening.stop();
  }
}

class Run {
  readonly #options: ClientRunOptions;
  readonly #patience: Patience;
  readonly #seen = new Observations();
  readonly #keys = new Set<string>();
  readonly #cannot = new Set<string>();
  readonly #results: ConformResult[] = [];
  #stage: Stage | undefined;
  /** Nobody has come although there was time: nobody will. */
  #absent = false;
  /** Connections that came between two scenes: of a client that nobody drives. */
  #early: EarlyEnd[] = [];

  constructor(options: ClientRunOptions) {
    this.#options = options;
    this.#patience = { ...PATIENCE, ...options.patience };
  }

  arrive(end: TcpEnd): TcpSink {
    if (this.#stage !== undefined) return this.#stage.arrive(end);
    const early = new EarlyEnd(end);
    this.#early.push(early);
    return early;
  }

  async play(port: number): Promise<ConformResult[]> {
    const { only = () => true, address, listening } = this.#options;
    const url = `ws://${address?.host ?? "127.0.0.1"}:${port}`;
    listening?.(url);
    const all = SENT_RULES.some(({ name }) => only(name));
    const { scenes = (name: string) => all || only(name) } = this.#options;
    for (const entry of CLIENT_CASES) {
      if (!scenes(entry.name)) continue;
      this.#options.onCase?.(entry);
      const result = await this.#playCase(entry, url);
      if (only(entry.name)) this.#report(result);
    }
    for (const rule of SENT_RULES) if (only(rule.name)) this.#report(this.#judge(rule));
    return this.#results;
  }

  #report(result: ConformResult): void {
    this.#results.push(result);
    this.#options.onResult?.(result);
  }

  async #playCase(entry: ClientCase, url: string): Promise<ConformResult> {
    const began = performance.now();
    const verdict = await this.#verdict(entry, url);
    const { name, level, rule, source } = entry;
    return { name, level, rule, source, ...verdict, took: Math.round(performance.now() - began) };
  }

  async #verdict(entry: ClientCase, url: string): Promise<Verdict> {
    const { start } = this.#options;
    if (entry.driven && start === undefined) return { outcome: "skipped", reason: "needs --command" };
    if (this.#absent) return { outcome: "skipped", reason: "no client connects any more" };
    let stage: Stage | undefined;
    let driver: Driver | undefined;
    try {
      this.#seen.during = entry.name;
      // The driver hears of nothing before this turn is over.
      driver = start?.(url, { line: (text) => stage?.line(text), changed: () => stage?.changed() });
      stage = this.#setStage(entry, driver);
      await entry.run(stage);
      return { outcome: "ok" };
    } catch (error) {
      this.#absent = start === undefined && stage?.met === false;
      return verdictOf(error, stage?.log.lines());
    } finally {
      this.#stage = undefined;
      stage?.leave();
      await driver?.stop();
    }
  }

  #setStage(entry: ClientCase, driver: Driver | undefined): Stage {
    const { protocols = SUBPROTOCOLS } = this.#options;
    const [seen, keys, cannot, patience] = [this.#seen, this.#keys, this.#cannot, this.#patience];
    const stage = this.#stage = new Stage({ case: entry, patience, seen, keys, cannot, driver, protocols });
    for (const early of this.#early.splice(0)) early.enter(stage);
    return stage;
  }

  #judge(rule: ClientRule): ConformResult {
    const { looks, broken } = this.#seen.of(rule.name);
    if (looks === 0) return { ...rule, outcome: "skipped", reason: "nothing of the kind was sent", took: 0 };
    if (broken.length === 0) return { ...rule, outcome: "ok", took: 0 };
    const got = broken.map(({ during, got }) => `${got} (in ${during})`).join("; ");
    return { ...rule, outcome: "failed", expected: "nothing that breaks it", got, took: 0 };
  }
}

type Verdict = Pick<ConformResult, "outcome" | "reason" | "expected" | "got" | "wire">;

function verdictOf(error: unknown, wire: readonly string[] = []): Verdict {
  if (error instanceof Skip) return { outcome: "skipped", reason: error.message };
  if (error instanceof Mismatch) return { outcome: "failed", expected: error.expected, got: error.got, wire };
  return { outcome: "failed", expected: "the case to be played to its end", got: errorMessage(error), wire };
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
    for (const bytes of this.#came) this.#sink.data(bytes);
  }

  data(bytes: Uint8Array): void {
    if (this.#sink === undefined) this.#came.push(bytes);
    else this.#sink.data(bytes);
  }

  closed(): void {
    this.#over = true;
    this.#sink?.closed();
  }
}
