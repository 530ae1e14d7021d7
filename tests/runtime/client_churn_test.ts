/** Clients that come and go, on real sockets and without any. */
import { webSocket } from "../../src/runtime/node.ts";
import { SUBPROTOCOLS } from "../../client.ts";
import { type LinkedTransport, linkedTransports } from "../../src/transport/linked.ts";
import { clientChurnSuite, type Pave } from "../suites/client_churn.ts";
import { bun, type Listen, nodeHttp } from "../support/listeners.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { runtime } from "../support/test.ts";

/** Nothing between client and server. */
const linked: Pave = (server) => {
  const serverEnds = new Set<LinkedTransport>();
  return Promise.resolve({
    dial() {
      const [serverEnd, clientEnd] = linkedTransports();
      serverEnds.clear();
      serverEnds.add(serverEnd);
      server.accept(serverEnd);
      return clientEnd;
    },
    cut: () => serverEnds.forEach((end) => end.terminate()),
    stop: () => Promise.resolve(),
  });
};

/** The sockets of this runtime, on a port that can be cut. */
function sockets(listen: Listen): Pave {
  return async (server) => {
    const { port, stop } = await listen(server);
    const proxy = await TcpProxy.start(port);
    const url = `ws://127.0.0.1:${proxy.port}`;
    return {
      // Node 20 has no WebSocket of its own.
      dial: () => "WebSocket" in globalThis ? new WebSocket(url, [...SUBPROTOCOLS]) : webSocket(url, [...SUBPROTOCOLS]),
      cut: () => proxy.cut(),
      async stop() {
        await proxy.stop();
        await stop();
      },
    };
  };
}

if (runtime !== "browser") {
  clientChurnSuite("linked transports", linked);
  clientChurnSuite("sockets", sockets(runtime === "bun" ? bun : nodeHttp));
}
