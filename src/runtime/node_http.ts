/**
 * Servers on node:http, with npm `ws`: what `serve()` uses on Node and on Deno, and how a program embeds a server in
 * an HTTP server of its own.
 *
 * @module
 */
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import type { PerMessageDeflateOptions, ServerOptions, WebSocketServer } from "ws";
import { checkFlag, checkMembers, checkOptionalFunction, namesOf } from "../server/checks.ts";
import { guard } from "../util/events.ts";
import {
  checkServer,
  type Listener,
  listenError,
  type ListenOptions,
  type ServerCore,
  type TlsOptions,
} from "./adapter.ts";
import { answer, refuse, upgradeRequest } from "./node_answer.ts";
import { type HttpServer, type Upgrade, UpgradeRouter } from "./node_router.ts";
import { NodeTransport } from "./node_transport.ts";

/** How {@link attach} takes connections from an HTTP server. */
export interface AttachOptions {
  /**
   * Takes only upgrades of this path, such as `"/foxglove"`, with any query, and leaves others to other listeners; a slash
   * at its end makes no difference, and patterns there are none. Default: all but those of other attached servers' paths.
   */
  path?: string;
  /** Whether clients may ask for compression (permessage-deflate). Costs CPU and memory. Default `false`. */
  compress?: boolean;
  /**
   * The client's address, where a proxy is in between: what a header of the proxy says of it. Believe one only that your
   * own proxy sets, whatever the client has sent. Default: the address of the socket.
   */
  address?: (request: IncomingMessage) => string | undefined;
}

const ATTACH_OPTIONS = namesOf<keyof AttachOptions>({ path: true, compress: true, address: true });

/** Without context from message to message a connection costs no memory, and short messages stay as they are. */
const DEFLATE: PerMessageDeflateOptions = { serverNoContextTakeover: true, clientNoContextTakeover: true };

/**
 * Lets a server take the WebSocket upgrades of an HTTP server of node:http or node:https; plain requests stay with it.
 * Middleware of the app is not asked: who may come in is what `authorize` of the server says.
 *
 * What it takes nobody else hears of, whenever they began to listen to `upgrade`: so it gets on with `ws`, socket.io or
 * @fastify/websocket on other paths. An upgrade that it does not take goes to the other listeners; where there are none, it
 * is answered with 404.
 *
 * @param httpServer Not the app: what `app.listen()` or `createServer(app)` gives. It may listen already or later. Its
 * `close()` waits for our clients: close the `FoxgloveServer` too, best before it.
 * @returns Disposing it stops taking upgrades; clients that are there stay.
 * @throws {TypeError} when the HTTP server is none, or `path` is none, or another server is attached there.
 *
 * @example
 * ```ts
 * import { FoxgloveServer } from "@foxwire/foxwire/server";
 * import { attach } from "@foxwire/foxwire/node";
 * import { createServer } from "node:http";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * const httpServer = createServer((_request, response) => response.end("Hello\n"));
 * attach(server, httpServer, { path: "/foxglove" });
 * httpServer.listen(0, "127.0.0.1");
 *
 * await server.close();
 * httpServer.close();
 * ```
 */
export function attach(server: ServerCore, httpServer: Server, options: AttachOptions = {}): Disposable {
  checkServer(server, "attach()");
  checkHttpServer(httpServer);
  checkOptions(options);
  const upgrades = new Upgrades(server, httpServer, options);
  return { [Symbol.dispose]: () => upgrades.stop() };
}

/** What an HTTP server has; an app, or a server of socket.io or `ws`, lacks one of them and would never hear of an upgrade. */
const HTTP_SERVER_METHODS = ["on", "listen", "address"];

function checkHttpServer(value: unknown): void {
  const members = Object(value) as Record<string, unknown>;
  if (HTTP_SERVER_METHODS.every((name) => typeof members[name] === "function")) return;
  throw new TypeError(
    "attach() needs the HTTP server second: what app.listen() or createServer(app) gives, not the app",
  );
}

