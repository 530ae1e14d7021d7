/**
 * How to run the suite, and what comes out.
 *
 * @module
 */
import type { Subprotocol } from "../protocol/constants.ts";
import type { ConformRule, Level } from "./case.ts";
import type { OpenSocket } from "./web_socket_peer.ts";

/** How to try a server. */
export interface ConformOptions {
  /** Names of cases or groups; `*` stands for anything: `"services"`, `"subscribe/id-*"`. Default: all. */
  only?: readonly string[];
  /** Default: all. */
  levels?: readonly Level[];
  /** Subprotocols to run with, or `"all"` that the server takes. Default: the newest of them. */
  protocols?: readonly Subprotocol[] | "all";
  /** Milliseconds that a case waits for one answer. Default 3000. */
  answerMs?: number;
  /** Milliseconds that one case may take in all. Default 30 000. */
  caseMs?: number;
  /** Opens a socket, for runtimes without a global `WebSocket`, or for headers. */
  webSocket?: OpenSocket;
  /** Ends the run after the case that is under way. */
  signal?: AbortSignal;
  /** Told what will be run, before it is. */
  onStart?: (plan: ConformPlan) => void;
  /** Told before each case. */
  onCase?: (name: string) => void;
  /** Told when the server takes no connections any more: the case after which. All others are skipped then. */
  onDied?: (name: string) => void;
  /** Told each result when it is there. */
  onResult?: (result: ConformResult) => void;
}

/** What will be run. */
export interface ConformPlan {
  /** Address of the server. */
  url: string;
  /** The name that the server gives itself. */
  server: string;
  /** Those that are spoken, one after the other. */
  protocols: readonly Subprotocol[];
  /** How many results there will be. */
  count: number;
}

/** What came of a case. */
export interface ConformResult extends ConformRule {
  /** The subprotocol that was spoken. */
  protocol?: string;
  /** Whether the rule is kept. */
  outcome: "ok" | "failed" | "skipped";
  /** Why it was skipped. */
  reason?: string;
  /** What the server would have to offer to have it tried. */
  offer?: string;
  /** What the rule asks for, where it failed. */
  expected?: string;
  /** What came instead. */
  got?: string;
  /** The last messages: `"1 -> …"` went to the server, on the first connection of the case; `"1 <- …"` came from it. */
  wire?: readonly string[];
  /** Milliseconds. */
  took: number;
}

/** What came of a run. */
export interface ConformReport extends ConformPlan {
  /** In the order of the rules, for one subprotocol after the other. */
  results: readonly ConformResult[];
  /** The case after which the server took no connections any more. */
  died?: string;
}

/** Defaults of {@link ConformOptions}, and why. */
export const CONFORM_DEFAULTS = {
  /** A server that is busy with other things answers later, but not much. */
  answerMs: 3000,
  /** Ten times an answer: no case waits for more in a row. */
  caseMs: 30_000,
} as const;
