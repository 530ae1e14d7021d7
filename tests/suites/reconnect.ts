/**
 * A client that reconnects, on real sockets: servers that are killed, and servers that come back as others.
 * `tests/runtime/reconnect_test.ts` runs it for each way to serve.
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { type ClientEvents, connect, type FoxgloveClient } from "../../client.ts";
import { webSocket } from "../../src/runtime/node.ts";
import type { Channel } from "../../src/server/channel.ts";
import { FoxgloveServer } from "../../src/server/server.ts";
import { deferred, within } from "../../src/util/async.ts";
import { systemClock } from "../../src/util/time.ts";
import type { Listen, Listening } from "../support/listeners.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { test } from "../support/test.ts";

/** Soon, so that a test need not wait. */
const SOON = { minDelayMs: 5, maxDelayMs: 50 };

/** Connects as users do, but to a server that may be gone for a moment only. */
export function connectTo(port: number): Promise<FoxgloveClient> {
  // Node 20 has no WebSocket of its own.
  const socket = "WebSocket" in globalThis ? {} : { webSocket };
  return connect(`ws://127.0.0.1:${port}`, { ...socket, reconnect: SOON });
}

/** The next event of a type. */
export function next<Type extends keyof ClientEvents>(client: FoxgloveClient, type: Type): Promise<ClientEvents[Type]> {
  const { promise, resolve } = deferred<ClientEvents[Type]>();
  const listener = client.on(type, (value) => {
    listener[Symbol.dispose]();
    resolve(value);
  });
  return within(promise, `event ${type}`, { timeoutMs: 10_000 });
}

/** Publishes one number after the other, as fast as turns go by, until told to stop. */
function stream(channel: Channel): () => void {
  let running = true;
  const publish = (value: number) => {
    if (!running) return;
    channel.publish(value);
    systemClock.defer(() => publish(value + 1));
  };
  publish(0);
  return () => running = false;
}

/** Declares the tests. */
export function reconnectSuite(name: string, listen: Listen): void {
  test(`${name}: a client whose connection is cut in mid-stream resumes, again and again`, async () => {
    const server = new FoxgloveServer();
    const count = server.channel("/count", { encoding: "json" });
    const { port, stop } = await listen(server);
    const proxy = await TcpProxy.start(port);
    const client = await connectTo(proxy.port);
    const stopStream = stream(count);
    const messages = client.subscribe<number>("/count");
    let last = -1;
    for (let cuts = 0; cuts < 3; cuts++) {
      for (let i = 0; i < 50; i++) {
        const { value } = (await messages.next()).value!;
        assert(value !== undefined && value > last, `${value} after ${last}`);
        last = value;
      }
      const resumed = next(client, "resumed");
      proxy.cut();
      await resumed;
    }
    assertEquals(client.stats().reconnects, 3);
    await messages.next();
    stopStream();
    await client.close();
    await proxy.stop();
    await server.close();
    await stop();
  });

  test(`${name}: a client goes on with a server that was started again, with other ids and schemas`, async () => {
    const schema = (data: object) => ({ encoding: "json", schema: { name: "Pose", encoding: "jsonschema", data } });
    const first = new FoxgloveServer();
    const pose = first.channel("/pose", schema({ title: "first" }));
    let listening: Listening = await listen(first);
    const proxy = await TcpProxy.start(listening.port);
    const client = await connectTo(proxy.port);
    const poses = client.subscribe("/pose");
    first.on("subscribe", () => pose.publish("old"));
    const old = (await poses.next()).value!;
    const session = next(client, "session");
    await first.close();
    await listening.stop();

    const second = new FoxgloveServer({ name: "second" });
    for (const topic of ["/a", "/b"]) second.channel(topic, { encoding: "json" });
    const again = second.channel("/pose", schema({ title: "second" }));
    second.on("subscribe", () => again.publish("new"));
    listening = await listen(second);
    proxy.target = listening.port;
    assertGreater((await session).attempts, 0);
    const { value, channel } = (await poses.next()).value!;
    assertEquals([old.value, value], ["old", "new"]);
    assertGreater(channel.id, old.channel.id);
    assertEquals([JSON.parse(channel.schema?.data as string).title, client.serverInfo.name], ["second", "second"]);
    await client.close();
    await proxy.stop();
    await second.close();
    await listening.stop();
  });
}
