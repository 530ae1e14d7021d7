/** The server suite for each way that this runtime has to serve. */
import { serverSuite } from "../suites/server.ts";
import { bun, insideBunServe, insideDenoServe, insideNodeHttp, nodeHttp } from "../support/listeners.ts";
import { runtime } from "../support/test.ts";

const strict = { limitsMessages: true, checksFrames: true, pings: true };
const lenient = { limitsMessages: false, checksFrames: false, pings: false };

if (runtime === "node" || runtime === "deno") serverSuite("serve()", nodeHttp, strict);
serverSuite("node:http", insideNodeHttp(), strict);
if (runtime === "deno") serverSuite("Deno.serve", insideDenoServe, lenient);
if (runtime === "bun") {
  serverSuite("serve()", bun, strict);
  serverSuite("Bun.serve", insideBunServe, strict);
}
