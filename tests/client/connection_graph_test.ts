import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { ConnectionGraphView } from "../../src/client/connection_graph.ts";
import type { ConnectionGraphUpdate } from "../../src/protocol/messages.ts";
import { ConnectionError, FoxgloveError } from "../../src/util/errors.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

const INFO = { info: { capabilities: ["connectionGraph"] } };

/** What an update says, without the lists that are empty. */
interface Change {
  publishers?: Record<string, string[]>;
  subscribers?: Record<string, string[]>;
  providers?: Record<string, string[]>;
  removedTopics?: string[];
  removedServices?: string[];
}

function update({ publishers = {}, subscribers = {}, providers = {}, ...removed }: Change): ConnectionGraphUpdate {
  return {
    publishedTopics: Object.entries(publishers).map(([name, publisherIds]) => ({ name, publisherIds })),
    subscribedTopics: Object.entries(subscribers).map(([name, subscriberIds]) => ({ name, subscriberIds })),
    advertisedServices: Object.entries(providers).map(([name, providerIds]) => ({ name, providerIds })),
    removedTopics: removed.removedTopics ?? [],
    removedServices: removed.removedServices ?? [],
  };
}

function send(server: ScriptedServer, change: Change): void {
  server.send({ op: "connectionGraphUpdate", ...update(change) });
}

/** A view as plain objects. */
function shown({ publishers, subscribers, providers }: ConnectionGraphView) {
  const [p, s, v] = [publishers, subscribers, providers].map((nodes) =>
    Object.fromEntries([...nodes].map(([name, ids]) => [name, [...ids]]))
  );
  return { publishers: p, subscribers: s, providers: v };
}

test("a connection graph is the whole one with all differences merged into it", async () => {
  const { server, client } = await ScriptedServer.connected(INFO);
  const graph = client.connectionGraph();
  await server.expect("subscribeConnectionGraph");
  send(server, {
    publishers: { "/a": ["p1", "p2"], "/b": ["p1"] },
    subscribers: { "/a": ["s1"], "/c": ["s1"] },
    providers: { "/add": ["n1"], "/sub": ["n1"] },
  });
  await graph.next();
  assertEquals(shown(graph), {
    publishers: { "/a": ["p1", "p2"], "/b": ["p1"] },
    subscribers: { "/a": ["s1"], "/c": ["s1"] },
    providers: { "/add": ["n1"], "/sub": ["n1"] },
  });
  // "/a" loses its publishers and keeps its subscriber; "/c" the other way round; "/d" appears and "/b" goes.
  send(server, {
    publishers: { "/a": [], "/c": ["p3"], "/d": ["p3"] },
    subscribers: { "/c": [] },
    providers: { "/add": ["n2", "n1"] },
    removedTopics: ["/b", "/never"],
    removedServices: ["/sub", "/never"],
  });
  await graph.next();
  assertEquals(shown(graph), {
    publishers: { "/c": ["p3"], "/d": ["p3"] },
    subscribers: { "/a": ["s1"] },
    providers: { "/add": ["n2", "n1"] },
  });
  await client.close();
});

test("iteration gives the view itself, once for all that has changed since it was read", async () => {
  const { server, client } = await ScriptedServer.connected(INFO);
  const graph = client.connectionGraph();
  const changes: ConnectionGraphUpdate[] = [];
  client.on("connectionGraph", (change) => changes.push(change));
  for (const node of ["1", "2", "3"]) send(server, { publishers: { "/a": [node] } });
  await server.settle(client);
  assertEquals([graph.size, changes], [1, ["1", "2", "3"].map((node) => update({ publishers: { "/a": [node] } }))]);
  for await (const view of graph) {
    assertEquals([view === graph, [...view.publishers.get("/a") ?? []]], [true, ["3"]]);
    break;
  }
  assertEquals((await graph.next()).done, true);
  await client.close();
});

test("views share one subscription, which ends with the last; the next one begins with nothing", async () => {
  const { server, client } = await ScriptedServer.connected(INFO);
  const first = client.connectionGraph();
  const second = client.connectionGraph();
  await server.expect("subscribeConnectionGraph");
  send(server, { publishers: { "/a": ["1"] } });
  await server.settle(client);
  const third = client.connectionGraph();
  for (const view of [first, second, third]) assertEquals((await view.next()).value, view);
  first.close();
  first.close();
  second.close();
  await server.settle(client);
  assertEquals(server.inbox, []);
  await third[Symbol.asyncDispose]();
  await server.expect("unsubscribeConnectionGraph");
  send(server, { publishers: { "/late": ["1"] } });
  await server.settle(client);
  const fourth = client.connectionGraph();
  await server.expect("subscribeConnectionGraph");
  send(server, { publishers: { "/b": ["1"] } });
  await server.settle(client);
  assertEquals(Object.keys(shown(fourth).publishers ?? {}), ["/b"]);
  await client.close();
});

test("a graph that nobody watches is counted and no event", async () => {
  const { server, client } = await ScriptedServer.connected(INFO);
  let events = 0;
  client.on("connectionGraph", () => events++);
  send(server, { publishers: { "/a": ["1"] } });
  await server.settle(client);
  client.connectionGraph().close();
  send(server, { publishers: { "/a": ["1"] } });
  await server.settle(client);
  const { ignoredMessages, lateMessages } = client.stats();
  assertEquals([events, ignoredMessages, lateMessages], [0, 1, 1]);
  await client.close();
});

test("connectionGraph() says when the server has none", async () => {
  const { server, client } = await ScriptedServer.connected();
  assertEquals(
    assertThrows(() => client.connectionGraph(), FoxgloveError, "connectionGraph capability").code,
    "capability",
  );
  await server.settle(client);
  assertEquals(server.inbox, []);
  await client.close();
});

test("a signal closes a view, the client's end ends it, and a cut connection ends it with an error", async () => {
  const { server, client } = await ScriptedServer.connected(INFO);
  const reason = new Error("enough");
  const controller = new AbortController();
  const next = client.connectionGraph({ signal: controller.signal }).next().catch((error) => error);
  controller.abort(reason);
  assertEquals(await next, reason);
  await server.expect("subscribeConnectionGraph");
  await server.expect("unsubscribeConnectionGraph");
  assertEquals(
    await client.connectionGraph({ signal: controller.signal }).next().catch((error) => error),
    reason,
  );
  const open = client.connectionGraph();
  await client.close();
  assertEquals([(await open.next()).done, (await client.connectionGraph().next()).done], [true, true]);
  const cut = await ScriptedServer.connected(INFO);
  const lost = assertRejects(() => cut.client.connectionGraph().next(), ConnectionError);
  cut.server.transport.terminate();
  await lost;
});
