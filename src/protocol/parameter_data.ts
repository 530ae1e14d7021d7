/**
 * Values of parameters as programs have them: bytes are a `Uint8Array`, and a type need not be said where it shows.
 *
 * @module
 */
import { base64Decode, base64Encode } from "../util/bytes.ts";
import { quote } from "./describe.ts";
import { unlike } from "./fields.ts";
import type { Parameter, ParameterType, ParameterValue } from "./messages.ts";
import { parameterProblem } from "./parameters.ts";

/** A parameter's value in a program; bytes (a `byte_array`) only as the whole value, never inside one. */
export type ParameterData = ParameterValue | Uint8Array;

/**
 * A value as a parameter of the wire. The value is copied.
 *
 * @param options `type` where it does not show: JavaScript has one number for `1` and `1.0`. Left out: `byte_array` for
 * bytes, `float64` and `float64_array` where a number is no integer of 53 bits, else none.
 * @throws {TypeError} when the value is none that a parameter can have, or not one of its type.
 *
 * @example
 * ```ts
 * import { toParameter } from "@foxwire/foxwire";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(toParameter("gain", 1.5), { name: "gain", value: 1.5, type: "float64" });
 * assertEquals(toParameter("gain", 1), { name: "gain", value: 1 });
 * assertEquals(toParameter("gain", 1, { type: "float64" }), { name: "gain", value: 1, type: "float64" });
 * ```
 */
export function toParameter(name: string, data: ParameterData, options: { type?: ParameterType } = {}): Parameter {
  const type = options.type ?? inferredType(data);
  const refuse = (problem: string) => new TypeError(`Cannot encode parameter ${quote(name)}: value ${problem}`);
  if (type === "byte_array") {
    if (data instanceof Uint8Array) return { name, value: base64Encode(data), type };
    throw refuse(unlike(data, 'a Uint8Array for type "byte_array"'));
  }
  const problem = parameterProblem(data, type);
  if (problem !== undefined) throw refuse(problem);
  const value = copied(data, refuse);
  return type === undefined ? { name, value } : { name, value, type };
}

/**
 * The value of a parameter of the wire; a copy.
 *
 * @returns `undefined` when it has none: it was deleted, or never set.
 *
 * @example
 * ```ts
 * import { parameterData } from "@foxwire/foxwire";
 * import { assertEquals } from "@std/assert";
 *
 * const map = parameterData({ name: "map", value: "AQID", type: "byte_array" });
 * assertEquals(map, new Uint8Array([1, 2, 3]));
 * ```
 */
export function parameterData({ value, type }: Parameter): ParameterData | undefined {
  if (value === undefined) return undefined;
  return type === "byte_array" && typeof value === "string" ? base64Decode(value) : copied(value);
}

/** The type of a value whose type nobody said. */
export function inferredType(data: ParameterData): ParameterType | undefined {
  if (data instanceof Uint8Array) return "byte_array";
  if (typeof data === "number") return Number.isSafeInteger(data) ? undefined : "float64";
  if (!Array.isArray(data) || !data.every((element) => typeof element === "number")) return undefined;
  return data.every(Number.isSafeInteger) ? undefined : "float64_array";
}

/** A copy of a value that is known to nest no deeper than it may. */
function copied(value: unknown, refuse: (problem: string) => Error = TypeError): ParameterValue {
  if (typeof value !== "object" || value === null) return value as ParameterValue;
  if (Array.isArray(value)) return value.map((element) => copied(element, refuse));
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  // A Date or a Map has no members that could be sent, bytes would go out as an object of numbers.
  if (kind !== "Object") throw refuse(`contains ${kind}, need numbers, booleans, strings, arrays or plain objects`);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, copied(child, refuse)]));
}
