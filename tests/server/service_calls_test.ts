import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { FoxgloveServer, type ServerOptions } from "../../src/server/server.ts";
import type { ServiceHandler, ServiceOptions } from "../../src/server/service.ts";
import { deferred } from "../../src/util/async.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { test } from "../support/test.ts";
import { recordEvents, WireClient } from "../support/wire_client.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const JSON_BOTH: ServiceOptions = { request: { encoding: "json" }, response: { encoding: "json" } };
const never = () => new Promise<never>(() => {});

/** A server with the service `/s` and a greeted client. */
async function setUp<Request>(
  handler: ServiceHandler<Request>,
  options: ServiceOptions & { server?: ServerOptions } = JSON_BOTH,
) {
  const server = new FoxgloveServer(options.server);
  const errors: string[] = [];
  server.on("error", ({ error, during }) => errors.push(`${during}: ${error}`));
  const service = server.service("/s", options, handler);
  const client = await WireClient.greeted(server);
  const call = (callId: number, request: unknown = {}, encoding = "json", serviceId = service.id) => {
    const data = request instanceof Uint8Array ? request : utf8(JSON.stringify(request));
    client.send({ op: "serviceCallRequest", serviceId, callId, encoding, data });
  };
  const failure = async () => {
    const { serviceId, callId, message } = await client.expect("serviceCallFailure");
    return [serviceId, callId, message];
  };
  const response = async () => {
    const { serviceId, callId, encoding, data } = await client.expect("serviceCallResponse");
    return [serviceId, callId, encoding, new TextDecoder().decode(data)];
  };
  return { server, service, client, errors, call, failure, response };
}

test("service call: a JSON request is decoded, and what the handler returns is encoded", async () => {
  const { server, service, call, response } = await setUp(({ a, b }: { a: number; b: number }) => ({ sum: a + b }));
  call(7, { a: 1, b: 2 });
  assertEquals(await response(), [service.id, 7, "json", '{"sum":3}']);
  await server.close();
});

test("service call: a JSON handler that returns nothing, at once or later, answers with an empty object", async () => {
  for (const handler of [() => {}, () => Promise.resolve()]) {
    const { server, service, errors, call, response } = await setUp(handler);
    call(7);
    assertEquals(await response(), [service.id, 7, "json", "{}"]);
    assertEquals(errors, []);
    await server.close();
  }
});

test("service call: an async handler answers when it is done, and calls do not wait for each other", async () => {
  const gates = [deferred<string>(), deferred<string>()];
  const { server, service, call, response } = await setUp((i: number) => gates[i]!.promise);
  call(10, 0);
  call(11, 1);
  gates[1]!.resolve("second");
  assertEquals(await response(), [service.id, 11, "json", '"second"']);
  gates[0]!.resolve("first");
  assertEquals(await response(), [service.id, 10, "json", '"first"']);
  await server.close();
});

test("service call: a service without encodings takes any, and answers in that of the request", async () => {
  const seen: unknown[] = [];
  const { server, call, response } = await setUp((request, { encoding, data }) => {
    seen.push(request instanceof Uint8Array ? "bytes" : request, encoding);
    return data;
  }, {});
  call(1, utf8("abc"), "cdr");
  assertEquals((await response()).slice(1), [1, "cdr", "abc"]);
  call(2, { x: 1 });
  assertEquals((await response()).slice(1), [2, "json", '{"x":1}']);
  call(3, new Uint8Array(), "");
  assertEquals((await response()).slice(1), [3, "", ""]);
  assertEquals(seen, ["bytes", "cdr", { x: 1 }, "json", "bytes", ""]);
  await server.close();
});

test("service call: a declared response encoding is that of the answer, and bytes go out as they are", async () => {
  const options = { request: { encoding: "json" }, response: { encoding: "cdr" } };
  const { server, call, response } = await setUp(() => utf8("raw"), options);
  call(1);
  assertEquals((await response()).slice(1), [1, "cdr", "raw"]);
  await server.close();
});

test("service call: the handler learns who calls, and gets the bytes beside the value", async () => {
  let heard: unknown[] = [];
  const { server, client, call, response } = await setUp((request, { client, data, encoding, signal }) => {
    heard = [client, new TextDecoder().decode(data), encoding, signal.aborted, request];
    return null;
  });
  call(1, [1]);
  assertEquals((await response())[3], "null");
  assertStrictEquals(heard[0], client.serverSide);
  assertEquals(heard.slice(1), ["[1]", "json", false, [1]]);
  await server.close();
});

test("service call: no capability", async () => {
  const server = new FoxgloveServer();
  const client = await WireClient.greeted(server);
  client.send({ op: "serviceCallRequest", serviceId: 1, callId: 5, encoding: "json", data: utf8("{}") });
  assertEquals(await client.settle(), [
    { op: "serviceCallFailure", serviceId: 1, callId: 5, message: "Server does not support services capability" },
  ]);
  await server.close();
});

