/**
 * Parameters of a server: asked for, set and watched.
 *
 * @module
 */
import { encodeClientMessage } from "../protocol/codec.ts";
import { describe } from "../protocol/describe.ts";
import type { BrokenRequest, ProtocolError } from "../protocol/errors.ts";
import type { ClientMessage, MessageOf, Parameter, ParameterType } from "../protocol/messages.ts";
import { type ParameterData, parameterData, toParameter } from "../protocol/parameter_data.ts";
import type { WaitOptions } from "../util/async.ts";
import type { ConnectionError } from "../util/errors.ts";
import type { Feed, FeedOptions } from "./feed.ts";
import { Feeds } from "./feeds.ts";
import type { Ending } from "./inbox.ts";
import { countStray, declares, type RequestHost, Requests, requireToAsk, requireToWatch } from "./requests.ts";

/** A parameter as `client.setParameters()` takes it where a name and a value do not say enough. */
export interface ParameterSetting {
  /** Its name. */
  name: string;
  /** `undefined` deletes the parameter. */
  value: ParameterData | undefined;
  /**
   * `"float64"` for a number that is none of an integer although it looks like one. Default: the type that the server gave
   * with the name, where the value fits it, or what the value shows.
   */
  type?: ParameterType;
}

/** What `client.setParameters()` takes: values by name, of which `undefined` deletes a parameter, or a list. */
export type ParameterSettings =
  | Readonly<Record<string, ParameterData | undefined>>
  | ReadonlyMap<string, ParameterData | undefined>
  | readonly ParameterSetting[];

/** A parameter has a value, perhaps a new one. */
export interface ParameterUpdate {
  /** Its name. */
  readonly name: string;
  /** `undefined` when it was deleted. */
  readonly value: ParameterData | undefined;
  /** How the server wants the value to be understood where JSON does not tell. */
  readonly type: ParameterType | undefined;
}

/** Answers to `setParameters` have an id that tells them from others: they are updates as well. */
const SET = "set-";
const GET = "get-";

/** The parameters that a client asks for, and those that it watches. */
export class Parameters {
  readonly #host: RequestHost;
  /** Each with the prefix of its id. */
  readonly #requests: Requests<Map<string, ParameterData>, string>;
  /** Types that the server gave: a value goes back with the type that it came with. */
  readonly #types = new Map<string, ParameterType>();
  /** Each with the names that it wants; none: all. */
  readonly #watches: Feeds<ParameterUpdate, ReadonlySet<string>>;
  readonly #subscribed = new Set<string>();
  #subscribedToAll = false;

  constructor(host: RequestHost) {
    this.#host = host;
    this.#requests = new Requests(host);
    this.#watches = new Feeds(host.limits, () => this.refresh());
  }

  async get(parameterNames: readonly string[], options: WaitOptions): Promise<Map<string, ParameterData>> {
    checkNames(parameterNames, "Cannot get parameters");
    return await this.#ask({ op: "getParameters", parameterNames: [...parameterNames], id: GET }, options);
  }

