/** What is the same as what. */
import { ProtocolError } from "../../../src/protocol/errors.ts";
import { hexOf } from "../case.ts";
import { BAD } from "../readers/read_json.ts";

/** Whether a decoded value is what was read; an error stands for a bad entry. */
export function same(decoded: unknown, read: unknown): boolean {
  if (decoded instanceof ProtocolError) return read === BAD;
  if (!isObject(decoded) || !isObject(read)) return decoded === read || (decoded !== decoded && read !== read);
  if (decoded instanceof Uint8Array) return read instanceof Uint8Array && hexOf(decoded) === hexOf(read);
  if (Array.isArray(decoded) !== Array.isArray(read)) return false;
  const keys = Object.keys(decoded);
  return keys.length === Object.keys(read).length && keys.every((key) => isSameIn(key, decoded, read));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isSameIn(key: string, decoded: object, read: object): boolean {
  return Object.hasOwn(read, key) && same((decoded as never)[key], (read as never)[key]);
}

/** A value as it comes out of JSON: no negative zero, no half surrogate pairs, `null` for what is not finite. */
export function throughJson(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : null;
  if (!isObject(value)) return value;
  if (Array.isArray(value)) return value.map(throughJson);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key.toWellFormed(), throughJson(member)]));
}

/** JSON with the members of objects in one order, so that what is the same is the same text. */
export function keyOf(value: unknown): string {
  return JSON.stringify(value, (_key, member) => {
    if (!isObject(member) || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([one], [other]) => one < other ? -1 : 1));
  });
}

/** Any value as a text: bytes, maps and times too. */
export function valueText(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return `${value + 0}`;
  if (!isObject(value)) return JSON.stringify(value) ?? "undefined";
  if (value instanceof Uint8Array) return `bytes ${hexOf(value)}`;
  if (value instanceof Map) return `map ${valueText(Array.from(value).sort(([one], [other]) => one < other ? -1 : 1))}`;
  if (Array.isArray(value)) return `[${value.map(valueText).join(",")}]`;
  const members = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${valueText((value as never)[key])}`);
  return `{${members.join(",")}}`;
}