function checkOptions(options: AttachOptions): void {
  if (typeof options === "string") {
    throw new TypeError(`Invalid options of attach(): "${options}", write it as { path: "${options}" }`);
  }
  checkMembers(options, ATTACH_OPTIONS, "options of attach()");
  checkFlag(options.compress, "compress");
  checkOptionalFunction(options.address, "address");
}

/** Listens for WebSocket clients of a server; other requests are told to upgrade. */
export async function listen(server: ServerCore, options: ListenOptions): Promise<Listener> {
  const httpServer = await createHttpServer(options.tls, (request, response) => {
    guard(async () => answer(response, await server.admit(upgradeRequest(request))), (error) => {
      response.destroy();
      server.handleError(error, "HTTP request");
    });
  });
  const sockets = openSockets(httpServer);
  const upgrades = new Upgrades(server, httpServer, {});
  await upgrades.ready;
  await listening(httpServer, options);
  httpServer.on("error", (error) => server.handleError(error, "listener"));
  const closed = new Promise<void>((resolve) => httpServer.once("close", resolve));
  const stop = () => void httpServer.close();
  return {
    port: (httpServer.address() as AddressInfo).port,
    stop,
    close() {
      stop();
      upgrades.stop();
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

async function createHttpServer(tls: TlsOptions | undefined, onRequest: RequestListener): Promise<HttpServer> {
  if (tls === undefined) return createServer(onRequest);
  const https = await import("node:https");
  return https.createServer({ cert: tls.cert, key: tls.key }, onRequest);
}

/** Every TCP connection of a server, also those that are still in a TLS handshake, of which node:http does not know. */
function openSockets(httpServer: HttpServer): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  httpServer.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}

function listening(httpServer: HttpServer, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(listenError(error, options));
    httpServer.once("error", fail);
    httpServer.listen(options.port, options.host, () => {
      httpServer.off("error", fail);
      resolve();
    });
  });
}

/** The upgrades that one server takes from an HTTP server. */
class Upgrades {
  /** Rejects when `ws` cannot be loaded. */
  readonly ready: Promise<WebSocketServer>;
  /** Takes no more. */
  readonly stop: () => void;
  readonly #server: ServerCore;
  readonly #address: AttachOptions["address"];

  constructor(server: ServerCore, httpServer: HttpServer, { path, compress = false, address }: AttachOptions) {
    this.#server = server;
    this.#address = address;
    this.stop = UpgradeRouter.of(httpServer).add(path, (...upgrade) => this.#upgrade(...upgrade));
    this.ready = loadWs({ maxPayload: server.limits.messageBytes, perMessageDeflate: compress && DEFLATE });
    // Reported with the first upgrade, or by who waits for it.
    this.ready.catch(() => {});
  }

  #upgrade(...[request, socket, head]: Upgrade): void {
    (socket as Partial<Socket>).setNoDelay?.(true);
    guard(() => this.#decide(request, socket, head), (error) => {
      socket.destroy();
      this.#server.handleError(error, "upgrade to WebSocket");
    });
  }

  async #decide(...[request, socket, head]: Upgrade): Promise<void> {
    const asked = upgradeRequest(request);
    if (this.#address !== undefined) asked.address = this.#address(request);
    const admission = await this.#server.admit(asked);
    if (!admission.accepted) return refuse(socket, admission);
    const { protocol, identity } = admission;
    const { address, url } = asked;
    const wss = await this.ready;
    wss.handleUpgrade(settled(request, protocol), socket, head, (ws) => {
      const transport = new NodeTransport(ws, socket, this.#server.limits.messageBytes);
      this.#server.accept(transport, { address, url, protocol, identity });
    });
  }
}

async function loadWs(options: ServerOptions): Promise<WebSocketServer> {
  const { WebSocketServer } = await import("ws");
  return new WebSocketServer({ ...options, noServer: true, clientTracking: false });
}

/** The request with what was decided in the place of what was offered: `ws` refuses some lists that the wire allows. */
function settled(request: IncomingMessage, protocol: string): IncomingMessage {
  const headers = { ...request.headers, upgrade: "websocket", "sec-websocket-protocol": protocol };
  return Object.create(request, { headers: { value: headers } });
}
