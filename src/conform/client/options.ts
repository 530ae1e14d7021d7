/**
 * How to try a client, and what comes out.
 *
 * @module
 */
import type { Subprotocol } from "../../protocol/constants.ts";
import type { Level } from "../case.ts";
import type { ConformResult } from "../options.ts";
import type { StartDriver } from "./driver.ts";

/** How to try a client. */
export interface ClientConformOptions {
  /**
   * The program that drives the client, as docs/conformance.md describes it: a command line, in which `{url}` stands for the
   * address, or a function. Left out: whoever connects is tried, without being told anything.
   */
  driver?: string | StartDriver;
  /** Where to listen. Default `127.0.0.1`. */
  host?: string;
  /** Default: a free one. */
  port?: number;
  /** Names of cases or groups; `*` stands for anything: `"services"`, `"channels/id-*"`. Default: all. */
  only?: readonly string[];
  /** Default: all. */
  levels?: readonly Level[];
  /** Under which names the server may meet the client. Default: all; it takes the newest that the client offers. */
  protocols?: readonly Subprotocol[] | "all";
  /** Milliseconds until the client has connected, or connects again. Default 15 000; 60 000 without a driver. */
  connectMs?: number;
  /** Milliseconds that a case waits for one answer. Default 3000. */
  answerMs?: number;
  /** Milliseconds that one case may take in all. Default 30 000. */
  caseMs?: number;
  /** Ends the run after the case that is under way. */
  signal?: AbortSignal;
  /** Told what will be run, before it is, when the server listens. */
  onStart?: (plan: ClientConformPlan) => void;
  /** Told before each case. */
  onCase?: (name: string) => void;
  /** Told when a case waits for a client that nobody drives. */
  onWait?: (name: string) => void;
  /** Told each result when it is there. */
  onResult?: (result: ConformResult) => void;
}

/** What will be run. */
export interface ClientConformPlan {
  /** Where the client has to connect. */
  url: string;
  /** Those that the server takes, the best first. */
  protocols: readonly string[];
  /** How many results there will be. */
  count: number;
}

/** What came of a run. */
export interface ClientConformReport extends ClientConformPlan {
  /** In the order of the rules. */
  results: readonly ConformResult[];
}
