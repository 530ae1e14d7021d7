/**
 * The connection graph of a server: who publishes, subscribes and provides what.
 *
 * @module
 */
import type { ConnectionGraphUpdate } from "../protocol/messages.ts";
import { Feed, Tap } from "./feed.ts";
import type { Ending } from "./inbox.ts";
import { countStray, declares, type RequestHost, requireCapability } from "./requests.ts";

/** Ids of nodes by topic or by service. */
type Nodes = Map<string, ReadonlySet<string>>;

/** The graph as it is now. */
interface GraphState {
  readonly publishers: Nodes;
  readonly subscribers: Nodes;
  readonly providers: Nodes;
}

/**
 * A live view of a server's connection graph; made by `client.connectionGraph()`. Iteration gives the view itself: once
 * when the graph is known, and again when it has changed since it was last read. Closing the last view of a client ends
 * the subscription at the server.
 *
 * @example
 * ```ts
 * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "robot", connectionGraph: true });
 * server.graph.publish("/image", "camera");
 * const [serverEnd, clientEnd] = linkedTransports();
 * server.accept(serverEnd);
 *
 * const client = await connect(clientEnd);
 * for await (const graph of client.connectionGraph()) {
 *   console.assert(graph.publishers.get("/image")?.has("camera"));
 *   break; // closes the view
 * }
 * await client.close();
 * await server.close();
 * ```
 */
export class ConnectionGraphView extends Feed<ConnectionGraphView> {
  readonly #state: GraphState;

  /** @ignore Made by `client.connectionGraph()`. */
  constructor(tap: Tap<ConnectionGraphView>, state: GraphState, close: () => void) {
    super(tap, close);
    this.#state = state;
  }

  /** Ids of those who publish, by topic; live. */
  get publishers(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#state.publishers;
  }

  /** Ids of those who are subscribed, by topic; live. */
  get subscribers(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#state.subscribers;
  }

  /** Ids of those who provide a service, by its name; live. */
  get providers(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#state.providers;
  }
}

/** The graph that a client watches, and its views. */
export class GraphWatch {
  readonly #host: RequestHost;
  readonly #views = new Map<Tap<ConnectionGraphView>, ConnectionGraphView>();
  readonly #state: GraphState = { publishers: new Map(), subscribers: new Map(), providers: new Map() };
  #subscribed = false;
  /** Whether the whole graph has come since then; until it has, the views show the last one. */
  #known = false;
  #wasWatched = false;
  #ending: Ending | undefined;

  constructor(host: RequestHost) {
    this.#host = host;
  }

  open(signal: AbortSignal | undefined): ConnectionGraphView {
    requireCapability(this.#host.catalogue.serverInfo, "connectionGraph", "Cannot watch the connection graph");
    // The view is always of now: one that is not read yet need not be there twice.
    const tap = new Tap<ConnectionGraphView>({ items: 1, bytes: Infinity });
    const view = new ConnectionGraphView(tap, this.#state, () => this.#close(tap));
    tap.listen(signal, (error) => this.#close(tap, { error }));
    if (this.#ending !== undefined) tap.end(this.#ending);
    if (!tap.inbox.ended) this.#add(tap, view);
    return view;
  }

  /** Takes what has changed. @returns Whether somebody wants to know. */
  received(update: ConnectionGraphUpdate): boolean {
    if (this.#views.size === 0) {
      countStray(this.#host.counters, this.#wasWatched);
      return false;
    }
    const { publishers, subscribers, providers } = this.#state;
    if (!this.#known) { for (const nodes of [publishers, subscribers, providers]) nodes.clear(); }
    this.#known = true;
    for (const { name, publisherIds } of update.publishedTopics) setNodes(publishers, name, publisherIds);
    for (const { name, subscriberIds } of update.subscribedTopics) setNodes(subscribers, name, subscriberIds);
    for (const { name, providerIds } of update.advertisedServices) setNodes(providers, name, providerIds);
    for (const name of update.removedTopics) publishers.delete(name), subscribers.delete(name);
    for (const name of update.removedServices) providers.delete(name);
    for (const [tap, view] of this.#views) tap.inbox.push(view);
    return true;
  }

  connectionLost(): void {
    this.#subscribed = this.#known = false;
  }

  /** Subscribes when there are views and a server that can, and ends the subscription when there are none. */
  refresh(): void {
    const { lost, catalogue } = this.#host;
    const wanted = this.#views.size > 0;
    if (lost !== undefined || wanted === this.#subscribed) return;
    if (!declares(catalogue.serverInfo, "connectionGraph")) return;
    this.#subscribed = wanted;
    this.#known = false;
    this.#host.send({ op: wanted ? "subscribeConnectionGraph" : "unsubscribeConnectionGraph" });
  }

  end(ending: Ending): void {
    this.#ending ??= ending;
    for (const tap of this.#views.keys()) tap.end(ending);
    this.#views.clear();
  }

  #add(tap: Tap<ConnectionGraphView>, view: ConnectionGraphView): void {
    this.#wasWatched = true;
    this.#views.set(tap, view);
    if (this.#known) tap.inbox.push(view);
    this.refresh();
  }

  #close(tap: Tap<ConnectionGraphView>, ending: Ending = {}): void {
    tap.discard(ending);
    if (this.#views.delete(tap)) this.refresh();
  }
}

/** Nobody is no entry: official servers leave such entries out, others send them empty. */
function setNodes(nodes: Nodes, name: string, ids: readonly string[]): void {
  if (ids.length === 0) nodes.delete(name);
  else nodes.set(name, new Set(ids));
}
