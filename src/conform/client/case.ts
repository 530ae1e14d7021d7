/**
 * What a conformance case for clients is.
 *
 * @module
 */
import type { ConformRule } from "../case.ts";
import type { Stage } from "./stage.ts";

/** One rule, and a scene that shows whether a client keeps it. */
export interface ClientCase extends ConformRule {
  /** What the client has to offer for the case to make sense. */
  protocol?: "foxglove.sdk.v1.1" | "foxglove.sdk.v1" | "foxglove.websocket.v1" | "foxglove.sdk.*";
  /** It can be seen only where a driver tells what the client received. */
  driven?: true;
  /** Plays the scene. @throws {Mismatch} when the client breaks the rule. @throws {Skip} when it cannot be told. */
  run(stage: Stage): Promise<void>;
}

/** What a driver may report: the words of `{"got": …}`. */
export const REPORTS = [
  "answer",
  "failure",
  "message",
  "channel",
  "status",
  "time",
  "parameters",
  "graph",
  "playbackState",
] as const;

/** What a driver may be told. */
const INSTRUCTIONS = [
  "subscribe",
  "unsubscribe",
  "publish",
  "unadvertise",
  "callService",
  "getParameters",
  "setParameters",
  "subscribeParameters",
  "unsubscribeParameters",
  "fetchAsset",
  "subscribeGraph",
  "unsubscribeGraph",
  "play",
  "pause",
  "seek",
  "setSpeed",
  "close",
] as const satisfies readonly Instruction["do"][];

/** The words of `{"cannot": …}`. */
export const SKILLS = [...INSTRUCTIONS, "reconnect", ...REPORTS] as const;

/** One of {@link SKILLS}. */
export type Skill = typeof SKILLS[number];

/** One line for a driver: what its client has to do. */
export type Instruction =
  | { do: "subscribe" | "unsubscribe" | "unadvertise"; topic: string }
  | { do: "publish"; topic: string; encoding: string; data: string }
  | { do: "callService"; tag: string; service: string; encoding: string; data: string }
  | { do: "getParameters"; tag: string; names: string[] }
  | { do: "setParameters"; tag: string; parameters: WireParameter[] }
  | { do: "subscribeParameters" | "unsubscribeParameters"; names: string[] }
  | { do: "fetchAsset"; tag: string; uri: string }
  | { do: "subscribeGraph" | "unsubscribeGraph" }
  | { do: "play" | "pause"; tag: string }
  | { do: "seek"; tag: string; time: string }
  | { do: "setSpeed"; tag: string; speed: number }
  | { do: "close" };

/** A parameter as it is in JSON; without `value` it is to be deleted. */
export interface WireParameter {
  name: string;
  value?: unknown;
  type?: string;
}

/** One line of a driver: what its client received. */
export interface Report {
  got: string;
  [member: string]: unknown;
}
