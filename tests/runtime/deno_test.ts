/** The Transport contract inside a user's own `Deno.serve`. */
import { assertEquals } from "@std/assert";
import { webSocketTransport } from "../../src/transport/web_socket.ts";
import { rawTransportSuite } from "../suites/raw_transport.ts";
import { leaveEarly } from "../suites/handshake.ts";
import { socketHarness, transportSuite } from "../suites/transport.ts";
import { insideDenoServe } from "../support/listeners.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { runtime } from "../support/test.ts";
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
}
