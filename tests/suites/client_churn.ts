/**
 * Clients that come and go, and one whose connection does: nothing of what is over stays behind, in the client or the
 * server. `tests/runtime/client_churn_test.ts` runs it for each way to connect.
 */
import { assert, assertEquals, assertInstanceOf, assertLess } from "@std/assert";
import {
  connect,
  ConnectionError,
  type ConnectOptions,
  type FoxgloveClient,
  type TransportFactory,
} from "../../client.ts";
import { FoxgloveServer } from "../../src/server/server.ts";
import { CountingClock } from "../support/counting_clock.ts";
import { CountingSignal } from "../support/counting_signal.ts";
import { Mortals } from "../support/garbage.ts";
import { event } from "../support/scripted_robot.ts";
import { test } from "../support/test.ts";

/** A way to a server. */
export interface Road {
  /** Makes one connection. */
  dial: TransportFactory;
  /** Cuts those that there are. */
  cut(): void;
  stop(): Promise<void>;
}

/** Leads to a server. */
export type Pave = (server: FoxgloveServer) => Promise<Road>;

/** A robot that has everything, and has not got an answer to "never". */
function everything(): FoxgloveServer {
  const server = new FoxgloveServer({ name: "robot", connectionGraph: true, clientPublish: true });
  server.channel("/count", { encoding: "json", latch: true }).publish(1);
  server.service("/add", {}, ({ a, b }: { a: number; b: number }) => a + b);
  server.service("/never", {}, never);
  server.parameters.set("gain", 0);
  server.asset((uri) => uri === "never" ? never() : new Uint8Array(1000));
  server.playback({ startTime: 0n, endTime: 1n, play() {}, pause() {}, seek() {}, setSpeed() {} });
  return server;
}

function never(): Promise<never> {
  return new Promise(() => {});
}

/** What a client has open: all that there is to read, and a topic. */
function watch(client: FoxgloveClient, signal: AbortSignal) {
  const options = { signal };
  return {
    messages: client.subscribe<number>("/count", options),
    feeds: [client.parameterUpdates([], options), client.connectionGraph(options), client.timeUpdates(options)],
    goal: client.publisher({ topic: "/goal", encoding: "json" }),
  };
}

/** Asks for one of everything, and gets it. */
async function ask(client: FoxgloveClient, gain: number, signal: AbortSignal): Promise<void> {
  const options = { signal };
  const answers = await Promise.all([
    client.callService("/add", { a: gain, b: 1 }, options),
    client.setParameters({ gain }, options).then((values) => values.get("gain")),
    client.fetchAsset("mesh", options).then(({ length }) => length),
    client.playback.pause(options).then(({ status }) => status),
  ]);
  assertEquals(answers, [gain + 1, gain, 1000, "paused"]);
}

/** Asks for what there is no answer to. @returns What comes of it. */
function askInVain(client: FoxgloveClient, signal: AbortSignal): Promise<unknown>[] {
  const options = { signal };
  const asked = [client.callService("/never", {}, options), client.fetchAsset("never", options)];
  return asked.map((answer) => answer.catch((error) => error));
}

/** Connects, uses everything and closes in the middle of it. */
async function comeAndGo(road: Road, options: ConnectOptions, { gain, signal }: { gain: number; signal: AbortSignal }) {
  const client = await connect(road.dial, options);
  const { messages, feeds, goal } = watch(client, signal);
  assertEquals((await messages.next()).value?.value, 1);
  await ask(client, gain, signal);
  goal.publish({ gain });
  const inVain = [...askInVain(client, signal), client.callService("/absent", {}, { signal }).catch((error) => error)];
  const reading = [messages, ...feeds].map((feed) => feed.next());
  await client.close();
  for (const answer of inVain) assertInstanceOf(await answer, ConnectionError);
  await Promise.all(reading);
  return client;
}

/** Declares the tests. */
export function clientChurnSuite(name: string, pave: Pave): void {
  test(`${name}: of 1000 clients that connect, use everything and close, nothing stays behind`, async () => {
    const server = everything();
    const road = await pave(server);
    const [clock, counting] = [new CountingClock(), new CountingSignal()];
    const mortals = new Mortals();
    for (let gain = 1; gain <= 1000; gain++) {
      const client = await comeAndGo(road, { clock, reconnect: false }, { gain, signal: counting.signal });
      mortals.add("clients", client);
      assertEquals([clock.delays, counting.listeners, client.stats().subscriptions], [0, 0, 0], `client ${gain}`);
    }
    await mortals.assertGone();
    await road.stop();
    await server.close();
    assertEquals(server.clients.size, 0);
  });

  test(`${name}: of 200 connections that a client loses with everything under way, nothing stays behind`, async () => {
    const server = everything();
    const road = await pave(server);
    const [clock, counting] = [new CountingClock(), new CountingSignal()];
    const { signal } = counting;
    const mortals = new Mortals();
    const dial = async () => {
      const end = await road.dial();
      mortals.add("connections", end);
      return end;
    };
    const client = await connect(dial, { clock, reconnect: { minDelayMs: 1, maxDelayMs: 1, jitter: 0 } });
    const { messages, goal } = watch(client, signal);
    const own = counting.listeners;
    for (let gain = 1; gain <= 200; gain++) {
      assertEquals((await messages.next()).value?.value, 1);
      await ask(client, gain, signal);
      assert(goal.publish({ gain }));
      // The request that names all parameters has been answered before what was asked after it.
      assertEquals([counting.listeners, clock.delays], [own, 0], `connection ${gain}`);
      const inVain = askInVain(client, signal);
      const back = event(client, "resumed");
      road.cut();
      for (const answer of inVain) assertInstanceOf(await answer, ConnectionError);
      await back;
      const { subscriptions, reconnects } = client.stats();
      assertEquals(reconnects, gain);
      assertLess(subscriptions, 2);
    }
    assertEquals(mortals.count("connections"), 201);
    await mortals.assertGone();
    await client.close();
    assertEquals([clock.delays, counting.listeners, client.stats().subscriptions], [0, 0, 0]);
    await road.stop();
    await server.close();
    assertEquals(server.clients.size, 0);
  });
}
