/**
 * What own code adds to the connection graph.
 *
 * @module
 */
import type { EventMap, Events, Listener } from "../util/events.ts";
import type { Clock } from "../util/time.ts";
import type { ChannelRegistry } from "./channels.ts";
import { childEvents } from "./child_events.ts";
import { GraphFeed } from "./graph_feed.ts";
import type { GraphEntry, GraphRole, GraphView } from "./graph_state.ts";
import type { ServerClient } from "./server_client.ts";
import type { ServerEvents } from "./server_events.ts";
import type { Session } from "./session.ts";

/** The events of `server.graph`. */
export interface ConnectionGraphEvents {
  /** A client wants to hear of the graph: time for a bridge to ask its middleware. */
  subscribe: { client: ServerClient };
  /** A client wants to hear of the graph no more; also when it leaves. */
  unsubscribe: { client: ServerClient };
}

/** What happens when own code adds an entry. */
interface EntryHooks {
  added(entry: GraphEntry): void;
  removed(entry: GraphEntry): void;
}

/**
 * Who publishes, subscribes and provides what, as `server.graph`. Switched on by the option `connectionGraph`, or by the
 * first entry that is added here; the server then declares the capability `connectionGraph`.
 *
 * The server itself is in it as `server`, with its channels and services, and each client as `client-N` with what it is
 * subscribed to and advertises, N being its `id`. What is added here stands beside that: the nodes of a robot behind a
 * bridge. Clients that ask get the whole graph, and then at most once per turn of the event loop what has changed.
 *
 * @example
 * ```ts
 * import { FoxgloveServer } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "bridge" });
 * const camera = server.graph.publish("/image", "camera_driver");
 * server.graph.subscribe("/image", "detector");
 * server.graph.provide("/detector/reset", "detector");
 * camera[Symbol.dispose](); // The node is gone.
 * await server.close();
 * ```
 */
export class ConnectionGraph {
  readonly #entries: Set<GraphEntry>;
  readonly #events: Events<ConnectionGraphEvents & EventMap>;
  readonly #hooks: EntryHooks;

  /** @ignore Made by `FoxgloveServer`. */
  constructor(
    entries: Set<GraphEntry>,
    events: Events<ConnectionGraphEvents & EventMap>,
    hooks: EntryHooks,
  ) {
    this.#entries = entries;
    this.#events = events;
    this.#hooks = hooks;
  }

  /** Shows `id` as a publisher of `topic` until the returned `Disposable` is disposed. */
  publish(topic: string, id: string): Disposable {
    return this.#add("publisher", topic, id);
  }

  /** Shows `id` as a subscriber of `topic` until the returned `Disposable` is disposed. */
  subscribe(topic: string, id: string): Disposable {
    return this.#add("subscriber", topic, id);
  }

  /** Shows `id` as a provider of `service` until the returned `Disposable` is disposed. */
  provide(service: string, id: string): Disposable {
    return this.#add("provider", service, id);
  }

  /** Calls `listener` on each event of `type` until the returned `Disposable` is disposed. */
  on<Type extends keyof ConnectionGraphEvents>(
    type: Type,
    listener: Listener<ConnectionGraphEvents[Type]>,
  ): Disposable {
    return this.#events.on(type, listener as Listener<(ConnectionGraphEvents & EventMap)[Type]>);
  }

  /** Removes a listener. */
  off<Type extends keyof ConnectionGraphEvents>(type: Type, listener: Listener<ConnectionGraphEvents[Type]>): void {
    this.#events.off(type, listener as Listener<(ConnectionGraphEvents & EventMap)[Type]>);
  }

  #add(role: GraphRole, name: string, id: string): Disposable {
    // Clients are told in a later turn, where nobody would notice.
    if (typeof name !== "string" || typeof id !== "string") {
      throw new TypeError(`Cannot add ${role} to the connection graph: name and id must be strings`);
    }
    const entry: GraphEntry = { role, name, id };
    this.#entries.add(entry);
    this.#hooks.added(entry);
    return { [Symbol.dispose]: () => this.#remove(entry) };
  }

  #remove(entry: GraphEntry): void {
    if (this.#entries.delete(entry)) this.#hooks.removed(entry);
  }
}

/** What the graph needs of its server. */
export interface GraphSources {
  readonly channels: ChannelRegistry;
  readonly sessions: ReadonlySet<Session>;
  readonly clock: Clock;
  readonly events: Events<ServerEvents>;
  /** Names of the services. */
  services(): Iterable<string>;
  /** What a client may know of. */
  viewOf(session: Session): GraphView;
  /** Own code adds its first entry. */
  used(): void;
}

/** The graph of a server: what own code sees of it, and what clients hear of it. */
export function createGraph(sources: GraphSources): { graph: ConnectionGraph; feed: GraphFeed<Session> } {
  const events = childEvents<ConnectionGraphEvents>(sources.events, ["subscribe", "unsubscribe"]);
  const own = new Set<GraphEntry>();
  const feed = new GraphFeed<Session>({
    clock: sources.clock,
    entries: () => allEntries(sources, own),
    viewOf: (session) => sources.viewOf(session),
    subscribed: (client) => events.emit("subscribe", { client }),
    unsubscribed: (client) => events.emit("unsubscribe", { client }),
  });
  const graph = new ConnectionGraph(own, events, {
    added(entry) {
      feed.added(entry);
      sources.used();
    },
    removed: (entry) => feed.removed(entry),
  });
  return { graph, feed };
}

function* allEntries(sources: GraphSources, own: Iterable<GraphEntry>): Generator<GraphEntry> {
  for (const { channel } of sources.channels.all()) yield publishedByServer(channel.topic);
  for (const service of sources.services()) yield providedByServer(service);
  for (const session of sources.sessions) {
    for (const { topic } of session.subscriptions.stats()) yield subscribedBy(session, topic);
    for (const topic of session.channels.topics()) yield publishedBy(session, topic);
  }
  yield* own;
}

const SERVER_ID = "server";

/** A channel of the server. */
export function publishedByServer(topic: string): GraphEntry {
  return { role: "publisher", name: topic, id: SERVER_ID };
}

/** A service of the server. */
export function providedByServer(service: string): GraphEntry {
  return { role: "provider", name: service, id: SERVER_ID };
}

/** A channel of a client. */
export function publishedBy(client: ServerClient, topic: string): GraphEntry {
  return { role: "publisher", name: topic, id: `client-${client.id}` };
}

/** A subscription of a client. */
export function subscribedBy(client: ServerClient, topic: string): GraphEntry {
  return { role: "subscriber", name: topic, id: `client-${client.id}` };
}
