/** The connection graph of a server, as a client that watches it puts it together. */
import type { Members } from "../readers/read_json.ts";
import type { FeedModel } from "./feed_model.ts";
import { removeFrom } from "./lists.ts";
import { valueText } from "./same.ts";

type Nodes = Map<string, string[]>;

/** What the watch needs of its client. */
export interface GraphWatchHost {
  /** Whether there is a connection. */
  isConnected(): boolean;
  /** Whether the server has a graph. */
  isDeclared(): boolean;
  sent(text: string): void;
}

/** The views of a client. */
export class GraphWatchModel {
  readonly #host: GraphWatchHost;
  readonly #views: FeedModel[] = [];
  readonly #graph: readonly [Nodes, Nodes, Nodes] = [new Map(), new Map(), new Map()];
  /** Whether something that comes for nobody may have been on its way. */
  everOpen = false;
  #asked = false;
  #known = false;

  constructor(host: GraphWatchHost) {
    this.#host = host;
  }

  /** The graph that all views show. */
  text(): string {
    return this.#graph.map((nodes) => valueText(nodes)).join("\n");
  }

  /** @returns Whether it may be. */
  open(view: FeedModel): boolean {
    if (!this.#host.isDeclared()) return false;
    this.everOpen = true;
    this.#views.push(view);
    this.refresh();
    if (this.#known) view.push("view");
    return true;
  }

  close(view: FeedModel): void {
    view.close();
    if (removeFrom(this.#views, view)) this.refresh();
  }

  /** Asks for the graph, or for no more of it. */
  refresh(): void {
    if (!this.#host.isConnected()) return;
    const wanted = this.#views.length > 0;
    if (!this.#host.isDeclared()) {
      this.lose();
      this.#clear();
    } else if (wanted !== this.#asked) {
      this.#asked = wanted;
      this.#known = false;
      this.#host.sent(wanted ? "watch graph" : "unwatch graph");
    }
  }

  /** @returns Whether somebody wants to know. */
  update(update: Members): boolean {
    if (this.#views.length === 0) return false;
    if (!this.#known) this.#clear();
    this.#known = true;
    const [publishers, subscribers, providers] = this.#graph;
    setNodes(publishers, update.publishedTopics as Members[], "publisherIds");
    setNodes(subscribers, update.subscribedTopics as Members[], "subscriberIds");
    setNodes(providers, update.advertisedServices as Members[], "providerIds");
    for (const name of update.removedTopics as string[]) publishers.delete(name), subscribers.delete(name);
    for (const name of update.removedServices as string[]) providers.delete(name);
    for (const view of this.#views) view.push("view");
    return true;
  }

  lose(): void {
    this.#asked = this.#known = false;
  }

  forgetUnread(): void {
    for (const view of this.#views) view.forget();
    this.#clear();
  }

  #clear(): void {
    for (const nodes of this.#graph) nodes.clear();
  }
}

function setNodes(nodes: Nodes, entries: readonly Members[], member: string): void {
  for (const entry of entries) {
    const ids = [...new Set(entry[member] as string[])];
    if (ids.length === 0) nodes.delete(entry.name as string);
    else nodes.set(entry.name as string, ids);
  }
}
