/**
 * A worker that runs the suites of the adapters in workerd, on itself: servers live in its Durable Object, and so do the
 * tests, whose clients are raw sockets that come in by the front door. `workers_test.ts` starts it and asks for each row.
 */
import { upgrade } from "../../src/runtime/workers.ts";
import type { ServerCore } from "../../src/runtime/adapter.ts";
import { admissionSuite } from "../suites/admission.ts";
import { behaviourSuite } from "../suites/behaviour.ts";
import { handshakeSuite } from "../suites/handshake.ts";
import { rawTransportSuite } from "../suites/raw_transport.ts";
import { serverSuite } from "../suites/server.ts";
import { collected, type TestCase } from "../support/test.ts";
import type { Listen } from "../support/listeners.ts";

/** How a row went; `workers_test.ts` reads it. */
export interface RowReport {
  name: string;
  /** Why it is not for workerd. */
  leftOut?: string;
  error?: string;
}

const NO_BACKPRESSURE = "workerd does not say what waits to be sent";
const OWN_HANDSHAKE = "workerd reads the request by itself";

/** Rows that workerd cannot be held to, with the reason: what docs/embedding.md says of it. */
const LEFT_OUT: readonly [reason: string, rows: RegExp][] = [
  [NO_BACKPRESSURE, /data is dropped for a client|dataBytes: |stallMs: |stalled reader costs/],
  [NO_BACKPRESSURE, /client that reads nothing|nothing of the old channel|with full queues/],
  ["workerd lets a pong wait behind all that was sent", /answers to pings come between/],
  ["workerd takes such frames", /not UTF-8 ends|a ping that is too long/],
  [OWN_HANDSHAKE, /POST instead of GET|another version or method|requests with an odd Host/],
  [OWN_HANDSHAKE, /header values are read/],
  ["workerd leaves an empty Origin out", /allowedOrigins refuses all other/],
  ["workerd agrees on compression", /one subprotocol and no extension/],
];

let core: ServerCore | undefined;
let port = 0;

const listen: Listen = (server) => {
  core = server;
  return Promise.resolve({ port, stop: () => Promise.resolve() });
};

function declare(): TestCase[] {
  const traits = { limitsMessages: false, checksFrames: false, pings: false };
  handshakeSuite("handshake", listen, { ownHttp: true, missesLeaving: true });
  admissionSuite("admission", listen, { noticesLeavers: false });
  rawTransportSuite("transport", listen, { answersFaults: false, cuts: false });
  serverSuite("server", listen, traits);
  behaviourSuite("behaviour", listen, traits);
  return collected.splice(0);
}

async function play({ name, body }: TestCase): Promise<RowReport> {
  const [leftOut] = LEFT_OUT.find(([, rows]) => rows.test(name)) ?? [];
  if (leftOut !== undefined) return { name, leftOut };
  try {
    await body();
    return { name };
  } catch (error) {
    return { name, error: error instanceof Error ? error.stack ?? error.message : String(error) };
  }
}

/** Where the servers live. */
export class Suites {
  readonly #rows = declare();

  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === "/rows") return Response.json(this.#rows.map(({ name }) => name));
    if (url.pathname !== "/play") return await upgrade(core!, request) ?? new Response("app\n");
    port = Number(url.port);
    return Response.json(await play(this.#rows[Number(url.searchParams.get("row"))]!));
  }
}

interface Namespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(request: Request): Promise<Response> };
}

export default {
  fetch: (request: Request, { SUITES }: { SUITES: Namespace }) =>
    SUITES.get(SUITES.idFromName("suites")).fetch(request),
};
