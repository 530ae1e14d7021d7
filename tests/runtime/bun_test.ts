/** The Transport contract on `Bun.serve`. */
import { listen } from "../../src/runtime/bun.ts";
import { webSocketTransport } from "../../src/transport/web_socket.ts";
import { rawTransportSuite } from "../suites/raw_transport.ts";
import { type Listen, socketHarness, transportSuite } from "../suites/transport.ts";
import { runtime } from "../support/test.ts";

const start: Listen = async (core) => {
  const listener = await listen(core, { host: "127.0.0.1", port: 0 });
  return { port: listener.port, stop: () => listener.close() };
};

if (runtime === "bun") {
  transportSuite(
    "Bun.serve",
    socketHarness(start, (url) => webSocketTransport(new WebSocket(url, ["foxglove.sdk.v1"])), {
      cuts: { server: true, client: true },
      codeless: [1000, 1005],
    }),
  );
  rawTransportSuite("Bun.serve", start, { answersFaults: true, cuts: true });
}
