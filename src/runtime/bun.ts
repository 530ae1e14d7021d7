/**
 * Foxwire inside your own `Bun.serve`.
 *
 * @module
 */
export { type BunServer, upgrade } from "./bun_serve.ts";
export type { BunSocket } from "./bun_transport.ts";
export {
  type BunPeer,
  type BunSocketHandlers,
  type BunWebSocketHandlers,
  type OwnWebSocketHandlers,
  websocket,
} from "./bun_websocket.ts";
export type { ServerCore, UpgradeOptions } from "./adapter.ts";
