/**
 * What clients ask of the parameters, and what they hear of them.
 *
 * @module
 */
import { ProtocolError } from "../protocol/errors.ts";
import type { ClientMessage, Entry, MessageOf, Parameter } from "../protocol/messages.ts";
import { parameterData } from "../protocol/parameter_data.ts";
import type { FoxgloveError } from "../util/errors.ts";
import type { EventMap, Events } from "../util/events.ts";
import type { Clock } from "../util/time.ts";
import { childEvents } from "./child_events.ts";
import type { ServerLimits } from "./limits.ts";
import { ParameterInterest } from "./parameter_interest.ts";
import { ParameterTable, type TableChange } from "./parameter_table.ts";
import {
  checkStoreOptions,
  type ParameterEvents,
  ParameterStore,
  type ParameterStoreOptions,
  type ParameterValidator,
} from "./parameters.ts";
import { ParameterWriter } from "./parameter_writer.ts";
import { inOrder, RequestQueue } from "./request_queue.ts";
import { refuseInvalid } from "./requests.ts";
import type { ServerEvents } from "./server_events.ts";
import type { Session } from "./session.ts";

type Request<Op extends ClientMessage["op"]> = MessageOf<ClientMessage<true>, Op>;

/** What the parameters need of their server. */
export interface ParameterSources {
  readonly options: ParameterStoreOptions;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly events: Events<ServerEvents>;
  /** Own code sets its first parameter. */
  used(): void;
}

/** What the requests need of the store. */
export interface ParameterHost extends ParameterSources {
  readonly table: ParameterTable<ParameterValidator>;
  readonly parameterEvents: Events<ParameterEvents & EventMap>;
  /** A client has changed something. */
  changed(change: TableChange, session: Session): void;
}

/** What is kept of one client. */
interface ClientState {
  readonly interest: ParameterInterest;
  readonly queue: RequestQueue;
  /** Names that own code has changed and the client wants to hear of. */
  readonly pending: Set<string>;
  /** Aborts when the client is leaving. */
  readonly left: AbortController;
}

/** Answers the parameter requests of every client, and sends the updates. */
export class ParameterRequests {
  readonly #host: ParameterHost;
  readonly #writer: ParameterWriter;
  readonly #states = new Map<Session, ClientState>();
  #flushing = false;

  constructor(host: ParameterHost) {
    this.#host = host;
    this.#writer = new ParameterWriter(host);
  }

