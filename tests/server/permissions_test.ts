import { assert, assertEquals } from "@std/assert";
import type { Permissions } from "../../src/server/permissions.ts";
import { FoxgloveServer, type ServerOptions } from "../../src/server/server.ts";
import { test } from "../support/test.ts";
import { recordEvents, WireClient } from "../support/wire_client.ts";

/** Nothing that a client gets may have this in it. */
const SECRET = "secret";

/** The second client is the guest: what is secret does not exist for it. */
const guard = (client: { id: number }, name: string) => client.id !== 2 || !name.includes(SECRET);

async function setUp(permissions: Permissions, options: ServerOptions = {}) {
  const server = new FoxgloveServer({ permissions, clientPublish: true, ...options });
  const errors: unknown[] = [];
  server.on("error", ({ error }) => errors.push(error));
  const owner = await WireClient.greeted(server);
  return { server, errors, owner };
}

/** Fails if a client was ever sent anything that is hidden from it. */
function assertNothingHidden(client: WireClient): void {
  for (const data of client.raw) {
    const text = typeof data === "string" ? data : new TextDecoder().decode(data);
    assert(!text.includes(SECRET), text);
  }
}

test("subscribe, hidden channel: it is not advertised, not subscribed to, not unadvertised", async () => {
  const { server, owner } = await setUp({ see: guard });
  const early = server.channel("/secret/early", { encoding: "raw", latch: true });
  early.publish(new TextEncoder().encode(SECRET));
  const open = server.channel("/open", { encoding: "raw" });
  const guest = new WireClient(server);
  await guest.expect("serverInfo");
  assertEquals((await guest.expect("advertise")).channels.map((channel) => (channel as { id: number }).id), [open.id]);
  const late = server.channel("/secret/late", { encoding: "raw" });
  const alsoOpen = server.channel("/also/open", { encoding: "raw" });
  assertEquals((await guest.expect("advertise")).channels.length, 1);
  for (const channel of [early, late]) guest.subscribe(channel.id, channel.id);
  assertEquals(await guest.statuses(), [early, late].map(({ id }) => `error: Unknown channel ID: ${id}`));
  assertEquals([early.subscribers, late.subscribers], [0, 0]);
  for (const channel of [early, late, alsoOpen]) channel.close();
  assertEquals((await guest.expect("unadvertise")).channelIds, [alsoOpen.id]);
  assertEquals(await guest.statuses(), []);
  assertNothingHidden(guest);
  const seen = (await owner.settle()).map(({ op }) => op);
  assertEquals(seen.filter((op) => op === "unadvertise").length, 3, "the owner sees all of them");
  await server.close();
});

test("connected: a client from which every channel is hidden gets an empty advertise", async () => {
  const { server } = await setUp({ see: guard });
  server.channel("/secret", { encoding: "raw" });
  const guest = new WireClient(server);
  await guest.expect("serverInfo");
  assertEquals((await guest.expect("advertise")).channels, []);
  assertEquals(await guest.settle(), []);
  await server.close();
});

test("subscribe, a channel that nobody was told of yet: its id is unknown", async () => {
  const { server, owner } = await setUp({});
  const now = server.channel("/t", { encoding: "raw" });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.on("message", () => {
    const next = server.channel("/next", { encoding: "raw" });
    assertEquals(next.id, now.id + 1);
    resolve();
  });
  await owner.expect("advertise");
  owner.send({ op: "advertise", channels: [{ id: 1, topic: "/in", encoding: "raw", schemaName: "" }] });
  owner.send({ op: "messageData", channelId: 1, data: new Uint8Array() });
  owner.subscribe(1, now.id + 1);
  await promise;
  const status = (await owner.settle()).find(({ op }) => op === "status");
  assertEquals(status?.op === "status" && status.message, `Unknown channel ID: ${now.id + 1}`);
  await server.close();
});

