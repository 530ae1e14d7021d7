/** What clients ask of the parameters, and what they hear of them. */
import type { BAD } from "../readers/read_json.ts";
import { allows, type ServerKind, validate } from "../targets/server_fixture.ts";
import { type ParameterLimits, ParameterModel, type WireParameter } from "./parameter_model.ts";
import type { SessionModel } from "./session_model.ts";

/** Entries of a list, of which some may be wrong. */
export type Entries<T> = readonly (T | typeof BAD)[];

/** What the desk needs of its server. */
export interface DeskContext {
  readonly kind: ServerKind;
  readonly limits: ParameterLimits & { readonly parameterNames: number; readonly parameterNameBytes: number };
  readonly clients: ReadonlyMap<number, SessionModel>;
  /** Handles the good entries of a list in order, and answers the others. */
  each<T>(client: SessionModel, entries: Entries<T>, handle: (entry: T) => void): void;
}

/** Answers parameter requests. */
export class ParameterDesk {
  readonly #context: DeskContext;
  readonly #parameters: ParameterModel;

  constructor(context: DeskContext) {
    this.#context = context;
    this.#parameters = new ParameterModel(context.limits, validate);
    if (context.kind !== "bare") declareAll(this.#parameters);
  }

  get(client: SessionModel, { parameterNames, id }: { parameterNames: Entries<string>; id?: string }): void {
    if (this.#tooMany(client, parameterNames)) return;
    const names = new Set<string>();
    this.#context.each(client, parameterNames, (name) => void names.add(name));
    const existing = [...names].filter((name) => this.#parameters.exists(name));
    const asked = existing.map((name) => this.#parameters.now(name));
    this.#tell(client, parameterNames.length === 0 ? this.#parameters.all() : asked, id);
  }

  set(client: SessionModel, { parameters, id }: { parameters: Entries<WireParameter>; id?: string }): void {
    if (this.#tooMany(client, parameters)) return;
    const [asked, applied] = [new Set<string>(), new Set<string>()];
    this.#context.each(client, parameters, (parameter) => {
      const { name } = parameter;
      asked.add(name);
      const done = this.#allows("get", name) && this.#allows("set", name)
        ? this.#parameters.write(parameter)
        : "it is not permitted";
      if (typeof done === "string") client.status(2, `Parameter ${name} was not set: ${done}`);
      else if (done) applied.add(name);
    });
    if (id !== undefined) this.#tell(client, Array.from(asked, (name) => this.#parameters.now(name)), id);
    for (const other of this.#context.clients.values()) {
      if (other !== client || id === undefined) this.#update(other, [...applied]);
    }
  }

  watch(client: SessionModel, entries: Entries<string>, wanted: boolean): void {
    if (this.#tooMany(client, entries)) return;
    const names: string[] = [];
    this.#context.each(client, entries, (name) => void names.push(name));
    if (names.length === 0 && entries.length > 0) return;
    const { parameterNames, parameterNameBytes } = this.#context.limits;
    const excess = client.interest.change(names, wanted, { names: parameterNames, bytes: parameterNameBytes });
    if (excess === "names") client.status(2, `Too many parameter names: the limit is ${parameterNames}`);
    if (excess === "bytes") client.status(2, `Too many bytes of parameter names: the limit is ${parameterNameBytes}`);
  }

  /** Own code sets one. */
  setOwn(name: string, value: unknown): void {
    if (!this.#parameters.setOwn(name, value)) return;
    for (const client of this.#context.clients.values()) this.#update(client, [name]);
  }

  #update(client: SessionModel, names: readonly string[]): void {
    const wanted = names.filter((name) => client.interest.wants(name) && this.#allows("get", name));
    if (wanted.length > 0) this.#tell(client, wanted.map((name) => this.#parameters.now(name)), undefined);
  }

  #tell(client: SessionModel, all: readonly WireParameter[], id: string | undefined): void {
    const parameters = all.filter(({ name }) => this.#allows("get", name));
    client.tell({ op: "parameterValues", parameters, ...(id === undefined ? {} : { id }) });
  }

  #tooMany(client: SessionModel, entries: Entries<unknown>): boolean {
    const limit = this.#context.limits.parameterNames;
    if (entries.length <= limit) return false;
    client.status(2, `Too many parameter names: the limit is ${limit}`);
    return true;
  }

  #allows(right: "get" | "set", name: string): boolean {
    return allows(this.#context.kind, right, name);
  }
}

/** Those of the fixture. */
function declareAll(model: ParameterModel): void {
  model.declare({ name: "gain", value: 1.5, type: "float64" });
  model.declare({ name: "count", value: 1 });
  model.declare({ name: "serial", value: "A-17" }, { readOnly: true });
  model.declare({ name: "positive", value: 1 }, {
    validate: (value) => value as number > 0 ? undefined : "it must be positive",
  });
  model.declare({ name: "moody", value: 1 }, { validate: () => "not today" });
  model.declare({ name: "map", value: "AQID", type: "byte_array" });
  model.declare({ name: "list", value: [1, 2] });
  model.declare({ name: "pose", value: { x: 1, y: [1, 2] } });
  model.declare({ name: "flag", value: true });
  model.declare({ name: "mode", value: "auto" });
}
