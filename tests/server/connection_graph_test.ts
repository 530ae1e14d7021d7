import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { ConnectionGraphUpdate, ServerMessage } from "../../src/protocol/messages.ts";
import { GraphFeed } from "../../src/server/graph_feed.ts";
import type { GraphEntry, GraphView } from "../../src/server/graph_state.ts";
import { FoxgloveServer } from "../../src/server/server.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";
import { WireClient } from "../support/wire_client.ts";

const NOTHING: ConnectionGraphUpdate = {
  publishedTopics: [],
  subscribedTopics: [],
  advertisedServices: [],
  removedTopics: [],
  removedServices: [],
};

/** A client that has asked for the graph, and the whole graph it got. */
async function watcher(server: FoxgloveServer): Promise<{ client: WireClient; whole: ConnectionGraphUpdate }> {
  const client = await WireClient.greeted(server);
  client.send({ op: "subscribeConnectionGraph" });
  const { op: _op, ...whole } = await client.expect("connectionGraphUpdate");
  return { client, whole };
}

/** The updates that came, each with the members that say something. */
async function updates(client: WireClient): Promise<unknown[]> {
  // What a request changes goes out in the turn after its answer.
  const messages = [...await client.settle(), ...await client.settle()];
  return messages.filter(({ op }) => op === "connectionGraphUpdate").map((message) => {
    const { op: _op, ...update } = message;
    return Object.fromEntries(Object.entries(update).filter(([, entries]) => (entries as unknown[]).length > 0));
  });
}

test("subscribeConnectionGraph without capability: E, until the first entry switches the graph on", async () => {
  const server = new FoxgloveServer();
  const client = await WireClient.greeted(server);
  client.send({ op: "subscribeConnectionGraph" });
  client.send({ op: "unsubscribeConnectionGraph" });
  const refused = "error: Server does not support connectionGraph capability";
  assertEquals(await client.statuses(), [refused, refused]);
  const entry = server.graph.publish("/a", "node");
  assertEquals((await client.expect("serverInfo")).capabilities, ["connectionGraph"]);
  client.send({ op: "subscribeConnectionGraph" });
  const { op: _op, ...whole } = await client.expect("connectionGraphUpdate");
  assertEquals(whole, { ...NOTHING, publishedTopics: [{ name: "/a", publisherIds: ["node"] }] });
  entry[Symbol.dispose]();
  assertEquals(await updates(client), [{ removedTopics: ["/a"] }]);
  await server.close();
});

test("an empty graph is told whole, all five members present", async () => {
  const server = new FoxgloveServer({ connectionGraph: true });
  const { client, whole } = await watcher(server);
  assertEquals(whole, NOTHING);
  assertEquals(
    client.raw.at(-1),
    '{"op":"connectionGraphUpdate","publishedTopics":[],"subscribedTopics":[],"advertisedServices":[],' +
      '"removedTopics":[],"removedServices":[]}',
  );
  await server.close();
});

test("the graph knows by itself what the server publishes, and what clients subscribe and advertise", async () => {
  const server = new FoxgloveServer({ connectionGraph: true, clientPublish: true });
  const pose = server.channel("/pose", { encoding: "json" });
  const early = await WireClient.greeted(server);
  early.subscribe(7, pose.id);
  early.send({ op: "advertise", channels: [{ id: 1, topic: "/goal", encoding: "json", schemaName: "" }] });
  await early.settle();
  server.graph.subscribe("/goal", "planner");
  server.graph.provide("/reset", "planner");
  const { client, whole } = await watcher(server);
  assertEquals(whole, {
    publishedTopics: [{ name: "/pose", publisherIds: ["server"] }, { name: "/goal", publisherIds: ["client-1"] }],
    subscribedTopics: [{ name: "/pose", subscriberIds: ["client-1"] }, { name: "/goal", subscriberIds: ["planner"] }],
    advertisedServices: [{ name: "/reset", providerIds: ["planner"] }],
    removedTopics: [],
    removedServices: [],
  });

  client.subscribe(1, pose.id);
  assertEquals(await updates(client), [
    { subscribedTopics: [{ name: "/pose", subscriberIds: ["client-1", "client-2"] }] },
  ]);
  client.send({ op: "unsubscribe", subscriptionIds: [1] });
  early.send({ op: "unadvertise", channelIds: [1] });
  assertEquals(await updates(client), [{
    publishedTopics: [{ name: "/goal", publisherIds: [] }],
    subscribedTopics: [{ name: "/pose", subscriberIds: ["client-1"] }],
  }]);
  pose.close();
  assertEquals(await updates(client), [{ removedTopics: ["/pose"] }]);
  await server.close();
});

