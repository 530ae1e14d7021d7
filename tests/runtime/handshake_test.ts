/** The handshake on each way to serve that this runtime has. */
import { handshakeSuite } from "../suites/handshake.ts";
import { bun, insideBunServe, insideDenoServe, insideNodeHttp, nodeHttp } from "../support/listeners.ts";
import { runtime } from "../support/test.ts";

if (runtime === "deno" || runtime === "node") handshakeSuite("node:http", nodeHttp, { ownHttp: false });
handshakeSuite("a server of node:http", insideNodeHttp(), { ownHttp: true });
if (runtime === "deno") handshakeSuite("Deno.serve", insideDenoServe, { ownHttp: true, missesLeaving: true });
if (runtime === "bun") {
  handshakeSuite("bun_serve.ts", bun, { ownHttp: false });
  handshakeSuite("a Bun.serve", insideBunServe, { ownHttp: true });
}