test("subscribe to a channel that a client sees but may not subscribe to", async () => {
  const { server } = await setUp({ subscribe: guard });
  const channel = server.channel("/secret", { encoding: "raw" });
  const guest = await WireClient.greeted(server);
  guest.subscribe(1, channel.id);
  assertEquals(await guest.statuses(), [
    `error: Client may not subscribe to channel: ${channel.id}; ignoring subscription`,
  ]);
  assertEquals(channel.subscribers, 0);
  await server.close();
});

test("advertise of a topic that a client may not publish on", async () => {
  const { server, owner } = await setUp({ publish: guard });
  const events = recordEvents(server);
  const guest = await WireClient.greeted(server);
  const channel = (id: number, topic: string) => ({ id, topic, encoding: "json", schemaName: "" });
  const advertise = { op: "advertise" as const, channels: [channel(1, "/secret"), channel(2, "/open")] };
  guest.send(advertise);
  guest.send({ op: "messageData", channelId: 1, data: new Uint8Array() });
  assertEquals(await guest.statuses(), [
    "error: Client may not publish on topic: /secret; ignoring advertisement of channel 1",
    "error: Unknown channel ID: 1",
  ]);
  owner.send(advertise);
  assertEquals(await owner.statuses(), []);
  assertEquals(events.filter((event) => event.startsWith("advertise")), [
    "advertise 2 /open",
    "advertise 1 /secret",
    "advertise 1 /open",
  ]);
  await server.close();
});

test("getParameters, setParameters and updates: hidden parameters do not exist for a client", async () => {
  const { server, owner } = await setUp({ get: guard }, { parameters: {} });
  server.parameters.set("secret", 1);
  server.parameters.set("open", 2);
  const guest = await WireClient.greeted(server);
  for (const names of [[], ["secret", "open"]]) {
    guest.send({ op: "getParameters", parameterNames: names, id: "a" });
    assertEquals((await guest.expect("parameterValues")).parameters, [{ name: "open", value: 2 }]);
  }
  guest.send({ op: "subscribeParameterUpdates", parameterNames: [] });
  await guest.settle();
  server.parameters.set("secret", 3);
  await owner.settle();
  assertEquals(await guest.settle(), []);
  server.parameters.set("secret", 4);
  server.parameters.set("open", 5);
  assertEquals((await guest.expect("parameterValues")).parameters, [{ name: "open", value: 5 }]);
  assertNothingHidden(guest);
  for (const name of ["secret", "secret that does not exist"]) {
    guest.send({ op: "setParameters", parameters: [{ name, value: 6 }], id: "b" });
    assertEquals(await guest.statuses(), [
      `error: Parameter ${name} was not set: it is not permitted`,
      "(parameterValues)",
    ]);
  }
  assertEquals(server.parameters.get("secret"), 4);
  await server.close();
});

test("setParameters of a parameter that a client may only read", async () => {
  const { server } = await setUp({ set: guard }, { parameters: {} });
  server.parameters.set("secret", 1);
  const guest = await WireClient.greeted(server);
  guest.send({ op: "setParameters", parameters: [{ name: "secret" }], id: "a" });
  const [status, reply] = await guest.settle();
  assertEquals(status?.op === "status" && status.message, "Parameter secret was not set: it is not permitted");
  assertEquals(reply?.op === "parameterValues" && reply.parameters, [{ name: "secret", value: 1 }]);
  await server.close();
});

