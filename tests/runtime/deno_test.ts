/** The Transport contract inside a user's own `Deno.serve`. */
import { upgrade } from "../../src/runtime/deno.ts";
import { webSocketTransport } from "../../src/transport/web_socket.ts";
import { rawTransportSuite } from "../suites/raw_transport.ts";
import { type Listen, socketHarness, transportSuite } from "../suites/transport.ts";
import { runtime } from "../support/test.ts";

const start: Listen = (core) => {
  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request, info) => {
    return await upgrade(core, request, info) ?? new Response("app\n");
  });
  return Promise.resolve({ port: http.addr.port, stop: () => http.shutdown() });
};

if (runtime === "deno") {
  transportSuite(
    "Deno.serve",
    socketHarness(start, (url) => webSocketTransport(new WebSocket(url, ["foxglove.sdk.v1"])), {
      cuts: { server: false, client: false },
    }),
  );
  rawTransportSuite("Deno.serve", start, { answersFaults: false, cuts: false });
}
