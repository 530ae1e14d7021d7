/**
 * The parameters of a server: values that viewers show and people change while the robot runs.
 *
 * @module
 */
import { quote } from "../protocol/describe.ts";
import type { ParameterType } from "../protocol/messages.ts";
import { type ParameterData, parameterData, toParameter } from "../protocol/parameter_data.ts";
import type { EventMap, Events, Listener } from "../util/events.ts";
import { checkMembers, checkOptionalFunction, namesOf } from "./checks.ts";
import { ownType, type ParameterTable, type TableChange } from "./parameter_table.ts";
import type { ServerClient } from "./server_client.ts";

/** A change that a client asks for. */
export interface ParameterRequest {
  /** Name of the parameter. */
  name: string;
  /** The value it would have; `undefined` when the client wants to delete it. */
  value: ParameterData | undefined;
  /** The value it has; `undefined` when it does not exist. */
  previous: ParameterData | undefined;
  /** Who asks. */
  client: ServerClient;
  /** Aborts when the client has left: nobody waits for the verdict then, and the value is not applied. */
  signal: AbortSignal;
}

/**
 * Decides on what a client asks for: a text refuses it, and is shown to the client as the reason. It may be async; the
 * client's next parameter requests then wait, and after 30 s (`limits.parameterMs`) the value is refused. One that
 * throws refuses too, and raises the server's `error` event.
 */
export type ParameterValidator = (
  request: ParameterRequest,
) => string | undefined | void | Promise<string | undefined | void>;

/** What clients may do with the parameters of a server. */
export interface ParameterStoreOptions {
  /** Whether a client that sets a name that does not exist creates a parameter. Default `true`. */
  clientsCreate?: boolean;
  /** Asked about everything that clients want to set, create or delete, before a parameter's own validator. */
  validate?: ParameterValidator;
}

/** A parameter and what clients may do with it. */
export interface ParameterOptions {
  /** Its value now. */
  value: ParameterData;
  /** Its type, where the value does not show it: `"float64"` for a number that happens to be an integer. */
  type?: ParameterType;
  /** `true`: clients cannot change or delete it; own code can. Default `false`. */
  readOnly?: boolean;
  /** Asked before a client's value is applied; not when a client deletes it, and not about values of own code. */
  validate?: ParameterValidator;
}

const PARAMETER_OPTIONS = namesOf<keyof ParameterOptions>({ value: true, type: true, readOnly: true, validate: true });

const STORE_OPTIONS = namesOf<keyof ParameterStoreOptions>({ clientsCreate: true, validate: true });

/** Refuses rules that would not hold. */
export function checkStoreOptions(options: ParameterStoreOptions): void {
  checkMembers(options, STORE_OPTIONS, "parameters");
  checkOptionalFunction(options.validate, "validator of parameters");
}

/** A parameter has another value, or came, or went. */
export interface ParameterChange {
  /** Name of the parameter. */
  name: string;
  /** What it is now; `undefined`: it was deleted. */
  value: ParameterData | undefined;
  /** What it was; `undefined`: it is new. */
  previous: ParameterData | undefined;
  /** Who changed it; `undefined`: own code. */
  client: ServerClient | undefined;
}

/** The events of `server.parameters`. */
export interface ParameterEvents {
  /** A parameter has another value than before, by own code or a client. */
  change: ParameterChange;
  /** A client wants to hear of changes: of these names, or with `[]` of all. */
  subscribe: { client: ServerClient; names: string[] };
  /** A client wants to hear of changes no more: of these names, or with `[]` of any; also when it leaves. */
  unsubscribe: { client: ServerClient; names: string[] };
}