  async set(settings: ParameterSettings, options: WaitOptions): Promise<Map<string, ParameterData>> {
    const parameters = listOf(settings).map((setting) => this.#toWire(setting));
    return await this.#ask({ op: "setParameters", parameters, id: SET }, options);
  }

  watch(names: readonly string[], options: FeedOptions): Feed<ParameterUpdate> {
    checkNames(names, "Cannot watch parameters");
    requireToWatch(this.#host, "parametersSubscribe", "Cannot watch parameters");
    // What cannot be sent throws here, and not when it is sent again after a reconnect.
    encodeClientMessage({ op: "subscribeParameterUpdates", parameterNames: [...names] });
    return this.#watches.open(options, new Set(names));
  }

  /** Parameters have come: as the answer to a request, or by themselves. */
  received(parameters: readonly Parameter[], id: string | undefined): void {
    const updates = parameters.map((parameter) => this.#fromWire(parameter));
    if (id === undefined || id.startsWith(SET)) this.#deliver(updates, id);
    if (id === undefined) return;
    const values = updates.flatMap(({ name, value }) => value === undefined ? [] : [[name, value] as const]);
    this.#take(id)?.resolve(new Map(values));
  }

  /** An answer has come that could not be read. */
  broken({ id }: BrokenRequest & { kind: "parameters" }, error: ProtocolError): void {
    this.#take(id)?.reject(error);
  }

  connectionLost(error: ConnectionError): void {
    this.#requests.release(error);
    this.#types.clear();
    this.#subscribed.clear();
    this.#subscribedToAll = false;
  }

  forgetUnread(): void {
    this.#watches.forgetUnread();
  }

  /** Makes the subscription on the wire what all that watch need, as far as there is a server that can. */
  refresh(): void {
    const { lost, catalogue } = this.#host;
    if (lost !== undefined || !declares(catalogue.serverInfo, "parametersSubscribe")) return;
    const watched = [...this.#watches.inboxes.values()];
    const all = watched.some((names) => names.size === 0);
    const wanted = new Set(watched.flatMap((names) => [...names]));
    if (this.#subscribedToAll && !all) this.#unsubscribeAll();
    if (!all) this.#change("unsubscribeParameterUpdates", [...this.#subscribed].filter((name) => !wanted.has(name)));
    this.#change("subscribeParameterUpdates", [...wanted].filter((name) => !this.#subscribed.has(name)));
    if (all && !this.#subscribedToAll) this.#subscribeAll();
  }

  end(ending: Ending): void {
    this.#watches.end(ending);
  }

  #take(id: string) {
    const [, prefix, number] = /^(set-|get-)([1-9]\d*)$/.exec(id) ?? [];
    return this.#requests.take(Number(number), (asked) => asked === prefix);
  }

  #ask(message: MessageOf<ClientMessage, "getParameters" | "setParameters">, options: WaitOptions) {
    return this.#requests.run({
      what: `answer to ${message.op}`,
      context: message.id ?? "",
      start: (id) => {
        requireToAsk(this.#host, "parameters", `Cannot send ${message.op}`);
        this.#host.send({ ...message, id: `${message.id}${id}` });
      },
    }, options);
  }

  #change(op: "subscribeParameterUpdates" | "unsubscribeParameterUpdates", parameterNames: string[]): void {
    // On the wire, no name is every name.
    if (parameterNames.length === 0) return;
    for (const name of parameterNames) {
      if (op === "subscribeParameterUpdates") this.#subscribed.add(name);
      else this.#subscribed.delete(name);
    }
    this.#host.send({ op, parameterNames });
  }

  #subscribeAll(): void {
    this.#subscribedToAll = true;
    this.#host.send({ op: "subscribeParameterUpdates", parameterNames: [] });
    // The official SDK takes no notice of that: there the parameters that exist have to be named.
    this.get([], {}).then((known) => {
      const names = [...known.keys()].filter((name) => !this.#subscribed.has(name));
      if (this.#subscribedToAll) this.#change("subscribeParameterUpdates", names);
    }, () => {});
  }

  #unsubscribeAll(): void {
    this.#subscribedToAll = false;
    this.#change("unsubscribeParameterUpdates", [...this.#subscribed]);
    this.#host.send({ op: "unsubscribeParameterUpdates", parameterNames: [] });
  }

  #deliver(updates: readonly ParameterUpdate[], id: string | undefined): void {
    const { inboxes, everOpen } = this.#watches;
    if (id === undefined && inboxes.size === 0) countStray(this.#host.counters, everOpen);
    for (const [inbox, names] of inboxes) {
      for (const update of updates) {
        if (names.size === 0 || names.has(update.name)) inbox.push(update);
      }
    }
  }

  #fromWire(parameter: Parameter): ParameterUpdate {
    const { name, type } = parameter;
    if (type === undefined) this.#types.delete(name);
    else this.#types.set(name, type);
    return { name, value: parameterData(parameter), type };
  }

  #toWire({ name, value, type }: ParameterSetting): Parameter {
    if (value === undefined) return { name };
    const known = type ?? this.#types.get(name);
    if (known === undefined) return toParameter(name, value);
    try {
      return toParameter(name, value, { type: known });
    } catch (error) {
      // The server's type is a hint for what JSON does not tell; a value that is something else goes as what it is.
      if (type === undefined) return toParameter(name, value);
      throw error;
    }
  }
}

function listOf(settings: ParameterSettings): readonly ParameterSetting[] {
  if (Array.isArray(settings)) return settings;
  if (typeof settings !== "object" || settings === null) {
    throw new TypeError(`Cannot set parameters: ${describe(settings)}, need values by name`);
  }
  const entries: Iterable<[string, ParameterData | undefined]> = settings instanceof Map
    ? settings
    : Object.entries(settings);
  return Array.from(entries, ([name, value]) => ({ name, value }));
}

/** @throws {TypeError} when names are none: those of a text would be its letters. */
function checkNames(names: readonly string[], what: string): void {
  if (!Array.isArray(names)) throw new TypeError(`${what}: ${describe(names)}, need a list of names`);
}
