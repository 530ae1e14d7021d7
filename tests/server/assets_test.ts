import { assert, assertEquals, assertMatch } from "@std/assert";
import type { AssetBody, AssetHandler } from "../../src/server/asset.ts";
import { FoxgloveServer, type ServerOptions } from "../../src/server/server.ts";
import type { LinkedTransport } from "../../src/transport/linked.ts";
import { deferred } from "../../src/util/async.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { test } from "../support/test.ts";
import { WireClient } from "../support/wire_client.ts";

const MIB = 1024 * 1024;
const utf8 = (text: string) => new TextEncoder().encode(text);
const never = () => new Promise<never>(() => {});

/** A server with an asset handler and a greeted client. */
async function setUp(handler: AssetHandler, options: ServerOptions = {}) {
  const server = new FoxgloveServer(options);
  const errors: string[] = [];
  server.on("error", ({ error, during }) => errors.push(`${during}: ${error}`));
  server.asset(handler);
  const client = await WireClient.greeted(server);
  const fetch = (requestId: number, uri = `package://${requestId}`) =>
    client.send({ op: "fetchAsset", uri, requestId });
  /** The next answer: `[id, text of the data]`, or `[id, undefined, error]`. */
  const answer = async () => {
    const { requestId, data, error } = await client.expect("fetchAssetResponse");
    return data === undefined ? [requestId, undefined, error] : [requestId, new TextDecoder().decode(data)];
  };
  return { server, client, errors, fetch, answer };
}

/** A stream of these chunks that tells what happens to it. */
function tracked(chunks: readonly unknown[]) {
  const log: string[] = [];
  const left = [...chunks];
  const stream = new ReadableStream({
    pull(controller) {
      log.push("pull");
      if (left.length > 0) controller.enqueue(left.shift() as Uint8Array);
      else controller.close();
    },
    cancel: (reason) => void log.push(`cancel: ${reason?.message}`),
  }, { highWaterMark: 0 }) as ReadableStream<Uint8Array>;
  return { stream, log };
}

test("fetchAsset is answered with bytes, at once or later", async () => {
  const { server, fetch, answer } = await setUp((uri) => uri.endsWith("1") ? utf8("now") : Promise.resolve(utf8("")));
  fetch(1);
  assertEquals(await answer(), [1, "now"]);
  fetch(2);
  assertEquals(await answer(), [2, ""]);
  await server.close();
});

test("fetchAsset is answered with the whole of a stream", async () => {
  const bodies = [[], ["one"], ["o", "", "ne", "two"]].map((chunks) => tracked(chunks.map(utf8)).stream);
  const { server, fetch, answer } = await setUp(() => bodies.shift());
  for (const [id, text] of ["", "one", "onetwo"].entries()) {
    fetch(id);
    assertEquals(await answer(), [id, text]);
  }
  await server.close();
});

test("fetchAsset: the handler learns the URI and who asks", async () => {
  const heard: unknown[] = [];
  const { server, client, fetch, answer } = await setUp((uri, { client, signal }) => {
    heard.push(uri, client, signal.aborted);
    return undefined;
  });
  fetch(1, "package://a/b c.stl");
  await answer();
  assertEquals(heard, ["package://a/b c.stl", client.serverSide, false]);
  await server.close();
});

test("fetchAsset without capability", async () => {
  const server = new FoxgloveServer();
  const client = await WireClient.greeted(server);
  client.send({ op: "fetchAsset", uri: "package://x", requestId: 4 });
  const { requestId, error } = await client.expect("fetchAssetResponse");
  assertEquals([requestId, error], [4, "Server does not support assets capability"]);
  await server.close();
});

test("fetchAsset: not found, also when no handler is left", async () => {
  const { server, errors, fetch, answer } = await setUp(() => undefined);
  fetch(1);
  assertEquals(await answer(), [1, undefined, 'Asset not found: "package://1"']);
  fetch(2, "x".repeat(100_000));
  assert((await answer())[2]!.toString().length < 100, "a long URI is not sent back");
  assertEquals(errors, []);
  await server.close();

  const bare = new FoxgloveServer({ capabilities: ["assets"] });
  const client = await WireClient.greeted(bare);
  client.send({ op: "fetchAsset", uri: "a", requestId: 1 });
  assertEquals((await client.expect("fetchAssetResponse")).error, 'Asset not found: "a"');
  await bare.close();
});

test("a capability's first handler registered while clients are connected: serverInfo again, once", async () => {
  const server = new FoxgloveServer();
  const client = await WireClient.greeted(server);
  server.asset(() => undefined);
  server.asset(() => undefined);
  assertEquals((await client.expect("serverInfo")).capabilities, ["assets"]);
  assertEquals(await client.settle(), []);
  await server.close();
});

