/**
 * Foxwire on Node: a server inside your own HTTP server, and client sockets where there is no global `WebSocket`.
 *
 * @module
 */
export { attach, type AttachOptions } from "./node_http.ts";
export type { ServerCore } from "./adapter.ts";

/**
 * Opens a client socket with npm `ws`: the `webSocket` option of `connect()` on Node 20.
 *
 * @param protocols The subprotocols to offer, best first.
 *
 * @example
 * ```ts
 * import { connect } from "@foxwire/foxwire/client";
 * import { webSocket } from "@foxwire/foxwire/node";
 * import { serve } from "@foxwire/foxwire/server";
 *
 * const server = await serve({ port: 0 });
 * const client = await connect(server.url, { webSocket });
 *
 * await client.close();
 * await server.close();
 * ```
 */
export async function webSocket(url: string, protocols: string[]): Promise<WebSocket> {
  const { WebSocket: NodeWebSocket } = await import("ws");
  return new NodeWebSocket(url, protocols, { perMessageDeflate: false }) as unknown as WebSocket;
}
