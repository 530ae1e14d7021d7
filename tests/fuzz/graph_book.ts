/** A connection graph as a client puts it together from updates. */
import { Mismatch, shown } from "./case.ts";
import { graphText } from "./server_model.ts";

interface Update {
  publishedTopics: { name: string; publisherIds: string[] }[];
  subscribedTopics: { name: string; subscriberIds: string[] }[];
  advertisedServices: { name: string; providerIds: string[] }[];
  removedTopics: string[];
  removedServices: string[];
}

/** What one client knows of the graph. */
export class GraphBook {
  #maps = [new Map<string, string[]>(), new Map<string, string[]>(), new Map<string, string[]>()] as const;
  #wasWatching = false;

  /** Takes the updates of a step. @param requests How often the client has asked for the whole graph in it. */
  update(updates: readonly string[], isWatching: boolean, requests: number): void {
    const allowed = requests + (this.#wasWatching || isWatching ? 1 : 0);
    if (updates.length > allowed) throw new Mismatch(`${updates.length} updates of the graph, expected ${allowed} at most`);
    if (!this.#wasWatching) this.#clear();
    for (const [i, text] of updates.entries()) this.#apply(JSON.parse(text), requests === 0 && i >= 0);
    if (!isWatching) this.#clear();
    this.#wasWatching = isWatching;
  }

  /** Fails unless the graph is this one. */
  expect(text: string): void {
    const mine = graphText(...this.#maps);
    if (mine !== text.toWellFormed()) throw new Mismatch(`Graph is ${shown(mine)}\nexpected ${shown(text)}`);
  }

  #clear(): void {
    for (const map of this.#maps) map.clear();
  }

  #apply(update: Update, isDifference: boolean): void {
    const [publishers, subscribers, providers] = this.#maps;
    const { publishedTopics, subscribedTopics, advertisedServices, removedTopics, removedServices } = update;
    const size = publishedTopics.length + subscribedTopics.length + advertisedServices.length;
    if (isDifference && size + removedTopics.length + removedServices.length === 0) throw new Mismatch("Empty update of the graph");
    for (const { name, publisherIds } of publishedTopics) set(publishers, name, publisherIds);
    for (const { name, subscriberIds } of subscribedTopics) set(subscribers, name, subscriberIds);
    for (const { name, providerIds } of advertisedServices) set(providers, name, providerIds);
    for (const name of removedTopics) publishers.delete(name), subscribers.delete(name);
    for (const name of removedServices) providers.delete(name);
  }
}

function set(map: Map<string, string[]>, name: string, ids: string[]): void {
  if (ids.length === 0) map.delete(name);
  else map.set(name, ids);
}