test("handlers are asked in order until one knows the URI; a disposed one no more", async () => {
  const { server, fetch, answer } = await setUp((uri) => uri === "a" ? utf8("first") : undefined);
  const second = server.asset(() => utf8("second"));
  for (const [id, uri] of ["a", "b"].entries()) fetch(id, uri);
  assertEquals(await answer(), [0, "first"]);
  assertEquals(await answer(), [1, "second"]);
  second[Symbol.dispose]();
  fetch(2, "b");
  assertEquals((await answer())[1], undefined);
  await server.close();
});

const FAILURES: [string, AssetHandler, RegExp][] = [
  ["handler throws", () => {
    throw new Error("on purpose");
  }, /^on purpose$/],
  ["handler rejects", () => Promise.reject(new Error("on purpose")), /^on purpose$/],
  ["handler gives a string", () => "text" as unknown as AssetBody, /handler gave string "text"/],
  ["handler gives null", () => null as unknown as AssetBody, /handler gave null/],
  ["stream fails", () => new ReadableStream({ pull: () => Promise.reject(new Error("disk")) }), /^disk$/],
  ["stream gives text", () => tracked(["text"]).stream, /its stream gave a string/],
  ["stream is read already", () => {
    const { stream } = tracked([]);
    stream.getReader();
    return stream;
  }, /lock|reader/i],
];

for (const [name, handler, reason] of FAILURES) {
  test(`fetchAsset: ${name}: status 1 with a text, the error event reports it, and the next one is served`, async () => {
    const { server, errors, fetch, answer } = await setUp((uri, request) =>
      uri === "ok" ? utf8("ok") : handler(uri, request)
    );
    fetch(1);
    const [id, data, error] = await answer();
    assertEquals([id, data], [1, undefined]);
    assertMatch(error as string, reason);
    fetch(2, "ok");
    assertEquals(await answer(), [2, "ok"]);
    assertEquals(errors.length, 1);
    assertMatch(errors[0]!, /^asset "package:\/\/1": /);
    await server.close();
  });
}

test("fetchAsset: a broken stream is cancelled", async () => {
  const { stream, log } = tracked(["text"]);
  const { server, fetch, answer } = await setUp(() => stream);
  fetch(1);
  await answer();
  assertEquals(log, ["pull", "cancel: Cannot send asset: its stream gave a string"]);
  await server.close();
});

test("fetchAsset: the size limit, of bytes and of streams, at the limit and one more", async () => {
  const bodies: AssetBody[] = [
    new Uint8Array(8),
    new Uint8Array(9),
    tracked([new Uint8Array(3), new Uint8Array(5)]).stream,
    tracked([new Uint8Array(3), new Uint8Array(6)]).stream,
  ];
  const { server, errors, fetch, client } = await setUp(() => bodies.shift(), { limits: { assetBytes: 8 } });
  const sizes: (number | string | undefined)[] = [];
  for (let id = 0; id < 4; id++) {
    fetch(id);
    const { data, error } = await client.expect("fetchAssetResponse");
    sizes.push(data?.length ?? error);
  }
  const tooLarge = "Asset is larger than 8 bytes";
  assertEquals(sizes, [8, tooLarge, 8, tooLarge]);
  assertEquals(errors.length, 2, "the owner should know");
  await server.close();
});

test("fetchAsset: a stream that is too large is cancelled, and not read to its end", async () => {
  const { stream, log } = tracked(Array.from({ length: 100 }, () => new Uint8Array(4)));
  const { server, fetch, answer } = await setUp(() => stream, { limits: { assetBytes: 8 } });
  fetch(1);
  await answer();
  assertEquals(log, ["pull", "pull", "pull", "cancel: Asset is larger than 8 bytes"]);
  await server.close();
});

test("fetchAsset: too many in flight, at the limit and one more; each client has its own", async () => {
  const gate = deferred<Uint8Array>();
  const { server, client, fetch, answer } = await setUp(() => gate.promise);
  for (let id = 0; id < 32; id++) fetch(id);
  assertEquals(await client.settle(), []);
  fetch(32);
  assertEquals(await answer(), [32, undefined, "Too many asset requests in flight: the limit is 32"]);
  const other = await WireClient.greeted(server);
  other.send({ op: "fetchAsset", uri: "a", requestId: 0 });
  assertEquals(await other.settle(), []);
  gate.resolve(utf8("ok"));
  for (let id = 0; id < 32; id++) assertEquals(await answer(), [id, "ok"]);
  fetch(33);
  assertEquals(await answer(), [33, "ok"]);
  await server.close();
});

