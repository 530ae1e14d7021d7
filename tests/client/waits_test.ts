/** Every wait of a client takes a signal, every request a time limit; nothing of a wait outlives it. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import type { FoxgloveClient } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import type { Feed } from "../../src/client/feed.ts";
import type { WaitOptions } from "../../src/util/async.ts";
import { ConnectionError, FoxgloveError, TimeoutError } from "../../src/util/errors.ts";
import { addService, advertise, answer, EVERYTHING, FIRST } from "../support/busy_client.ts";
import { CountingSignal } from "../support/counting_signal.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { quiet, ScriptedRobot } from "../support/scripted_robot.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

type Ask = (client: FoxgloveClient, options?: WaitOptions) => Promise<unknown>;

/** Everything that is asked and answered. */
const REQUESTS: Record<string, Ask> = {
  "callService()": (client, options) => client.callService("/add", {}, options),
  "getParameters()": (client, options) => client.getParameters([], options),
  "setParameters()": (client, options) => client.setParameters({ gain: 1 }, options),
  "fetchAsset()": (client, options) => client.fetchAsset("package://a", options),
  "playback.play()": (client, options) => client.playback.play(options),
  "playback.pause()": (client, options) => client.playback.pause(options),
  "playback.seek()": (client, options) => client.playback.seek(1n, options),
  "playback.setSpeed()": (client, options) => client.playback.setSpeed(2, options),
};

/** Everything that is watched. */
const FEEDS: Record<string, (client: FoxgloveClient, options?: { signal?: AbortSignal }) => Feed<object | bigint>> = {
  "subscribe()": (client, options) => client.subscribe("/pose", options),
  "parameterUpdates()": (client, options) => client.parameterUpdates(["gain"], options),
  "connectionGraph()": (client, options) => client.connectionGraph(options),
  "timeUpdates()": (client, options) => client.timeUpdates(options),
};

const REASON = new Error("changed my mind");

async function connected() {
  const clock = new ManualClock();
  const { server, client } = await ScriptedServer.connected({ info: EVERYTHING, client: { clock } });
  advertise(server, FIRST);
  await server.settle(client);
  return { server, client, clock };
}

for (const [name, ask] of Object.entries(REQUESTS)) {
  test(`${name} that is answered leaves no timer, and no listener on its signal`, async () => {
    const { server, client, clock } = await connected();
    const counting = new CountingSignal();
    const asked = ask(client, { signal: counting.signal, timeoutMs: 50 });
    answer(server, await server.next());
    assertEquals([clock.delays, counting.listeners], [1, 1]);
    await asked;
    assertEquals([clock.delays, counting.listeners], [0, 0]);
    await client.close();
  });

  test(`${name} with a signal that is aborted already rejects with its reason, and sends nothing`, async () => {
    const { server, client, clock } = await connected();
    const counting = new CountingSignal();
    counting.abort(REASON);
    assertEquals(await rejection(ask(client, { signal: counting.signal })), REASON);
    await server.settle(client);
    assertEquals([server.inbox, clock.delays, counting.listeners], [[], 0, 0]);
    await client.close();
  });

  test(`${name} rejects with the reason when its signal aborts, and its answer is counted as late`, async () => {
    const { server, client, clock } = await connected();
    const counting = new CountingSignal();
    const asked = rejection(ask(client, { signal: counting.signal }));
    const request = await server.next();
    counting.abort(REASON);
    assertEquals([await asked, clock.delays, counting.listeners], [REASON, 0, 0]);
    answer(server, request);
    await server.settle(client);
    assertEquals([client.stats().lateMessages, client.stats().ignoredMessages, server.inbox], [1, 0, []]);
    await client.close();
  });

  test(`${name} rejects with a TimeoutError at its time limit, not before, and its answer is counted as late`, async () => {
    const { server, client, clock } = await connected();
    const counting = new CountingSignal();
    let over = false;
    const asked = rejection(ask(client, { signal: counting.signal, timeoutMs: 50 })).finally(() => over = true);
    const request = await server.next();
    clock.advance(49);
    await quiet();
    assertEquals(over, false);
    clock.advance(1);
    const error = await asked;
    assert(error instanceof TimeoutError && error.message.endsWith("within 50 ms"), String(error));
    assertEquals([error.code, clock.delays, counting.listeners], ["timeout", 0, 0]);
    answer(server, request);
    await server.settle(client);
    assertEquals(client.stats().lateMessages, 1);
    await client.close();
  });

  test(`${name} takes the client's limit by default, or none`, async () => {
    const clock = new ManualClock();
    const options = { info: EVERYTHING, client: { clock, limits: { requestMs: 70 } } };
    const { server, client } = await ScriptedServer.connected(options);
    advertise(server, FIRST);
    await server.settle(client);
    const limited = assertRejects(() => ask(client), TimeoutError, "within 70 ms");
    const endless = ask(client, { timeoutMs: Infinity });
    assertEquals(clock.delays, 1);
    clock.advance(70);
    await limited;
    clock.advance(1e9);
    await server.next();
    answer(server, await server.next());
    await endless;
    await client.close();
  });

  test(`${name} with a time limit longer than any timer waits all the same`, async () => {
    const { server, client } = await ScriptedServer.connected({ info: EVERYTHING });
    advertise(server, FIRST);
    await server.settle(client);
    const asked = ask(client, { timeoutMs: 2 ** 40 });
    const request = await server.next();
    await new Promise((resolve) => setTimeout(resolve, 5));
    answer(server, request);
    await asked;
    await client.close();
  });

  test(`${name} on a connection that is cut, or lost, or closed, leaves nothing on its signal`, async () => {
    const ends: ((server: ScriptedServer, client: FoxgloveClient) => unknown)[] = [
      (server) => server.transport.terminate(),
      (server) => server.transport.close(1001),
      (_server, client) => client.close(),
    ];
    for (const end of ends) {
      const { server, client, clock } = await connected();
      const counting = new CountingSignal();
      const asked = rejection(ask(client, { signal: counting.signal }));
      await server.next();
      end(server, client);
      const error = await asked;
      assert(error instanceof ConnectionError && error.code === "connection", String(error));
      const after = await rejection(ask(client, { signal: counting.signal }));
      assert(after instanceof ConnectionError && after.code === "connection", String(after));
      await client.closed;
      assertEquals([clock.delays, counting.listeners], [0, 0]);
    }
  });
}