test("disconnect: what a client was in the graph goes with it, and its graph subscription with its event before disconnect", async () => {
  const server = new FoxgloveServer({ connectionGraph: true, clientPublish: true });
  const pose = server.channel("/pose", { encoding: "json" });
  const events: string[] = [];
  server.graph.on("subscribe", ({ client }) => events.push(`subscribe ${client.id}`));
  server.graph.on("unsubscribe", ({ client }) => events.push(`unsubscribe ${client.id}`));
  server.on("disconnect", ({ client }) => events.push(`disconnect ${client.id}`));
  const { client } = await watcher(server);
  const { client: leaving } = await watcher(server);
  leaving.subscribe(1, pose.id);
  leaving.send({ op: "advertise", channels: [{ id: 1, topic: "/goal", encoding: "json", schemaName: "" }] });
  await leaving.settle();
  await updates(client);
  leaving.transport.close();
  await leaving.closed;
  assertEquals(await updates(client), [
    { subscribedTopics: [{ name: "/pose", subscriberIds: [] }], removedTopics: ["/goal"] },
  ]);
  assertEquals(events, ["subscribe 1", "subscribe 2", "unsubscribe 2", "disconnect 2"]);
  await server.close();
});

test("two channels on a topic, or an entry added twice: an id is there until the last of them is gone", async () => {
  const server = new FoxgloveServer({ connectionGraph: true });
  server.on("error", () => {});
  const { client } = await watcher(server);
  const [first, second] = [server.channel("/a", { encoding: "json" }), server.channel("/a", { encoding: "json" })];
  const entries = [server.graph.provide("/s", "node"), server.graph.provide("/s", "node")];
  assertEquals(await updates(client), [{
    publishedTopics: [{ name: "/a", publisherIds: ["server"] }],
    advertisedServices: [{ name: "/s", providerIds: ["node"] }],
  }]);
  first.close();
  entries[0]![Symbol.dispose]();
  entries[0]![Symbol.dispose]();
  assertEquals(await updates(client), []);
  second.close();
  entries[1]![Symbol.dispose]();
  assertEquals(await updates(client), [{ removedTopics: ["/a"], removedServices: ["/s"] }]);
  await server.close();
});

test("changes of one turn are one update; what is as it was before is not sent", async () => {
  const server = new FoxgloveServer({ connectionGraph: true });
  const stays = server.graph.publish("/stays", "a");
  const { client } = await watcher(server);
  server.graph.publish("/flash", "a")[Symbol.dispose]();
  stays[Symbol.dispose]();
  server.graph.publish("/stays", "a");
  assertEquals(await updates(client), []);
  server.graph.publish("/stays", "b");
  server.graph.subscribe("/stays", "c");
  assertEquals(await updates(client), [{
    publishedTopics: [{ name: "/stays", publisherIds: ["a", "b"] }],
    subscribedTopics: [{ name: "/stays", subscriberIds: ["c"] }],
  }]);
  await server.close();
});

test("who subscribes in the turn of a change gets it once, in the whole graph", async () => {
  const server = new FoxgloveServer({ connectionGraph: true });
  const { client } = await watcher(server);
  const late = await WireClient.greeted(server);
  late.send({ op: "subscribeConnectionGraph" });
  // The linked pair delivers in the next turn, so this change waits for its turn when the request arrives.
  server.graph.publish("/a", "node");
  const entry = { publishedTopics: [{ name: "/a", publisherIds: ["node"] }] };
  assertEquals(await updates(late), [entry]);
  assertEquals(await updates(client), [entry]);
  await server.close();
});

