/**
 * What a client tells its user.
 *
 * @module
 */
import type {
  AdvertisedService,
  ConnectionGraphUpdate,
  PlaybackState,
  ServerInfo,
  Status,
} from "../protocol/messages.ts";
import type { ErrorEvent } from "../util/events.ts";
import type { CloseInfo } from "./connection.ts";
import type { ClientState } from "./link.ts";
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

/** A server that is another one, or the same again. */
export interface SessionEvent {
  /** What the server says of itself now. */
  serverInfo: ServerInfo;
  /** How many attempts it took to reconnect; 0 when the connection was never lost. */
  attempts: number;
}

/** The events of a `FoxgloveClient`; see `client.on()`. The catalogue has changed when its event is raised. */
export interface ClientEvents {
  /** The server has described itself again: after a reconnect; or its capabilities have grown, or its session is new. */
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
  /** The connection graph has changed, while somebody watches it: what changed, the first time all of it. */
  connectionGraph: ConnectionGraphUpdate;
  /** How playback goes on: by itself, or because this client or another has asked for it. */
  playbackState: PlaybackState;
  /** Something is not as it should be, and the client has dealt with it. */
  warning: ClientWarning;
  /**
   * The connection was lost, and the client tries to make another; it was made; or the client is over. After a reconnect
   * the catalogue is empty at first, and events have said that what was in it is gone.
   */
  state: ClientState;
  /** The client has reconnected to the server that it had lost, in the same session. */
  resumed: SessionEvent;
  /**
   * The server's session is not the one it was: the client has reconnected to a server that was started again, or is
   * another; or the server has begun a new session while connected, which keeps channels and subscriptions. Nothing that
   * came over an old connection follows; what was not read of it is dropped.
   */
  session: SessionEvent;
  /** The client is over: it was closed, has given up, or was not to reconnect. Once, as the last event. */
  close: CloseInfo;
  /** A message that does not follow the protocol or cannot be decoded, or a listener that threw. Never ends anything. */
  error: ErrorEvent;
}
