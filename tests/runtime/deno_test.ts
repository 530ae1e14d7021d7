/** The Transport contract inside a user's own `Deno.serve`. */
import { webSocketTransport } from "../../src/transport/web_socket.ts";
import { rawTransportSuite } from "../suites/raw_transport.ts";
import { socketHarness, transportSuite } from "../suites/transport.ts";
import { insideDenoServe } from "../support/listeners.ts";
import { runtime } from "../support/test.ts";

if (runtime === "deno") {
  const connect = (url: string) => webSocketTransport(new WebSocket(url, ["foxglove.sdk.v1"]));
  transportSuite("Deno.serve", socketHarness(insideDenoServe, connect, { cuts: { server: false, client: false } }));
  rawTransportSuite("Deno.serve", insideDenoServe, { answersFaults: false, cuts: false });
}
