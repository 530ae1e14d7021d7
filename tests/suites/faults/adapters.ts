/** Each way that this runtime has to serve. */
import { bun, insideBunServe, insideDenoServe, insideNodeHttp, nodeHttp } from "../../support/listeners.ts";
import { runtime } from "../../support/test.ts";
import { type On, onAdapter } from "./scene.ts";

const good = { pings: true, freesRequests: true };

/** Declares the rows of a suite for each. */
export function onEachAdapter(rows: (on: On) => void): void {
  if (runtime === "node" || runtime === "deno") rows(onAdapter("serve()", nodeHttp, good));
  // On Deno the same code, on the same node:http as serve(): not twice what takes its time.
  if (runtime === "node") rows(onAdapter("node:http", insideNodeHttp(), good));
  if (runtime === "deno") rows(onAdapter("Deno.serve", insideDenoServe, { pings: false, freesRequests: false }));
  if (runtime === "bun") {
    rows(onAdapter("serve()", bun, good));
    rows(onAdapter("Bun.serve", insideBunServe, good));
  }
}