test("fetchAsset: request id in flight is refused, and may be used again after its answer", async () => {
  const gate = deferred<Uint8Array>();
  const { server, fetch, answer } = await setUp(() => gate.promise);
  fetch(5);
  fetch(5);
  assertEquals(await answer(), [5, undefined, "Request ID was already used: 5; the request is still in flight"]);
  gate.resolve(utf8("ok"));
  assertEquals(await answer(), [5, "ok"]);
  fetch(5);
  assertEquals(await answer(), [5, "ok"]);
  await server.close();
});

test("fetchAsset: time limit of a handler that never answers; the signal aborts, a late answer goes nowhere", async () => {
  const clock = new ManualClock();
  const late = deferred<AssetBody>();
  let signal: AbortSignal | undefined;
  const { server, client, errors, fetch, answer } = await setUp((_, request) => {
    signal = request.signal;
    return late.promise;
  }, { clock });
  fetch(1);
  await client.settle();
  clock.advance(29_999);
  assertEquals(await client.settle(), []);
  clock.advance(1);
  assertEquals(await answer(), [1, undefined, 'Asset "package://1" did not come within 30000 ms']);
  assertEquals([signal?.aborted, signal?.reason.code], [true, "timeout"]);
  const { stream, log } = tracked([utf8("late")]);
  late.resolve(stream);
  await client.settle();
  assertEquals(log, ['cancel: Asset "package://1" did not come within 30000 ms']);
  assertEquals([errors, clock.delays, client.inbox], [[], 0, []]);
  await server.close();
});

test("fetchAsset: time limit of a stream that stalls counts from its last chunk; bytes pass it by", async () => {
  const clock = new ManualClock();
  const chunks = [deferred<Uint8Array>(), deferred<Uint8Array>(), deferred<Uint8Array>()];
  const pulled = [deferred<void>(), deferred<void>(), deferred<void>()];
  let next = 0;
  let cancelled: unknown;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      pulled[next]!.resolve();
      controller.enqueue(await chunks[next++]!.promise);
    },
    cancel: (reason) => void (cancelled = reason.code),
  }, { highWaterMark: 0 });
  const { stream: second, log } = tracked([utf8("second")]);
  const bodies: AssetBody[] = [stream, second, utf8("bytes")];
  const { server, client, fetch, answer } = await setUp(() => bodies.shift(), { clock });
  for (const id of [1, 2, 3]) fetch(id);
  assertEquals(await answer(), [3, "bytes"]);
  for (const chunk of [0, 1]) {
    await pulled[chunk]!.promise;
    clock.advance(29_999);
    chunks[chunk]!.resolve(utf8("x"));
  }
  await pulled[2]!.promise;
  assertEquals([await client.settle(), log], [[], []]);
  clock.advance(30_000);
  assertEquals((await answer()).slice(0, 2), [1, undefined]);
  assertEquals(cancelled, "timeout");
  assertEquals(await answer(), [2, "second"]);
  assertEquals(clock.delays, 0);
  await server.close();
});

test("fetchAsset: the client leaves: signals abort, streams are cancelled, nothing is left", async () => {
  const clock = new ManualClock();
  const waiting = tracked([utf8("waiting")]);
  const stalled = deferred<unknown>();
  const pulled = deferred<void>();
  const stalling = new ReadableStream<Uint8Array>({
    pull: () => (pulled.resolve(), never()),
    cancel: (reason) => stalled.resolve(reason),
  }, { highWaterMark: 0 });
  const late = deferred<AssetBody>();
  const signals: AbortSignal[] = [];
  const bodies = [stalling, waiting.stream, late.promise];
  const { server, client, errors, fetch } = await setUp((_, { signal }) => {
    signals.push(signal);
    return bodies.shift();
  }, { clock });
  for (const id of [1, 2, 3]) fetch(id);
  await pulled.promise;
  client.transport.terminate();
  assertEquals(`${await stalled.promise}`, "ConnectionError: Client has left");
  await client.closed;
  assertEquals(signals.map(({ aborted }) => aborted), [true, true, true]);
  assertEquals(waiting.log, ["cancel: Client has left"]);
  late.reject(new Error("too late"));
  await server.close();
  assertEquals([errors, clock.delays], [[], 0]);
});

