/**
 * Text messages: from text to the members of an op and back.
 *
 * @module
 */
import { describe, quote } from "./describe.ts";
import { type BrokenRequest, ProtocolError } from "./errors.ts";
import {
  isObject,
  type JsonObject,
  type Members,
  members,
  readEntry,
  type Shape,
  u32,
  unlike,
  unreadable,
} from "./fields.ts";
import { nestsTooDeep } from "./json_depth.ts";
import type { MessageOf } from "./messages.ts";
import { nullTable } from "./table.ts";

type Tagged = { op: string };

/** The members of every JSON op of a direction, which are all of its ops but the binary ones. */
export type JsonShapes<Read extends Tagged, Write extends Tagged, BinaryOp extends string> = {
  readonly [Op in Exclude<Read["op"] & Write["op"], BinaryOp>]: Shape<
    Omit<MessageOf<Read, Op>, "op">,
    Omit<MessageOf<Write, Op>, "op">
  >;
};

/** How the members of each JSON op are read and written; a table without a prototype. */
export type JsonOps = Readonly<Record<string, Members<object, unknown>>>;

/** The table of a direction. */
export function jsonOps<Read extends Tagged, Write extends Tagged, BinaryOp extends string>(
  shapes: JsonShapes<Read, Write, BinaryOp>,
): JsonOps {
  const ops = Object.entries<Shape<object>>(shapes).map(([op, shape]) => [op, members(shape)]);
  return nullTable(Object.fromEntries(ops));
}

/** A text message of which only `op` has been looked at. */
export interface ParsedMessage {
  op: string;
  json: JsonObject;
}

/**
 * @param repair Makes another text of one that is not JSON, to try that.
 * @throws {ProtocolError} when a text is no JSON object with an `op`.
 */
export function parseMessage(text: string, repair?: (text: string) => string): ParsedMessage {
  const json = parseJson(text, repair);
  if (!isObject(json)) throw unreadable("text message:", `got ${describe(json)}, need an object`);
  const { op } = json;
  if (typeof op !== "string") throw unreadable("text message: op", unlike(op, "a string"));
  return { op, json };
}

function parseJson(text: string, repair?: (text: string) => string): unknown {
  if (nestsTooDeep(text)) throw new ProtocolError(`Cannot decode text message: ${quote(text)} nests too deep`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (repair !== undefined) return parseJson(repair(text));
    throw new ProtocolError(`Cannot decode text message: ${quote(text)} is not JSON`, { cause });
  }
}

/**
 * What servers write that is nearly JSON: a byte order mark, NULs at the end, and the NaN and Infinity of Python and
 * others, for which the protocol has `null`. A string may end with the text, so that one pass is enough.
 */
export function repaired(text: string): string {
  // No pattern: `\0+$` looks at a million NULs in the middle a million times, which takes minutes.
  let end = text.length;
  while (text[end - 1] === "\0") end--;
  return text.slice(text[0] === "\ufeff" ? 1 : 0, end).replace(
    /("(?:[^"\\]|\\[^])*"?)|-?\b(?:NaN|Infinity)\b/g,
    (_, string) => string ?? "null",
  );
}

/** The value of a text that a peer's user has made, of one that is nearly JSON too. @throws {SyntaxError} when it is neither. */
export function parseNearlyJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(repaired(text));
  }
}

/** @throws {ProtocolError} when the op is not in the table, or a member is not what it should be. */
export function decodeMembers(ops: JsonOps, { op, json }: ParsedMessage): unknown {
  const found = ops[op];
  if (found === undefined) {
    throw new ProtocolError(`Cannot decode text message: unknown op ${quote(op)}`, { code: "unknown_op" });
  }
  try {
    return { op, ...found.read(json, `${op}: `) };
  } catch (error) {
    const request = BROKEN_REQUESTS[op]?.(json);
    throw error instanceof ProtocolError && request !== undefined
      ? new ProtocolError(error.message, { request })
      : error;
  }
}

/** The request in a broken message of an op. */
const BROKEN_REQUESTS = nullTable<Record<string, (json: JsonObject) => BrokenRequest | undefined>>({
  fetchAsset: ({ requestId }) => isU32(requestId) ? { kind: "fetchAsset", requestId } : undefined,
  parameterValues: ({ id }) => typeof id === "string" ? { kind: "parameters", id } : undefined,
  serviceCallFailure: ({ serviceId, callId }) =>
    isU32(serviceId) && isU32(callId) ? { kind: "serviceCall", serviceId, callId } : undefined,
});

function isU32(value: unknown): value is number {
  return !(readEntry(u32, value, "") instanceof ProtocolError);
}

/** @throws {TypeError} when the op is not in the table, or a member is not what it should be. */
export function encodeMembers(ops: JsonOps, message: Tagged): string {
  const { op } = message;
  const found = ops[op];
  if (found === undefined) throw new TypeError(`Cannot encode message: unknown op ${quote(String(op))}`);
  return stringify({ op, ...found.write(message, `${op}: `) });
}

/**
 * JSON of a message, well-formed as Unicode: half a surrogate pair, which JSON could carry as an escape and peers in
 * other languages refuse together with the whole message, becomes U+FFFD, as it does in binary messages.
 */
export function stringify(json: JsonObject): string {
  const text = JSON.stringify(json);
  // Only halves are escaped in this way; the second half of the pattern skips escapes such as `\\`.
  if (!text.includes("\\ud")) return text;
  return text.replace(/\\(?:(ud[89a-f][0-9a-f]{2})|.)/g, (escape, half) => half === undefined ? escape : "\ufffd");
}
