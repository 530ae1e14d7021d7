/**
 * Servers on `Bun.serve`: what `serve()` uses on Bun, and how a program embeds a server in its own.
 *
 * @module
 */
import type { Subprotocol } from "../protocol/constants.ts";
import {
  fetchUpgradeRequest,
  IDLE_SECONDS,
  type Listener,
  listenError,
  type ListenOptions,
  type Refusal,
  refusalResponse,
  type ServerCore,
  type TlsOptions,
} from "./adapter.ts";
import { type BunSocket, BunTransport } from "./bun_transport.ts";

/** The `data` of a socket that {@link upgrade} has made. */
export interface BunPeer {
  /** Path and query of the request. */
  url: string;
  /** The peer's IP address. */
  address: string | undefined;
  /** The negotiated subprotocol. */
  protocol: Subprotocol;
  /** What `authorize` says of the peer. */
  identity?: unknown;
}

/** What {@link upgrade} needs of Bun's server, the second argument of your `fetch` handler. */
export interface BunServer {
  /** Makes a WebSocket of a request. */
  upgrade(request: Request, options: { data: BunPeer; headers: Record<string, string> }): boolean;
  /** The peer of a request. */
  requestIP(request: Request): { address: string } | null;
}

/** The `websocket` handlers of `Bun.serve`, see {@link websocket}. */
export interface BunWebSocketHandlers {
  /** Bytes of the largest message; Bun closes with 1009 above it. */
  maxPayloadLength: number;
  /** Bytes beyond which Bun would lose messages; the send queue stays far below. */
  backpressureLimit: number;
  /** A lost message ends the connection: it must not be lost in silence. */
  closeOnBackpressureLimit: boolean;
  /** Seconds of silence after which a peer is given up. */
  idleTimeout: number;
  /** Whether Bun pings silent peers. */
  sendPings: boolean;
  /** No compression. */
  perMessageDeflate: boolean;
  /** A socket that {@link upgrade} made is open. */
  open(socket: BunSocket<BunPeer>): void;
  /** A message has come. */
  message(socket: BunSocket<BunPeer>, data: string | Uint8Array): void;
  /** Something that was waiting has gone out. */
  drain(socket: BunSocket<BunPeer>): void;
  /** A ping was answered. */
  pong(socket: BunSocket<BunPeer>, data: Uint8Array): void;
  /** The connection is over. */
  close(socket: BunSocket<BunPeer>, code: number, reason: string): void;
}

/**
 * Makes a WebSocket request a client of a server; `Bun.serve` needs its {@link websocket} handlers too.
 *
 * @param bunServer The second argument of your `fetch` handler.
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
  bunServer: BunServer,
): Promise<Response | undefined> {
  const { response, isUpgrade } = await answer(server, request, bunServer);
  return isUpgrade ? response : undefined;
}

async function answer(
  server: ServerCore,
  request: Request,
  bunServer: BunServer,
): Promise<{ response: Response; isUpgrade: boolean }> {
  const asked = fetchUpgradeRequest(request, bunServer.requestIP(request)?.address);
  const admission = await server.admit(asked);
  if (!admission.accepted) return { response: refusalResponse(admission), isUpgrade: admission.upgrade };
  const { url, address } = asked;
  const { protocol, identity } = admission;
  // Without the header Bun would choose the first name that the client offers.
  const headers = { "Sec-WebSocket-Protocol": protocol };
  const upgraded = bunServer.upgrade(request, { data: { url, address, protocol, identity }, headers });
  return { response: upgraded ? new Response(null, { status: 101 }) : refusalResponse(BAD_HANDSHAKE), isUpgrade: true };
}

const BAD_HANDSHAKE: Refusal = { status: 400, headers: {}, body: "Bad WebSocket handshake\n" };

/** The largest that Bun takes: its own limit must never be met before ours. */
const NO_LIMIT = 0xffff_ffff;

/** The most that Bun takes. */
const MAX_IDLE_SECONDS = 960;

/** The server gives silent peers up by itself: Bun must only never be the first. */
function idleSeconds(idleMs: number): number {
  const seconds = idleMs > 0 ? Math.ceil(idleMs / 1000) : MAX_IDLE_SECONDS;
  return Math.min(Math.max(seconds, IDLE_SECONDS), MAX_IDLE_SECONDS);
}

/**
 * The `websocket` handlers for `Bun.serve`, see {@link upgrade}.
 *
 * @param server The one that {@link upgrade} is called with.
 *
 * @example
 * ```ts ignore bun
 * import { connect } from "@foxwire/foxwire/client";
 * import { FoxgloveServer } from "@foxwire/foxwire/server";
 * import { upgrade, websocket } from "@foxwire/foxwire/bun";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * const http = Bun.serve({
 *   hostname: "127.0.0.1", // left out, Bun listens for the whole network
 *   port: 0,
 *   fetch: (request, bunServer) => upgrade(server, request, bunServer),
 *   websocket: websocket(server),
 * });
 * const client = await connect(`ws://127.0.0.1:${http.port}`);
 * console.assert(client.serverInfo.name === "robot");
 *
 * await client.close();
 * await server.close();
 * await http.stop();
 * ```
 */
export function websocket(server: ServerCore): BunWebSocketHandlers {
  const transports = new WeakMap<BunSocket<BunPeer>, BunTransport>();
  return {
    maxPayloadLength: server.limits.messageBytes,
    backpressureLimit: NO_LIMIT,
    closeOnBackpressureLimit: true,
    idleTimeout: idleSeconds(server.limits.idleMs),
    sendPings: true,
    perMessageDeflate: false,
    open(socket) {
      const transport = new BunTransport(socket, socket.data.protocol);
      transports.set(socket, transport);
      server.accept(transport, socket.data);
    },
    message: (socket, data) => transports.get(socket)?.received(data),
    drain: (socket) => transports.get(socket)?.drained(),
    pong: (socket, data) => transports.get(socket)?.ponged(new Uint8Array(data)),
    close: (socket, code, reason) => transports.get(socket)?.closed(code, reason),
  };
}

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
