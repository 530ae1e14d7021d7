/** A server behind an adapter, a faulty line to it, and clients on both: where every fault is played. */
import { assertEquals } from "@std/assert";
import { connect, type ConnectOptions, type FoxgloveClient } from "../../../client.ts";
import { webSocket } from "../../../src/runtime/node.ts";
import { FoxgloveServer, type ServerOptions } from "../../../src/server/server.ts";
import { deferred, within } from "../../../src/util/async.ts";
import { systemClock } from "../../../src/util/time.ts";
import { CountingClock } from "../../support/counting_clock.ts";
import { FaultProxy } from "../../support/fault_proxy.ts";
import type { Listen } from "../../support/listeners.ts";
import { assertNoMoreSockets, openSockets } from "../../support/open_sockets.ts";
import { test } from "../../support/test.ts";
import { recordEvents } from "../../support/wire_client.ts";

/** Nothing takes so long unless something is wrong. */
export const LIMIT_MS = 40_000;

/** What an adapter has. */
export interface FaultTraits {
  /** Whether it notices by itself that a client is gone. */
  pings: boolean;
  /** Whether it frees the socket of a client that resets the very moment its request is complete: Deno 2.9's own does not. */
  freesRequests: boolean;
}

/** One test's server and what leads to it. */
export interface Scene {
  readonly server: FoxgloveServer;
  readonly port: number;
  readonly proxy: FaultProxy;
  readonly traits: FaultTraits;
  /** What the server has raised, in short. */
  readonly events: string[];
  /** Connects as users do, by the faulty line unless told otherwise; closed with the test. */
  client(options?: ConnectOptions & { port?: number }): Promise<FoxgloveClient>;
  /** A client on a line without faults, which gets everything. */
  witness(): Promise<Witness>;
  /** Does something now, and again and again to the end of the test. */
  every(ms: number, action: () => void): void;
}

/** Declares a test for one adapter. */
export type On = (sentence: string, body: (scene: Scene) => Promise<void>, options?: ServerOptions) => void;

/** What declares tests for one adapter. */
export function onAdapter(name: string, listen: Listen, traits: FaultTraits): On {
  return (sentence, body, options = {}) =>
    test(`${name}: ${sentence}`, async () => {
      const before = openSockets();
      await play({ listen, traits, options, body });
      await assertNoMoreSockets(before);
    });
}

interface Play {
  listen: Listen;
  traits: FaultTraits;
  options: ServerOptions;
  body(scene: Scene): Promise<void>;
}

/** Soon, so that a test need not wait. */
export const SOON = { minDelayMs: 5, maxDelayMs: 50 };

async function play({ listen, traits, options, body }: Play): Promise<void> {
  const clock = new CountingClock();
  const clientClock = new CountingClock();
  const server = new FoxgloveServer({ name: "robot", clientPublish: true, connectionGraph: true, ...options, clock });
  const events = recordEvents(server);
  const { port, stop } = await listen(server);
  const proxy = await FaultProxy.start(port);
  const clients: FoxgloveClient[] = [];
  const timers: ReturnType<typeof setInterval>[] = [];
  const every: Scene["every"] = (ms, action) => {
    action();
    timers.push(setInterval(action, ms));
  };
  const client: Scene["client"] = async ({ port: to = proxy.port, ...options } = {}) => {
    // Node 20 has no WebSocket of its own.
    const socket = "WebSocket" in globalThis ? {} : { webSocket };
    const connected = await connect(`ws://127.0.0.1:${to}`, {
      ...socket,
      reconnect: SOON,
      clock: clientClock,
      ...options,
    });
    clients.push(connected);
    return connected;
  };
  const witness = async () => {
    const count = server.channel("/count", { encoding: "json" });
    let value = 0;
    every(1, () => count.publish(value++));
    return new Witness(await client({ port, reconnect: false }));
  };
  try {
    await body({ server, port, proxy, traits, events, client, witness, every });
    assertEquals(events.filter((event) => event.startsWith("error")), []);
  } finally {
    for (const timer of timers) clearInterval(timer);
    await Promise.all(clients.map((client) => client.close({ timeoutMs: 100 })));
    await within(server.close({ timeoutMs: 500 }), "end of server.close()", { timeoutMs: LIMIT_MS });
    await proxy.stop();
    await within(stop(), "end of the listener", { timeoutMs: LIMIT_MS });
  }
  assertEquals([server.clients.size, clock.delays, clientClock.delays], [0, 0, 0], "clients, timers of both sides");
}

/** A client that nothing happens to: it misses no message. */
export class Witness {
  readonly client: FoxgloveClient;
  readonly #messages;
  #last: number | undefined;

  constructor(client: FoxgloveClient) {
    this.client = client;
    this.#messages = client.subscribe<number>("/count");
  }

  /** Reads so many messages, each the one after the last. */
  async sees(messages: number): Promise<void> {
    for (let i = 0; i < messages; i++) {
      const { value } = await within(this.#messages.next(), "message for the witness", { timeoutMs: LIMIT_MS });
      const count = value!.value!;
      if (this.#last !== undefined) assertEquals(count, this.#last + 1, "the witness has missed something");
      this.#last = count;
    }
  }
}

/** Waits until something is so, looking in each turn. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const { promise, resolve } = deferred<void>();
  let over = false;
  const look = () => {
    if (over) return;
    if (isSo()) resolve();
    else setTimeout(look, 1);
  };
  look();
  await within(promise, what, { timeoutMs: LIMIT_MS, clock: systemClock }).finally(() => over = true);
}
