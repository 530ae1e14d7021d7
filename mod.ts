/**
 * Foxwire: the Foxglove WebSocket protocol for web-standard JavaScript, portable part. Server core and client without
 * a listener; `serve()` is in `./server`, embedding in a web server of yours in `./deno`, `./bun`,
 * `./node` and `./workers`.
 *
 * @example
 * ```ts
 * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * const pose = server.channel("/pose", { encoding: "json" });
 * const [serverEnd, clientEnd] = linkedTransports();
 * server.accept(serverEnd);
 *
 * const client = await connect(clientEnd);
 * server.on("subscribe", () => pose.publish({ x: 1 }));
 * for await (const message of client.subscribe("/pose")) {
 *   console.assert((message.value as { x: number }).x === 1);
 *   break;
 * }
 * await client.close();
 * await server.close();
 * ```
 *
 * @module
 */
export * from "./client.ts";

export type { AssetBody, AssetHandler, AssetRequest } from "./src/server/asset.ts";
export type {
  AdmissionOptions,
  Authorization,
  AuthorizationRefusal,
  AuthorizationVerdict,
  Authorize,
} from "./src/server/admission.ts";
export { Channel, type ChannelOptions, type ChannelSchema, type PublishOptions } from "./src/server/channel.ts";
export type { Admission, UpgradeRequest } from "./src/server/handshake.ts";
export { SERVER_LIMITS, type ServerLimits } from "./src/server/limits.ts";
export {
  type AcceptOptions,
  FoxgloveServer,
  type ServerCloseOptions,
  type ServerOptions,
  type ServerStats,
} from "./src/server/server.ts";
export type { ClientStats, CloseOptions, ServerClient, SubscriptionStats } from "./src/server/server_client.ts";
export type { ConnectionGraph, ConnectionGraphEvents } from "./src/server/connection_graph.ts";
export type {
  ParameterChange,
  ParameterEvents,
  ParameterOptions,
  ParameterRequest,
  ParameterStore,
  ParameterStoreOptions,
  ParameterValidator,
} from "./src/server/parameters.ts";
export {
  PlaybackController,
  type PlaybackRequest,
  type PlaybackSource,
  type PlaybackUpdate,
} from "./src/server/playback.ts";
export type { PermissionFilter, Permissions } from "./src/server/permissions.ts";
export type { ServerEvents } from "./src/server/server_events.ts";
export {
  Service,
  type ServiceCall,
  type ServiceHandler,
  type ServiceMessage,
  type ServiceOptions,
} from "./src/server/service.ts";
export type { Peer } from "./src/server/session.ts";

export * from "./src/protocol/codec.ts";
export * from "./src/protocol/constants.ts";
export * from "./src/protocol/errors.ts";
export * from "./src/protocol/messages.ts";
export { type ParameterData, parameterData, toParameter } from "./src/protocol/parameter_data.ts";
export * from "./src/protocol/schema_data.ts";
export * from "./src/protocol/schema_table.ts";
export { selectSubprotocol } from "./src/protocol/subprotocol.ts";

export { type LinkedOptions, type LinkedTransport, linkedTransports } from "./src/transport/linked.ts";
export { webSocketTransport, type WebSocketTransportOptions } from "./src/transport/web_socket.ts";
export { fromSecNsec, systemClock, toSecNsec, wallTime } from "./src/util/time.ts";
export { VERSION } from "./src/util/version.ts";
