import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import type { FoxgloveClient } from "../../src/client/client.ts";
import { ServiceError } from "../../src/client/services.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import type { AdvertisedService } from "../../src/protocol/messages.ts";
import { ConnectionError, FoxgloveError, TimeoutError } from "../../src/util/errors.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { nextTurn, ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

const INFO = { capabilities: ["services"] };

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** A service whose sides have an encoding, or none. */
function service(id: number, name: string, encoding?: string): AdvertisedService {
  const side = { encoding: encoding ?? "", schemaName: "", schemaEncoding: "", schema: "" };
  return { id, name, type: "", ...(encoding === undefined ? {} : { request: side, response: side }) };
}

/** A client of a server that has some services. */
async function connected(...services: AdvertisedService[]) {
  const clock = new ManualClock();
  const { server, client } = await ScriptedServer.connected({ info: INFO, client: { clock } });
  if (services.length > 0) {
    server.send({ op: "advertiseServices", services });
    await server.settle(client);
  }
  return { server, client, clock };
}

/** Answers a call. */
function respond(server: ScriptedServer, [serviceId, callId]: [number, number], data: Uint8Array, encoding = "json") {
  server.send({ op: "serviceCallResponse", serviceId, callId, encoding, data });
}

/** How many answers were counted as late, and how many as unknown. */
function strays(client: FoxgloveClient): [late: number, ignored: number] {
  const { lateMessages, ignoredMessages } = client.stats();
  return [lateMessages, ignoredMessages];
}

test("callService() sends JSON and resolves to the value of the response", async () => {
  const { server, client } = await connected(service(7, "/add", "json"));
  const sum = client.callService<{ sum: number }>("/add", { a: 1, b: 2 });
  const { serviceId, callId, encoding, data } = await server.expect("serviceCallRequest");
  assertEquals([serviceId, encoding, new TextDecoder().decode(data)], [7, "json", '{"a":1,"b":2}']);
  respond(server, [7, callId], json({ sum: 3 }));
  assertEquals(await sum, { sum: 3 });
  await client.close();
});

test("callService() without a request sends an empty object, and an empty response is undefined", async () => {
  const { server, client } = await connected(service(1, "/reset", "json"));
  const done = client.callService("/reset");
  const { callId, data } = await server.expect("serviceCallRequest");
  assertEquals(new TextDecoder().decode(data), "{}");
  respond(server, [1, callId], new Uint8Array());
  assertEquals(await done, undefined);
  await client.close();
});

test("callService() sends bytes as they are, and resolves to bytes for encodings other than json", async () => {
  const { server, client } = await connected(service(1, "/ros", "ros1"));
  const answer = client.callService("/ros", new Uint8Array([1, 2]));
  const { callId, encoding, data } = await server.expect("serviceCallRequest");
  assertEquals([encoding, [...data]], ["ros1", [1, 2]]);
  respond(server, [1, callId], new Uint8Array([3, 4]), "ros1");
  assertEquals(await answer, new Uint8Array([3, 4]));
  const bytes = client.callService("/ros", new Uint8Array([5]), { encoding: "cdr" });
  const second = await server.expect("serviceCallRequest");
  assertEquals(second.encoding, "cdr");
  respond(server, [1, second.callId], new Uint8Array(0), "");
  assertEquals(await bytes, new Uint8Array(0));
  await client.close();
});

test("callService() gives bytes and encoding to decode", async () => {
  const { server, client } = await connected(service(1, "/raw", "json"));
  const call = client.callService("/raw", {}, { decode: (data, encoding) => ({ bytes: data.length, encoding }) });
  const { callId } = await server.expect("serviceCallRequest");
  respond(server, [1, callId], new Uint8Array(9), "cdr");
  assertEquals(await call, { bytes: 9, encoding: "cdr" });
  await client.close();
});

test("a service without encodings of its own takes JSON; bytes need the encoding option", async () => {
  const { server, client } = await connected(service(1, "/old"));
  const call = client.callService("/old", { x: 1 });
  const { callId, encoding } = await server.expect("serviceCallRequest");
  assertEquals(encoding, "json");
  respond(server, [1, callId], json("ok"));
  assertEquals(await call, "ok");
  await assertRejects(() => client.callService("/old", new Uint8Array(1)), TypeError, "encoding option");
  const bytes = assertRejects(
    () => client.callService("/old", new Uint8Array(1), { encoding: "ros1" }),
    ConnectionError,
  );
  assertEquals((await server.expect("serviceCallRequest")).encoding, "ros1");
  await client.close();
  await bytes;
});

