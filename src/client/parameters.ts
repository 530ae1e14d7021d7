/**
 * Parameters of a server: asked for, set and watched.
 *
 * @module
 */
import type { Capability } from "../protocol/constants.ts";
import type { ClientMessage, MessageOf, Parameter, ParameterType } from "../protocol/messages.ts";
import { type ParameterData, parameterData, toParameter } from "../protocol/parameter_data.ts";
import type { WaitOptions } from "../util/async.ts";
import type { ConnectionError } from "../util/errors.ts";
import { Feed, Tap } from "./feed.ts";
import type { Ending } from "./inbox.ts";
import { countStray, declares, type RequestHost, Requests, requireCapability } from "./requests.ts";

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

/** How updates of parameters are kept. */
export interface ParameterUpdatesOptions {
  /** Updates that wait to be read; beyond that the oldest is dropped. Default 5000. */
  highWaterMark?: number;
  /** Ends the feed: what was not read is forgotten, and iteration throws the signal's reason. */
  signal?: AbortSignal;
}

/** Answers to `setParameters` have an id that tells them from others: they are updates as well. */
const SET = "set-";
const GET = "get-";

/** The parameters that a client asks for, and those that it watches. */
export class Parameters {
  readonly #host: RequestHost;
  readonly #requests: Requests<Map<string, ParameterData>>;
  /** Types that the server gave: a value goes back with the type that it came with. */
  readonly #types = new Map<string, ParameterType>();
  readonly #watches = new Map<Tap<ParameterUpdate>, ReadonlySet<string>>();
  readonly #subscribed = new Set<string>();
  #subscribedToAll = false;
  /** Whether updates that nobody watches may be the last of those that somebody has watched. */
  #wasWatched = false;
  #ending: Ending | undefined;

  constructor(host: RequestHost) {
    this.#host = host;
    this.#requests = new Requests(host);
  }

  get(parameterNames: readonly string[], options: WaitOptions): Promise<Map<string, ParameterData>> {
    return this.#ask({ op: "getParameters", parameterNames: [...parameterNames], id: GET }, options);
  }

  async set(settings: ParameterSettings, options: WaitOptions): Promise<Map<string, ParameterData>> {
    const parameters = listOf(settings).map((setting) => this.#toWire(setting));
    return await this.#ask({ op: "setParameters", parameters, id: SET }, options);
  }

  watch(names: readonly string[], { highWaterMark, signal }: ParameterUpdatesOptions): Feed<ParameterUpdate> {
    this.#require("parametersSubscribe", "Cannot watch parameters");
    const items = highWaterMark ?? this.#host.limits.subscriptionMessages;
    const tap = new Tap<ParameterUpdate>({ items, bytes: Infinity });
    tap.listen(signal, (error) => this.#unwatch(tap, { error }));
    if (this.#ending !== undefined) tap.end(this.#ending);
    if (!tap.inbox.ended) {
      this.#wasWatched = true;
      this.#watches.set(tap, new Set(names));
      this.refresh();
    }
    return new Feed(tap, () => this.#unwatch(tap));
  }

  /** Parameters have come: as the answer to a request, or by themselves. */
  received(parameters: readonly Parameter[], id: string | undefined): void {
    const updates = parameters.map((parameter) => this.#fromWire(parameter));
    if (id === undefined || id.startsWith(SET)) this.#deliver(updates, id);
    if (id === undefined) return;
    const values = updates.flatMap(({ name, value }) => value === undefined ? [] : [[name, value] as const]);
    this.#requests.take(Number(id.slice(SET.length)))?.resolve(new Map(values));
  }

  connectionLost(error: ConnectionError): void {
    this.#requests.release(error);
    this.#types.clear();
    this.#subscribed.clear();
    this.#subscribedToAll = false;
  }

  /** Makes the subscription on the wire what all that watch need, as far as there is a server that can. */
  refresh(): void {
    const { lost, catalogue } = this.#host;
    if (lost !== undefined || !declares(catalogue.serverInfo, "parametersSubscribe")) return;
    const watched = [...this.#watches.values()];
    const all = watched.some((names) => names.size === 0);
    const wanted = new Set(watched.flatMap((names) => [...names]));
    if (this.#subscribedToAll && !all) this.#unsubscribeAll();
    if (!all) this.#change("unsubscribeParameterUpdates", [...this.#subscribed].filter((name) => !wanted.has(name)));
    this.#change("subscribeParameterUpdates", [...wanted].filter((name) => !this.#subscribed.has(name)));
    if (all && !this.#subscribedToAll) this.#subscribeAll();
  }

  end(ending: Ending): void {
    this.#ending ??= ending;
    for (const tap of this.#watches.keys()) tap.end(ending);
    this.#watches.clear();
  }

  // deno-lint-ignore require-await -- What is thrown is to be a rejection.
  async #ask(message: MessageOf<ClientMessage, "getParameters" | "setParameters">, options: WaitOptions) {
    this.#require("parameters", `Cannot send ${message.op}`);
    return this.#requests.run({
      what: `answer to ${message.op}`,
      context: undefined,
      start: (id) => this.#host.send({ ...message, id: `${message.id}${id}` }),
    }, options);
  }

  #require(capability: Capability, what: string): void {
    requireCapability(this.#host.catalogue.serverInfo, capability, what);
  }

  #unwatch(tap: Tap<ParameterUpdate>, ending: Ending = {}): void {
    tap.discard(ending);
    if (this.#watches.delete(tap)) this.refresh();
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
    if (id === undefined && this.#watches.size === 0) countStray(this.#host.counters, this.#wasWatched);
    for (const [tap, names] of this.#watches) {
      for (const update of updates) {
        if (names.size === 0 || names.has(update.name)) tap.inbox.push(update);
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
  const entries: Iterable<[string, ParameterData | undefined]> = settings instanceof Map
    ? settings
    : Object.entries(settings);
  return Array.from(entries, ([name, value]) => ({ name, value }));
}
