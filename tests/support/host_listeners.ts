/** Ways to serve inside of what users have already: frameworks, and other WebSocket servers on the same port. */
import { createServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { createAdaptorServer, upgradeWebSocket } from "@hono/node-server";
import { Hono } from "hono";
import { type WebSocket as WsSocket, WebSocketServer } from "ws";
import { selectSubprotocol } from "../../src/protocol/subprotocol.ts";
import { upgrade as upgradeBun, websocket } from "../../src/runtime/bun.ts";
import { upgrade as upgradeDeno } from "../../src/runtime/deno.ts";
import { attach } from "../../src/runtime/node.ts";
import { host } from "./hosts.ts";
import type { Listen, Listening } from "./listeners.ts";

const HOST = "127.0.0.1";
const TEXT = "app\n";

/** An HTTP server of node:http that listens. */
export async function listening(http: Server, stop?: () => Promise<unknown>): Promise<Listening> {
  if (!http.listening) await new Promise<void>((resolve) => http.listen(0, HOST, resolve));
  return {
    port: (http.address() as AddressInfo).port,
    stop: async () => void await (stop?.() ?? new Promise((resolve) => http.close(resolve))),
  };
}

// deno-lint-ignore no-explicit-any -- the types are not installed
type Any = any;

/** Beside the routes of an Express app. */
export const insideExpress: Listen = (core) => {
  const app = host("express")();
  app.use((_request: Any, response: Any) => response.type("text").send(TEXT));
  const http = createServer(app);
  attach(core, http);
  return listening(http);
};

/** Beside the routes of a Fastify app. */
export const insideFastify: Listen = async (core) => {
  const app = host("fastify")();
  app.all("*", () => TEXT);
  attach(core, app.server);
  await app.listen({ host: HOST, port: 0 });
  return listening(app.server, () => app.close());
};

/** Beside a route of @fastify/websocket, which answers all upgrades that it hears of. */
export const besideFastifyWebsocket: Listen = async (core) => {
  const app = host("fastify")();
  await app.register(host("@fastify/websocket"));
  app.get("/chat", { websocket: true }, () => {});
  app.all("*", () => TEXT);
  attach(core, app.server);
  await app.listen({ host: HOST, port: 0 });
  return listening(app.server, () => app.close());
};

/** Beside a `ws` server on a path of its own, which refuses all upgrades of other paths that it hears of. */
export const besideWs: Listen = (core) => {
  const http = createServer((_request, response) => response.end(TEXT));
  new WebSocketServer({ server: http, path: "/chat" });
  attach(core, http);
  return listening(http);
};

/** Beside socket.io, which cuts the upgrades of others after a second. */
export const besideSocketIo: Listen = (core) => {
  const http = createServer((_request, response) => response.end(TEXT));
  const io = new (host("socket.io").Server)(http, { destroyUpgradeTimeout: 1 });
  attach(core, http);
  return listening(http, () => io.close());
};

/** Sockets of a `ws` server, given to `accept()` by hand. */
export const acceptWs: Listen = (core) => {
  const http = createServer((_request, response) => response.end(TEXT));
  const wss = new WebSocketServer({
    server: http,
    maxPayload: core.limits.messageBytes,
    handleProtocols: (offered: Set<string>) => selectSubprotocol([...offered].join(", ")) ?? false,
  });
  wss.on("connection", (socket: WsSocket, { url, socket: { remoteAddress: address } }) => {
    core.accept(socket, { url, address });
  });
  return listening(http);
};

/** Sockets of @fastify/websocket, given to `accept()` by hand. */
export const acceptFastifyWebsocket: Listen = async (core) => {
  const app = host("fastify")();
  const maxPayload = core.limits.messageBytes;
  await app.register(host("@fastify/websocket"), { options: { maxPayload } });
  const wsHandler = (socket: WsSocket, { url, ip }: Any) => void core.accept(socket, { url, address: ip });
  app.route({ method: "GET", url: "*", handler: () => TEXT, wsHandler });
  await app.listen({ host: HOST, port: 0 });
  return listening(app.server, () => app.close());
};

/** Sockets of `Deno.upgradeWebSocket`, given to `accept()` by hand. */
export const acceptDeno: Listen = (core) => {
  const stopping = new AbortController();
  const options = { hostname: HOST, port: 0, signal: stopping.signal, onListen() {} };
  const http = Deno.serve(options, (request, { remoteAddr }) => {
    const protocol = selectSubprotocol(request.headers.get("Sec-WebSocket-Protocol"));
    if (protocol === undefined) return new Response(TEXT);
    const { pathname, search } = new URL(request.url);
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol });
    core.accept(socket, { protocol, url: pathname + search, address: remoteAddr.hostname });
    return response;
  });
  return Promise.resolve({ port: http.addr.port, stop: () => (stopping.abort(), http.finished) });
};

