/** What docs/embedding.md says of the end of the user's server: it waits for ours, and ends with it. */
import { assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { upgrade } from "../../src/runtime/deno.ts";
import { FoxgloveServer } from "../../src/server/server.ts";
import { insideExpress, insideFastify } from "../support/host_listeners.ts";
import { hostTest } from "../support/hosts.ts";
import { insideBunServe, insideNodeHttp, type Listen } from "../support/listeners.ts";
import { RawClient } from "../support/raw_client.ts";
import { runtime, test } from "../support/test.ts";
import { nextEvent } from "../support/wire_client.ts";

const LIMIT_MS = 20_000;

function waits(name: string, listen: Listen, declare = test): void {
  declare(`${name}: the user's server goes on serving viewers after its close, and ends with ours`, async () => {
    const server = new FoxgloveServer();
    const { port, stop } = await listen(server);
    const viewer = await RawClient.greeted(port);
    let over = false;
    const stopped = stop().then(() => over = true);
    await viewer.settle();
    assertEquals(over, false);
    const closed = server.close();
    assertEquals((await viewer.socket.readClose()).code, 1001);
    await viewer.destroy();
    await deadline(Promise.all([closed, stopped]), LIMIT_MS);
  });
  endsAfterOurs(name, listen, declare);
}

function endsAfterOurs(name: string, listen: Listen, declare = test): void {
  declare(`${name}: ours is closed first: viewers who do not answer keep the user's server no longer`, async () => {
    const server = new FoxgloveServer();
    const { port, stop } = await listen(server);
    const silent = await RawClient.greeted(port);
    await deadline(server.close({ timeoutMs: 50 }), LIMIT_MS);
    await silent.destroy();
    await deadline(stop(), LIMIT_MS);
  });
}

/** By `shutdown()`, which can wait for ever for a peer that left during its handshake: none does here. */
const denoServe: Listen = (core) => {
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const http = Deno.serve(options, async (request, info) => await upgrade(core, request, info) ?? new Response());
  return Promise.resolve({ port: http.addr.port, stop: () => http.shutdown() });
};

if (runtime !== "browser") waits("node:http", insideNodeHttp());
if (runtime === "deno") {
  endsAfterOurs("Deno.serve", denoServe);

  test("Deno.serve: the user's server closes viewers by itself", async () => {
    const server = new FoxgloveServer();
    const { port, stop } = await denoServe(server);
    const viewer = await RawClient.greeted(port);
    const gone = nextEvent(server, "disconnect");
    const stopped = stop();
    assertEquals(await viewer.socket.readClose(), { code: 1001, reason: "Server shutting down" });
    await viewer.destroy();
    await deadline(Promise.all([gone, stopped]), LIMIT_MS);
    assertEquals(server.clients.size, 0);
  });
}
if (runtime === "bun") waits("Bun.serve", insideBunServe);
if (runtime === "node" || runtime === "bun") waits("Express", insideExpress, hostTest);
if (runtime === "node" || runtime === "bun") waits("Fastify", insideFastify, hostTest);
