/**
 * Who gets which upgrade of an HTTP server that is shared.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Server } from "node:net";
import type { Duplex } from "node:stream";
import { asksForWebSocket } from "../server/handshake.ts";
import type { Refusal } from "./adapter.ts";
import { refuse, upgradeRequest } from "./node_answer.ts";

/** What upgrades are taken from: what those of node:http, node:https and node:http2 have in common. */
export interface HttpServer extends Server {
  /** Says of a request that asks for an upgrade whether it becomes one, or a plain request. Node 20 and 22 do not ask. */
  shouldUpgradeCallback?(request: IncomingMessage): boolean;
}

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
  /**
   * Listens while nobody else does: without a listener node:http makes plain requests of upgrades. Not beside others, of
   * whom some answer what they do not want only if they are alone (@hono/node-server).
   */
  readonly #standIn = (...[, socket]: Upgrade) => {
    endOnError(socket);
    refuse(socket, NOT_FOUND);
  };
  readonly #othersCome = (type: unknown, listener: unknown) => {
    if (type === "upgrade" && listener !== this.#standIn) this.#httpServer.off("upgrade", this.#standIn);
  };
  readonly #othersWent = (type: unknown, listener: unknown) => {
    if (type === "upgrade" && listener !== this.#standIn) this.#standInIfAlone();
  };
  /** Undoes what {@link #begin} has done. */
  #end = () => {};

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
    if (this.#routes.size === 0) this.#begin();
    this.#routes.set(route, take);
    return () => this.#remove(route, take);
  }

  #remove(route: string | undefined, take: (...upgrade: Upgrade) => void): void {
    if (this.#routes.get(route) !== take) return;
    this.#routes.delete(route);
    if (this.#routes.size === 0) this.#end();
  }

  #begin(): void {
    const httpServer = this.#httpServer;
    const restore = this.#leavePlainRequests();
    httpServer.on("newListener", this.#othersCome).on("removeListener", this.#othersWent);
    this.#standInIfAlone();
    this.#end = () => {
      httpServer.off("newListener", this.#othersCome).off("removeListener", this.#othersWent);
      httpServer.off("upgrade", this.#standIn);
      restore();
    };
  }

  #standInIfAlone(): void {
    if (this.#httpServer.listenerCount("upgrade") === 0) this.#httpServer.on("upgrade", this.#standIn);
  }

  /** Requests that offer another protocol (`Upgrade: h2c`) stay plain ones, unless somebody else listens for them. */
  #leavePlainRequests(): () => void {
    const httpServer = this.#httpServer;
    const { shouldUpgradeCallback: before } = httpServer;
    if (before === undefined) return () => {};
    const decide = (request: IncomingMessage) => {
      const isWebSocket = asksForWebSocket(upgradeRequest(request).headers);
      if (httpServer.listeners("upgrade")[0] === this.#standIn) return isWebSocket;
      return isWebSocket && this.#find(request) !== undefined || before.call(httpServer, request);
    };
    httpServer.shouldUpgradeCallback = decide;
    return () => {
      if (httpServer.shouldUpgradeCallback === decide) httpServer.shouldUpgradeCallback = before;
    };
  }

  #find({ url = "" }: IncomingMessage): ((...upgrade: Upgrade) => void) | undefined {
    return this.#routes.get(routeOf(url)) ?? this.#routes.get(undefined);
  }

  #take([request, socket, head]: Upgrade): boolean {
    const take = this.#find(request);
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
  // Not those of a router, with ":id" or "*": what they mean there nobody would find here.
  const isLiteral = typeof path === "string" && /^\/[^?#*\s]*$/.test(path) && !path.includes("/:");
  if (isLiteral) return routeOf(path);
  throw new TypeError(
    `Cannot attach at ${shown(path)}: need a path such as "/foxglove", no pattern and without a query`,
  );
}

function shown(path: unknown): string {
  return path === undefined ? "all paths" : typeof path === "string" ? `"${path}"` : String(path);
}
