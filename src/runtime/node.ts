/**
 * Foxwire on Node: a server inside your own HTTP server, and client sockets where there is no global `WebSocket`.
 *
 * @module
 */
import { explainFailures } from "./node_refusal.ts";

export { attach, type AttachOptions } from "./node_http.ts";
export type { ServerCore } from "./adapter.ts";

/** What a client socket says of itself, and whom it trusts. */
export interface WebSocketOptions {
  /** Headers of the upgrade: `{ authorization: "Bearer …" }`. */
  headers?: Record<string, string>;
  /** Certificates to trust instead of those that the runtime does, as PEM. */
  ca?: string | string[];
  /** The client's own certificate, as PEM, where the server wants one. */
  cert?: string;
  /** The private key of `cert`, as PEM. */
  key?: string;
}

/**
 * Opens a client socket with npm `ws`: the `webSocket` option of `connect()` on Node 20; and on every Node, Deno and Bun
 * where the upgrade needs headers, or the server's certificate is one of your own. Errors say why a server was refused,
 * or what it has said to refuse: the status, and the reason of its `authorize`.
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
 *
 * @example A token in a header
 * ```ts
 * import { connect } from "@foxwire/foxwire/client";
 * import { webSocket } from "@foxwire/foxwire/node";
 * import { serve } from "@foxwire/foxwire/server";
 *
 * const server = await serve({ port: 0, authorize: ({ headers }) => headers.get("authorization") === "Bearer 42" });
 *
 * const headers = { authorization: "Bearer 42" };
 * const client = await connect(server.url, {
 *   webSocket: (url, protocols) => webSocket(url, protocols, { headers }),
 * });
 *
 * await client.close();
 * await server.close();
 * ```
 */
export async function webSocket(url: string, protocols: string[], options: WebSocketOptions = {}): Promise<WebSocket> {
  const { WebSocket: NodeWebSocket } = await import("ws");
  const socket = new NodeWebSocket(url, protocols, { ...options, perMessageDeflate: false });
  explainFailures(socket);
  return socket as unknown as WebSocket;
}
