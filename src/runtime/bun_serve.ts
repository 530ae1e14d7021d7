/**
 * Servers on `Bun.serve`: what `serve()` uses on Bun, and how a program embeds a server in its own.
 *
 * @module
 */
import {
  checkUpgrade,
  fetchUpgradeRequest,
  type Listener,
  listenError,
  type ListenOptions,
  type Refusal,
  refusalResponse,
  type ServerCore,
  type TlsOptions,
  type UpgradeOptions,
} from "./adapter.ts";
import { BunPeer, type BunWebSocketHandlers, websocket } from "./bun_websocket.ts";

/** What {@link upgrade} needs of Bun's server, the second argument of your `fetch` handler. */
export interface BunServer {
  /** Makes a WebSocket of a request. The `data` of your own sockets may be of any type. */
  upgrade(request: Request, options: { data: never; headers: Record<string, string> }): boolean;
  /** The peer of a request. */
  requestIP(request: Request): { address: string } | null;
}

/**
 * Makes a WebSocket request a client of a server; `Bun.serve` needs the handlers of `websocket()` too.
 *
 * @param request The one that Bun gave: of a copy of it no WebSocket can be made.
 * @param bunServer The second argument of your `fetch` handler, or of a route's; or an object with it as `server`.
 * @returns The response to give back: of the upgrade, or of its refusal. `undefined` when the request asks for no
 * WebSocket and is yours to answer.
 *
 * @example
 * ```ts ignore bun
 * import { FoxgloveServer } from "@foxwire/foxwire/server";
 * import { upgrade, websocket } from "@foxwire/foxwire/bun";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * const http = Bun.serve({
 *   hostname: "127.0.0.1", // left out, Bun listens for the whole network
 *   port: 0,
 *   fetch: async (request, bunServer) => await upgrade(server, request, bunServer) ?? new Response("Hello\n"),
 *   websocket: websocket(server),
 * });
 * const answer = await fetch(http.url);
 * console.assert(await answer.text() === "Hello\n");
 *
 * await server.close();
 * await http.stop();
 * ```
 */
export async function upgrade(
  server: ServerCore,
  request: Request,
  bunServer: BunServer | { server: BunServer },
  options: UpgradeOptions = {},
): Promise<Response | undefined> {
  checkUpgrade(server, request, options);
  const { response, isUpgrade } = await answer(server, request, checkedServer(bunServer), options);
  return isUpgrade ? response : undefined;
}

function checkedServer(given: BunServer | { server: BunServer }): BunServer {
  const { server = given } = Object(given) as { server?: unknown };
  const { upgrade, requestIP } = Object(server) as Partial<BunServer>;
  if (typeof upgrade === "function" && typeof requestIP === "function") return server as BunServer;
  throw new TypeError(
    "upgrade() needs Bun's server third: the second argument of your fetch handler; in Hono c.env, with `fetch: app.fetch`",
  );
}

async function answer(
  server: ServerCore,
  request: Request,
  bunServer: BunServer,
  options: UpgradeOptions = {},
): Promise<{ response: Response; isUpgrade: boolean }> {
  const peer = bunServer.requestIP(request);
  const asked = fetchUpgradeRequest(request, options.address ?? peer?.address);
  const admission = await server.admit(asked);
  if (!admission.accepted) return { response: refusalResponse(admission), isUpgrade: admission.upgrade };
  const { url, address } = asked;
  const { protocol } = admission;
  const identity = options.identity ?? admission.identity;
  // Without the header Bun would choose the first name that the client offers.
  const headers = { "Sec-WebSocket-Protocol": protocol };
  const data = new BunPeer(server, { url, address, protocol, identity });
  const upgraded = bunServer.upgrade(request, { data: data as never, headers });
  if (upgraded) return { response: new Response(null, { status: 101 }), isUpgrade: true };
  // Of one that Bun gave it knows the peer, and cannot upgrade it when that has left.
  if (peer === null) server.handleError(new TypeError(A_COPY), "upgrade to WebSocket");
  return { response: refusalResponse(NO_UPGRADE), isUpgrade: true };
}

const A_COPY =
  "Cannot upgrade a copy of a request: need the one that Bun.serve gave, in Hono c.req.raw, without app.mount()";

const NO_UPGRADE: Refusal = { status: 500, headers: {}, body: "Internal server error\n" };

/** What is used of the global `Bun`. */
interface BunRuntime {
  serve(options: {
    hostname: string;
    port: number;
    tls: TlsOptions | undefined;
    fetch(request: Request, bunServer: BunServer): Promise<Response>;
    error(error: unknown): Response;
    websocket: BunWebSocketHandlers;
  }): { port: number; stop(closeActiveConnections: boolean): Promise<void> };
}

/** Listens for WebSocket clients of a server; other requests are told to upgrade. */
export function listen(server: ServerCore, options: ListenOptions): Listener {
  const listening = start(server, options);
  return {
    port: listening.port,
    stop: () => void listening.stop(false),
    close: () => listening.stop(true),
  };
}

function start(server: ServerCore, { host, port, tls }: ListenOptions) {
  const { Bun } = globalThis as unknown as { Bun: BunRuntime };
  try {
    return Bun.serve({
      hostname: host,
      port,
      tls,
      fetch: async (request, bunServer) => (await answer(server, request, bunServer)).response,
      error(error) {
        server.handleError(error, "HTTP request");
        return new Response(null, { status: 500 });
      },
      websocket: websocket(server),
    });
  } catch (error) {
    throw listenError(error, { host, port });
  }
}
