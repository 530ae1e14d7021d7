/** The Transport contract inside a user's own `Deno.serve`. */
import { assertEquals, assertRejects } from "@std/assert";
import { upgrade } from "../../src/runtime/deno.ts";
import { webSocketTransport } from "../../src/transport/web_socket.ts";
import { rawTransportSuite } from "../suites/raw_transport.ts";
import { leaveEarly } from "../suites/handshake.ts";
import { socketHarness, transportSuite } from "../suites/transport.ts";
import { insideDenoServe } from "../support/listeners.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { runtime, test } from "../support/test.ts";
import { TransportServer } from "../support/transport_end.ts";

if (runtime === "deno") {
  const connect = (url: string) => webSocketTransport(new WebSocket(url, ["foxglove.sdk.v1"]));
  transportSuite("Deno.serve", socketHarness(insideDenoServe, connect, { cuts: { server: false, client: false } }));
  rawTransportSuite("Deno.serve", insideDenoServe, { answersFaults: false, cuts: false });

  // Deno itself keeps the half-made upgrade for ever, which the sanitizers would report.
  const leaks = { sanitizeOps: false, sanitizeResources: false };
  Deno.test("Deno.serve: a peer that leaves before the answer never becomes a client", leaks, async () => {
    const core = new TransportServer();
    const { port, stop } = await insideDenoServe(core);
    await leaveEarly(core, port);
    const peer = await RawSocket.open(port);
    const end = await core.next();
    end.transport.send(["hello"]);
    assertEquals((await peer.readFrame()).payload.length, 5);
    await peer.destroy();
    await end.closed();
    await stop();
  });

  test("Deno.serve: upgrade() takes what the program knows of the client, and an odd second argument", async () => {
    const core = new TransportServer();
    const known = { identity: { name: "Ann" }, address: "192.0.2.1" };
    const stop = new AbortController();
    const http = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen() {} },
      async (request) => await upgrade(core, request, {} as never, known) ?? new Response(),
    );
    const peer = await RawSocket.open(http.addr.port);
    const end = await core.next();
    assertEquals(core.peers.map(({ identity, address }) => ({ identity, address })), [known]);
    await peer.destroy();
    await end.closed();
    stop.abort();
    await http.finished;
  });

  test("Deno.serve: upgrade() refuses arguments that are none", async () => {
    const request = new Request("http://127.0.0.1/");
    await assertRejects(() => upgrade(request as never, request), TypeError, "upgrade() needs a FoxgloveServer first");
    for (const context of [undefined, { req: request }, { url: "/", header() {} }]) {
      const call = () => upgrade(new TransportServer(), context as never);
      await assertRejects(call, TypeError, "upgrade() needs the Request second, got ");
    }
    const misspelt = { identiy: "Ann" } as never;
    await assertRejects(
      () => upgrade(new TransportServer(), request, undefined, misspelt),
      TypeError,
      '"identiy" is unkn',
    );
  });
}
