/**
 * Parameters in JSON: values with their types, and how deep they may nest.
 *
 * @module
 */
import { MAX_PARAMETER_DEPTH } from "./constants.ts";
import { describe } from "./describe.ts";
import { type Check, type Field, object, optional, string, unlike, unreadable, unwritable } from "./fields.ts";
import type { Parameter, ParameterValue } from "./messages.ts";
import { nullTable } from "./table.ts";

/** A parameter whose value is still what the JSON has. */
type RawParameter = Omit<Parameter, "value">;

const nameAndType = object<RawParameter>({ name: string, type: optional(string) });

/** A parameter, alone or in a batch. */
export const parameter: Field<Parameter> = {
  read(json, at) {
    const result: Parameter = nameAndType.read(json, at);
    const { value: raw } = json as { value?: unknown };
    if (raw === undefined) return result;
    const value = withNaN(raw, result.type);
    const problem = parameterProblem(value, result.type);
    if (problem !== undefined) throw unreadable(`${at}.value`, problem);
    return { ...result, value: value as ParameterValue };
  },
  write(parameter, at) {
    const result = nameAndType.write(parameter, at) as RawParameter;
    const { value } = parameter;
    if (value === undefined) return result;
    const problem = parameterProblem(value, parameter.type);
    if (problem !== undefined) throw unwritable(`${at}.value`, problem);
    // What is not finite in a float64 becomes `null` in JSON.stringify, which is how the wire has it.
    return { ...result, value };
  },
};

/** JSON has no NaN: the wire has `null` for it where a float64 must be. */
function withNaN(value: unknown, type: string | undefined): unknown {
  if (type === "float64") return value === null ? NaN : value;
  if (type !== "float64_array" || !Array.isArray(value) || !value.includes(null)) return value;
  return value.map((element) => element === null ? NaN : element);
}

/** What is wrong with a value of a type. A type that is not known (a newer peer) is kept, its value taken as untyped. */
export function parameterProblem(value: unknown, type: string | undefined): string | undefined {
  return (type !== undefined && TYPED[type] || untyped)(value);
}

const TYPED = nullTable<Record<string, Check>>({
  byte_array: (value) =>
    typeof value === "string" && isBase64(value) ? undefined : unlike(value, 'padded base64 for type "byte_array"'),
  float64: (value) => typeof value === "number" ? undefined : unlike(value, 'a number for type "float64"'),
  float64_array(value) {
    if (!Array.isArray(value)) return unlike(value, 'an array of numbers for type "float64_array"');
    const index = value.findIndex((element) => typeof element !== "number");
    return index < 0
      ? undefined
      : `has ${describe(value[index])} at index ${index}, need a number for type "float64_array"`;
  },
});

/** Padded standard base64. One search for the first other character: a pattern of the whole could exhaust the stack. */
function isBase64(text: string): boolean {
  const end = text.search(/[^A-Za-z0-9+/]/);
  return text.length % 4 === 0 && (end < 0 || /^={1,2}$/.test(text.slice(end)));
}

/** A value without a type; walked without recursion, because a peer decides how deep it is. */
function untyped(root: unknown): string | undefined {
  if (isScalar(root)) return undefined;
  if (!isContainer(root)) return unlike(root, "a finite number, boolean, string, array or object");
  const containers = [{ children: childrenOf(root), depth: 1 }];
  for (let next; (next = containers.pop()) !== undefined;) {
    const depth = next.depth + 1;
    for (const child of next.children) {
      if (depth > MAX_PARAMETER_DEPTH) return `is nested deeper than ${MAX_PARAMETER_DEPTH} levels`;
      if (isScalar(child)) continue;
      if (!isContainer(child)) {
        return `contains ${describe(child)}, need finite numbers, booleans, strings, arrays or objects`;
      }
      containers.push({ children: childrenOf(child), depth });
    }
  }
  return undefined;
}

function isScalar(value: unknown): boolean {
  return typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function childrenOf(container: object): readonly unknown[] {
  return Array.isArray(container) ? container : Object.values(container);
}