test("callService() refuses what it cannot encode, and leaves nothing behind", async () => {
  const { server, client, clock } = await connected(service(1, "/ros", "ros1"), service(2, "/json", "json"));
  await assertRejects(() => client.callService("/ros", { x: 1 }), TypeError, 'encoding "ros1" needs a Uint8Array');
  await assertRejects(() => client.callService("/json", () => {}), TypeError, "no JSON form");
  assertEquals([server.inbox, clock.delays], [[], 0]);
  await client.close();
});

test("callService() waits for the service to appear", async () => {
  const { server, client } = await connected();
  const call = client.callService("/late", { n: 1 });
  server.send({ op: "advertiseServices", services: [service(3, "/other", "json")] });
  await server.settle(client);
  assertEquals(server.inbox, []);
  server.send({ op: "advertiseServices", services: [service(4, "/late", "json")] });
  const { serviceId, callId } = await server.expect("serviceCallRequest");
  assertEquals(serviceId, 4);
  respond(server, [4, callId], json(1));
  assertEquals(await call, 1);
  await client.close();
});

test("a call that waits for its service rejects alone when it cannot be encoded", async () => {
  const { server, client } = await connected();
  const bad = assertRejects(() => client.callService("/late", { n: 1 }), TypeError, "Uint8Array");
  const good = client.callService("/late", new Uint8Array(1));
  server.send({ op: "advertiseServices", services: [service(4, "/late", "cdr")] });
  await bad;
  const { callId } = await server.expect("serviceCallRequest");
  respond(server, [4, callId], new Uint8Array([1]), "cdr");
  assertEquals(await good, new Uint8Array([1]));
  await client.close();
});

test("the time limit counts for the wait for the service and for its answer together", async () => {
  const { server, client, clock } = await connected();
  const nobody = assertRejects(() => client.callService("/none", {}, { timeoutMs: 100 }), TimeoutError);
  clock.advance(100);
  assertEquals((await nobody).message, 'No service "/none" within 100 ms');

  const call = assertRejects(() => client.callService("/slow", {}, { timeoutMs: 100 }), TimeoutError);
  clock.advance(60);
  server.send({ op: "advertiseServices", services: [service(4, "/slow", "json")] });
  await server.expect("serviceCallRequest");
  clock.advance(39);
  assertEquals(clock.delays, 1);
  clock.advance(1);
  assertEquals((await call).message, 'No answer from service "/slow" within 100 ms');
  assertEquals(clock.delays, 0);
  await client.close();
});

test("callService() waits 35 s unless limits or the call say otherwise", async () => {
  const { server, client, clock } = await connected(service(1, "/slow", "json"));
  const call = assertRejects(() => client.callService("/slow"), TimeoutError, "35000 ms");
  await server.expect("serviceCallRequest");
  clock.advance(34_999);
  assertEquals(clock.delays, 1);
  clock.advance(1);
  await call;
  await client.close();
});

test("an abort ends a call with the signal's reason, before, while and after it waits", async () => {
  const { server, client, clock } = await connected(service(1, "/slow", "json"));
  const reason = new Error("changed my mind");
  const early = await assertRejects(() => client.callService("/slow", {}, { signal: AbortSignal.abort(reason) }));
  assertEquals([early, server.inbox], [reason, []]);
  const controller = new AbortController();
  const waiting = client.callService("/none", {}, { signal: controller.signal });
  const sent = client.callService("/slow", {}, { signal: controller.signal });
  const { callId } = await server.expect("serviceCallRequest");
  controller.abort(reason);
  assertEquals(await Promise.allSettled([waiting, sent]), [
    { status: "rejected", reason },
    { status: "rejected", reason },
  ]);
  respond(server, [1, callId], json(1));
  server.send({ op: "advertiseServices", services: [service(2, "/none", "json")] });
  await server.settle(client);
  assertEquals([strays(client), clock.delays, server.inbox], [[1, 0], 0, []]);
  await client.close();
});

test("a failure rejects the call with a ServiceError that has the server's text", async () => {
  const { server, client } = await connected(service(1, "/div", "json"));
  const call = assertRejects(() => client.callService("/div", { by: 0 }), ServiceError);
  const { callId } = await server.expect("serviceCallRequest");
  server.send({ op: "serviceCallFailure", serviceId: 1, callId, message: "Division by zero" });
  const error = await call;
  assertEquals([error.code, error.service, error.reason], ["service_failed", "/div", "Division by zero"]);
  assertEquals(error.message, 'Service "/div" failed: Division by zero');
  await client.close();
});

