import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { FoxgloveServer } from "../../src/server/server.ts";
import { linkedTransports } from "../../src/transport/linked.ts";
import { test } from "../support/test.ts";
import { nextEvent, WireClient } from "../support/wire_client.ts";

test("allowedOrigins refuses what is no origin", () => {
  for (const origin of ["app.example.com", "localhost:8080", "*", ""]) {
    assertThrows(() => new FoxgloveServer({ allowedOrigins: [origin] }), TypeError, `"${origin}"`);
  }
});

test("clients, limit N: accept() greets N and closes the next one with 1013", async () => {
  const server = new FoxgloveServer({ limits: { clients: 1 } });
  const first = await WireClient.greeted(server);
  const second = new WireClient(server);
  assertEquals(await second.closed, { code: 1013, reason: "Server has as many clients as it allows" });
  assertEquals(second.inbox, []);
  first.transport.close();
  while (server.clients.size > 0) await nextEvent(server, "disconnect");
  await WireClient.greeted(server);
  await server.close();
});

test("the identity that accept() is given stands on the client", async () => {
  const server = new FoxgloveServer();
  const identity = { name: "Ann" };
  const [serverEnd, clientEnd] = linkedTransports();
  clientEnd.bind({ message() {}, drain() {}, close() {} });
  assertStrictEquals(server.accept(serverEnd, { identity }).identity, identity);
  await server.close();
});
