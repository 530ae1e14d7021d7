/**
 * Foxwire on Cloudflare Workers, or wherever workerd runs.
 *
 * @module
 */
import { webSocketTransport } from "../transport/web_socket.ts";
import { checkUpgrade, fetchUpgradeRequest, refusalResponse, type ServerCore, type UpgradeOptions } from "./adapter.ts";

export type { ServerCore, UpgradeOptions } from "./adapter.ts";

/** A socket of workerd: a standard one but for `accept()`. */
interface WorkerSocket extends WebSocket {
  accept(): void;
}

/** What is used of workerd's globals. */
interface WorkerRuntime {
  WebSocketPair: new () => { 0: WebSocket; 1: WorkerSocket };
}

/** workerd hands the client's end to the response. */
interface UpgradeResponseInit extends ResponseInit {
  webSocket: WebSocket;
}

/** Where Cloudflare says who the client is. */
const ADDRESS = "CF-Connecting-IP";

/**
 * Makes a WebSocket request a client of a server.
 *
 * In workerd a socket, a timer and whatever else waits belong to the request that has made them. A server for many
 * clients therefore lives in a Durable Object, whose requests share all of that; outside of one, make a server for each
 * request, with one client.
 *
 * @returns The response to give back: of the upgrade, or of its refusal. `undefined` when the request asks for no
 * WebSocket and is yours to answer.
 *
 * @example
 * ```ts ignore
 * import { FoxgloveServer } from "@foxwire/foxwire"; // not from "/server", which is for runtimes that listen
 * import { upgrade } from "@foxwire/foxwire/workers";
 *
 * export class Robot {
 *   #server = new FoxgloveServer({ name: "robot" });
 *
 *   async fetch(request: Request): Promise<Response> {
 *     return await upgrade(this.#server, request) ?? new Response("Hello\n");
 *   }
 * }
 *
 * export default {
 *   fetch: (request, env) => env.ROBOT.getByName("robot").fetch(request),
 * };
 * ```
 */
export async function upgrade(
  server: ServerCore,
  request: Request,
  options: UpgradeOptions = {},
): Promise<Response | undefined> {
  checkUpgrade(server, request, options);
  const asked = fetchUpgradeRequest(request, options.address ?? request.headers.get(ADDRESS) ?? undefined);
  const admission = await server.admit(asked);
  if (!admission.accepted) return admission.upgrade ? refusalResponse(admission) : undefined;
  const { protocol } = admission;
  const identity = options.identity ?? admission.identity;
  const { url, address } = asked;
  const { WebSocketPair } = globalThis as unknown as WorkerRuntime;
  const { 0: webSocket, 1: socket } = new WebSocketPair();
  socket.accept();
  server.accept(webSocketTransport(socket, { protocol }), { url, address, protocol, identity });
  const init: UpgradeResponseInit = { status: 101, headers: { "Sec-WebSocket-Protocol": protocol }, webSocket };
  return new Response(null, init);
}
