/**
 * Foxwire inside your own `Deno.serve`.
 *
 * @module
 */
import { webSocketTransport } from "../transport/web_socket.ts";
import {
  checkUpgrade,
  fetchUpgradeRequest,
  IDLE_SECONDS,
  type Refusal,
  refusalResponse,
  type ServerCore,
  type UpgradeOptions,
} from "./adapter.ts";

export type { ServerCore, UpgradeOptions } from "./adapter.ts";

/** What `Deno.serve` tells its handler besides the request. */
export interface HandlerInfo {
  /** The peer; `hostname` for those on TCP. All kinds have `transport`. */
  remoteAddr: { hostname?: string; transport?: string };
}

const CLIENT_HAS_LEFT: Refusal = { status: 499, headers: {}, body: "" };

/**
 * Makes a WebSocket request a client of a server.
 *
 * @param request The one that Deno gave: a client whose request was copied never hears from the server.
 * @param info The second argument of your handler; without it the server does not know its clients' addresses.
 * @returns The response to give back: of the upgrade, or of its refusal. `undefined` when the request asks for no
 * WebSocket and is yours to answer.
 *
 * @example
 * ```ts
 * import { FoxgloveServer } from "@foxwire/foxwire/server";
 * import { upgrade } from "@foxwire/foxwire/deno";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * const stop = new AbortController();
 * const http = Deno.serve({ hostname: "127.0.0.1", port: 0, signal: stop.signal }, async (request, info) => {
 *   return await upgrade(server, request, info) ?? new Response("Hello\n");
 * });
 *
 * await server.close();
 * stop.abort(); // shutdown() may wait for ever for a peer that vanished during its handshake (Deno 2.9)
 * await http.finished;
 * ```
 */
export async function upgrade(
  server: ServerCore,
  request: Request,
  info?: HandlerInfo,
  options: UpgradeOptions = {},
): Promise<Response | undefined> {
  checkUpgrade(server, request, options);
  // The request can be read no more once it is upgraded.
  const asked = fetchUpgradeRequest(request, options.address ?? info?.remoteAddr?.hostname);
  const decision = server.admit(asked);
  // Nothing else tells of a client that leaves while it waits, and each of those would cost a file descriptor for ever. Where
  // nobody waits it is not asked for: the first time Deno warns that it will mean something else one day.
  const gone = decision instanceof Promise ? request.signal : undefined;
  const admission = await decision;
  if (!admission.accepted) return admission.upgrade ? refusalResponse(admission) : undefined;
  // Deno would wait for this client for ever, and its shutdown() too.
  if (gone?.aborted) return refusalResponse(CLIENT_HAS_LEFT);
  const { protocol } = admission;
  const identity = options.identity ?? admission.identity;
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_SECONDS });
  // Not by its `protocol` option: Deno finds the name only in a list that is separated by ", ".
  response.headers.set("Sec-WebSocket-Protocol", protocol);
  const { url, address } = asked;
  // Only then: the socket of a client that has left meanwhile never opens, and never closes either.
  socket.addEventListener("open", () => {
    server.accept(webSocketTransport(socket, { protocol }), { url, address, protocol, identity });
  }, { once: true });
  return response;
}
