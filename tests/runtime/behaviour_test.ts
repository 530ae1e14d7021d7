/** The behaviour suite for each way that this runtime has to serve. */
import { behaviourSuite } from "../suites/behaviour.ts";
import { bun, insideBunServe, insideDenoServe, insideNodeHttp, nodeHttp } from "../support/listeners.ts";
import { runtime } from "../support/test.ts";

const strict = { limitsMessages: true, checksFrames: true, pings: true };
const lenient = { limitsMessages: false, checksFrames: false, pings: false };

if (runtime === "node" || runtime === "deno") behaviourSuite("serve()", nodeHttp, strict);
behaviourSuite("node:http", insideNodeHttp(), strict);
if (runtime === "deno") behaviourSuite("Deno.serve", insideDenoServe, lenient);
if (runtime === "bun") {
  behaviourSuite("serve()", bun, strict);
  behaviourSuite("Bun.serve", insideBunServe, strict);
}
