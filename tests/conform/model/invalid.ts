/** What a client may send, member by member. */

/** A JSON object. */
export type Json = Record<string, unknown>;

/** What a client has sent wrong: it is told so, and lives on. */
export class Invalid extends Error {}

/** A member that is an integer from 0 to the limit. */
export function integer(object: Json, member: string, limit = 0xffff_ffff): number {
  const value = object[member];
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= limit) return value as number;
  throw new Invalid(`${member} is ${kindOf(value)}, not an integer from 0 to ${limit}`);
}

/** A member that is a string. */
export function string(object: Json, member: string): string {
  const value = object[member];
  if (typeof value === "string") return value;
  throw new Invalid(`${member} is ${kindOf(value)}, not a string`);
}

/** A member that is a string or absent; `null` counts as absent. */
export function optionalString(object: Json, member: string): string | undefined {
  return object[member] === undefined || object[member] === null ? undefined : string(object, member);
}

/** A member that is an array. */
export function array(object: Json, member: string): unknown[] {
  const value = object[member];
  if (Array.isArray(value)) return value;
  throw new Invalid(`${member} is ${kindOf(value)}, not an array`);
}

/** A value that is an object. */
export function object(value: unknown): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new Invalid(`${kindOf(value)} is not an object`);
}

/** What a value is: not itself, which may be of any size and depth. */
function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
}
