/**
 * Saying what was expected and what came.
 *
 * @module
 */
import { Mismatch } from "../mismatch.ts";
import { counted, dataInWords, messageInWords } from "../words.ts";

/** Longer values are cut where they are shown. */
const SHOWN_CHARACTERS = 600;

/** Fails unless something holds. */
export function check(holds: boolean, expected: string, got: unknown): asserts holds {
  if (!holds) throw new Mismatch(expected, shown(got));
}

/** Fails unless two values are equal: JSON, with bigints in it. */
export function same(got: unknown, expected: unknown, what: string): void {
  if (canonical(got) !== canonical(expected)) throw new Mismatch(`${what}: ${shown(expected)}`, shown(got));
}

/** Fails unless there is nothing in a list. */
export function none(list: readonly unknown[], what: string): void {
  check(list.length === 0, `no ${what}`, list);
}

/** Fails when something is in a list more than once. */
export function eachOnce(list: readonly unknown[], what: string): void {
  same(list.filter((item, index) => list.indexOf(item) !== index), [], `${what} that come twice`);
}

/** Fails unless bytes are equal, and says where the first difference is. */
export function sameBytes(got: Uint8Array, expected: Uint8Array, what: string): void {
  check(got.length === expected.length, `${what} of ${counted(expected.length, "byte")}`, counted(got.length, "byte"));
  const at = got.findIndex((byte, index) => byte !== expected[index]);
  if (at >= 0) throw new Mismatch(`${what} with byte ${expected[at]} at ${at}`, `byte ${got[at]}`);
}

/** A value as one line of text; bytes are a binary message of the server. */
export function shown(value: unknown): string {
  const text = inWords(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)` : text;
}

function inWords(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return `${value} ns`;
  if (value instanceof Uint8Array) return messageInWords(value);
  const list = Array.isArray(value) ? value.map((item) => item instanceof Uint8Array ? inWords(item) : item) : value;
  return JSON.stringify(list, readable) ?? "nothing";
}

function readable(key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? dataInWords(value) : plain(key, value);
}

/** The same text for equal values, in whichever order their members are. */
function canonical(value: unknown): string {
  return JSON.stringify(value, plain) ?? "nothing";
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value} ns`;
  if (value instanceof Uint8Array) return value.join(" ");
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}
