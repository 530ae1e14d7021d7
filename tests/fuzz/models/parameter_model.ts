/** The parameters of a server and what clients make of them, by the rules of docs/behaviour.md alone. */
import type { Members } from "../readers/read_json.ts";

/** A parameter of the wire; without a value it is asked to go, or is gone. */
export interface WireParameter {
  name: string;
  value?: unknown;
  type?: string;
}

/** What holds for a parameter. */
export interface Rules {
  readonly readOnly?: boolean;
  /** Why a value is refused. */
  readonly validate?: (value: unknown) => string | undefined;
}

interface Entry extends Rules {
  /** As it is, or was before a client has deleted it. */
  parameter: WireParameter;
  live: boolean;
  readonly own: boolean;
  /** What clients have made of it costs so much. */
  bytes: number;
}

export interface ParameterLimits {
  readonly clientParameters: number;
  readonly clientParameterBytes: number;
}

/** The values that there are, and what is answered to who wants to change them. */
export class ParameterModel {
  readonly #entries = new Map<string, Entry>();
  readonly #limits: ParameterLimits;
  readonly #validate: (name: string, value: unknown) => string | undefined;

  constructor(limits: ParameterLimits, validate: (name: string, value: unknown) => string | undefined) {
    this.#limits = limits;
    this.#validate = validate;
  }

  /** Own code makes a parameter. */
  declare(parameter: WireParameter, rules: Rules = {}): void {
    this.#entries.set(parameter.name, { ...rules, parameter, live: true, own: true, bytes: 0 });
  }

  /** Own code gives a parameter of its own another value, of the kind that it has. @returns Whether that is another. */
  setOwn(name: string, value: unknown): boolean {
    const entry = this.#entries.get(name)!;
    const changed = !entry.live || entry.parameter.value !== value;
    Object.assign(entry, { parameter: { ...entry.parameter, value }, live: true, bytes: 0 });
    return changed;
  }

  all(): WireParameter[] {
    return [...this.#entries.values()].filter(({ live }) => live).map(({ parameter }) => parameter);
  }

  /** How it is now, also if it is not. */
  now(name: string): WireParameter {
    const entry = this.#entries.get(name);
    return entry?.live ? entry.parameter : { name };
  }

  exists(name: string): boolean {
    return this.#entries.get(name)?.live === true;
  }

  /** A client wants to set or delete one. @returns Why not, or whether something was done. */
  write(wanted: WireParameter): string | boolean {
    const { name, value } = wanted;
    const entry = this.#entries.get(name);
    if (value === undefined && !entry?.live) return false;
    if (entry?.readOnly) return "it is read-only";
    const parameter = value === undefined
      ? wanted
      : entry === undefined
      ? this.#created(wanted)
      : fitted(wanted, entry);
    if (typeof parameter === "string") return parameter;
    const excess = value === undefined ? undefined : this.#excess(parameter, entry);
    const refusal = excess ?? this.#validate(name, value) ??
      (value === undefined ? undefined : entry?.validate?.(parameter.value));
    if (refusal !== undefined) return refusal;
    this.#apply(parameter, entry);
    return true;
  }

  #created(wanted: WireParameter): WireParameter | string {
    const limit = this.#limits.clientParameters;
    const made = [...this.#entries.values()].filter(({ own }) => !own).length;
    if (made >= limit) return `too many parameters, the limit is ${limit}`;
    const type = wanted.type ?? shownType(wanted.value);
    return type === undefined ? wanted : { ...wanted, type };
  }

  #excess(parameter: WireParameter, entry: Entry | undefined): string | undefined {
    const limit = this.#limits.clientParameterBytes;
    const others = [...this.#entries.values()].filter((other) => other !== entry);
    const bytes = others.reduce((sum, other) => sum + other.bytes, bytesOf(parameter));
    return bytes > limit ? `too many bytes of values, the limit is ${limit}` : undefined;
  }

  #apply(parameter: WireParameter, entry: Entry | undefined): void {
    const { name, value } = parameter;
    if (entry === undefined) {
      this.#entries.set(name, { parameter, live: true, own: false, bytes: bytesOf(parameter) });
    } else if (value !== undefined) {
      Object.assign(entry, { parameter, live: true, bytes: bytesOf(parameter) });
    } else if (entry.own) entry.live = false;
    else this.#entries.delete(name);
  }
}

const utf8 = new TextEncoder();

function bytesOf({ name, value }: WireParameter): number {
  return utf8.encode(name).length + utf8.encode(JSON.stringify(value)).length;
}

function shownType(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? undefined : "float64";
  if (!Array.isArray(value) || value.some((item) => typeof item !== "number")) return undefined;
  return value.every(Number.isSafeInteger) ? undefined : "float64_array";
}

function kindOf({ value, type }: WireParameter): string {
  if (type === "byte_array") return "a byte array";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A type once given stays. */
function fitted(wanted: WireParameter, { parameter: { name, value: old, type } }: Entry): WireParameter | string {
  const { value } = wanted;
  const [kind, wantedKind] = [kindOf({ name, value: old, ...(type && { type }) }), kindOf(wanted)];
  const comesBack = type === "byte_array" && wanted.type === undefined;
  if (kind !== wantedKind && !comesBack) return `it is ${kind}, not ${wantedKind}`;
  if (kind === "a number" && type === undefined && !Number.isSafeInteger(value)) {
    return `it is an integer, not ${value}`;
  }
  if (!suits(value, type)) return "value is wrong";
  return type === undefined ? { name, value } : { name, value, type };
}

function suits(value: unknown, type: string | undefined): boolean {
  if (type === "float64") return typeof value === "number";
  if (type === "float64_array") return (value as unknown[]).every((item) => typeof item === "number");
  if (type === "byte_array") {
    return typeof value === "string" && /^([\w+/]{4})*([\w+/]{2}==|[\w+/]{3}=)?$/.test(value) && !value.includes("_");
  }
  return isFinite(value);
}

/** Neither NaN nor an infinity anywhere. */
function isFinite(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || Object.values(value as Members).every(isFinite);
}

/** Whose changes a client wants to hear of. */
export class InterestModel {
  #all = false;
  #names = new Set<string>();

  wants(name: string): boolean {
    return this.#all !== this.#names.has(name);
  }

  /** @returns What is too much. */
  change(
    names: readonly string[],
    wanted: boolean,
    limits: { names: number; bytes: number },
  ): "names" | "bytes" | undefined {
    if (names.length === 0) {
      this.#all = wanted;
      this.#names = new Set();
    } else if (this.#all === wanted) { for (const name of names) this.#names.delete(name); }
    else {
      const all = new Set([...this.#names, ...names]);
      if (all.size > limits.names) return "names";
      if (utf8.encode([...all].join("")).length > limits.bytes && total(all) > limits.bytes) return "bytes";
      this.#names = all;
    }
  }
}

function total(names: Iterable<string>): number {
  return Array.from(names, (name) => utf8.encode(name).length).reduce((sum, bytes) => sum + bytes, 0);
}