test("service call: unknown service, also one that was closed", async () => {
  const { server, service, call, failure, client } = await setUp(() => 1);
  call(1, {}, "json", 99);
  assertEquals(await failure(), [99, 1, "Unknown service ID: 99"]);
  // The client does not know yet what it will read next.
  call(2);
  service.close();
  const { serviceIds } = await client.expect("unadvertiseServices");
  assertEquals(serviceIds, [service.id]);
  assertEquals(await failure(), [service.id, 2, `Unknown service ID: ${service.id}`]);
  await server.close();
});

test("service call: unknown service: one that is not advertised yet cannot be guessed", async () => {
  const { server, call, response, failure } = await setUp((): number => server.service("/late", {}, () => 1).id);
  // Both arrive in one turn.
  call(1);
  call(2, {}, "json", 2);
  assertEquals((await response())[3], "2");
  assertEquals(await failure(), [2, 2, "Unknown service ID: 2"]);
  await server.close();
});

test("service call: encoding not accepted", async () => {
  const { server, service, call, failure } = await setUp(() => 1);
  call(1, utf8("x"), "cdr");
  assertEquals(await failure(), [service.id, 1, 'Unsupported encoding: "cdr"; service "/s" takes "json"']);
  await server.close();
});

test("service call: JSON that does not parse, or is no UTF-8, never reaches the handler", async () => {
  let calls = 0;
  const { server, errors, call, failure } = await setUp(() => ++calls);
  const broken = [utf8("{"), utf8(""), new Uint8Array([0x22, 0xff, 0x22])];
  for (const [i, data] of broken.entries()) {
    call(i, data);
    const [, callId, message] = await failure();
    assertEquals(callId, i);
    assertMatch(message as string, /^Cannot decode request as JSON: ./);
  }
  assertEquals([calls, errors], [0, []]);
  await server.close();
});

test("service call: decode makes the request, of any bytes; what it throws is the failure", async () => {
  const decode = (data: Uint8Array, encoding: string) => {
    if (data.length === 0) throw new Error("Nothing there");
    return [encoding, ...data];
  };
  const { server, service, call, errors, response, failure } = await setUp((request) => request, { decode });
  call(1, utf8("{"));
  assertEquals(await response(), [service.id, 1, "json", '["json",123]']);
  call(2, utf8(""), "cdr");
  assertEquals(await failure(), [service.id, 2, "Nothing there"]);
  assertEquals(errors, []);
  await server.close();
});

test("service call: encode makes the answer's bytes; what it throws, or no bytes, is the failure", async () => {
  const encode = (answer: unknown, encoding: string) => {
    if (answer === "none") return answer as unknown as Uint8Array;
    if (typeof answer !== "number") throw new Error("No number");
    return utf8(`${encoding}:${answer}`);
  };
  const { server, service, call, errors, response, failure } = await setUp((request) => request, { encode });
  call(1, utf8("1.5"));
  assertEquals(await response(), [service.id, 1, "json", "json:1.5"]);
  call(2, utf8('"x"'));
  assertEquals(await failure(), [service.id, 2, "No number"]);
  call(3, utf8('"none"'));
  const refusal = 'Cannot encode string as the answer of service "/s": encoding "json" takes a Uint8Array';
  assertEquals(await failure(), [service.id, 3, refusal]);
  assertEquals(errors.length, 2);
  await server.close();
});

test("service call: handler throws or rejects: its message is the text, and the error event reports it", async () => {
  const thrown: [unknown, string][] = [
    [new Error("Failure on purpose"), "Failure on purpose"],
    ["a string", "a string"],
    [new Error(""), "Unknown error"],
    [undefined, "undefined"],
    [Object.assign(new Error(), { message: { not: "text" } }), "[object Object]"],
  ];
  const { server, service, errors, call, failure } = await setUp(({ i, late }: { i: number; late: boolean }) => {
    if (late) return Promise.reject(thrown[i]![0]);
    throw thrown[i]![0];
  });
  for (const late of [false, true]) {
    for (const [i, [, text]] of thrown.entries()) {
      call(i, { i, late });
      assertEquals(await failure(), [service.id, i, text]);
    }
  }
  assertEquals(errors.length, 10);
  assertEquals(errors[0], 'service "/s": Error: Failure on purpose');
  await server.close();
});

test("service call: what was thrown and has no text is a failure too", async () => {
  const server = new FoxgloveServer();
  const errors: unknown[] = [];
  server.on("error", ({ error }) => errors.push(error));
  server.service("/s", {}, () => {
    throw Object.create(null);
  });
  const client = await WireClient.greeted(server);
  client.send({ op: "serviceCallRequest", serviceId: 1, callId: 5, encoding: "", data: utf8("") });
  assertEquals((await client.expect("serviceCallFailure")).message, "Unknown error");
  assertEquals(errors.length, 1);
  await server.close();
});

