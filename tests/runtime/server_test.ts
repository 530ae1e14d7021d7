/** The server suite for each way that this runtime has to serve. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { listen as listenBun, upgrade as upgradeBun, websocket } from "../../src/runtime/bun.ts";
import { upgrade as upgradeDeno } from "../../src/runtime/deno.ts";
import { attach } from "../../src/runtime/node.ts";
import { listen as listenNodeHttp } from "../../src/runtime/node_http.ts";
import { type Serve, serverSuite } from "../suites/server.ts";
import { runtime } from "../support/test.ts";

const HERE = { host: "127.0.0.1", port: 0 };
const notFound = () => new Response("Not here\n", { status: 404 });

/** What `serve()` uses on this runtime. */
const own: Serve = async (server) => {
  const listener = await (runtime === "bun" ? listenBun : listenNodeHttp)(server, HERE);
  return { port: listener.port, stop: () => listener.close() };
};

const insideNodeHttp: Serve = async (server) => {
  const http = createServer((_request, response) => response.writeHead(404).end());
  attach(server, http);
  await new Promise<void>((resolve) => http.listen(HERE.port, HERE.host, resolve));
  const stop = () => new Promise<void>((resolve) => http.close(() => resolve()));
  return { port: (http.address() as AddressInfo).port, stop };
};

const insideDenoServe: Serve = (server) => {
  const http = Deno.serve(
    { hostname: HERE.host, port: HERE.port, onListen() {} },
    async (request, info) => await upgradeDeno(server, request, info) ?? notFound(),
  );
  return Promise.resolve({ port: http.addr.port, stop: () => http.shutdown() });
};

const insideBunServe: Serve = (server) => {
  // deno-lint-ignore no-explicit-any -- its types are not installed
  const http = (globalThis as any).Bun.serve({
    hostname: HERE.host,
    port: HERE.port,
    fetch: async (request: Request, bun: Parameters<typeof upgradeBun>[2]) =>
      await upgradeBun(server, request, bun) ?? notFound(),
    websocket: websocket(server),
  });
  return Promise.resolve({ port: http.port, stop: () => http.stop() });
};

const strict = { limitsMessages: true, checksFrames: true };
const lenient = { limitsMessages: false, checksFrames: false };

if (runtime !== "browser") serverSuite("serve()", own, strict);
if (runtime === "node" || runtime === "deno") serverSuite("node:http", insideNodeHttp, strict);
if (runtime === "deno") serverSuite("Deno.serve", insideDenoServe, lenient);
if (runtime === "bun") serverSuite("Bun.serve", insideBunServe, strict);
