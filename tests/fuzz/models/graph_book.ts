/** A connection graph as a client puts it together from updates. */
import { Mismatch, shown } from "../case.ts";
import { graphText } from "./graph_text.ts";

interface Update {
  publishedTopics: { name: string; publisherIds: string[] }[];
  subscribedTopics: { name: string; subscriberIds: string[] }[];
  advertisedServices: { name: string; providerIds: string[] }[];
  removedTopics: string[];
  removedServices: string[];
}

type Maps = readonly [Map<string, string[]>, Map<string, string[]>, Map<string, string[]>];

const noMaps = (): Maps => [new Map(), new Map(), new Map()];

/** What one client knows of the graph. */
export class GraphBook {
  #maps = noMaps();
  #isWatching = false;
  /** Two names have become one on the wire: what is removed then is anybody's guess. */
  #unclear = false;

  /**
   * Takes the updates of a step.
   *
   * @param wholes The graph at each moment in which the client has asked for it.
   */
  update(updates: readonly string[], isWatching: boolean, wholes: readonly (string | undefined)[]): void {
    if (wholes.includes(undefined)) this.#unclear = true;
    if (updates.length > 0 && !this.#isWatching && wholes.length === 0) {
      throw new Mismatch("Update of the graph, unasked");
    }
    const waiting = [...wholes];
    for (const text of updates) this.#take(JSON.parse(text), waiting);
    if (waiting.length > 0 && !this.#unclear) {
      throw new Mismatch(`Graph was asked for and did not come: ${shown(waiting)}`);
    }
    if (!isWatching) this.#maps = noMaps();
    this.#isWatching = isWatching;
  }

  /** Fails unless the graph is this one. */
  expect(text: string | undefined): void {
    if (text === undefined) this.#unclear = true;
    const mine = graphText(...this.#maps);
    if (mine !== text && !this.#unclear) throw new Mismatch(`Graph is ${shown(mine)}\nexpected ${shown(text)}`);
  }

  #take(update: Update, waiting: (string | undefined)[]): void {
    const alone = noMaps();
    apply(alone, update);
    if (graphText(...alone) === waiting[0]) {
      waiting.shift();
      this.#maps = alone;
    } else {
      const isEmpty = Object.values(update).every((entries) => !Array.isArray(entries) || entries.length === 0);
      if (isEmpty) throw new Mismatch("Empty update of the graph");
      apply(this.#maps, update);
    }
  }
}

function apply([publishers, subscribers, providers]: Maps, update: Update): void {
  for (const { name, publisherIds } of update.publishedTopics) set(publishers, name, publisherIds);
  for (const { name, subscriberIds } of update.subscribedTopics) set(subscribers, name, subscriberIds);
  for (const { name, providerIds } of update.advertisedServices) set(providers, name, providerIds);
  for (const name of update.removedTopics) publishers.delete(name), subscribers.delete(name);
  for (const name of update.removedServices) providers.delete(name);
}

function set(map: Map<string, string[]>, name: string, ids: string[]): void {
  if (ids.length === 0) map.delete(name);
  else map.set(name, ids);
}
