/** Clients that come and go, on real sockets. */
import { webSocket } from "../../src/runtime/node.ts";
import { SUBPROTOCOLS, type WebSocketFactory } from "../../client.ts";
import { clientChurnSuite, type Pave } from "../suites/client_churn.ts";
import { bun, type Listen, nodeHttp } from "../support/listeners.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { runtime } from "../support/test.ts";

/** Real sockets, on a port that can be cut. */
function sockets(listen: Listen, open: WebSocketFactory): Pave {
  return async (server) => {
    const { port, stop } = await listen(server);
    const proxy = await TcpProxy.start(port);
    return {
      dial: () => open(`ws://127.0.0.1:${proxy.port}`, [...SUBPROTOCOLS]),
      cut: () => proxy.cut(),
      async stop() {
        await proxy.stop();
        await stop();
      },
    };
  };
}

const standardSocket: WebSocketFactory = (url, protocols) => new WebSocket(url, protocols);

if (runtime === "bun") clientChurnSuite("sockets", sockets(bun, standardSocket));
// Node 20 has no WebSocket of its own, and Deno's leaves Nagle's algorithm on: with it, each client takes 90 ms.
const own = runtime === "node" && "WebSocket" in globalThis;
if (runtime === "node" || runtime === "deno") {
  clientChurnSuite("sockets", sockets(nodeHttp, own ? standardSocket : webSocket));
}
