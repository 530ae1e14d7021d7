/**
 * Cases of the connection graph.
 *
 * @module
 */
import type { ConformCase, Greeting, JsonMessage, Scene } from "../case.ts";
import { Mismatch, Skip } from "../mismatch.ts";
import { OTHER_OFFERS } from "../offers.ts";
import type { Peer } from "../peer.ts";
import { check, eachOnce, same } from "../steps/check.ts";
import { advertise, channelFor, topicOf, unadvertise } from "../steps/echo.ts";
import {
  entries,
  idsOf,
  KnownGraph,
  type MapName,
  MAPS,
  REMOVED,
  SUBSCRIBE,
  subscribeGraph,
  UNSUBSCRIBE,
  updatesIn,
} from "../steps/graph.ts";
import { findOp } from "../steps/messages.ts";
import { choice, foxwire, sdk, spec } from "../steps/sources.ts";
import { channelOf, subscribe, unsubscribe } from "../steps/subscriptions.ts";

const NEEDS = { capabilities: ["connectionGraph"] } as const;
const COUNTER = { ...NEEDS, topic: "/counter" } as const;
const PUBLISH = { capabilities: ["connectionGraph", "clientPublish"], topic: "/counter" } as const;
const MAP_NAMES = Object.keys(MAPS) as MapName[];

const isList = (value: unknown): value is unknown[] => Array.isArray(value);
const isText = (value: unknown) => typeof value === "string";

function expectShape(update: JsonMessage): void {
  for (const map of MAP_NAMES) {
    for (const entry of entries(update, map)) {
      const ids = entry[MAPS[map]];
      const right = isText(entry.name) && isList(ids) && ids.every(isText);
      check(right, `entries of "name" and a list of strings "${MAPS[map]}" in "${map}"`, entry);
    }
  }
  for (const member of REMOVED) {
    const names = update[member];
    check(isList(names) && names.every(isText), `a list of strings "${member}"`, update);
  }
}

/** Whether an update tells nothing. */
function isEmpty(update: JsonMessage): boolean {
  return [...MAP_NAMES, ...REMOVED].every((member) => (update[member] as unknown[]).length === 0);
}

/** Who subscribes to `/counter`, by an update; `undefined` when it does not say. */
const subscribersIn = (update: JsonMessage) => idsOf(update, "subscribedTopics", "/counter");

/** A client that watches, and another one that is in the graph as a subscriber of `/counter`. */
interface Watched {
  watcher: Peer;
  other: Peer;
  /** What the graph calls the other one. */
  id: string;
  /** The update that told of it. */
  update: JsonMessage;
}

/** Lets a client watch and another one subscribe to `/counter`. */
async function watched(scene: Scene): Promise<Watched> {
  const watcher = await scene.connect();
  return subscribeOrSkip(scene, watcher, subscribersIn(await subscribeGraph(watcher)) ?? []);
}

/** Servers that were seen to leave their clients out of the graph. */
const WITHOUT_CLIENTS = new WeakSet<Greeting>();

/** As {@link subscribeCounter}. @throws {Skip} when the graph of this server has no clients. */
async function subscribeOrSkip(scene: Scene, watcher: Peer, before: readonly string[]): Promise<Watched> {
  if (!WITHOUT_CLIENTS.has(scene.greeting)) {
    try {
      return await subscribeCounter(scene, watcher, before);
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      WITHOUT_CLIENTS.add(scene.greeting);
    }
  }
  throw new Skip("the server's graph does not have its clients", OTHER_OFFERS.graph);
}

/** Lets another client subscribe to `/counter`, and waits until the graph has one who was not there before. */
async function subscribeCounter(scene: Scene, watcher: Peer, before: readonly string[]): Promise<Watched> {
  const other = await scene.connect();
  other.send(subscribe([1, channelOf(scene, "/counter")]));
  const newIn = (update: JsonMessage) => subscribersIn(update)?.find((id) => !before.includes(id));
  const update = await findOp(watcher, "connectionGraphUpdate", (update) => newIn(update) !== undefined);
  return { watcher, other, id: newIn(update)!, update };
}

/** The same with a third client that subscribes, and stays. */
async function watchedTwo(scene: Scene): Promise<Watched> {
  const graph = await watched(scene);
  await subscribeOrSkip(scene, graph.watcher, subscribersIn(graph.update)!);
  return graph;
}

/** Fails unless the graph says that somebody does not subscribe to `/counter` any more. */
async function expectGone({ watcher, id }: Watched): Promise<void> {
  await findOp(watcher, "connectionGraphUpdate", (update) => subscribersIn(update)?.includes(id) === false);
}

/** Waits for the publishers of a topic. */
async function publishersOf(watcher: Peer, topic: string): Promise<string[]> {
  const has = (update: JsonMessage) => idsOf(update, "publishedTopics", topic) !== undefined;
  return idsOf(await findOp(watcher, "connectionGraphUpdate", has), "publishedTopics", topic)!;
}

