/**
 * What a client tells its user.
 *
 * @module
 */
import type { AdvertisedService, ServerInfo, Status } from "../protocol/messages.ts";
import type { ErrorEvent } from "../util/events.ts";
import type { CloseInfo } from "./connection.ts";
import type { ServerChannel } from "./server_channel.ts";

/** Something is not as it should be, and the client has dealt with it. */
export interface ClientWarning {
  /** `"schema_missing"`: a channel came without the schema it should have; see {@link ServerChannel.schemaMissing}. */
  code: "schema_missing";
  /** What happened, for people. */
  message: string;
  /** The channel that it is about. */
  channel: ServerChannel;
}

/** The events of a `FoxgloveClient`; see `client.on()`. The catalogue has changed when its event is raised. */
export interface ClientEvents {
  /** The server has described itself again: its capabilities have grown, or its session has a new id. */
  serverInfo: ServerInfo;
  /** Channels have appeared; one with an id that was known replaces that channel. */
  advertise: { channels: readonly ServerChannel[] };
  /** Channels are gone. */
  unadvertise: { channels: readonly ServerChannel[] };
  /** Services have appeared. */
  advertiseServices: { services: readonly AdvertisedService[] };
  /** Services are gone. */
  unadvertiseServices: { services: readonly AdvertisedService[] };
  /** The server shows a status; one with an `id` replaces the last one with that id. */
  status: Status;
  /** The server takes statuses away. */
  removeStatus: { statusIds: readonly string[] };
  /** The server's time, in nanoseconds. */
  time: bigint;
  /** Something is not as it should be, and the client has dealt with it. */
  warning: ClientWarning;
  /** The connection is over. Once, as the last event. */
  close: CloseInfo;
  /** A message that does not follow the protocol or cannot be decoded, or a listener that threw. Never ends anything. */
  error: ErrorEvent;
}
