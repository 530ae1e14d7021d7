/**
 * Foxwire inside your own `Deno.serve`.
 *
 * @module
 */
import type { Transport } from "../transport/transport.ts";
import { webSocketTransport } from "../transport/web_socket.ts";
import { fetchUpgradeRequest, IDLE_SECONDS, refusalResponse, type ServerCore } from "./adapter.ts";

export type { ServerCore } from "./adapter.ts";

/** What `Deno.serve` tells its handler besides the request. */
export interface HandlerInfo {
  /** The peer; `hostname` for those on TCP. */
  remoteAddr: { hostname?: string };
}

/**
 * Makes a WebSocket request a client of a server.
 *
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
): Promise<Response | undefined> {
  // The request can be read no more once it is upgraded.
  const asked = fetchUpgradeRequest(request, info?.remoteAddr.hostname);
  const admission = await server.admit(asked);
  if (!admission.accepted) return admission.upgrade ? refusalResponse(admission) : undefined;
  const { protocol } = admission;
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_SECONDS });
  // Not by its `protocol` option: Deno finds the name only in a list that is separated by ", ".
  response.headers.set("Sec-WebSocket-Protocol", protocol);
  const { url, address } = asked;
  const transport = webSocketTransport(socket, { protocol });
  limitOpening(socket, transport);
  server.accept(transport, { url, address, protocol });
  return response;
}

/** Far more than it takes to write the answer, even behind a busy turn. */
const OPENING_MS = 5_000;

/** A socket whose peer left before the answer never opens on Deno, nor does it close: it would be a client for ever. */
function limitOpening(socket: WebSocket, transport: Transport): void {
  const timer = setTimeout(() => transport.terminate(), OPENING_MS);
  socket.addEventListener("open", () => clearTimeout(timer));
  socket.addEventListener("close", () => clearTimeout(timer));
}
