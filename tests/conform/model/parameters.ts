/** Parameters of the model, with those who watch them. */
import { Buffer } from "node:buffer";
import type { Client } from "./client.ts";
import type { FaultName } from "./faults.ts";
import { array, Invalid, type Json, object, optionalString, string } from "./invalid.ts";
import type { Feature, Model } from "./model.ts";

interface Parameter extends Json {
  name: string;
  value?: unknown;
  type?: string;
}

const INITIAL: Parameter[] = [
  { name: "int", value: 1 },
  { name: "float", value: 1, type: "float64" },
  { name: "string", value: "text" },
  { name: "bool", value: true },
  {
    name: "bytes",
    value: Buffer.from(Uint8Array.from({ length: 16 }, (_, i) => i)).toString("base64"),
    type: "byte_array",
  },
  { name: "list", value: [1, 2.5], type: "float64_array" },
  { name: "nested", value: { a: [1, { b: true }] } },
  { name: "read_only", value: "fixed" },
  { name: "ticks", value: 0 },
];

const TICK_MS = 100;
const NAMES = 10_000;
const DEPTH = 128;

/** What a value of each type looks like. */
const TYPES: Record<string, (value: unknown) => boolean> = {
  byte_array: (value) => typeof value === "string" && Buffer.from(value, "base64").toString("base64") === value,
  float64: (value) => typeof value === "number" || value === null,
  float64_array: (value) => Array.isArray(value) && value.every((item) => typeof item === "number" || item === null),
};

/** What a client watches. */
interface Watch {
  all: boolean;
  names: Set<string>;
  /** Names that were watched before. */
  ended: Set<string>;
}

export class Parameters implements Feature {
  readonly capabilities = () => ["parameters", "parametersSubscribe"];
  readonly ops = {
    getParameters: (client: Client, message: Json) => this.#get(client, message),
    setParameters: (client: Client, message: Json) => this.#set(client, message),
    subscribeParameterUpdates: (client: Client, message: Json) => this.#watch(client, message),
    unsubscribeParameterUpdates: (client: Client, message: Json) => this.#unwatch(client, message),
  };
  readonly #model: Model;
  readonly #values = new Map(INITIAL.map((parameter) => [parameter.name, parameter]));
  readonly #watches = new Map<Client, Watch>();

  constructor(model: Model) {
    this.#model = model;
    let ticks = 0;
    model.every(TICK_MS, () => {
      this.#values.set("ticks", { name: "ticks", value: ++ticks });
      if (!this.#has("watch/own-changes-not-told")) this.#update(["ticks"], undefined);
    });
  }

  #has(fault: FaultName): boolean {
    return this.#model.faults.has(fault);
  }

  greet(client: Client): void {
    this.#watches.set(client, { all: false, names: new Set(), ended: new Set() });
  }

  gone(client: Client): void {
    this.#watches.delete(client);
  }

