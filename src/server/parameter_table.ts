/**
 * What the parameters are now, and what a client's wish makes of them.
 *
 * @module
 */
import type { Parameter, ParameterValue } from "../protocol/messages.ts";
import { inferredType } from "../protocol/parameter_data.ts";
import { utf8Length } from "../util/bytes.ts";
import { parameterProblem } from "../protocol/parameters.ts";

/** What holds for a parameter besides its value. */
export interface ParameterRules<Validator> {
  readonly readOnly: boolean;
  readonly validate: Validator | undefined;
}

/** A parameter that own code has made, or a client. */
export interface ParameterEntry<Validator> extends ParameterRules<Validator> {
  /** The value, in its wire form; what it was last, after a client has deleted it. */
  parameter: Parameter;
  /** `false` after a client has deleted it: for clients it is gone, and its type and validator hold when it comes back. */
  live: boolean;
  /** Made by own code: what a client made is forgotten when a client deletes it. */
  readonly own: boolean;
  /** What the value costs if a client has set it; 0 for those of own code. */
  clientBytes: number;
}

/** A parameter before and after; without a parameter it did not exist, or exists no more. */
export interface TableChange {
  readonly name: string;
  readonly previous: Parameter | undefined;
  readonly current: Parameter | undefined;
}

/** All parameters by name, in the order in which they were made. */
export class ParameterTable<Validator = unknown> {
  readonly #entries = new Map<string, ParameterEntry<Validator>>();
  #ofClients = 0;
  #clientBytes = 0;

  /** How many parameters clients have made. */
  get ofClients(): number {
    return this.#ofClients;
  }

  /** Bytes of all values that clients have set. */
  get clientBytes(): number {
    return this.#clientBytes;
  }

  /** Every parameter that exists. */
  *live(): Generator<Parameter> {
    for (const { live, parameter } of this.#entries.values()) if (live) yield parameter;
  }

  /** The parameter, if it exists. */
  get(name: string): Parameter | undefined {
    const entry = this.#entries.get(name);
    return entry?.live ? entry.parameter : undefined;
  }

  /** What is known of a name, also when a client has deleted the parameter. */
  entry(name: string): ParameterEntry<Validator> | undefined {
    return this.#entries.get(name);
  }

  /** Makes a parameter, or makes it anew with other rules. @returns `undefined` when the value is what it was. */
  declare(parameter: Parameter, rules: ParameterRules<Validator> & { own: boolean }): TableChange | undefined {
    const previous = this.get(parameter.name);
    this.#uncount(this.#entries.get(parameter.name));
    if (!rules.own) this.#ofClients++;
    const clientBytes = rules.own ? 0 : bytesOf(parameter);
    this.#clientBytes += clientBytes;
    this.#entries.set(parameter.name, { ...rules, parameter, live: true, clientBytes });
    return change(parameter.name, previous, parameter);
  }

  /** Gives a parameter that is known another value, by own code or a client. @returns As {@link declare}. */
  put(entry: ParameterEntry<Validator>, parameter: Parameter, by: "own" | "client"): TableChange | undefined {
    const clientBytes = by === "own" ? 0 : bytesOf(parameter);
    this.#clientBytes += clientBytes - entry.clientBytes;
    entry.clientBytes = clientBytes;
    const previous = entry.live ? entry.parameter : undefined;
    entry.parameter = parameter;
    entry.live = true;
    return change(parameter.name, previous, parameter);
  }

  /** Forgets a parameter. @returns `undefined` when there was none. */
  forget(name: string): TableChange | undefined {
    const previous = this.get(name);
    this.#uncount(this.#entries.get(name));
    this.#entries.delete(name);
    return change(name, previous, undefined);
  }

  /** Deletes a parameter as a client may: the rules of own code stay. @returns As {@link forget}. */
  remove(entry: ParameterEntry<Validator>): TableChange | undefined {
    if (!entry.own) return this.forget(entry.parameter.name);
    const previous = entry.live ? entry.parameter : undefined;
    entry.live = false;
    return change(entry.parameter.name, previous, undefined);
  }

  #uncount(entry: ParameterEntry<Validator> | undefined): void {
    if (entry === undefined) return;
    if (!entry.own) this.#ofClients--;
    this.#clientBytes -= entry.clientBytes;
  }
}

/** What a parameter costs while it is kept: its name, and its value as JSON. */
export function bytesOf({ name, value }: Parameter): number {
  return utf8Length(name) + utf8Length(JSON.stringify(value) ?? "");
}

function change(
  name: string,
  previous: Parameter | undefined,
  current: Parameter | undefined,
): TableChange | undefined {
  const unchanged = previous?.type === current?.type && isSame(previous?.value, current?.value);
  return unchanged && (previous === undefined) === (current === undefined) ? undefined : { name, previous, current };
}

/** Whether two values are the same; of a depth that is known to be limited. */
function isSame(a: ParameterValue | undefined, b: ParameterValue | undefined): boolean {
  if (typeof a !== "object" || typeof b !== "object") return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [ofA, ofB] = [Object.entries(a), new Map(Object.entries(b))];
  return ofA.length === ofB.size && ofA.every(([key, value]) => ofB.has(key) && isSame(value, ofB.get(key)));
}

/** The type of a value that own code sets without saying it: the one it has, unless the value is of another kind. */
export function ownType(present: Parameter | undefined, fresh: Parameter): string | undefined {
  if (present?.type === undefined || kindOf(present) !== kindOf(fresh)) return undefined;
  return present.type === "byte_array" || parameterProblem(fresh.value, present.type) === undefined
    ? present.type
    : undefined;
}

/**
 * What a client's value is for a parameter that has a type already: the type is kept, so `2` for a `float64` is 2.0.
 *
 * @returns Why it cannot be, as text.
 */
export function fitted(wanted: Parameter, present: Parameter): Parameter | string {
  const { name, value } = wanted;
  const { type } = present;
  const kind = kindOf(present);
  // What came back without its type is taken for what it was; the type's own check tells whether it can be.
  const sameKind = kindOf(wanted) === kind || (type === "byte_array" && wanted.type === undefined);
  if (!sameKind) return `it is ${NAMES[kind]}, not ${NAMES[kindOf(wanted)]}`;
  if (kind === "number" && type === undefined && !Number.isSafeInteger(value)) {
    return `it is an integer, not ${value}`;
  }
  const problem = parameterProblem(value, type);
  if (problem !== undefined) return `value ${problem}`;
  return type === undefined ? { name, value: value! } : { name, value: value!, type };
}

/** A client's value for a parameter that is new: with its type, or the one that shows. */
export function typed(wanted: Parameter): Parameter {
  const type = wanted.type ?? inferredType(wanted.value!);
  return type === undefined ? wanted : { ...wanted, type };
}

const NAMES = {
  number: "a number",
  boolean: "a boolean",
  string: "a string",
  bytes: "a byte array",
  array: "an array",
  object: "an object",
} as const;

function kindOf({ value, type }: Parameter): keyof typeof NAMES {
  if (type === "byte_array") return "bytes";
  return Array.isArray(value) ? "array" : typeof value as "number" | "boolean" | "string" | "object";
}