test("fetchAsset: server close: what is in flight fails, its signal aborts, and no answer follows", async () => {
  const signals: AbortSignal[] = [];
  const { server, client, fetch } = await setUp((_, { signal }) => (signals.push(signal), never()));
  fetch(1);
  fetch(2);
  await client.settle();
  await server.close();
  const failure = (requestId: number) => (
    { op: "fetchAssetResponse" as const, requestId, error: "Connection is closing" }
  );
  assertEquals(client.inbox, [failure(1), failure(2)]);
  assertEquals(signals.map(({ aborted }) => aborted), [true, true]);
});

test("a callback may call any method of the server: a handler closes its client and the server", async () => {
  for (const closer of [(s: FoxgloveServer) => s.close(), (s: FoxgloveServer) => [...s.clients][0]!.close()]) {
    const { server, client, errors, fetch, answer } = await setUp(() => {
      closer(server);
      return utf8("late");
    });
    fetch(1);
    assertEquals(await answer(), [1, undefined, "Connection is closing"]);
    await server.close();
    assertEquals([client.inbox, errors], [[], []]);
  }
});

/** Bodies of `bytes` each, streams that count how far they were read. */
function largeStreams(bytes: number) {
  const read: number[] = [];
  const handler: AssetHandler = () => {
    const index = read.push(0) - 1;
    const chunk = new Uint8Array(MIB);
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        if (read[index]! >= bytes) return controller.close();
        read[index]! += chunk.length;
        controller.enqueue(chunk);
      },
    }, { highWaterMark: 0 });
  };
  return { read, handler };
}

test("assets larger than the control lane's budget do not close the client, whatever comes with them", async () => {
  const body = new Uint8Array(8 * MIB);
  const { server, client, fetch } = await setUp(() => body);
  const transport = client.transport as LinkedTransport;
  for (let id = 0; id < 4; id++) fetch(id);
  await client.settle();
  transport.pause();
  for (let i = 0; i < 8; i++) server.status("info", "x".repeat(MIB));
  transport.resume();
  const ids = [];
  for (let got = 0; got < 12; got++) {
    const message = await client.next();
    if (message.op === "fetchAssetResponse") ids.push(message.requestId);
  }
  assertEquals(ids.filter((id) => id !== undefined).length, new Set(ids).size);
  assertEquals(await client.settle(), []);
  await server.close();
});

test("a body waits behind control: what is queued when its turn comes goes first", async () => {
  const body = deferred<AssetBody>();
  const { server, client, fetch, answer } = await setUp(() => body.promise);
  fetch(1);
  await client.settle();
  const transport = client.transport as LinkedTransport;
  transport.pause();
  for (let i = 0; i < 3; i++) server.status("info", `${i}${"x".repeat(2 * MIB)}`);
  body.resolve(new Uint8Array(8 * MIB));
  // Its turn has not come: this was said later and arrives before.
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  server.status("info", "later");
  transport.resume();
  for (const first of ["0", "1", "2", "l"]) {
    assertEquals((await client.expect("status")).message[0], first);
  }
  assertEquals((await answer())[0], 1);
  await server.close();
});

test("streams are read one at a time, and none while the client takes nothing", async () => {
  const { read, handler } = largeStreams(8 * MIB);
  const { server, client, fetch } = await setUp(handler);
  const other = await WireClient.greeted(server);
  const transport = client.transport as LinkedTransport;
  const started = () => read.filter((bytes) => bytes > 0).length;
  for (let id = 0; id < 32; id++) fetch(id);
  await client.expect("fetchAssetResponse");
  transport.pause();
  // The server has its turns; whether there are enough of them, the bound below says too.
  for (let turn = 0; turn < 20; turn++) await other.settle();
  assert(started() <= 3, `${started()} of 32 streams were read for a client that takes nothing`);
  transport.resume();
  for (let got = 2; got <= 32; got++) {
    const { data } = await client.expect("fetchAssetResponse");
    assertEquals(data?.length, 8 * MIB);
    assert(started() <= got + 2, `${started()} streams were read when ${got} had arrived`);
  }
  await server.close();
});

test("large assets in a row let channel data through", async () => {
  const { handler } = largeStreams(4 * MIB);
  const { server, client, fetch } = await setUp(handler);
  const channel = server.channel("/c", { encoding: "raw" });
  await client.expect("advertise");
  client.subscribe(1, channel.id);
  await client.settle();
  for (let id = 0; id < 8; id++) fetch(id);
  const order: string[] = [];
  while (order.filter((op) => op === "fetchAssetResponse").length < 8) {
    order.push((await client.next()).op);
    channel.publish(utf8("x"));
  }
  const gaps = order.join(" ").split("fetchAssetResponse").slice(2, -1);
  assert(gaps.some((gap) => gap.includes("messageData")), order.join(" "));
  await server.close();
});