test("service call, hidden service: it is not advertised, its calls fail as if unknown, its end is not told", async () => {
  const { server, owner } = await setUp({ call: guard });
  let calls = 0;
  const call = (client: WireClient, serviceId: number) =>
    client.send({ op: "serviceCallRequest", serviceId, callId: 1, encoding: "json", data: new Uint8Array([0x31]) });
  const secret = server.service("/secret", {}, () => ++calls);
  const open = server.service("/open", {}, () => ++calls);
  const guest = new WireClient(server);
  const names = () => guest.inbox.flatMap((message) => message.op === "advertiseServices" ? message.services : []);
  const late = server.service("/secret/late", {}, () => ++calls);
  await guest.settle();
  assertEquals(names(), []);
  for (const { id } of [secret, late]) {
    call(guest, id);
    const failure = await guest.expect("serviceCallFailure");
    assertEquals([failure.callId, failure.message], [1, `Unknown service ID: ${id}`]);
  }
  assertEquals(calls, 0);
  call(guest, open.id);
  await guest.expect("serviceCallResponse");
  for (const service of [secret, late, open]) service.close();
  assertEquals((await guest.expect("unadvertiseServices")).serviceIds, [open.id]);
  assertEquals(await guest.settle(), []);
  assertNothingHidden(guest);
  assert((await owner.settle()).some((message) => JSON.stringify(message).includes(SECRET)));
  await server.close();
});

test("fetchAsset, hidden asset: it is not found, and no handler is asked", async () => {
  const { server, owner } = await setUp({ fetch: guard });
  const asked: string[] = [];
  server.asset((uri) => {
    asked.push(uri);
    return uri.includes("missing") ? undefined : new Uint8Array([1]);
  });
  const guest = await WireClient.greeted(server);
  const fetch = async (client: WireClient, uri: string) => {
    client.send({ op: "fetchAsset", uri, requestId: 1 });
    const { error } = await client.expect("fetchAssetResponse");
    return error;
  };
  await owner.settle();
  const [hidden, missing] = [await fetch(guest, "package://secret"), await fetch(guest, "package://missing")];
  assertEquals(hidden?.replace("secret", "missing"), missing);
  assertEquals(await fetch(guest, "package://open"), undefined);
  assertEquals(await fetch(owner, "package://secret"), undefined);
  assertEquals(asked, ["package://missing", "package://open", "package://secret"]);
  await server.close();
});

test("subscribeConnectionGraph: hidden topics and services are not in the graph, nor that they are gone", async () => {
  const { server, owner } = await setUp({ see: guard, call: guard }, { connectionGraph: true });
  const secret = server.channel("/secret", { encoding: "raw" });
  const open = server.channel("/open", { encoding: "raw" });
  const node = server.graph.provide("/secret/service", "node");
  const guest = await WireClient.greeted(server);
  guest.send({ op: "subscribeConnectionGraph" });
  const whole = await guest.expect("connectionGraphUpdate");
  assertEquals(whole.publishedTopics.map(({ name }) => name), ["/open"]);
  assertEquals(whole.advertisedServices, []);
  owner.subscribe(1, secret.id);
  await owner.settle();
  assertEquals(await guest.settle(), []);
  secret.close();
  node[Symbol.dispose]();
  open.close();
  const gone = (await guest.settle()).find(({ op }) => op === "connectionGraphUpdate") ??
    await guest.expect("connectionGraphUpdate");
  assertEquals(gone.op === "connectionGraphUpdate" && [gone.removedTopics, gone.removedServices], [["/open"], []]);
  assertNothingHidden(guest);
  await server.close();
});

for (
  const [what, see] of Object.entries<Permissions["see"]>({
    throws: () => {
      throw new Error("on purpose");
    },
    "answers with a promise": (() => Promise.resolve(true)) as never,
    "answers with a promise that rejects": (() => Promise.reject(new Error("late"))) as never,
  })
) {
  test(`a user callback throws or rejects: a filter that ${what} has said no, and raises the error event`, async () => {
    const { server, errors } = await setUp({ see: see! });
    server.channel("/secret", { encoding: "raw" });
    const guest = await WireClient.greeted(server);
    assertEquals(errors.length, 2, "for each client once");
    assertNothingHidden(guest);
    assertEquals(await guest.settle(), []);
    await server.close();
  });
}

test("a filter that answers something other than true has said no", async () => {
  const { server, errors } = await setUp({ see: () => 1 as never });
  server.channel("/secret", { encoding: "raw" });
  assertNothingHidden(await WireClient.greeted(server));
  assertEquals(errors, []);
  await server.close();
});
