/** A connection that is cut in the middle of anything, on real sockets: no wait of the client is left without an end. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { connect, type FoxgloveClient } from "../../client.ts";
import { webSocket } from "../../src/runtime/node.ts";
import { serve } from "../../src/runtime/serve.ts";
import type { FoxgloveServer } from "../../src/server/server.ts";
import { within } from "../../src/util/async.ts";
import { ConnectionError } from "../../src/util/errors.ts";
import { Busy, expected, FIRST, type Wait } from "../support/busy_client.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { test } from "../support/test.ts";

/** Gives all that a busy client waits for. */
function prepare(server: FoxgloveServer): void {
  const { value } = FIRST;
  const pose = server.channel("/pose", { encoding: "json" });
  server.on("subscribe", ({ client }) => pose.publishTo(client, value));
  for (const name of ["/add", "/late"]) server.service(name, {}, () => value);
  server.asset(() => new TextEncoder().encode(value));
  server.parameters.set("gain", value);
  server.parameters.on("subscribe", () => {
    server.parameters.delete("gain");
    server.parameters.set("gain", value);
  });
  server.on("connect", () => server.time(5n));
  server.playback({ startTime: 7n, endTime: 8n, play() {}, pause() {}, seek() {}, setSpeed() {} });
}

/** What each wait may give: the parameter is deleted and set again when it is watched. */
function assertRight(wait: Wait, outcome: unknown): void {
  const other: Partial<Record<Wait, unknown[]>> = {
    graph: ["server"],
    update: [FIRST.value, undefined],
    get: [FIRST.value, undefined],
  };
  const right = other[wait] ?? [expected(FIRST)[wait]];
  assert(right.includes(outcome), `${wait}: ${outcome}`);
}

function open(port: number): Promise<FoxgloveClient> {
  const socket = "WebSocket" in globalThis ? {} : { webSocket };
  return connect(`ws://127.0.0.1:${port}`, { ...socket, reconnect: { minDelayMs: 1, maxDelayMs: 20 } });
}

/** Settles when there is a connection. */
async function connection(client: FoxgloveClient): Promise<void> {
  if (client.state.status === "connected") return;
  await new Promise<void>((resolve) => client.on("state", ({ status }) => status === "connected" && resolve()));
}

/** Asks again for what has failed, until everything is there. */
async function untilAnswered(busy: Busy, client: FoxgloveClient): Promise<void> {
  for (;;) {
    const outcomes = await busy.over();
    const failed = [...outcomes].filter(([, outcome]) => outcome instanceof Error);
    for (const [wait, error] of failed) assertInstanceOf(error, ConnectionError, `${wait}: ${error}`);
    if (failed.length === 0) break;
    await connection(client);
    busy.start(failed.map(([wait]) => wait));
  }
  for (const [wait, outcome] of busy.outcomes) assertRight(wait, outcome);
}

/** One client whose first connection gets so many bytes. @returns How many it has got, and what came of it. */
async function cutAfter(bytes: number, proxy: FaultProxy): Promise<{ passed: number; reconnects: number }> {
  proxy.faults = { down: { after: bytes, how: "end" } };
  const client = await open(proxy.port).catch((error: unknown) => error);
  if (client instanceof Error) {
    assertInstanceOf(client, ConnectionError, String(client));
    return { passed: proxy.passed("down"), reconnects: -1 };
  }
  const greeted = client as FoxgloveClient;
  await untilAnswered(new Busy(greeted), greeted);
  const passed = proxy.passed("down");
  await greeted.close();
  return { passed, reconnects: greeted.stats().reconnects };
}

test("a client whose connection is cut after any number of bytes gets everything from the next one, or says so", async () => {
  const server = await serve({ port: 0, name: "robot", connectionGraph: true });
  prepare(server);
  const proxy = await FaultProxy.start(server.port);
  const { passed: all } = await cutAfter(Infinity, proxy);
  const reconnects: number[] = [];
  // Prime, so that the cuts are at other places of each frame.
  for (let bytes = 0; bytes < all; bytes += 17) {
    const cut = within(cutAfter(bytes, proxy), `end after ${bytes} bytes`, { timeoutMs: 20_000 });
    reconnects.push((await cut).reconnects);
  }
  // First the handshake and serverInfo are cut, then all that follows, where one more connection is enough.
  const [failed, again] = [reconnects.lastIndexOf(-1), reconnects.lastIndexOf(1)];
  assertEquals(reconnects.slice(0, again + 1), reconnects.map((_, i) => i <= failed ? -1 : 1).slice(0, again + 1));
  assert(failed > 5 && again - failed > 20, `${reconnects}`);
  await proxy.stop();
  await server.close();
});