/** A Hono app, whatever runs it. */
function honoApp(upgrade: (request: Request, env: Any) => Promise<Response | undefined>) {
  const app = new Hono();
  app.all("*", async ({ req, env, text }) => await upgrade(req.raw, env) ?? text(TEXT));
  return app;
}

/** In a Hono app on `Deno.serve`, which hands it the second argument of the handler as `env`. */
export const insideHonoOnDeno: Listen = (core) => {
  const app = honoApp((request, info) => upgradeDeno(core, request, info));
  const stopping = new AbortController();
  const http = Deno.serve({ hostname: HOST, port: 0, signal: stopping.signal, onListen() {} }, app.fetch);
  return Promise.resolve({ port: http.addr.port, stop: () => (stopping.abort(), http.finished) });
};

/** In a Hono app on `Bun.serve`, beside Hono's own sockets. */
export const insideHonoOnBun: Listen = async (core) => {
  // Elsewhere than on Bun it cannot be loaded.
  const { websocket: honoSockets } = await import("hono/bun");
  const app = honoApp((request, bun) => upgradeBun(core, request, bun));
  const { Bun } = globalThis as Any;
  const http = Bun.serve({ hostname: HOST, port: 0, fetch: app.fetch, websocket: websocket([core], honoSockets) });
  return { port: http.port, stop: () => http.stop() };
};

/** Beside a Hono app on @hono/node-server. */
export const besideHonoOnNode: Listen = (core) => {
  const app = honoApp(() => Promise.resolve(undefined));
  const http = createAdaptorServer(app);
  attach(core, http);
  return listening(http);
};

/** Beside the sockets of a Hono app on @hono/node-server, at `/chat`; `/secret` is for nobody. */
export const besideHonoSockets: Listen = (core) => {
  const app = new Hono();
  app.use("/secret", ({ text }) => Promise.resolve(text("secret\n", 401)));
  app.get("/secret", upgradeWebSocket(() => ({})));
  app.get("/chat", upgradeWebSocket(() => ({})));
  const server: Any = new WebSocketServer({ noServer: true });
  const http = createAdaptorServer({ fetch: app.fetch, websocket: { server } });
  attach(core, http, { path: "/foxglove" });
  return listening(http);
};

/** Where the handshake is the app's: its middleware, then `admit()`, then `accept()` of the socket inside Hono's own. */
export const acceptHonoOnNode: Listen = (core) => {
  const app = new Hono();
  app.get("*", async ({ req, text }, next) => {
    const { method, url, raw: { headers } } = req;
    const admission = await core.admit({ method, url, headers });
    if (admission.accepted) return await next();
    return text(
      admission.upgrade ? admission.body : TEXT,
      admission.upgrade ? admission.status : 200,
      admission.headers,
    );
  });
  app.get(
    "*",
    upgradeWebSocket(({ req: { url } }) => ({ onOpen: (_, { raw }) => void core.accept(raw as WsSocket, { url }) })),
  );
  const handleProtocols = (offered: Set<string>) => selectSubprotocol([...offered].join(", ")) ?? false;
  const server: Any = new WebSocketServer({ noServer: true, maxPayload: core.limits.messageBytes, handleProtocols });
  return listening(createAdaptorServer({ fetch: app.fetch, websocket: { server } }));
};