  #get(client: Client, message: Json): void {
    const id = optionalString(message, "id");
    const names = this.#names(client, message);
    const all = array(message, "parameterNames").length === 0 && !this.#has("get/empty-is-none");
    const wanted = all || this.#has("get/always-all") ? [...this.#values.keys()] : [...new Set(names)];
    const unknown = wanted.filter((name) => !this.#values.has(name));
    if (unknown.length > 0 && this.#has("get/unknown-refuses-all")) {
      return client.status("error", `Unknown parameters: ${unknown}`);
    }
    const known = wanted.filter((name) => this.#values.has(name));
    const given = this.#has("get/unknown-as-null") ? wanted : known;
    if (given.length === 0 && this.#has("get/nothing-unanswered")) return;
    this.#reply(client, this.#has("get/each-twice") ? [...given, ...given] : given, id);
  }

  #names(client: Client, message: Json): string[] {
    const names: string[] = [];
    const { length } = array(message, "parameterNames");
    if (length > NAMES && !this.#has("get/any-number")) {
      throw new Invalid(`${length} parameter names, the limit is ${NAMES}`);
    }
    client.each(message, "parameterNames", (name) => void names.push(string({ name }, "name")));
    return names;
  }

  #set(client: Client, message: Json): void {
    const id = optionalString(message, "id");
    const asked = new Set<string>();
    const changed = new Set<string>();
    client.each(message, "parameters", (entry) => {
      const parameter = this.#read(object(entry));
      asked.add(parameter.name);
      if (this.#apply(client, parameter)) changed.add(parameter.name);
    });
    const replied = id !== undefined && !this.#has("set/unanswered");
    if (replied) this.#replySet(client, array(message, "parameters"), { asked: [...asked], id });
    this.#update([...changed], replied && !this.#has("set/told-twice") ? client : undefined);
  }

  #replySet(client: Client, wanted: unknown[], { asked, id }: { asked: string[]; id: string }): void {
    if (this.#has("set/answer-is-the-request")) client.json({ op: "parameterValues", parameters: wanted, id });
    else this.#reply(client, this.#has("set/answer-is-everything") ? [...this.#values.keys()] : asked, id);
  }

  /** @throws {Invalid} when it is none. */
  #read(entry: Json): Parameter {
    const name = string(entry, "name");
    const type = optionalString(entry, "type");
    if (!("value" in entry)) return { name };
    const { value } = entry;
    if (depthOf(value) > DEPTH && !this.#has("set/any-depth")) throw new Invalid("value is nested too deep");
    if (this.#has("set/any-value")) return { name, value, ...(type === undefined ? {} : { type }) };
    if (value === null && this.#has("set/nan-refused")) throw new Invalid("value is null");
    if (type === undefined && value === null) throw new Invalid("value is null");
    if (type !== undefined && !TYPES[type]?.(value)) throw new Invalid(`value of ${name} is no ${type}`);
    return { name, value, ...(type === undefined ? {} : { type }) };
  }

  /** Whether it is changed. */
  #apply(client: Client, parameter: Parameter): boolean {
    const { name } = parameter;
    if (name === "read_only" && !this.#has("set/read-only-set")) {
      if (!this.#has("set/refusal-silent")) client.status("error", `Parameter ${name} was not set: it is read-only`);
      return false;
    }
    if (!this.#values.has(name) && this.#has("set/no-new-names")) return false;
    if ("value" in parameter) return this.#store(client, parameter);
    return !this.#has("set/delete-ignored") && this.#values.delete(name);
  }

  #store(client: Client, { name, value, type }: Parameter): boolean {
    const present = this.#values.get(name);
    const kept = type ?? present?.type;
    if (
      present !== undefined && kindOf(present) !== kindOf({ name, value, ...(kept && { type: kept }) }) &&
      !this.#has("set/any-kind")
    ) {
      client.status("error", `Parameter ${name} was not set: it is ${kindOf(present)}`);
      return false;
    }
    const single = typeof value === "number" && this.#has("set/single-precision") ? Math.fround(value) : value;
    const stored = typeof value === "boolean" && this.#has("set/bool-as-number") ? Number(value) : single;
    const parameter = {
      name,
      value: stored,
      ...(kept === undefined || this.#has("set/type-lost") ? {} : { type: kept }),
    };
    if (!this.#has("set/not-kept")) this.#values.set(name, parameter);
    return true;
  }

  /** Tells those who watch, but for the one who has had an answer. */
  #update(names: readonly string[], except: Client | undefined): void {
    if (this.#has("watch/no-updates")) return;
    for (const [client, watch] of this.#watches) {
      if (client === except) continue;
      const toAll = this.#has("watch/to-everyone") && names[0] !== "ticks";
      const wanted = names.filter((name) => watch.all || watch.names.has(name) || toAll);
      const given = this.#has("watch/deleted-not-told") ? wanted.filter((name) => this.#values.has(name)) : wanted;
      if (given.length > 0 && this.#has("watch/told-twice")) this.#reply(client, given, undefined);
      if (given.length > 0 || this.#has("watch/empty-updates")) this.#reply(client, given, undefined);
    }
  }

  #reply(client: Client, names: readonly string[], id: string | undefined): void {
    const absent = this.#has("set/deleted-as-null") || this.#has("get/unknown-as-null") ? { value: null } : {};
    const parameters = names.map((name) => this.#written(this.#values.get(name) ?? { name, ...absent }));
    const noId = this.#has("parameters/null-id") ? { id: null } : {};
    const withId = id === undefined ? noId : this.#has("get/no-id") ? {} : { id };
    const to = id !== undefined && this.#has("get/answer-to-all") ? this.#watches.keys() : [client];
    for (const other of to) other.json({ op: "parameterValues", parameters, ...withId });
  }

  #written(parameter: Parameter): Json {
    const { type, value, ...rest } = parameter;
    if (type === "byte_array") {
      if (this.#has("parameters/bytes-as-numbers")) {
        return { ...rest, type, value: [...Buffer.from(`${value}`, "base64")] };
      }
      if (this.#has("parameters/bytes-unpadded")) return { ...rest, type, value: `${value}`.replaceAll("=", "") };
    }
    if (type !== undefined && this.#has("parameters/no-types")) return { ...rest, value };
    if (type === undefined && this.#has("parameters/null-type")) return { ...parameter, type: null };
    return parameter;
  }

  #watch(client: Client, message: Json): void {
    const names = this.#names(client, message);
    const watch = this.#watches.get(client)!;
    if (this.#has("watch/replaces")) watch.names.clear();
    if (this.#has("watch/not-again") && names.some((name) => watch.ended.has(name))) return;
    if (array(message, "parameterNames").length === 0) watch.all = !this.#has("watch/all-ignored");
    const known = this.#has("watch/known-names-only") ? names.filter((name) => this.#values.has(name)) : names;
    for (const name of known) watch.names.add(name);
    if (this.#has("watch/values-at-once")) this.#reply(client, known, undefined);
  }

  #unwatch(client: Client, message: Json): void {
    if (this.#has("watch/end-ignored")) return;
    const names = this.#names(client, message);
    const ended = this.#has("watch/ends-for-everyone") ? this.#watches.values() : [this.#watches.get(client)!];
    for (const watch of ended) {
      if (array(message, "parameterNames").length === 0) {
        if (this.#has("watch/end-of-all-ignored")) continue;
        watch.all = false;
        watch.names.clear();
      }
      if (this.#has("watch/ends-for-all-names")) watch.names.clear();
      for (const name of names) {
        watch.names.delete(name);
        watch.ended.add(name);
      }
    }
  }
}

function kindOf({ value, type }: Parameter): string {
  if (type === "byte_array") return "bytes";
  return Array.isArray(value) ? "array" : value === null ? "number" : typeof value;
}

/** How deep arrays and objects nest: without recursion, for it may be very deep. */
function depthOf(value: unknown): number {
  let depth = 0;
  for (let level = [value]; level.length > 0; depth++) {
    const within = level.filter((item) => typeof item === "object" && item !== null);
    level = within.flatMap((item) => Object.values(item as object));
  }
  return depth;
}