/**
 * The parameters of a server, as `server.parameters`. With the first one the server declares the capabilities
 * `parameters` and `parametersSubscribe`.
 *
 * A value is a number, a boolean, a string, an array or an object of them, or a `Uint8Array`. Types are kept: a
 * `float64` stays one, also when a viewer sends back an integer, and no client can make a string of a number. Clients
 * that asked for updates get what own code has set in the next turn of the event loop, all changes of one turn at once.
 *
 * @example
 * ```ts
 * import { FoxgloveServer } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * server.parameters.declare("gain", {
 *   value: 1,
 *   type: "float64",
 *   validate: ({ value }) => (value as number) > 0 ? undefined : "it must be positive",
 * });
 * server.parameters.declare("serial", { value: "A-17", readOnly: true });
 * server.parameters.on("change", ({ name, value, client }) => console.log(name, value, client?.id));
 * server.parameters.set("gain", 1.5);
 * console.assert(server.parameters.get("gain") === 1.5);
 * await server.close();
 * ```
 */
export class ParameterStore {
  readonly #table: ParameterTable<ParameterValidator>;
  readonly #events: Events<ParameterEvents & EventMap>;
  readonly #changed: (change: TableChange) => void;

  /** @ignore Made by `FoxgloveServer`. */
  constructor(
    table: ParameterTable<ParameterValidator>,
    events: Events<ParameterEvents & EventMap>,
    changed: (change: TableChange) => void,
  ) {
    this.#table = table;
    this.#events = events;
    this.#changed = changed;
  }

  /**
   * Makes a parameter with what clients may do with it; replaces one that exists.
   *
   * @throws {TypeError} when the value is none that a parameter can have, or not one of the type; when an option is unknown.
   */
  declare(name: string, options: ParameterOptions): void {
    checkMembers(options, PARAMETER_OPTIONS, `options of parameter ${quote(String(name))}`);
    const { value, readOnly = false, validate, type } = options;
    checkOptionalFunction(validate, `validator of parameter ${quote(String(name))}`);
    const parameter = toParameter(name, value, type === undefined ? {} : { type });
    this.#tell(this.#table.declare(parameter, { readOnly, validate, own: true }));
  }

  /**
   * Sets a parameter, or makes it. The type it has is kept where the value allows; validators are not asked.
   *
   * @throws {TypeError} when the value is none that a parameter can have, or not one of the type.
   */
  set(name: string, value: ParameterData, options: { type?: ParameterType } = {}): void {
    const entry = this.#table.entry(name);
    if (entry === undefined) return this.declare(name, { value, ...options });
    let parameter = toParameter(name, value, options);
    const type = options.type ?? ownType(entry.parameter, parameter);
    if (type !== undefined) parameter = toParameter(name, value, { type });
    this.#tell(this.#table.put(entry, parameter, "own"));
  }

  /** The value of a parameter, a copy; `undefined` when it does not exist. */
  get(name: string): ParameterData | undefined {
    const parameter = this.#table.get(name);
    return parameter && parameterData(parameter);
  }

  /** Whether a parameter exists. */
  has(name: string): boolean {
    return this.#table.get(name) !== undefined;
  }

  /**
   * Deletes a parameter with its type and its validator.
   *
   * @returns Whether it existed.
   */
  delete(name: string): boolean {
    const change = this.#table.forget(name);
    this.#tell(change);
    return change !== undefined;
  }

  /** The names of all parameters, in the order in which they were made. */
  names(): string[] {
    return Array.from(this.#table.live(), ({ name }) => name);
  }

  /** All names with their values, as for `new Map()` or `Object.fromEntries()`. */
  entries(): [name: string, value: ParameterData][] {
    return Array.from(this.#table.live(), (parameter) => [parameter.name, parameterData(parameter)!]);
  }

  /** Calls `listener` on each event of `type` until the returned `Disposable` is disposed. */
  on<Type extends keyof ParameterEvents>(type: Type, listener: Listener<ParameterEvents[Type]>): Disposable {
    return this.#events.on(type, listener as Listener<(ParameterEvents & EventMap)[Type]>);
  }

  /** Removes a listener. */
  off<Type extends keyof ParameterEvents>(type: Type, listener: Listener<ParameterEvents[Type]>): void {
    this.#events.off(type, listener as Listener<(ParameterEvents & EventMap)[Type]>);
  }

  #tell(change: TableChange | undefined): void {
    if (change !== undefined) this.#changed(change);
  }
}