test("answers in any order reach their calls; duplicate, late and unknown ones are counted", async () => {
  const { server, client, clock } = await connected(service(1, "/a", "json"), service(2, "/b", "json"));
  const calls = ["/a", "/b", "/a"].map((name) => client.callService(name));
  const ids: number[] = [];
  for (const _ of calls) ids.push((await server.expect("serviceCallRequest")).callId);
  respond(server, [1, ids[2]!], json("third"));
  respond(server, [1, ids[2]!], json("again"));
  respond(server, [2, ids[1]!], json("second"));
  respond(server, [1, ids[0]!], json("first"));
  server.send({ op: "serviceCallFailure", serviceId: 1, callId: ids[0]!, message: "late" });
  respond(server, [1, 4_000_000], json("unknown"));
  assertEquals(await Promise.all(calls), ["first", "second", "third"]);
  await server.settle(client);
  assertEquals([strays(client), clock.delays], [[2, 1], 0]);
  await client.close();
});

test("an answer in the name of another service is ignored", async () => {
  const { server, client } = await connected(service(1, "/a", "json"), service(2, "/b", "json"));
  const call = client.callService("/a");
  const waiting = client.callService("/none").catch((error) => error);
  const { callId } = await server.expect("serviceCallRequest");
  respond(server, [2, callId], json("wrong"));
  server.send({ op: "serviceCallFailure", serviceId: 2, callId, message: "wrong" });
  respond(server, [1, callId + 1], json("of a call that was never sent"));
  respond(server, [1, callId], json("right"));
  assertEquals(await call, "right");
  assertEquals(strays(client), [0, 3]);
  await client.close();
  assertInstanceOf(await waiting, ConnectionError);
});

test("a response that cannot be read rejects its call when its ids can", async () => {
  const { server, client } = await connected(service(1, "/a", "json"));
  const errors: unknown[] = [];
  client.on("error", ({ error }) => errors.push(error));
  const calls = [1, 2].map(() => client.callService("/a").catch((error) => error));
  const ids = [await server.expect("serviceCallRequest"), await server.expect("serviceCallRequest")];
  // opcode, service id 1, call id, an encoding that is longer than the frame
  server.send(new Uint8Array([3, 1, 0, 0, 0, ids[0]!.callId, 0, 0, 0, 200, 0, 0, 0]));
  server.send(`{"op":"serviceCallFailure","serviceId":1,"callId":${ids[1]!.callId}}`);
  for (const error of await Promise.all(calls)) assertInstanceOf(error, ProtocolError);
  assertEquals([errors.length, client.stats().invalidMessages], [2, 2]);
  await client.close();
});

test("a response whose value cannot be read rejects with code decode", async () => {
  const { server, client } = await connected(service(1, "/a", "json"));
  const call = assertRejects(() => client.callService("/a"), FoxgloveError, 'service "/a" with encoding "json"');
  const { callId } = await server.expect("serviceCallRequest");
  respond(server, [1, callId], new Uint8Array([0x7b]));
  assertEquals((await call).code, "decode");
  await client.close();
});

test("a service that goes takes its calls with it, and no others", async () => {
  const { server, client, clock } = await connected(service(1, "/a", "json"), service(2, "/b", "json"));
  const gone = assertRejects(() => client.callService("/a"), ConnectionError, 'Service "/a" has gone');
  const stays = client.callService("/b");
  await server.expect("serviceCallRequest");
  const { callId } = await server.expect("serviceCallRequest");
  server.send({ op: "unadvertiseServices", serviceIds: [1] });
  assertEquals((await gone).code, "service_gone");
  respond(server, [2, callId], json(1));
  assertEquals([await stays, clock.delays], [1, 0]);
  await client.close();
});

test("a connection that is cut, or closed, rejects calls with a ConnectionError", async () => {
  const cut = await connected(service(1, "/a", "json"));
  const calls = ["/a", "/none"].map((name) => assertRejects(() => cut.client.callService(name), ConnectionError));
  await cut.server.expect("serviceCallRequest");
  cut.server.transport.terminate();
  await Promise.all(calls);
  await assertRejects(() => cut.client.callService("/a"), ConnectionError);
  await assertRejects(() => cut.client.callService("/none"), ConnectionError);
  assertEquals(cut.clock.delays, 0);

  const own = await connected(service(1, "/a", "json"));
  const last = assertRejects(() => own.client.callService("/a"), ConnectionError, "closed");
  await own.client.close();
  await last;
  assertEquals(own.clock.delays, 0);
});

test("nothing of a thousand calls stays behind, however they end", async () => {
  const { server, client, clock } = await connected(service(1, "/a", "json"));
  const controller = new AbortController();
  const calls = Array.from({ length: 1000 }, () => client.callService("/a", {}, { signal: controller.signal }));
  const settled = Promise.allSettled(calls);
  for (let i = 0; i < 500; i++) respond(server, [1, (await server.expect("serviceCallRequest")).callId], json(i));
  await Promise.all(calls.slice(0, 500));
  controller.abort();
  await settled;
  await nextTurn();
  assertEquals(clock.delays, 0);
  await client.close();
});
