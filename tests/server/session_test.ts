import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { FoxgloveServer } from "../../src/server/server.ts";
import { test } from "../support/test.ts";
import { WireClient } from "../support/wire_client.ts";

const schema = { name: "Pose", encoding: "jsonschema", data: { type: "object" } };

test("sessionId: clearSession() sends a fresh serverInfo to all; channels and subscriptions stay", async () => {
  const server = new FoxgloveServer({ sessionId: "first" });
  const channel = server.channel("/t", { encoding: "json" });
  const clients = [await WireClient.greeted(server), await WireClient.greeted(server)];
  for (const client of clients) {
    client.subscribe(1, channel.id);
    await client.settle();
  }
  server.clearSession("second");
  channel.publish({ still: "subscribed" });
  for (const client of clients) {
    assertEquals((await client.expect("serverInfo")).sessionId, "second");
    assertEquals((await client.expect("messageData")).subscriptionId, 1);
    assertEquals(await client.settle(), []);
  }
  const late = new WireClient(server);
  assertEquals((await late.expect("serverInfo")).sessionId, "second");
  await server.close();
});

test("sessionId: clearSession() without an id makes a random one each time", async () => {
  const server = new FoxgloveServer();
  const client = new WireClient(server);
  const ids = [(await client.expect("serverInfo")).sessionId];
  await client.settle();
  for (let i = 0; i < 2; i++) {
    server.clearSession();
    ids.push((await client.expect("serverInfo")).sessionId);
  }
  assert(ids.every((id) => /^[0-9a-f-]{36}$/.test(id!)));
  assertNotEquals(ids[0], ids[1]);
  assertNotEquals(ids[1], ids[2]);
  await server.close();
});

test("sessionId: with clearSession() the schema table of v1.1 restarts", async () => {
  const server = new FoxgloveServer();
  server.channel("/a", { encoding: "json", schema });
  const client = await WireClient.greeted(server, { protocol: "foxglove.sdk.v1.1" });
  server.clearSession();
  server.channel("/b", { encoding: "json", schema });
  await client.expect("serverInfo");
  await client.expect("advertise");
  const { schemas, channels } = JSON.parse(client.raw.at(-1) as string);
  assertEquals(schemas.map(({ id, name }: { id: number; name: string }) => [id, name]), [[1, "Pose"]]);
  assertEquals(channels[0].schemaId, 1);
  await server.close();
});
