/** Each way to serve, on 127.0.0.1 and a free port. A file that uses one asks first whether this runtime has it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { upgrade as upgradeBun, websocket } from "../../src/runtime/bun.ts";
import { listen as listenBun } from "../../src/runtime/bun_serve.ts";
import { upgrade as upgradeDeno } from "../../src/runtime/deno.ts";
import { attach, type AttachOptions } from "../../src/runtime/node.ts";
import { listen as listenNodeHttp } from "../../src/runtime/node_http.ts";
import type { ServerCore } from "../../src/runtime/adapter.ts";

/** A server on a port. */
export interface Listening {
  port: number;
  /** Stops listening; connections are ended by whoever has them. */
  stop(): Promise<void>;
}

/** Starts an adapter for a server. */
export type Listen = (core: ServerCore) => Promise<Listening>;

const HERE = { host: "127.0.0.1", port: 0 };

/** The user's own answer to a request that asks for no WebSocket. */
const app = () => new Response("app\n");

/** What `serve()` uses on Node and Deno. */
export const nodeHttp: Listen = async (core) => {
  const listener = await listenNodeHttp(core, HERE);
  return { port: listener.port, stop: () => listener.close() };
};

/** What `serve()` uses on Bun. */
export const bun: Listen = (core) => {
  const listener = listenBun(core, HERE);
  return Promise.resolve({ port: listener.port, stop: () => listener.close() });
};

/** Inside a user's own server of node:http. */
export function insideNodeHttp(options?: AttachOptions): Listen {
  return async (core) => {
    const http = createServer((_request, response) => response.end("app\n"));
    attach(core, http, options);
    await new Promise<void>((resolve) => http.listen(HERE.port, HERE.host, resolve));
    const stop = () => new Promise<void>((resolve) => http.close(() => resolve()));
    return { port: (http.address() as AddressInfo).port, stop };
  };
}

/** Inside a user's own `Deno.serve`. */
export const insideDenoServe: Listen = (core) => {
  const stopping = new AbortController();
  const http = Deno.serve(
    { hostname: HERE.host, port: HERE.port, signal: stopping.signal, onListen() {} },
    async (request, info) => await upgradeDeno(core, request, info) ?? app(),
  );
  const stop = () => {
    // Not shutdown(): it waits for ever for an upgrade whose peer left before the answer.
    stopping.abort();
    return http.finished;
  };
  return Promise.resolve({ port: http.addr.port, stop });
};

/** Inside a user's own `Bun.serve`. */
export const insideBunServe: Listen = (core) => {
  // deno-lint-ignore no-explicit-any -- its types are not installed
  const http = (globalThis as any).Bun.serve({
    hostname: HERE.host,
    port: HERE.port,
    fetch: async (request: Request, bun: Parameters<typeof upgradeBun>[2]) =>
      await upgradeBun(core, request, bun) ?? app(),
    websocket: websocket(core),
  });
  return Promise.resolve({ port: http.port, stop: () => http.stop() });
};
