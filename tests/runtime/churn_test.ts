/** Many clients and channels that come and go, on each way to serve that this runtime has. */
import { churnSuite } from "../suites/churn.ts";
import { bun, insideDenoServe, nodeHttp } from "../support/listeners.ts";
import { runtime } from "../support/test.ts";

if (runtime === "node" || runtime === "deno") churnSuite("serve()", nodeHttp);
if (runtime === "deno") churnSuite("Deno.serve", insideDenoServe);
if (runtime === "bun") churnSuite("serve()", bun);
