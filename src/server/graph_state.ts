/**
 * Who publishes, subscribes and provides what, and what of it has changed.
 *
 * @module
 */
import type { ConnectionGraphUpdate } from "../protocol/messages.ts";

/** What somebody is to a name: of a topic a publisher or a subscriber, of a service a provider. */
export type GraphRole = "publisher" | "subscriber" | "provider";

/** Somebody who has to do with a topic or a service. */
export interface GraphEntry {
  readonly role: GraphRole;
  /** Of the topic or the service. */
  readonly name: string;
  /** Who it is. */
  readonly id: string;
}

/** A name and everybody who has this role for it. */
interface NamedIds {
  readonly name: string;
  readonly ids: readonly string[];
}

/** Names with sets of ids. Whoever is added twice is there until it was removed twice. */
class IdSets {
  readonly #counts = new Map<string, Map<string, number>>();
  /** The ids of names that were touched since the last {@link takeChanged}, as they were before. */
  readonly #before = new Map<string, readonly string[]>();

  has(name: string): boolean {
    return this.#counts.has(name);
  }

  add(name: string, id: string): void {
    const count = this.#counts.get(name)?.get(id) ?? 0;
    if (count === 0) this.#touch(name);
    const counts = this.#counts.get(name) ?? new Map<string, number>();
    this.#counts.set(name, counts.set(id, count + 1));
  }

  remove(name: string, id: string): void {
    const counts = this.#counts.get(name);
    const count = counts?.get(id);
    if (counts === undefined || count === undefined) return;
    if (count > 1) return void counts.set(id, count - 1);
    this.#touch(name);
    counts.delete(id);
    if (counts.size === 0) this.#counts.delete(name);
  }

  all(): NamedIds[] {
    return Array.from(this.#counts.keys(), (name) => ({ name, ids: this.#ids(name) }));
  }

  /** The names whose sets are not what they were at the last call. */
  takeChanged(): NamedIds[] {
    const changed: NamedIds[] = [];
    for (const [name, before] of this.#before) {
      const ids = this.#ids(name);
      if (!isSameSet(before, this.#counts.get(name))) changed.push({ name, ids });
    }
    this.#before.clear();
    return changed;
  }

  #ids(name: string): readonly string[] {
    return [...this.#counts.get(name)?.keys() ?? []];
  }

  #touch(name: string): void {
    if (!this.#before.has(name)) this.#before.set(name, this.#ids(name));
  }
}

function isSameSet(ids: readonly string[], counts: ReadonlyMap<string, number> | undefined): boolean {
  return ids.length === (counts?.size ?? 0) && ids.every((id) => counts?.has(id));
}

/** What a client may not know of: names that it does not see are left out. */
export interface GraphView {
  seesTopic(topic: string): boolean;
  seesService(service: string): boolean;
}

/** What has changed, before anything is left out. */
interface Difference {
  readonly published: readonly NamedIds[];
  readonly subscribed: readonly NamedIds[];
  readonly provided: readonly NamedIds[];
  readonly removedTopics: readonly string[];
  readonly removedServices: readonly string[];
}

/** The graph as it is now. */
export class GraphState {
  readonly #sets: Readonly<Record<GraphRole, IdSets>> = {
    publisher: new IdSets(),
    subscriber: new IdSets(),
    provider: new IdSets(),
  };

  add({ role, name, id }: GraphEntry): void {
    this.#sets[role].add(name, id);
  }

  remove({ role, name, id }: GraphEntry): void {
    this.#sets[role].remove(name, id);
  }

  /** Everything, for who has heard nothing yet. */
  whole(view: GraphView): ConnectionGraphUpdate {
    const { publisher, subscriber, provider } = this.#sets;
    return updateOf({
      published: publisher.all(),
      subscribed: subscriber.all(),
      provided: provider.all(),
      removedTopics: [],
      removedServices: [],
    }, view);
  }

  /** What has changed since the last call, for each who has heard everything until then. */
  takeDifference(): (view: GraphView) => ConnectionGraphUpdate {
    const { publisher, subscriber, provider } = this.#sets;
    const published = publisher.takeChanged();
    const subscribed = subscriber.takeChanged();
    const provided = provider.takeChanged();
    const isThere = ({ name }: NamedIds) => publisher.has(name) || subscriber.has(name);
    const gone = [...published, ...subscribed].filter((entry) => !isThere(entry)).map(({ name }) => name);
    const difference: Difference = {
      published: published.filter(isThere),
      subscribed: subscribed.filter(isThere),
      provided: provided.filter(({ ids }) => ids.length > 0),
      removedTopics: [...new Set(gone)],
      removedServices: provided.filter(({ ids }) => ids.length === 0).map(({ name }) => name),
    };
    return (view) => updateOf(difference, view);
  }
}

function updateOf(difference: Difference, view: GraphView): ConnectionGraphUpdate {
  const topic = ({ name }: NamedIds) => view.seesTopic(name);
  const service = ({ name }: NamedIds) => view.seesService(name);
  const { published, subscribed, provided, removedTopics, removedServices } = difference;
  return {
    publishedTopics: published.filter(topic).map(({ name, ids }) => ({ name, publisherIds: [...ids] })),
    subscribedTopics: subscribed.filter(topic).map(({ name, ids }) => ({ name, subscriberIds: [...ids] })),
    advertisedServices: provided.filter(service).map(({ name, ids }) => ({ name, providerIds: [...ids] })),
    removedTopics: removedTopics.filter((name) => view.seesTopic(name)),
    removedServices: removedServices.filter((name) => view.seesService(name)),
  };
}

/** Whether an update says nothing. */
export function isEmpty(update: ConnectionGraphUpdate): boolean {
  return Object.values(update).every((entries: readonly unknown[]) => entries.length === 0);
}