test("subscribing twice tells the whole graph again; unsubscribing ends it, and twice is no mistake", async () => {
  const server = new FoxgloveServer({ connectionGraph: true });
  server.graph.publish("/a", "node");
  const { client, whole } = await watcher(server);
  client.send({ op: "subscribeConnectionGraph" });
  const { op: _op, ...again } = await client.expect("connectionGraphUpdate");
  assertEquals(again, whole);
  server.graph.publish("/b", "node");
  client.send({ op: "unsubscribeConnectionGraph" });
  client.send({ op: "unsubscribeConnectionGraph" });
  await client.settle();
  server.graph.publish("/c", "node");
  assertEquals(await client.statuses(), []);
  client.send({ op: "subscribeConnectionGraph" });
  const { publishedTopics } = await client.expect("connectionGraphUpdate");
  assertEquals(publishedTopics.map(({ name }) => name), ["/a", "/b", "/c"]);
  await server.close();
});

test("a listener of the graph that throws harms nobody and is reported", async () => {
  const server = new FoxgloveServer({ connectionGraph: true });
  const errors: string[] = [];
  server.on("error", ({ error, during }) => errors.push(`${during}: ${error}`));
  server.graph.on("subscribe", () => {
    throw new Error("on purpose");
  });
  await watcher(server);
  assertEquals(errors, ['listener of "subscribe": Error: on purpose']);
  await server.close();
});

/** A client that keeps the graph as the specification says, without a thought. */
class NaiveClient {
  readonly published = new Map<string, string[]>();
  readonly subscribed = new Map<string, string[]>();
  readonly provided = new Map<string, string[]>();
  readonly view: GraphView;
  received = 0;

  constructor(hidden: readonly string[]) {
    const sees = (name: string) => !hidden.includes(name);
    this.view = { seesTopic: sees, seesService: sees };
  }

  send(message: ServerMessage): void {
    assert(message.op === "connectionGraphUpdate");
    this.received++;
    this.#checkUseful(message);
    for (const { name, publisherIds } of message.publishedTopics) this.published.set(name, publisherIds);
    for (const { name, subscriberIds } of message.subscribedTopics) this.subscribed.set(name, subscriberIds);
    for (const { name, providerIds } of message.advertisedServices) this.provided.set(name, providerIds);
    for (const name of message.removedTopics) {
      this.published.delete(name);
      this.subscribed.delete(name);
    }
    for (const name of message.removedServices) this.provided.delete(name);
  }

  forget(): void {
    for (const entries of [this.published, this.subscribed, this.provided]) entries.clear();
    this.received = 0;
  }

  /** After the first, whole update: every entry is news, and nothing unknown is removed. */
  #checkUseful(update: ConnectionGraphUpdate): void {
    const { removedTopics, removedServices } = update;
    if (this.received === 1) return assertEquals([removedTopics, removedServices], [[], []]);
    assert(Object.values(update).some((entries) => Array.isArray(entries) && entries.length > 0), "empty difference");
    for (const { name, publisherIds } of update.publishedTopics) isNews(this.published.get(name), publisherIds);
    for (const { name, subscriberIds } of update.subscribedTopics) isNews(this.subscribed.get(name), subscriberIds);
    for (const { name, providerIds } of update.advertisedServices) isNews(this.provided.get(name), providerIds);
    for (const name of removedTopics) assert(this.published.has(name) || this.subscribed.has(name), `${name} removed`);
    for (const name of removedServices) assert(this.provided.has(name), `${name} removed`);
  }
}

function isNews(before: readonly string[] | undefined, now: readonly string[]): void {
  assert([...before ?? []].sort().join() !== [...now].sort().join(), `${now} is no news`);
}

