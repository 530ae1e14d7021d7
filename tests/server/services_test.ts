import { assert, assertEquals, assertThrows } from "@std/assert";
import { FoxgloveServer } from "../../src/server/server.ts";
import { test } from "../support/test.ts";
import { WireClient } from "../support/wire_client.ts";

const never = () => new Promise<never>(() => {});

/** The services of the next `advertiseServices`. */
async function advertised(client: WireClient) {
  return (await client.expect("advertiseServices")).services.map((service) => {
    assert(!(service instanceof Error));
    return service;
  });
}

test("connected: advertiseServices follows the channels, with both sides of each service", async () => {
  const server = new FoxgloveServer();
  server.channel("/c", { encoding: "json" });
  const schema = { name: "Q", encoding: "jsonschema", data: { type: "object" } };
  const binary = { name: "A", encoding: "protobuf", data: new Uint8Array([0xde, 0xad, 0xbe, 0xef]) };
  const { id } = server.service("/s", {
    type: "S",
    request: { encoding: "json", schema },
    response: { encoding: "protobuf", schema: binary },
  }, never);
  const client = new WireClient(server);
  assertEquals((await client.expect("serverInfo")).capabilities, ["services"]);
  await client.expect("advertise");
  assertEquals(await advertised(client), [{
    id,
    name: "/s",
    type: "S",
    request: { encoding: "json", schemaName: "Q", schemaEncoding: "jsonschema", schema: '{"type":"object"}' },
    response: { encoding: "protobuf", schemaName: "A", schemaEncoding: "protobuf", schema: "3q2+7w==" },
  }]);
  assertEquals(await client.settle(), []);
  await server.close();
});

test("connected: a service without encodings of its own is advertised with the legacy schema texts, empty", async () => {
  const server = new FoxgloveServer();
  server.service("/any", {}, never);
  server.service("/half", { request: { encoding: "json" } }, never);
  const client = new WireClient(server);
  await client.expect("serverInfo");
  await client.expect("advertise");
  await advertised(client);
  assertEquals(JSON.parse(client.raw.at(-1) as string).services, [
    { id: 1, name: "/any", type: "", requestSchema: "", responseSchema: "" },
    {
      id: 2,
      name: "/half",
      type: "",
      request: { encoding: "json", schemaName: "", schemaEncoding: "", schema: "" },
      responseSchema: "",
    },
  ]);
  await server.close();
});

test("connected: advertiseServices comes in batches of at most 100 services", async () => {
  const server = new FoxgloveServer();
  for (let i = 0; i < 201; i++) server.service(`/s${i}`, {}, never);
  const client = new WireClient(server);
  await client.expect("serverInfo");
  await client.expect("advertise");
  const sizes = [];
  for (let i = 0; i < 3; i++) sizes.push((await advertised(client)).length);
  assertEquals(sizes, [100, 100, 1]);
  await server.close();
});

test("connected: advertiseServices comes in batches of about 1 MiB of schemas, of both sides together", async () => {
  const server = new FoxgloveServer();
  const side = { encoding: "cdr", schema: { name: "T", encoding: "ros2msg", data: "x".repeat(300 * 1024) } };
  for (let i = 0; i < 3; i++) server.service(`/s${i}`, { request: side, response: side }, never);
  const client = new WireClient(server);
  await client.expect("serverInfo");
  await client.expect("advertise");
  for (let i = 0; i < 3; i++) assertEquals((await advertised(client)).length, 1);
  await server.close();
});

test("a capability's first handler registered while clients are connected: serverInfo again, then the services of that turn", async () => {
  const server = new FoxgloveServer({ sessionId: "s" });
  const client = await WireClient.greeted(server);
  server.service("/a", {}, never);
  server.service("/gone", {}, never).close();
  server.service("/b", {}, never);
  const { capabilities, sessionId } = await client.expect("serverInfo");
  assertEquals([capabilities, sessionId], [["services"], "s"]);
  assertEquals((await advertised(client)).map(({ name }) => name), ["/a", "/b"]);
  server.service("/c", {}, never);
  assertEquals((await advertised(client)).map(({ name }) => name), ["/c"]);
  assertEquals(await client.settle(), []);
  await server.close();
});

test("a client that connects in the turn in which a service was added hears of it once", async () => {
  const server = new FoxgloveServer();
  server.service("/a", {}, never);
  const client = new WireClient(server);
  await client.expect("serverInfo");
  await client.expect("advertise");
  assertEquals((await advertised(client)).length, 1);
  assertEquals(await client.settle(), []);
  await server.close();
});

test("a second service of a live name is refused, and its name is free again after close()", async () => {
  const server = new FoxgloveServer();
  const first = server.service("/s", {}, never);
  assertThrows(() => server.service("/s", {}, never), TypeError, 'Cannot add service "/s": there is one');
  first.close();
  first.close();
  assertEquals(server.service("/s", {}, never).id, 2);
  await server.close();
});

test("a schema that does not fit its encoding, and a time limit that is none, are refused and leave nothing behind", async () => {
  const server = new FoxgloveServer();
  const request = { encoding: "protobuf", schema: { name: "P", encoding: "protobuf", data: {} } };
  assertThrows(() => server.service("/s", { request }, never), TypeError, "needs bytes");
  for (const timeoutMs of [0, -1, NaN, 2 ** 31]) {
    assertThrows(() => server.service("/s", { timeoutMs }, never), RangeError, "timeoutMs");
  }
  const { id, name } = server.service("/s", { timeoutMs: Infinity }, never);
  assertEquals([id, name], [1, "/s"]);
  await server.close();
});
