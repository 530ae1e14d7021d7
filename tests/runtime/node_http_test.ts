/** The Transport contract on node:http, where it serves, with every client there is. */
import { webSocket } from "../../src/runtime/node.ts";
import { webSocketTransport } from "../../src/transport/web_socket.ts";
import { rawTransportSuite } from "../suites/raw_transport.ts";
import { socketHarness, transportSuite } from "../suites/transport.ts";
import { insideNodeHttp, nodeHttp } from "../support/listeners.ts";
import { runtime } from "../support/test.ts";

const PROTOCOLS = ["foxglove.sdk.v1"];
const standardClient = (url: string) => webSocketTransport(new WebSocket(url, PROTOCOLS));
const wsClient = async (url: string) => webSocketTransport(await webSocket(url, PROTOCOLS));

if (runtime === "deno" || runtime === "node") {
  const cuts = { server: true, client: false };
  transportSuite("node:http, standard WebSocket", socketHarness(nodeHttp, standardClient, { cuts }));
  const both = { server: true, client: true };
  transportSuite("node:http, WebSocket of ws", socketHarness(nodeHttp, wsClient, { cuts: both }));
  rawTransportSuite("node:http", nodeHttp, { answersFaults: true, cuts: true });
}
if (runtime === "bun") {
  const traits = { cuts: { server: true, client: true }, codeless: [1000, 1005] };
  transportSuite("node:http, WebSocket of Bun", socketHarness(insideNodeHttp(), standardClient, traits));
  rawTransportSuite("node:http", insideNodeHttp(), { answersFaults: true, cuts: true });
}
// Of the standard clients only Node's offers compression.
if (runtime === "node") {
  const compressing = insideNodeHttp({ compress: true });
  const cuts = { server: true, client: false };
  transportSuite("node:http, compressed", socketHarness(compressing, standardClient, { cuts }));
}
