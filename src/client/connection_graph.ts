/**
 * The connection graph of a server: who publishes, subscribes and provides what.
 *
 * @module
 */
import type { ConnectionGraphUpdate } from "../protocol/messages.ts";
import { Feed } from "./feed.ts";
import { Feeds } from "./feeds.ts";
import { type Ending, Inbox } from "./inbox.ts";
import { countStray, declares, type RequestHost, requireToWatch } from "./requests.ts";

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
  constructor(inbox: Inbox<ConnectionGraphView>, state: GraphState, close: () => void) {
    super(inbox, close);
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
  readonly #views: Feeds<ConnectionGraphView, ConnectionGraphView>;
  readonly #state: GraphState = { publishers: new Map(), subscribers: new Map(), providers: new Map() };
  #subscribed = false;
  /** Whether the whole graph has come since then; until it has, the views show the last one. */
  #known = false;

  constructor(host: RequestHost) {
    this.#host = host;
    this.#views = new Feeds(host.limits, () => this.refresh());
  }

  open(signal: AbortSignal | undefined): ConnectionGraphView {
    requireToWatch(this.#host, "connectionGraph", "Cannot watch the connection graph");
    // The view is always of now: one that is not read yet need not be there twice.
    const inbox = new Inbox<ConnectionGraphView>({ items: 1, bytes: Infinity });
    const view = new ConnectionGraphView(inbox, this.#state, () => this.#views.close(inbox));
    this.#views.add(inbox, view, signal);
    if (this.#known) inbox.push(view);
    return view;
  }

  /** Takes what has changed. @returns Whether somebody wants to know. */
  received(update: ConnectionGraphUpdate): boolean {
    const { inboxes, everOpen } = this.#views;
    if (inboxes.size === 0) {
      countStray(this.#host.counters, everOpen);
      return false;
    }
    const { publishers, subscribers, providers } = this.#state;
    if (!this.#known) clear(this.#state);
    this.#known = true;
    for (const { name, publisherIds } of update.publishedTopics) setNodes(publishers, name, publisherIds);
    for (const { name, subscriberIds } of update.subscribedTopics) setNodes(subscribers, name, subscriberIds);
    for (const { name, providerIds } of update.advertisedServices) setNodes(providers, name, providerIds);
    for (const name of update.removedTopics) publishers.delete(name), subscribers.delete(name);
    for (const name of update.removedServices) providers.delete(name);
    for (const [inbox, view] of inboxes) inbox.push(view);
    return true;
  }

  connectionLost(): void {
    this.#subscribed = this.#known = false;
  }

  /** The old graph is of a session that is over: views are empty until the new one has come. */
  forgetUnread(): void {
    clear(this.#state);
    this.#views.forgetUnread();
  }

  /** Subscribes when there are views and a server that can, and ends the subscription when there are none. */
  refresh(): void {
    const { lost, catalogue } = this.#host;
    const wanted = this.#views.inboxes.size > 0;
    if (lost !== undefined) return;
    // A server that takes its graph away ends the subscription with it.
    if (!declares(catalogue.serverInfo, "connectionGraph")) return this.#withdrawn();
    if (wanted === this.#subscribed) return;
    this.#subscribed = wanted;
    this.#known = false;
    this.#host.send({ op: wanted ? "subscribeConnectionGraph" : "unsubscribeConnectionGraph" });
  }

  #withdrawn(): void {
    this.connectionLost();
    clear(this.#state);
  }

  end(ending: Ending): void {
    this.#views.end(ending);
  }
}

function clear(state: GraphState): void {
  for (const nodes of Object.values(state)) nodes.clear();
}

/** Nobody is no entry: official servers leave such entries out, others send them empty. */
function setNodes(nodes: Nodes, name: string, ids: readonly string[]): void {
  if (ids.length === 0) nodes.delete(name);
  else nodes.set(name, new Set(ids));
}
