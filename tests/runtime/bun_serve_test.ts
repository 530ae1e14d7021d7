/** The Transport contract on `Bun.serve`. */
import { webSocketTransport } from "../../src/transport/web_socket.ts";
import { rawTransportSuite } from "../suites/raw_transport.ts";
import { socketHarness, transportSuite } from "../suites/transport.ts";
import { bun } from "../support/listeners.ts";
import { runtime } from "../support/test.ts";

if (runtime === "bun") {
  const connect = (url: string) => webSocketTransport(new WebSocket(url, ["foxglove.sdk.v1"]));
  const traits = { cuts: { server: true, client: true }, codeless: [1000, 1005] };
  transportSuite("Bun.serve", socketHarness(bun, connect, traits));
  rawTransportSuite("Bun.serve", bun, { answersFaults: true, cuts: true });
}
