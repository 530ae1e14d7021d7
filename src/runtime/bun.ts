/**
 * Foxwire inside your own `Bun.serve`.
 *
 * @module
 */
export { type BunPeer, type BunServer, type BunWebSocketHandlers, upgrade, websocket } from "./bun_serve.ts";
export type { BunSocket } from "./bun_transport.ts";
export type { ServerCore } from "./adapter.ts";