const UNENCODABLE: [string, unknown, ServiceOptions, RegExp][] = [
  ["a symbol", Symbol("s"), JSON_BOTH, /no JSON form/],
  [
    "undefined for an encoding that is not JSON",
    undefined,
    { response: { encoding: "cdr" } },
    /"cdr" takes a Uint8Array/,
  ],
  ["a bigint", 1n, JSON_BOTH, /BigInt/i],
  ["an object for an encoding that is not JSON", {}, { response: { encoding: "cdr" } }, /"cdr" takes a Uint8Array/],
];

for (const [name, result, options, reason] of UNENCODABLE) {
  test(`service call: a result that cannot be encoded (${name}) is a failure, and the error event reports it`, async () => {
    for (const isLate of [false, true]) {
      const { server, errors, call, failure } = await setUp(() => isLate ? Promise.resolve(result) : result, options);
      call(1);
      assertMatch((await failure())[2] as string, reason);
      assertEquals(errors.length, 1);
      await server.close();
    }
  });
}

test("service call: time limit, after which the signal has aborted and a late answer goes nowhere", async () => {
  const clock = new ManualClock();
  const answer = deferred<number>();
  const signals: AbortSignal[] = [];
  const { server, service, client, errors, call, failure } = await setUp((late, { signal }) => {
    signals.push(signal);
    return late ? answer.promise : never();
  }, { timeoutMs: 1000, server: { clock } });
  call(1, true);
  call(2, false);
  await client.settle();
  clock.advance(999);
  assertEquals(await client.settle(), []);
  clock.advance(1);
  assertEquals(await failure(), [service.id, 1, 'Service "/s" did not answer within 1000 ms']);
  assertEquals((await failure())[1], 2);
  assertEquals(signals.map(({ aborted, reason }) => [aborted, reason.code]), [[true, "timeout"], [true, "timeout"]]);
  answer.resolve(1);
  await answer.promise;
  assertEquals(await client.settle(), []);
  assertEquals([errors, clock.delays], [[], 0]);
  await server.close();
});

test("service call: the time limit is that of the limits table unless the service has one; Infinity is none", async () => {
  const clock = new ManualClock();
  const server = new FoxgloveServer({ clock });
  const usual = server.service("/usual", {}, never);
  const patient = server.service("/patient", { timeoutMs: Infinity }, never);
  const client = await WireClient.greeted(server);
  for (const { id } of [usual, patient]) {
    client.send({ op: "serviceCallRequest", serviceId: id, callId: id, encoding: "", data: utf8("") });
  }
  await client.settle();
  clock.advance(29_999);
  assertEquals(await client.settle(), []);
  clock.advance(1);
  assertEquals((await client.expect("serviceCallFailure")).callId, usual.id);
  clock.advance(1e9);
  assertEquals(await client.settle(), []);
  await server.close();
});

test("service call: an answer in time stops the time limit", async () => {
  const clock = new ManualClock();
  const { server, call, response } = await setUp(() => Promise.resolve(1), { server: { clock } });
  call(1);
  await response();
  assertEquals(clock.delays, 0);
  await server.close();
});

test("service call: too many in flight, at the limit and one more; each client has its own", async () => {
  const gate = deferred<string>();
  const { server, service, client, call, failure, response } = await setUp(() => gate.promise);
  for (let callId = 0; callId < 32; callId++) call(callId);
  assertEquals(await client.settle(), []);
  call(32);
  assertEquals(await failure(), [service.id, 32, "Too many service calls in flight: the limit is 32"]);
  const other = await WireClient.greeted(server);
  other.send({ op: "serviceCallRequest", serviceId: 1, callId: 0, encoding: "json", data: utf8("{}") });
  assertEquals(await other.settle(), []);
  gate.resolve("ok");
  for (let callId = 0; callId < 32; callId++) assertEquals((await response())[1], callId);
  call(33);
  assertEquals((await response())[1], 33);
  await server.close();
});

test("service call: call id in flight is refused, and may be used again after its answer", async () => {
  let calls = 0;
  const gate = deferred<string>();
  const { server, call, failure, response } = await setUp(() => (calls++, gate.promise));
  call(5);
  call(5);
  const [, callId, message] = await failure();
  assertEquals([callId, message], [5, "Call ID was already used: 5; the call is still in flight"]);
  gate.resolve("ok");
  assertEquals((await response())[1], 5);
  call(5);
  assertEquals((await response())[1], 5);
  assertEquals(calls, 2);
  await server.close();
});