/** The cases. */
export const CONNECTION_GRAPH: readonly ConformCase[] = [
  {
    name: "graph/first",
    level: "must",
    rule: "subscribeConnectionGraph is answered by a connectionGraphUpdate",
    source: spec("Subscribe connection graph updates"),
    needs: NEEDS,
    run: async (scene) => void await subscribeGraph(await scene.connect()),
  },
  {
    name: "graph/shape",
    level: "must",
    rule: "An update has its five lists, with a name and a list of ids in each entry",
    source: spec("Connection graph update"),
    needs: NEEDS,
    run: async (scene) => expectShape(await subscribeGraph(await scene.connect())),
  },
  {
    name: "graph/once-each",
    level: "must",
    rule: "An update has each name once per list: an entry replaces what was known of it",
    source: spec("Connection graph update: replaces any previous information"),
    needs: NEEDS,
    async run(scene) {
      const update = await subscribeGraph(await scene.connect());
      for (const map of MAP_NAMES) eachOnce(entries(update, map).map(({ name }) => name), `names in "${map}"`);
    },
  },
  {
    name: "graph/first-removes-nothing",
    level: "should",
    rule: "In the first update nothing is removed",
    source: sdk("ConnectionGraph"),
    needs: NEEDS,
    async run(scene) {
      const { removedTopics, removedServices } = await subscribeGraph(await scene.connect());
      same([removedTopics, removedServices], [[], []], "what the first update removes");
    },
  },
  {
    name: "graph/publishers",
    level: "extra",
    rule: "The graph has the topics that the server publishes",
    source: foxwire("What to offer it: the reference server"),
    needs: COUNTER,
    async run(scene) {
      const update = await subscribeGraph(await scene.connect());
      const ids = idsOf(update, "publishedTopics", "/counter") ?? [];
      check(ids.length > 0, 'a publisher of "/counter"', update.publishedTopics);
    },
  },
  {
    name: "graph/services",
    level: "extra",
    rule: "The graph has the services that the server provides",
    source: foxwire("What to offer it: the reference server"),
    needs: { ...COUNTER, service: "/add" },
    async run(scene) {
      const update = await subscribeGraph(await scene.connect());
      const ids = idsOf(update, "advertisedServices", "/add") ?? [];
      check(ids.length > 0, 'a provider of "/add"', update.advertisedServices);
    },
  },
  {
    name: "graph/second-subscriber",
    level: "must",
    rule: "Each client that subscribes gets the whole graph",
    source: spec("Subscribe connection graph updates"),
    needs: COUNTER,
    async run(scene) {
      const [one, two] = [await scene.connect(), await scene.connect()];
      const topics = async (peer: Peer) => {
        const names = entries(await subscribeGraph(peer), "publishedTopics").map(({ name }) => name as string);
        return names.filter((name) => !name.includes("foxwire_conform")).sort();
      };
      same(await topics(two), await topics(one), "published topics for two clients");
    },
  },
  {
    name: "graph/not-subscribed",
    level: "must",
    rule: "A client that has not subscribed gets no update",
    source: spec("Connection graph update: only sent to clients which have previously subscribed"),
    needs: COUNTER,
    async run(scene) {
      const stranger = await scene.connect();
      await watched(scene);
      same(updatesIn(await stranger.settle()), [], "updates for who has not subscribed");
    },
  },
  {
    name: "graph/subscriber-comes",
    level: "extra",
    rule: "When a client subscribes to a channel, the graph has one subscriber more",
    source: foxwire("What to offer it: the reference server"),
    needs: COUNTER,
    async run(scene) {
      const watcher = await scene.connect();
      await subscribeCounter(scene, watcher, subscribersIn(await subscribeGraph(watcher)) ?? []);
    },
  },
  {
    name: "graph/difference",
    level: "should",
    rule: "Updates after the first have what has changed and nothing else",
    source: sdk("ConnectionGraph"),
    needs: COUNTER,
    async run(scene) {
      const [watcher, known] = [await scene.connect(), new KnownGraph()];
      const first = await subscribeGraph(watcher);
      known.take(first);
      const { update } = await subscribeOrSkip(scene, watcher, subscribersIn(first) ?? []);
      same(known.take(update), [], "entries that have not changed");
    },
  },
  {
    name: "graph/difference-shape",
    level: "must",
    rule: "Updates after the first have all five lists, too",
    source: spec("Connection graph update"),
    needs: COUNTER,
    run: async (scene) => expectShape((await watched(scene)).update),
  },
  {
    name: "graph/subscriber-goes",
    level: "extra",
    rule: "When a client unsubscribes from a channel, the graph has one subscriber less",
    source: foxwire("What to offer it: the reference server"),
    needs: COUNTER,
    async run(scene) {
      const graph = await watchedTwo(scene);
      graph.other.send(unsubscribe(1));
      await expectGone(graph);
    },
  },
  {
    name: "graph/last-subscriber-goes",
    level: "extra",
    rule:
      "A topic that has lost its last subscriber, and still has publishers, is sent with an empty list of subscribers",
    source: choice("Connection graph"),
    needs: COUNTER,
    async run(scene) {
      const graph = await watched(scene);
      graph.other.send(unsubscribe(1));
      await expectGone(graph);
    },
  },
  {
    name: "graph/client-leaves",
    level: "extra",
    rule: "When a client leaves, the graph has it no more",
    source: foxwire("What to offer it: the reference server"),
    needs: COUNTER,
    async run(scene) {
      const graph = await watchedTwo(scene);
      await graph.other.close();
      await expectGone(graph);
    },
  },
  {
    name: "graph/publisher-comes-and-goes",
    level: "should",
    rule: "A topic that a client advertises is in the graph, and in removedTopics when nobody has it any more",
    source: spec("Connection graph update: removedTopics"),
    needs: PUBLISH,
    async run(scene) {
      const [{ watcher, other }, topic] = [await watched(scene), topicOf("graph")];
      other.send(advertise(channelFor(1, topic)));
      same((await publishersOf(watcher, topic)).length, 1, `count of publishers of ${topic}`);
      other.send(unadvertise(1));
      await findOp(
        watcher,
        "connectionGraphUpdate",
        ({ removedTopics }) => (removedTopics as string[]).includes(topic),
      );
    },
  },
  {
    name: "graph/two-publishers",
    level: "should",
    rule: "An entry that has changed is sent with all its ids",
    source: spec("Connection graph update: replaces any previous publisher information about this topic"),
    needs: PUBLISH,
    async run(scene) {
      const [{ watcher }, topic] = [await watched(scene), topicOf("graph-two")];
      for (const count of [1, 2]) {
        (await scene.connect()).send(advertise(channelFor(1, topic)));
        same((await publishersOf(watcher, topic)).length, count, `count of publishers of ${topic}`);
      }
    },
  },
  {
    name: "graph/nothing-new",
    level: "should",
    rule: "An update in which nothing has changed is not sent",
    source: sdk("ConnectionGraph"),
    needs: COUNTER,
    async run(scene) {
      const { watcher, other } = await watchedTwo(scene);
      await other.ask(subscribe([1, channelOf(scene, "/counter")]), { op: "getParameters", parameterNames: [] });
      await (await scene.connect()).settle();
      const empty = updatesIn(await watcher.settle()).filter(isEmpty);
      same(empty, [], "updates in which nothing has changed");
    },
  },
  {
    name: "graph/unsubscribe",
    level: "must",
    rule: "After unsubscribeConnectionGraph there are no more updates",
    source: spec("Unsubscribe connection graph updates"),
    needs: COUNTER,
    async run(scene) {
      const former = await scene.connect();
      await subscribeGraph(former);
      await former.ask(UNSUBSCRIBE);
      await watched(scene);
      same(updatesIn(await former.settle()), [], "updates for who has unsubscribed");
    },
  },
  {
    name: "graph/subscribe-again",
    level: "must",
    rule: "Who subscribes again after unsubscribing gets the whole graph, and then updates",
    source: spec("Subscribe connection graph updates"),
    needs: COUNTER,
    async run(scene) {
      const { watcher } = await watched(scene);
      await watcher.ask(UNSUBSCRIBE);
      const update = await subscribeGraph(watcher);
      check(entries(update, "publishedTopics").length > 0, "the whole graph", update);
      await subscribeOrSkip(scene, watcher, subscribersIn(update) ?? []);
    },
  },
  {
    name: "graph/subscribe-twice",
    level: "extra",
    rule: "Who subscribes twice has one subscription: one update for one change, and one unsubscribe ends it",
    source: foxwire("Connection graph: a second subscribeConnectionGraph"),
    needs: COUNTER,
    async run(scene) {
      const watcher = await scene.connect();
      const first = await subscribeGraph(watcher);
      await watcher.ask(SUBSCRIBE);
      const { id } = await subscribeOrSkip(scene, watcher, subscribersIn(first) ?? []);
      const again = updatesIn(await watcher.settle()).filter((update) => subscribersIn(update)?.includes(id));
      same(again, [], "updates that tell the same twice");
      await watcher.ask(UNSUBSCRIBE);
      await watched(scene);
      same(updatesIn(await watcher.settle()), [], "updates after the unsubscribe");
    },
  },
  {
    name: "graph/unsubscribe-first",
    level: "should",
    rule: "unsubscribeConnectionGraph of a client that has not subscribed harms nothing",
    source: sdk("on_connection_graph_unsubscribe"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      await peer.ask(UNSUBSCRIBE);
      await subscribeGraph(peer);
    },
  },
];
