/** Who is let in, on each way to serve that this runtime has. */
import { admissionSuite } from "../suites/admission.ts";
import { bun, insideBunServe, insideDenoServe, insideNodeHttp, nodeHttp } from "../support/listeners.ts";
import { runtime } from "../support/test.ts";

if (runtime === "deno" || runtime === "node") admissionSuite("node:http", nodeHttp);
admissionSuite("a server of node:http", insideNodeHttp());
if (runtime === "deno") admissionSuite("Deno.serve", insideDenoServe, { noticesLeavers: false });
if (runtime === "bun") {
  admissionSuite("bun.ts", bun);
  admissionSuite("a Bun.serve", insideBunServe);
}