test("service call: service closed meanwhile: its calls fail before clients hear that it is gone", async () => {
  const signals: AbortSignal[] = [];
  const { server, service, client, call } = await setUp((_, { signal }) => (signals.push(signal), never()));
  const other = server.service("/other", {}, never);
  await client.expect("advertiseServices");
  call(1);
  call(2);
  call(3, {}, "json", other.id);
  await client.settle();
  service.close();
  const message = 'Service "/s" was removed';
  assertEquals(await client.settle(), [
    { op: "serviceCallFailure", serviceId: service.id, callId: 1, message },
    { op: "serviceCallFailure", serviceId: service.id, callId: 2, message },
    { op: "unadvertiseServices", serviceIds: [service.id] },
  ]);
  assertEquals(signals.map(({ aborted }) => aborted), [true, true]);
  await server.close();
});

test("service call: the client leaves: the signal aborts, nothing is left, and a late answer goes nowhere", async () => {
  const clock = new ManualClock();
  const answer = deferred<number>();
  const started = deferred<AbortSignal>();
  const { server, client, errors, call } = await setUp((_, { signal }) => {
    started.resolve(signal);
    return answer.promise;
  }, { server: { clock } });
  call(1);
  const signal = await started.promise;
  const left = deferred<unknown>();
  signal.addEventListener("abort", () => left.resolve(signal.reason));
  client.transport.terminate();
  assertEquals(`${await left.promise}`, "ConnectionError: Client has left");
  assertEquals(clock.delays, 0);
  answer.reject(new Error("too late"));
  await client.closed;
  await server.close();
  assertEquals(errors, []);
});

test("service call: server close: what is in flight fails, its signal aborts, and no answer follows", async () => {
  const signals: AbortSignal[] = [];
  const { server, service, client, call } = await setUp((_, { signal }) => (signals.push(signal), never()));
  call(1);
  call(2);
  await client.settle();
  await server.close();
  const closing = (callId: number) => (
    { op: "serviceCallFailure" as const, serviceId: service.id, callId, message: "Connection is closing" }
  );
  assertEquals(client.inbox, [closing(1), closing(2)]);
  assertEquals(signals.map(({ aborted }) => aborted), [true, true]);
  assertEquals((await client.closed).code, 1001);
});

test("a callback may call any method of the server: a handler closes its service, its client, the server", async () => {
  const closers: ((at: { server: FoxgloveServer; close: () => void; client: { close(): void } }) => unknown)[] = [
    ({ close }) => close(),
    ({ client }) => client.close(),
    ({ server }) => server.close(),
  ];
  for (const closer of closers) {
    for (const isLate of [false, true]) {
      const clock = new ManualClock();
      const server = new FoxgloveServer({ clock });
      const events = recordEvents(server);
      const service = server.service("/s", {}, (_, { client }) => {
        closer({ server, client, close: () => service.close() });
        return isLate ? never() : utf8("late");
      });
      const client = await WireClient.greeted(server);
      client.send({ op: "serviceCallRequest", serviceId: service.id, callId: 1, encoding: "", data: utf8("") });
      assertEquals((await client.expect("serviceCallFailure")).callId, 1);
      const closed = server.close();
      client.transport.close();
      await closed;
      assertEquals(client.inbox.filter(({ op }) => op.startsWith("serviceCall")), []);
      assertEquals(events.filter((event) => event.startsWith("error")), []);
      assertEquals(clock.delays, 0);
    }
  }
});

test("what listens to a signal may close the connection that is being closed", async () => {
  const { server, client, call } = await setUp((_, { client, signal }) => {
    signal.addEventListener("abort", () => client.close({ code: 3000 }));
    return never();
  });
  call(1);
  await client.settle();
  client.serverSide.close({ code: 3001 });
  assertEquals((await client.closed).code, 3000);
  assertEquals(client.inbox.map(({ op }) => op), ["serviceCallFailure"]);
  await server.close();
});

test("a handler that gives a promise of its own kind is awaited", async () => {
  const { server, call, response } = await setUp(() => ({
    then: (resolve: (value: string) => void) => resolve("ok"),
  }));
  call(1);
  assertEquals((await response())[3], '"ok"');
  await server.close();
});

test("call ids and service ids of all 32 bits are answered as they came", async () => {
  const { server, call, response, failure } = await setUp(() => 1);
  call(0xffff_ffff);
  assertEquals((await response())[1], 0xffff_ffff);
  call(0, {}, "json", 0xffff_ffff);
  assertEquals((await failure()).slice(0, 2), [0xffff_ffff, 0]);
  await server.close();
});

test("an answer of many megabytes to a client that waits for nothing else arrives", async () => {
  const bytes = new Uint8Array(20 * 1024 * 1024).fill(7);
  const { server, client, call } = await setUp(() => bytes, {});
  call(1, utf8(""), "raw");
  const { data } = await client.expect("serviceCallResponse");
  assertEquals([data.length, data.at(-1)], [bytes.length, 7]);
  await server.close();
});
