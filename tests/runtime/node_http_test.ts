/** The Transport contract on node:http, for the runtimes that serve with it, and every client they have. */
import { listen } from "../../src/runtime/node_http.ts";
import { webSocket } from "../../src/runtime/node.ts";
import { webSocketTransport } from "../../src/transport/web_socket.ts";
import { rawTransportSuite } from "../suites/raw_transport.ts";
import { type Listen, socketHarness, transportSuite } from "../suites/transport.ts";
import { runtime } from "../support/test.ts";

const PROTOCOLS = ["foxglove.sdk.v1"];

const start: Listen = async (core) => {
  const listener = await listen(core, { host: "127.0.0.1", port: 0 });
  return { port: listener.port, stop: () => listener.close() };
};

if (runtime === "deno" || runtime === "node") {
  transportSuite(
    "node:http with the standard WebSocket",
    socketHarness(start, (url) => webSocketTransport(new WebSocket(url, PROTOCOLS)), {
      cuts: { server: true, client: false },
    }),
  );
  transportSuite(
    "node:http with the WebSocket of ws",
    socketHarness(start, async (url) => webSocketTransport(await webSocket(url, PROTOCOLS)), {
      cuts: { server: true, client: true },
    }),
  );
  rawTransportSuite("node:http", start, { answersFaults: true, cuts: true });
}
