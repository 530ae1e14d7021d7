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
export { connect, type ConnectOptions } from "./src/client/connect.ts";
export { type ClientCloseOptions, FoxgloveClient, type SubscribeOptions } from "./src/client/client.ts";
export type { ClientEvents, ClientWarning } from "./src/client/client_events.ts";
export type { ConnectionStats, Counters, FoxgloveClientStats } from "./src/client/client_stats.ts";
export type { CloseInfo } from "./src/client/connection.ts";
export { CLIENT_LIMITS, type ClientLimits } from "./src/client/limits.ts";
export { MessageSubscription } from "./src/client/message_subscription.ts";
export type { WebSocketFactory } from "./src/client/open.ts";
export { Publisher, type PublisherOptions } from "./src/client/publisher.ts";
export type { ChannelSelector } from "./src/client/reader.ts";
export { type Decode, type Received, ReceivedMessage } from "./src/client/received_message.ts";
export type { ServerChannel, ServerChannelSchema } from "./src/client/server_channel.ts";
export { STATUS_LEVELS, type StatusLevel, type Subprotocol, SUBPROTOCOLS } from "./src/protocol/constants.ts";
export type {
  AdvertisedService,
  ClientChannel,
  ServerInfo,
  ServiceMessageSchema,
  Status,
} from "./src/protocol/messages.ts";
export type { SchemaData } from "./src/protocol/schema_data.ts";
export type { Message, SplitMessage, Transport, TransportSink } from "./src/transport/transport.ts";
export type { WaitOptions } from "./src/util/async.ts";
export { ConnectionError, FoxgloveError, TimeoutError } from "./src/util/errors.ts";
export type { ErrorEvent, EventMap, Listener } from "./src/util/events.ts";
export type { Clock, SecNsec } from "./src/util/time.ts";