for (const [name, open] of Object.entries(FEEDS)) {
  test(`${name} with a signal that is aborted already throws its reason, and asks for nothing`, async () => {
    const { server, client } = await connected();
    const counting = new CountingSignal();
    counting.abort(REASON);
    const feed = open(client, { signal: counting.signal });
    assertEquals([await rejection(feed.next()), await rejection(feed.next())], [REASON, REASON]);
    assertEquals(await rejection(feed.stream.getReader().read()), REASON);
    await server.settle(client);
    assertEquals([server.inbox, counting.listeners], [[], 0]);
    await client.close();
  });

  test(`${name} throws the reason when its signal aborts, forgets what waits and ends what was asked for`, async () => {
    const { server, client } = await connected();
    const counting = new CountingSignal();
    const waiting = open(client, { signal: counting.signal });
    const unread = open(client, { signal: counting.signal });
    const next = rejection(waiting.next());
    await server.settle(client);
    const asked = server.inbox.length;
    counting.abort(REASON);
    assertEquals([await next, await rejection(unread.next()), unread.size], [REASON, REASON, 0]);
    await server.settle(client);
    // Each subscription is ended by one message; the time needs neither.
    assertEquals([server.inbox.length, counting.listeners], [2 * asked, 0]);
    await client.close();
  });

  test(`${name} leaves no listener on its signal, however it ends`, async () => {
    const ends: ((server: ScriptedServer, client: FoxgloveClient, feed: Feed<object | bigint>) => unknown)[] = [
      (_server, _client, feed) => feed.close(),
      (_server, _client, feed) => feed.return(),
      (_server, _client, feed) => feed[Symbol.asyncDispose](),
      (_server, _client, feed) => feed.stream.cancel(),
      (_server, client) => client.close(),
      (server) => server.transport.terminate(),
      (server) => server.transport.close(1011),
    ];
    for (const end of ends) {
      const { server, client } = await connected();
      const counting = new CountingSignal();
      const feed = open(client, { signal: counting.signal });
      assertEquals(counting.listeners, 1);
      await end(server, client, feed);
      await quiet();
      assertEquals(counting.listeners, 0);
      counting.abort(REASON);
      await client.close();
      assertEquals(counting.listeners, 0);
      open(client, { signal: new CountingSignal().signal });
    }
  });

  test(`${name} keeps its signal over a reconnect`, async () => {
    const { robot, server, client } = await ScriptedRobot.connected({ info: EVERYTHING });
    const counting = new CountingSignal();
    const next = rejection(open(client, { signal: counting.signal }).next());
    await robot.lose(server, client);
    await robot.greet(client, EVERYTHING);
    assertEquals(counting.listeners, 1);
    counting.abort(REASON);
    assertEquals([await next, counting.listeners], [REASON, 0]);
    await client.close();
    assertEquals(robot.clock.delays, 0);
  });
}

test("connect() leaves no listener on its signal, whether it succeeds or fails", async () => {
  const clock = new ManualClock();
  const greeted = new CountingSignal();
  const server = new ScriptedServer();
  server.info();
  const client = await connect(server.clientEnd, { signal: greeted.signal, clock });
  assertEquals([greeted.listeners, clock.delays], [0, 0]);
  await client.close();
  const cut = new CountingSignal();
  const refusing = new ScriptedServer();
  refusing.transport.close(1008);
  await assertRejects(() => connect(refusing.clientEnd, { signal: cut.signal, clock }), ConnectionError);
  assertEquals([cut.listeners, clock.delays], [0, 0]);
});

