/**
 * Runs the cases against a server.
 *
 * @module
 */
import type { Subprotocol } from "../protocol/constants.ts";
import { FoxgloveError } from "../util/errors.ts";
import type { ConformCase } from "./case.ts";
import { CASES } from "./cases.ts";
import { meet, type Met } from "./meet.ts";
import { type Lack, Mismatch, type Verdict, verdictOf } from "./mismatch.ts";
import { missing } from "./needs.ts";
import { CONFORM_DEFAULTS, type ConformOptions, type ConformReport, type ConformResult } from "./options.ts";
import { openPeer, type Reach, standardSocket, takenProtocols } from "./reach.ts";
import { CaseScene, type Setting } from "./scene.ts";
import { selected } from "./select.ts";

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
    const met = known ?? await this.#meet(protocol);
    for (const entry of this.#cases) {
      if (this.#options.signal?.aborted) return;
      this.#options.onCase?.(entry.name);
      const [began, died] = [performance.now(), this.died];
      const verdict = await this.#verdict(entry, met);
      const { name, level, rule, source } = entry;
      const result = { name, level, rule, source, protocol, ...verdict, took: Math.round(performance.now() - began) };
      this.results.push(result);
      this.#options.onResult?.(result);
      if (this.died !== died) this.#options.onDied?.(name);
    }
  }

  /** Meets the server under another subprotocol; it may be dead since the last case. */
  async #meet(protocol: Subprotocol): Promise<Met | undefined> {
    if (this.died !== undefined) return undefined;
    return await meet(this.#reach, protocol).catch((error) => {
      if (!(error instanceof FoxgloveError)) throw error;
      this.died = this.results.at(-1)!.name;
      this.#options.onDied?.(this.died);
      return undefined;
    });
  }

  async #verdict(entry: ConformCase, met: Met | undefined): Promise<Verdict> {
    if (met === undefined || this.died !== undefined) {
      return { outcome: "skipped", reason: `the server takes no connections any more since "${this.died}"` };
    }
    const lack = lackOf(entry, met);
    if (lack !== undefined) return { outcome: "skipped", ...lack };
    const verdict = await play(entry, new CaseScene(met.setting, met), this.#reach.caseMs);
    if (verdict.outcome === "failed" && met.limit === undefined && !await isAlive(met.setting)) {
      this.died = entry.name;
      verdict.got += "; and the server takes no connections any more";
    }
    return verdict;
  }
}

/** Why a case is not played with a server; nothing when it is. */
function lackOf({ name, needs }: ConformCase, met: Met): Lack | undefined {
  const { limit } = met;
  if (limit === undefined || limit.only.some((start) => name.startsWith(start))) return missing(needs, met);
  return { reason: limit.reason };
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
    return verdictOf(error, scene.wire);
  } finally {
    clearTimeout(timer);
    await scene.leave();
  }
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
