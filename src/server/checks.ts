/**
 * What a program gives the server, looked at when it is given: not when the first client comes to need it.
 *
 * @module
 */
import { describe, quote } from "../protocol/describe.ts";

/** @throws {TypeError} when a value is no function. */
export function checkFunction(value: unknown, what: string): void {
  if (typeof value !== "function") throw new TypeError(`Invalid ${what}: ${described(value)}, need a function`);
}

/** @throws {TypeError} when a value that may be left out is there and no function. */
export function checkOptionalFunction(value: unknown, what: string): void {
  if (value !== undefined) checkFunction(value, what);
}

/** @throws {TypeError} when a flag that may be left out is there and neither `true` nor `false`. */
export function checkFlag(value: unknown, what: string): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(`Invalid ${what}: ${describe(value)}, need true or false`);
}

/** @throws {TypeError} when options are no object. */
export function checkObject(value: unknown, what: string): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return;
  throw new TypeError(`Invalid ${what}: ${described(value)}, need an object`);
}

/** @throws {TypeError} when options are no object, or have a member that nobody would read: a misspelt rule is none. */
export function checkMembers(value: object, known: readonly string[], what: string): void {
  checkObject(value, what);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(`Invalid ${what}: ${quote(unknown)} is unknown, need ${known.map(quote).join(", ")}`);
}

/** The names of a table that has one entry for each member of a type: the compiler sees that none is missing. */
export function namesOf<Name extends string>(table: Readonly<Record<Name, true>>): readonly Name[] {
  return Object.keys(table) as Name[];
}

/** As {@link describe}, with a word for what is not there. */
export function described(value: unknown): string {
  return value === undefined ? "missing" : describe(value);
}