test("a signal cuts a close() that the server does not answer, and stays clean when it does", async () => {
  const { server, client, clock } = await connected();
  server.transport.pause();
  const counting = new CountingSignal();
  const closing = client.close({ signal: counting.signal, timeoutMs: Infinity });
  await quiet();
  assertEquals([counting.listeners, clock.delays], [1, 0]);
  counting.abort(REASON);
  await closing;
  assertEquals([(await client.closed).code, counting.listeners], [1006, 0]);

  const good = await connected();
  const unused = new CountingSignal();
  await good.client.close({ signal: unused.signal });
  assertEquals([(await good.client.closed).code, unused.listeners, good.clock.delays], [1000, 0, 0]);

  const early = await connected();
  early.server.transport.pause();
  await early.client.close({ signal: AbortSignal.abort(REASON), timeoutMs: Infinity });
  assertEquals((await early.client.closed).code, 1006);
});

test("a writer that waits ends with its stream's abort, its publisher and its connection", async () => {
  const { server, client } = await connected();
  server.transport.pause();
  const publisher = client.publisher({ topic: "/goal", encoding: "json" });
  const writer = publisher.writable.getWriter();
  const writing = Array.from({ length: 8 }, () => writer.write(new Uint8Array(1 << 20)));
  const all = Promise.allSettled(writing);
  await quiet();
  const aborting = writer.abort(REASON);
  server.transport.resume();
  await aborting;
  assertEquals((await all).at(-1), { status: "rejected", reason: REASON });
  await client.close();
});

/** A service call, and how it may fail. */
const FAILURES: [code: string, fail: (client: FoxgloveClient, server: ScriptedServer) => Promise<unknown>][] = [
  ["timeout", (client) => client.callService("/none", {}, { timeoutMs: 1 })],
  ["service_failed", async (client, server) => {
    const call = client.callService("/add");
    const { callId } = await server.expect("serviceCallRequest");
    server.send({ op: "serviceCallFailure", serviceId: 1, callId, message: "No" });
    await call;
  }],
  ["service_gone", async (client, server) => {
    const call = client.callService("/add");
    await server.expect("serviceCallRequest");
    server.send({ op: "unadvertiseServices", serviceIds: [1] });
    await call;
  }],
  ["decode", async (client, server) => {
    const call = client.callService("/add");
    const { callId } = await server.expect("serviceCallRequest");
    const data = new Uint8Array([0xff]);
    server.send({ op: "serviceCallResponse", serviceId: 1, callId, encoding: "json", data });
    await call;
  }],
  ["invalid_message", async (client, server) => {
    client.on("error", () => {});
    const call = client.callService("/add");
    const { callId } = await server.expect("serviceCallRequest");
    server.send(`{"op":"serviceCallFailure","serviceId":1,"callId":${callId},"message":5}`);
    await call;
  }],
  ["asset_failed", async (client, server) => {
    const fetching = client.fetchAsset("package://a");
    const { requestId } = await server.expect("fetchAsset");
    server.send({ op: "fetchAssetResponse", requestId, error: "No" });
    await fetching;
  }],
  ["capability", async (client, server) => {
    server.info();
    await server.settle(client);
    await client.getParameters();
  }],
  ["capability", async (client, server) => {
    server.info();
    await server.settle(client);
    client.publisher({ topic: "/goal", encoding: "json" });
  }],
  ["encoding", async (client, server) => {
    server.info({ ...EVERYTHING, supportedEncodings: ["cdr"] });
    await server.settle(client);
    client.publisher({ topic: "/goal", encoding: "json" });
  }],
  ["closed", async (client) => {
    const publisher = client.publisher({ topic: "/goal", encoding: "json" });
    const writer = publisher.writable.getWriter();
    publisher.close();
    await writer.write({});
  }],
  ["connection", async (client, server) => {
    addService(server, 5, "/slow");
    server.transport.terminate();
    await client.callService("/slow");
  }],
  ["connection", async (client, server) => {
    const subscription = client.subscribe("/pose");
    server.transport.close(1008, "No");
    await subscription.next();
  }],
];

for (const [i, [code, fail]] of FAILURES.entries()) {
  test(`what fails with code "${code}" is a FoxgloveError with its own name (${i + 1})`, async () => {
    const { server, client } = await ScriptedServer.connected({ info: EVERYTHING });
    advertise(server, FIRST);
    await server.settle(client);
    const error = await rejection(fail(client, server));
    assertInstanceOf(error, FoxgloveError);
    assertEquals([error.code, error.name], [code, error.constructor.name]);
    assert(!error.message.endsWith("."), error.message);
    await client.close();
  });
}

/** What a promise rejects with; fails when it does not. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It has not failed");
}