/** The ids of each name that has any, in an order of their own. */
function sorted(entries: Iterable<readonly [string, readonly string[]]>): [string, string[]][] {
  return [...entries].filter(([, ids]) => ids.length > 0).map((
    [name, ids],
  ): [string, string[]] => [name, [...ids].sort()])
    .sort(([a], [b]) => a < b ? -1 : 1);
}

/** The feed with the entries it was told of in a plain list, and some clients. */
class Bench {
  readonly clock = new FakeClock();
  readonly entries: GraphEntry[] = [];
  readonly clients = [new NaiveClient([]), new NaiveClient(["/a"]), new NaiveClient(["/b", "/s"])];
  readonly watching = new Set<NaiveClient>();
  readonly feed = new GraphFeed<NaiveClient>({
    clock: this.clock,
    entries: () => this.entries,
    viewOf: ({ view }) => view,
    subscribed: (client) => this.watching.add(client),
    unsubscribed: (client) => this.watching.delete(client),
  });

  add(entry: GraphEntry): void {
    this.entries.push(entry);
    this.feed.added(entry);
  }

  remove(index: number): void {
    const [entry] = this.entries.splice(index % (this.entries.length || 1), 1);
    if (entry !== undefined) this.feed.removed(entry);
  }

  toggle(index: number): void {
    const client = this.clients[index]!;
    if (this.watching.has(client)) return this.feed.release(client);
    client.forget();
    this.feed.subscribe(client);
    this.#check(client);
  }

  turn(): void {
    const before = this.clients.map(({ received }) => received);
    this.clock.settle();
    for (const [i, client] of this.clients.entries()) {
      assert(client.received - before[i]! <= (this.watching.has(client) ? 1 : 0), "more than one update in a turn");
    }
    for (const client of this.watching) this.#check(client);
  }

  #check({ published, subscribed, provided, view }: NaiveClient): void {
    assertEquals(sorted(published), this.#expected("publisher", (name) => view.seesTopic(name)));
    assertEquals(sorted(subscribed), this.#expected("subscriber", (name) => view.seesTopic(name)));
    assertEquals(sorted(provided), this.#expected("provider", (name) => view.seesService(name)));
  }

  #expected(role: GraphEntry["role"], sees: (name: string) => boolean): [string, string[]][] {
    const ids = new Map<string, string[]>();
    for (const entry of this.entries) {
      if (entry.role !== role || !sees(entry.name)) continue;
      ids.set(entry.name, [...new Set([...ids.get(entry.name) ?? [], entry.id])]);
    }
    return sorted(ids);
  }
}

const entry: fc.Arbitrary<GraphEntry> = fc.record({
  role: fc.constantFrom("publisher", "subscriber", "provider"),
  name: fc.constantFrom("/a", "/b", "/c", "/s"),
  id: fc.constantFrom("server", "client-1", "node"),
});

const step: fc.Arbitrary<(bench: Bench) => void> = fc.oneof(
  { weight: 6, arbitrary: entry.map((entry) => (bench: Bench) => bench.add(entry)) },
  { weight: 5, arbitrary: fc.nat(20).map((index) => (bench: Bench) => bench.remove(index)) },
  { weight: 2, arbitrary: fc.nat(2).map((index) => (bench: Bench) => bench.toggle(index)) },
  { weight: 4, arbitrary: fc.constant((bench: Bench) => bench.turn()) },
);

test("whatever happens, a client that merges the updates has the graph, and no update says what it knows", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const bench = new Bench();
      for (const step of steps) step(bench);
      bench.turn();
    }),
    { numRuns: 500 },
  );
});

test("nothing is kept or deferred while nobody has subscribed", () => {
  const bench = new Bench();
  bench.add({ role: "publisher", name: "/a", id: "server" });
  assertEquals(bench.clock.deferred, 0);
  bench.toggle(0);
  bench.toggle(0);
  bench.remove(0);
  assertEquals(bench.clock.deferred, 0);
});
