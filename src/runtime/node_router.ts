/**
 * Who gets which upgrade of an HTTP server that is shared.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { IncomingMessage, Server } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import type { Refusal } from "./adapter.ts";
import { refuse } from "./node_answer.ts";

/** What upgrades are taken from. */
export type HttpServer = Server | HttpsServer;

/** What an `upgrade` event brings. */
export type Upgrade = [request: IncomingMessage, socket: Duplex, head: Buffer];

const NOT_FOUND: Refusal = { status: 404, headers: {}, body: "There is no WebSocket server at this path\n" };

const routers = new WeakMap<HttpServer, UpgradeRouter>();

/**
 * Takes the upgrades of some paths before anybody else hears of them. As one listener of `upgrade` among others it could
 * not: `ws` with a `path` of its own answers all others with 400, @fastify/websocket with 404, and socket.io cuts them
 * after a second, ours too.
 */
export class UpgradeRouter {
  readonly #httpServer: HttpServer;
  readonly #routes = new Map<string | undefined, (...upgrade: Upgrade) => void>();
  /** Without a listener node:http makes plain requests of upgrades. */
  readonly #unwanted = (...[, socket]: Upgrade) => {
    // Nobody else will answer.
    if (this.#httpServer.listenerCount("upgrade") > 1) return;
    endOnError(socket);
    refuse(socket, NOT_FOUND);
  };

  private constructor(httpServer: HttpServer) {
    this.#httpServer = httpServer;
    const { emit } = httpServer;
    httpServer.emit = (type: string | symbol, ...args: unknown[]) =>
      type === "upgrade" && this.#take(args as Upgrade) || emit.call(httpServer, type, ...args);
  }

  /** The one of an HTTP server. */
  static of(httpServer: HttpServer): UpgradeRouter {
    const router = routers.get(httpServer) ?? new UpgradeRouter(httpServer);
    routers.set(httpServer, router);
    return router;
  }

  /**
   * Takes upgrades from now on.
   *
   * @param path Of these; `undefined`: all that nobody else has named.
   * @returns Takes no more of them.
   * @throws {TypeError} when the path is none, or is taken.
   */
  add(path: string | undefined, take: (...upgrade: Upgrade) => void): () => void {
    const route = path === undefined ? undefined : checkedPath(path);
    if (this.#routes.has(route)) {
      throw new TypeError(`Cannot attach at ${shown(path)}: another server is attached there`);
    }
    if (this.#routes.size === 0) this.#httpServer.on("upgrade", this.#unwanted);
    this.#routes.set(route, take);
    return () => this.#remove(route, take);
  }

  #remove(route: string | undefined, take: (...upgrade: Upgrade) => void): void {
    if (this.#routes.get(route) !== take) return;
    this.#routes.delete(route);
    if (this.#routes.size === 0) this.#httpServer.off("upgrade", this.#unwanted);
  }

  #take([request, socket, head]: Upgrade): boolean {
    const take = this.#routes.get(routeOf(request.url ?? "")) ?? this.#routes.get(undefined);
    if (take === undefined) return false;
    // First of all: an error that nobody listens to ends the process.
    endOnError(socket);
    take(request, socket, head);
    return true;
  }
}

function endOnError(socket: Duplex): void {
  socket.on("error", () => socket.destroy());
}

/** A path without its query; a slash at its end makes no difference. */
function routeOf(url: string): string {
  return url.replace(/\?.*/s, "").replace(/\/+$/, "");
}

function checkedPath(path: unknown): string {
  if (typeof path === "string" && /^\/[^?#]*$/.test(path)) return routeOf(path);
  throw new TypeError(`Cannot attach at ${shown(path)}: need a path such as "/foxglove", without a query`);
}

function shown(path: unknown): string {
  return path === undefined ? "all paths" : typeof path === "string" ? `"${path}"` : String(path);
}
