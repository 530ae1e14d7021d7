/** The connection graph of the model: who publishes, subscribes to and provides what. */
import type { Client } from "./client.ts";
import type { FaultName } from "./faults.ts";
import type { Json } from "./invalid.ts";
import type { Feature, Model } from "./model.ts";

/** Ids by name. */
type Ids = Map<string, Set<string>>;

interface State {
  published: Ids;
  subscribed: Ids;
  provided: Ids;
}

const EMPTY: State = { published: new Map(), subscribed: new Map(), provided: new Map() };

export class Graph implements Feature {
  readonly capabilities = () => ["connectionGraph"];
  readonly ops = {
    subscribeConnectionGraph: (client: Client) => this.#watch(client),
    unsubscribeConnectionGraph: (client: Client) => this.#unwatch(client),
  };
  readonly #model: Model;
  /** What each of those who watch has been told. */
  readonly #told = new Map<Client, State>();
  /** Those who have watched. */
  readonly #ended = new WeakSet<Client>();
  /** All clients that there were. */
  readonly #seen = new Set<Client>();

  constructor(model: Model) {
    this.#model = model;
  }

  #has(fault: FaultName): boolean {
    return this.#model.faults.has(fault);
  }

  gone(client: Client): void {
    this.#told.delete(client);
    this.changed();
  }

  /** Something may have changed: those who watch are told the difference. */
  changed(): void {
    if (this.#has("graph/no-updates")) return;
    for (const client of this.#told.keys()) this.#tell(client, false);
  }

  #unwatch(client: Client): void {
    if (!this.#told.has(client) && this.#has("graph/stray-end-closes")) return client.close(1008);
    this.#ended.add(client);
    if (!this.#has("graph/end-ignored")) this.#told.delete(client);
  }

  #watch(client: Client): void {
    if (this.#told.has(client) && this.#has("graph/twice-closes")) return client.close(1008);
    const known = this.#has("graph/not-whole-at-first") ||
      this.#has("graph/not-whole-again") && this.#ended.has(client) ||
      this.#has("graph/whole-for-the-first-client") && this.#told.size > 0;
    this.#told.set(client, known ? this.#state() : EMPTY);
    if (!this.#has("graph/nothing-at-first")) this.#tell(client, true);
  }

  #state(): State {
    const { channels, services, publish, clients } = this.#model;
    const state: State = { published: new Map(), subscribed: new Map(), provided: new Map() };
    if (!this.#has("graph/no-own-topics")) {
      for (const { topic } of channels.all.values()) add(state.published, topic, "server");
    }
    if (!this.#has("graph/no-services")) { for (const name of services.names) add(state.provided, name, "server"); }
    for (const client of clients) this.#seen.add(client);
    for (const client of this.#has("graph/clients-stay") ? this.#seen : clients) {
      const id = `client-${client.number}`;
      if (this.#has("graph/no-clients")) continue;
      for (const { topic } of channels.subscribedBy(client)) add(state.subscribed, topic, id);
      for (const topic of publish.publishedBy(client)) add(state.published, topic, id);
    }
    return state;
  }

  #tell(client: Client, first: boolean): void {
    const before = this.#has("graph/always-whole") ? EMPTY : this.#told.get(client)!;
    const now = this.#state();
    this.#told.set(client, now);
    const topics = (state: State) => [...state.published.keys(), ...state.subscribed.keys()];
    const difference = {
      publishedTopics: this.#changes(before.published, now, { of: "published", ids: "publisherIds" }),
      subscribedTopics: this.#changes(before.subscribed, now, { of: "subscribed", ids: "subscriberIds" }),
      advertisedServices: this.#changes(before.provided, now, { of: "provided", ids: "providerIds" }),
      removedTopics: this.#has("graph/removed-not-told") ? [] : gone(topics(before), topics(now)),
      removedServices: gone([...before.provided.keys()], [...now.provided.keys()]),
    };
    if (first && this.#has("graph/removed-at-first")) difference.removedTopics.push("/never-there");
    const empty = Object.values(difference).every((list) => list.length === 0);
    if (empty && !first && !this.#has("graph/empty-updates")) return;
    const to = this.#has("graph/to-everyone") ? this.#model.clients : [client];
    for (const other of to) other.json({ op: "connectionGraphUpdate", ...this.#shaped(difference) });
  }

  #shaped(difference: Json): Json {
    const shown = Object.entries(difference).filter(([, list]) =>
      (list as unknown[]).length > 0 || !this.#has("graph/empty-members-left-out")
    );
    return Object.fromEntries(shown);
  }

  /** Entries whose ids have changed; one that has lost all of them as long as its name lives on. */
  #changes(before: Ids, now: State, { of, ids }: { of: keyof State; ids: string }): Json[] {
    const changes: Json[] = [];
    for (const [name, members] of now[of]) {
      const old = before.get(name);
      if (old !== undefined && equal(old, members)) continue;
      const added = [...members].filter((id) => !old?.has(id));
      const given = this.#has("graph/added-ids-only") ? added : [...members];
      const id = this.#has("graph/ids-under-other-name") ? "ids" : ids;
      if (this.#has("graph/entry-for-each-id")) {
        changes.push(...given.map((one) => ({ name, [id]: [one] })));
        continue;
      }
      changes.push({ name, [id]: this.#has("graph/counts-for-ids") ? given.length : given });
    }
    const lives = (name: string) => of !== "provided" && (now.published.has(name) || now.subscribed.has(name));
    if (this.#has("graph/losses-not-told")) {
      return changes.filter(({ name }) => gained(before.get(name as string), now[of].get(name as string)!));
    }
    const lost = [...before.keys()].filter((name) => !now[of].has(name) && lives(name));
    return this.#has("graph/lost-last-not-told") ? changes : [...changes, ...lost.map((name) => ({ name, [ids]: [] }))];
  }
}

function add(ids: Ids, name: string, id: string): void {
  ids.set(name, (ids.get(name) ?? new Set()).add(id));
}

function equal(one: Set<string>, other: Set<string>): boolean {
  return one.size === other.size && [...one].every((id) => other.has(id));
}

function gone(before: string[], now: string[]): string[] {
  return [...new Set(before)].filter((name) => !now.includes(name));
}

/** Whether there is an id that there was not. */
function gained(before: Set<string> | undefined, now: Set<string>): boolean {
  return [...now].some((id) => !before?.has(id));
}
