/** A connection graph as a text. */

/** Ids by name. */
class Named {
  readonly ids = new Map<string, Set<string>>();

  add(name: string, id: string): void {
    this.ids.set(name, (this.ids.get(name) ?? new Set()).add(id));
  }
}

/** Who publishes, subscribes and provides what. */
export class GraphText {
  readonly publishers = new Named();
  readonly subscribers = new Named();
  readonly providers = new Named();

  /** The text, with topics that are visible alone; `undefined` when two of them become one on the wire. */
  text(isVisible: (topic: string) => boolean): string | undefined {
    const topics = [this.publishers, this.subscribers];
    for (const { ids } of topics) for (const topic of ids.keys()) if (!isVisible(topic)) ids.delete(topic);
    const names = new Set(topics.flatMap(({ ids }) => [...ids.keys()]));
    const isClear = new Set(Array.from(names, (name) => name.toWellFormed())).size === names.size;
    return isClear ? graphText(this.publishers.ids, this.subscribers.ids, this.providers.ids) : undefined;
  }
}

type Ids = ReadonlyMap<string, Iterable<string>>;

/** A text that is the same when the graph is. */
export function graphText(published: Ids, subscribed: Ids, provided: Ids): string {
  const sorted = (ids: Ids) =>
    Array.from(ids, ([name, each]) => JSON.stringify([name.toWellFormed(), [...each].sort()])).sort();
  return [published, subscribed, provided].map((ids) => sorted(ids).join(" ")).join("\n");
}
