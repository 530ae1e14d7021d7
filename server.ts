/**
 * The server: channels of live data for Foxglove, Lichtblick or your own page, on Deno, Bun and Node.
 *
 * `serve()` listens by itself; a `FoxgloveServer` is embedded in a web server of yours by `@foxwire/foxwire/deno`, `/bun`,
 * `/node` and `/workers`, or is given sockets by its `accept()`.
 *
 * @example
 * ```ts
 * import { serve } from "@foxwire/foxwire/server";
 *
 * const server = await serve({ name: "robot", port: 0 });
 * const pose = server.channel("/pose", {
 *   encoding: "json",
 *   schema: { name: "Pose", encoding: "jsonschema", data: { type: "object", properties: { x: { type: "number" } } } },
 * });
 * const timer = setInterval(() => pose.publish({ x: Math.random() }), 100);
 * clearInterval(timer);
 * await server.close();
 * ```
 *
 * @module
 */
export { ListeningServer, serve, type ServeOptions, type TlsOptions } from "./src/runtime/serve.ts";
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
export {
  PLAYBACK_STATUSES,
  type PlaybackStatus,
  STATUS_LEVELS,
  type StatusLevel,
  type Subprotocol,
  SUBPROTOCOLS,
} from "./src/protocol/constants.ts";
export type {
  AdvertisedChannel,
  AdvertisedService,
  ClientChannel,
  ParameterType,
  ParameterValue,
  ServiceMessageSchema,
} from "./src/protocol/messages.ts";
export type { ParameterData } from "./src/protocol/parameter_data.ts";
export type { SchemaData } from "./src/protocol/schema_data.ts";
export type { Message, SplitMessage, Transport, TransportSink } from "./src/transport/transport.ts";
export type { WebSocketLike, WebSocketLikeEvent } from "./src/transport/web_socket.ts";
export { ConnectionError, FoxgloveError, TimeoutError } from "./src/util/errors.ts";
export type { ErrorEvent, EventMap, Listener } from "./src/util/events.ts";
export { type Clock, wallTime } from "./src/util/time.ts";