  /** Answers `getParameters`. */
  get(session: Session, { parameterNames, id }: Request<"getParameters">): void {
    this.#enqueue(session, parameterNames.length, () => {
      const names = this.#good(session, parameterNames);
      this.#reply(session, parameterNames.length === 0 ? [...this.#host.table.live()] : this.#existing(names), id);
    });
  }

  /** Answers `setParameters`. */
  set(session: Session, { parameters, id }: Request<"setParameters">): void {
    this.#enqueue(session, parameters.length, (state) => {
      const asked = new Set<string>();
      const applied = new Set<string>();
      const apply = async (done: Promise<boolean>, name: string) => void (await done && applied.add(name));
      const pending = inOrder(parameters, (parameter) => {
        if (parameter instanceof ProtocolError) return refuseInvalid(session, parameter);
        const { name } = parameter;
        asked.add(name);
        const done = this.#writer.write(session, parameter, state.left.signal);
        if (done instanceof Promise) return apply(done, name);
        if (done) applied.add(name);
      });
      const finish = () => this.#finishSet(session, { asked, applied, id });
      return pending === undefined ? finish() : pending.then(finish);
    });
  }

  /** Answers `subscribeParameterUpdates`. */
  subscribe(session: Session, { parameterNames }: Request<"subscribeParameterUpdates">): void {
    this.#setInterest(session, parameterNames, "subscribe");
  }

  /** Answers `unsubscribeParameterUpdates`. */
  unsubscribe(session: Session, { parameterNames }: Request<"unsubscribeParameterUpdates">): void {
    const { pending, interest } = this.#stateOf(session);
    this.#setInterest(session, parameterNames, "unsubscribe");
    for (const name of pending) if (!interest.wants(name)) pending.delete(name);
  }

  /** Own code has changed a parameter: who wants to know hears of it in the next turn. */
  changed({ name }: TableChange): void {
    for (const { interest, pending } of this.#states.values()) {
      if (!interest.wants(name)) continue;
      pending.add(name);
      this.#flushSoon();
    }
  }

  /** Gives up the requests of a client that is leaving: it is told, as far as it can still hear of it. */
  abandon(session: Session, reason: FoxgloveError): void {
    const state = this.#states.get(session);
    if (state === undefined || state.left.signal.aborted) return;
    for (let i = state.queue.inFlight; i > 0; i--) {
      session.status("error", `Parameter request failed: ${reason.message}`);
    }
    state.left.abort(reason);
  }

  /** Forgets a client that has left. */
  release(session: Session, reason: FoxgloveError): void {
    const state = this.#states.get(session);
    if (state === undefined) return;
    this.#states.delete(session);
    state.left.abort(reason);
    if (state.interest.any) this.#host.parameterEvents.emit("unsubscribe", { client: session, names: [] });
  }

  #enqueue(session: Session, names: number, job: (state: ClientState) => void | Promise<void>): void {
    const { limits, events } = this.#host;
    const state = this.#stateOf(session);
    if (names > limits.parameterNames) return this.#tooManyNames(session);
    if (state.queue.inFlight >= limits.parameterRequests) {
      return session.status("error", "Too many parameter requests");
    }
    state.queue.run(() => {
      const failed = (error: unknown) => events.emit("error", { error, during: "parameter request" });
      return job(state)?.catch(failed);
    });
  }

  #setInterest(session: Session, entries: readonly Entry<string>[], change: "subscribe" | "unsubscribe"): void {
    const { limits, parameterEvents } = this.#host;
    if (entries.length > limits.parameterNames) return this.#tooManyNames(session);
    const names = this.#good(session, entries);
    // What is left when every entry was bad is nothing, not all.
    if (names.length === 0 && entries.length > 0) return;
    const { interest } = this.#stateOf(session);
    const excess = change === "subscribe" ? interest.add(names, limits) : interest.remove(names, limits);
    if (excess === undefined) parameterEvents.emit(change, { client: session, names });
    else if (excess === "names") this.#tooManyNames(session);
    else session.status("error", `Too many bytes of parameter names: the limit is ${limits.parameterNameBytes}`);
  }

  #finishSet(session: Session, request: { asked: Set<string>; applied: Set<string>; id: string | undefined }): void {
    const { asked, applied, id } = request;
    if (id !== undefined) {
      this.#reply(session, this.#now(asked), id);
      for (const name of asked) this.#states.get(session)?.pending.delete(name);
    }
    for (const [other, { interest, pending }] of this.#states) {
      if (!interest.any || (other === session && id !== undefined)) continue;
      const names = [...applied].filter((name) => interest.wants(name));
      for (const name of names) pending.delete(name);
      this.#update(other, names);
    }
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#host.clock.defer(() => {
      this.#flushing = false;
      for (const [session, { pending }] of this.#states) {
        const names = [...pending];
        pending.clear();
        this.#update(session, names);
      }
    });
  }

  #update(session: Session, names: readonly string[]): void {
    const visible = names.filter((name) => this.#exists(session, name));
    if (visible.length > 0) this.#reply(session, this.#now(visible), undefined);
  }

  #reply(session: Session, all: Parameter[], id: string | undefined): void {
    const parameters = all.filter(({ name }) => this.#exists(session, name));
    session.send({ op: "parameterValues", parameters, ...(id === undefined ? {} : { id }) });
  }

  /** Whether there may be a parameter of this name for the client. */
  #exists(session: Session, name: string): boolean {
    return session.host.allows(session, "get", name);
  }

  /** Parameters as they are now; one that does not exist goes out without a value. */
  #now(names: Iterable<string>): Parameter[] {
    return Array.from(names, (name) => this.#host.table.get(name) ?? { name });
  }

  #existing(names: readonly string[]): Parameter[] {
    return this.#now(new Set(names)).filter(({ value }) => value !== undefined);
  }

  /** The good entries of a batch; a bad one is answered for itself. */
  #good(session: Session, entries: readonly Entry<string>[]): string[] {
    const good: string[] = [];
    for (const entry of entries) {
      if (entry instanceof ProtocolError) refuseInvalid(session, entry);
      else good.push(entry);
    }
    return good;
  }

  #tooManyNames(session: Session): void {
    session.status("error", `Too many parameter names: the limit is ${this.#host.limits.parameterNames}`);
  }

  #stateOf(session: Session): ClientState {
    const state = this.#states.get(session) ?? {
      interest: new ParameterInterest(),
      queue: new RequestQueue(),
      pending: new Set<string>(),
      left: new AbortController(),
    };
    this.#states.set(session, state);
    return state;
  }
}

/** The parameters of a server: what own code sees of them, and what clients do with them. */
export function createParameters(sources: ParameterSources): { store: ParameterStore; requests: ParameterRequests } {
  checkStoreOptions(sources.options);
  const table = new ParameterTable<ParameterValidator>();
  const events = childEvents<ParameterEvents>(sources.events, ["change", "subscribe", "unsubscribe"]);
  const raise = ({ name, current, previous }: TableChange, client: Session | undefined) => {
    if (!events.has("change")) return;
    const value = current && parameterData(current);
    events.emit("change", { name, value, previous: previous && parameterData(previous), client });
  };
  const requests = new ParameterRequests({ ...sources, table, parameterEvents: events, changed: raise });
  const store = new ParameterStore(table, events, (change) => {
    requests.changed(change);
    sources.used();
    raise(change, undefined);
  });
  return { store, requests };
}
