/**
 * The client: connects to any server of the Foxglove WebSocket protocol, in Deno, Bun, Node and browsers.
 *
 * @example
 * ```ts
 * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer();
 * const speed = server.channel("/speed", { encoding: "json" });
 * server.on("subscribe", () => speed.publish({ metresPerSecond: 1.5 }));
 * const [serverEnd, clientEnd] = linkedTransports();
 * server.accept(serverEnd);
 *
 * const client = await connect(clientEnd); // or connect("ws://localhost:8765")
 * for await (const message of client.subscribe("/speed")) {
 *   console.log(message.channel.topic, message.value);
 *   break;
 * }
 * await client.close();
 * await server.close();
 * ```
 *
 * @module
 */
export { AssetError } from "./src/client/assets.ts";
export type { TransportFactory } from "./src/client/attempt.ts";
export { FATAL_CLOSE_CODES, type ReconnectOptions } from "./src/client/backoff.ts";
export { connect, type ConnectOptions } from "./src/client/connect.ts";
export { type ClientCloseOptions, FoxgloveClient } from "./src/client/client.ts";
export type { ClientEvents, ClientWarning, SessionEvent } from "./src/client/client_events.ts";
export type { ClientCounters, ConnectionStats, FoxgloveClientStats } from "./src/client/client_stats.ts";
export type { CloseInfo } from "./src/client/connection.ts";
export { ConnectionGraphView } from "./src/client/connection_graph.ts";
export { Feed, type FeedOptions } from "./src/client/feed.ts";
export { CLIENT_LIMITS, type ClientLimits } from "./src/client/limits.ts";
export type { ClientState } from "./src/client/link.ts";
export { MessageSubscription, type SubscribeOptions } from "./src/client/message_subscription.ts";
export type { WebSocketFactory } from "./src/client/open.ts";
export type { ParameterSetting, ParameterSettings, ParameterUpdate } from "./src/client/parameters.ts";
export { Playback, type PlaybackOptions } from "./src/client/playback.ts";
export { Publisher, type PublisherOptions } from "./src/client/publisher.ts";
export type { ChannelSelector } from "./src/client/reader.ts";
export { type Decode, type Received, ReceivedMessage } from "./src/client/received_message.ts";
export type { ServerChannel, ServerChannelSchema } from "./src/client/server_channel.ts";
export { type CallServiceOptions, ServiceError } from "./src/client/services.ts";
export {
  PLAYBACK_STATUSES,
  type PlaybackStatus,
  STATUS_LEVELS,
  type StatusLevel,
  type Subprotocol,
  SUBPROTOCOLS,
} from "./src/protocol/constants.ts";
export type {
  AdvertisedService,
  ClientChannel,
  ConnectionGraphUpdate,
  ParameterType,
  ParameterValue,
  PlaybackState,
  ServerInfo,
  ServiceMessageSchema,
  Status,
} from "./src/protocol/messages.ts";
export { type BrokenRequest, ProtocolError } from "./src/protocol/errors.ts";
export type { ParameterData } from "./src/protocol/parameter_data.ts";
export type { SchemaData } from "./src/protocol/schema_data.ts";
export type { Message, SplitMessage, Transport, TransportSink } from "./src/transport/transport.ts";
export type { WebSocketLike, WebSocketLikeEvent } from "./src/transport/web_socket.ts";
export type { WaitOptions } from "./src/util/async.ts";
export { ConnectionError, FoxgloveError, TimeoutError } from "./src/util/errors.ts";
export type { ErrorEvent, EventMap, Listener } from "./src/util/events.ts";
export { type Clock, fromSecNsec, type SecNsec } from "./src/util/time.ts";
