/** What a server sends, as texts that are the same when the messages are: for comparing, counting and showing. */
import { hexOf, type Raw } from "../case.ts";
import { Bytes } from "../readers/read_json.ts";
import { keyOf, throughJson } from "./same.ts";

/** How the messages of a server are compared. */
export type Lane =
  /** In the order in which they were caused. */
  | "control"
  /** Each once, in any order: they come when they are ready. */
  | "answers"
  /** In the order in which it was published. */
  | "data"
  | "time"
  /** By the graph that they make, all of them together. */
  | "graph";

/** A message of a server, as it is compared. */
export interface Keyed {
  readonly lane: Lane;
  readonly key: string;
  /** It may also have been forgotten before it went out. */
  optional?: boolean;
}

/** Texts of which the specification says how they begin, and not how they end. */
const FREE =
  /^(Invalid message: |Cannot decode request as JSON: |Cannot encode |Parameter [^]* was not set: value )[^]+$/;

/** A text, without the part that is the server's own. */
function fixed(text: string): string {
  return text.replace(FREE, "$1*");
}

/** A JSON message as it has to arrive. */
export function jsonKey(message: { op: string; [member: string]: unknown }): Keyed {
  const lane = message.op === "serviceCallFailure"
    ? "answers"
    : message.op === "connectionGraphUpdate"
    ? "graph"
    : "control";
  const json = throughJson(message) as Record<string, unknown>;
  if (typeof json.message === "string") json.message = fixed(json.message);
  if (Array.isArray(json.capabilities)) json.capabilities.sort();
  return { lane, key: keyOf(json) };
}

/** The answer to a `fetchAsset`: bytes, or why there are none. */
export function assetKey(requestId: number, body: Uint8Array | string): Keyed {
  const key = typeof body === "string" ? `failed: ${fixed(body.toWellFormed())}` : hexOf(body);
  return { lane: "answers", key: `asset ${requestId} ${key}` };
}

const LANES: readonly (Lane | undefined)[] = [undefined, "data", "time", "answers", undefined, "control"];

/** A binary message as it has to arrive. */
export function frameKey(frame: Uint8Array): Keyed {
  const lane = LANES[frame[0]!];
  if (lane === undefined) throw new TypeError(`Frame of opcode ${frame[0]}`);
  return { lane, key: hexOf(frame) };
}

/** A message that has arrived. */
export function keyed(raw: Raw): Keyed {
  if (typeof raw === "string") return jsonKey(JSON.parse(raw));
  if (raw[0] !== 4) return frameKey(raw);
  const bytes = new Bytes(raw);
  const [requestId, status, error] = [bytes.u32(), bytes.u8(), bytes.text()];
  return assetKey(requestId, status === 0 && error === "" ? bytes.rest() : error);
}
