/**
 * The connection graph on its way to the clients that want it.
 *
 * @module
 */
import type { ConnectionGraphUpdate, ServerMessage } from "../protocol/messages.ts";
import type { Clock } from "../util/time.ts";
import { type GraphEntry, GraphState, type GraphView, isEmpty } from "./graph_state.ts";

/** What the feed needs of its server. */
export interface GraphHost<Client> {
  readonly clock: Clock;
  /** Everybody there is now. */
  entries(): Iterable<GraphEntry>;
  /** What a client may know of. */
  viewOf(client: Client): GraphView;
  /** A client hears of the graph from now on, or no more. */
  subscribed(client: Client): void;
  unsubscribed(client: Client): void;
}

/** Keeps the graph while somebody wants it: with nobody there is none, and nothing is kept or compared. */
export class GraphFeed<Client extends { send(message: ServerMessage): void }> {
  readonly #host: GraphHost<Client>;
  readonly #clients = new Set<Client>();
  #state: GraphState | undefined;
  #flushing = false;

  constructor(host: GraphHost<Client>) {
    this.#host = host;
  }

  /** Somebody has come; to be called after every change of what `entries()` tells. */
  added(entry: GraphEntry): void {
    if (this.#state === undefined) return;
    this.#state.add(entry);
    this.#flushSoon();
  }

  /** Somebody is gone. */
  removed(entry: GraphEntry): void {
    if (this.#state === undefined) return;
    this.#state.remove(entry);
    this.#flushSoon();
  }

  /** Sends a client the whole graph, and what changes from now on; to one that asks again the whole graph again. */
  subscribe(client: Client): void {
    const state = this.#state ??= this.#build();
    // What the others have not heard of yet is in the whole graph: a client must not get it once more as a difference.
    this.#flush();
    const isNew = !this.#clients.has(client);
    this.#clients.add(client);
    this.#send(client, state.whole(this.#host.viewOf(client)));
    if (isNew) this.#host.subscribed(client);
  }

  /** Sends a client nothing more; one that did not ask, or has left. */
  release(client: Client): void {
    if (!this.#clients.delete(client)) return;
    if (this.#clients.size === 0) this.#state = undefined;
    this.#host.unsubscribed(client);
  }

  #build(): GraphState {
    const state = new GraphState();
    for (const entry of this.#host.entries()) state.add(entry);
    state.takeDifference();
    return state;
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#host.clock.defer(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#state === undefined || this.#clients.size === 0) return;
    const updateFor = this.#state.takeDifference();
    for (const client of this.#clients) {
      const update = updateFor(this.#host.viewOf(client));
      if (!isEmpty(update)) this.#send(client, update);
    }
  }

  #send(client: Client, update: ConnectionGraphUpdate): void {
    client.send({ op: "connectionGraphUpdate", ...update });
  }
}
