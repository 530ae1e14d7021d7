/**
 * The messages of both directions as typed objects. JSON messages keep the members they have on the wire; binary
 * messages get the `op` that the protocol calls them by. Times are nanoseconds as `bigint`.
 *
 * @module
 */
import type { PlaybackCommand, PlaybackStatus, StatusLevel } from "./constants.ts";
import type { ProtocolError } from "./errors.ts";
import type { SecNsec } from "../util/time.ts";

/**
 * One entry of a batch as a decoder gives it: the entry, or the error that it is. A bad entry never spoils the others.
 */
export type Entry<T> = T | ProtocolError;

/** The entries of a batch: as they are when written, each possibly an error when read. */
export type Batch<T, Decoded extends boolean> = Decoded extends true ? Entry<T>[] : T[];

/** A channel as a server advertises it. Schema text of binary encodings is base64. */
export interface AdvertisedChannel {
  /** Integer from 0 below 2^53, unique in the connection. */
  id: number;
  /** Name of the topic; several channels may share it. */
  topic: string;
  /** Message encoding: `"json"`, `"protobuf"`, `"cdr"`, … */
  encoding: string;
  /** `""` for a schemaless channel. */
  schemaName: string;
  /** `""` for a schemaless channel. */
  schema: string;
  /** `undefined` for a schemaless channel; `""` is another thing: an empty schema. */
  schemaEncoding?: string;
  /** Free texts about the channel. */
  metadata?: Record<string, string>;
  /** Read only, v1.1: an id that the server never defined; the schema members are then empty. */
  unresolvedSchemaId?: number;
}

/** A channel as a client advertises it. */
export interface ClientChannel {
  /** Unsigned 32-bit integer, chosen by the client. */
  id: number;
  /** Name of the topic. */
  topic: string;
  /** Message encoding. */
  encoding: string;
  /** `""` for a schemaless channel. */
  schemaName: string;
  /** Schema text; base64 for binary schema encodings. */
  schema?: string;
  /** Schema encoding: `"jsonschema"`, `"ros2msg"`, … */
  schemaEncoding?: string;
}

/** A client's wish to get the messages of a channel. */
export interface Subscription {
  /** Unsigned 32-bit integer, chosen by the client. */
  id: number;
  /** Id of the server's channel. */
  channelId: number;
}

/** One side of a service: the message it takes or gives. */
export interface ServiceMessageSchema {
  /** Message encoding. */
  encoding: string;
  /** Name of the message type. */
  schemaName: string;
  /** Schema encoding. */
  schemaEncoding: string;
  /** Schema text; base64 for binary schema encodings. */
  schema: string;
}

/** A service as a server advertises it: with `request` and `response`, or with the legacy schema texts. */
export interface AdvertisedService {
  /** Unsigned 32-bit integer; the server's number for it. */
  id: number;
  /** Name that callers use. */
  name: string;
  /** Name of the service type. */
  type: string;
  /** What it takes. */
  request?: ServiceMessageSchema;
  /** What it gives. */
  response?: ServiceMessageSchema;
  /** Legacy; used when `request` is absent. */
  requestSchema?: string;
  /** Legacy; used when `response` is absent. */
  responseSchema?: string;
}

/** A parameter's value; nested at most 128 deep. */
export type ParameterValue = number | boolean | string | ParameterValue[] | { [key: string]: ParameterValue };

/** How a value is to be understood where JSON does not tell. One that is not known (a newer peer) is kept as it is. */
export type ParameterType = "byte_array" | "float64" | "float64_array" | (string & Record<never, never>);

/** A parameter as it is on the wire; without `value` it is deleted or unset. */
export interface Parameter {
  /** Its name. */
  name: string;
  /** A `byte_array` is base64; numbers of a `float64` and a `float64_array` may be NaN or ±Infinity (`null` on the wire). */
  value?: ParameterValue;
  /** Left out for integers and whatever JSON says by itself. */
  type?: ParameterType;
}

/** Who a server is and what it can do. */
export interface ServerInfo {
  /** Name of the server. */
  name: string;
  /** What the server supports: names of `CAPABILITIES`, and others that a newer server may have. */
  capabilities: string[];
  /** Message encodings in which clients may publish and call services. */
  supportedEncodings?: string[];
  /** Free texts about the server. */
  metadata?: Record<string, string>;
  /** Changes when the server begins a new session. */
  sessionId?: string;
  /** Begin of the range that playback covers. */
  dataStartTime?: SecNsec;
  /** End of the range that playback covers. */
  dataEndTime?: SecNsec;
}

/** Who publishes, subscribes and provides what: entries that changed, each whole, and names that are gone. */
export interface ConnectionGraphUpdate {
  /** Topics and who publishes on them. */
  publishedTopics: { name: string; publisherIds: string[] }[];
  /** Topics and who is subscribed to them. */
  subscribedTopics: { name: string; subscriberIds: string[] }[];
  /** Services and who provides them. */
  advertisedServices: { name: string; providerIds: string[] }[];
  /** Topics without publishers and subscribers now. */
  removedTopics: string[];
  /** Services without providers now. */
  removedServices: string[];
}

/** Something that the server wants a person to know. */
export interface Status {
  /** How bad it is. */
  level: StatusLevel;
  /** What it is. */
  message: string;
  /** A status with the same id replaces this one. */
  id?: string;
}

/** How playback goes on at a server that plays recorded data. */
export interface PlaybackState {
  /** What it does. */
  status: PlaybackStatus;
  /** Where it is: nanoseconds since 1970. */
  currentTime: bigint;
  /** Playback seconds per second, as a 32-bit float. */
  speed: number;
  /** Whether it jumped: what clients have gathered is of before. */
  didSeek: boolean;
  /** Id of the request that this answers; `""` when it answers none. */
  requestId: string;
}

/** How a client wants playback to go on: always the whole wanted state. */
export interface PlaybackControlRequest {
  /** What to do. */
  command: PlaybackCommand;
  /** Playback seconds per second, above 0, as a 32-bit float. */
  speed: number;
  /** Where to go first, if anywhere: nanoseconds since 1970. */
  seekTime?: bigint;
  /** Chosen by the client; the answer repeats it. */
  requestId: string;
}

/** Everything a server sends. Entries of batches are `Entry<T>` where a decoder gives them, and `T` for encoders. */
export type ServerMessage<Decoded extends boolean = false> =
  | { op: "serverInfo" } & ServerInfo
  | { op: "status" } & Status
  | { op: "removeStatus"; statusIds: string[] }
  | { op: "advertise"; channels: Batch<AdvertisedChannel, Decoded> }
  | { op: "unadvertise"; channelIds: Batch<number, Decoded> }
  | { op: "parameterValues"; parameters: Batch<Parameter, Decoded>; id?: string }
  | { op: "advertiseServices"; services: Batch<AdvertisedService, Decoded> }
  | { op: "unadvertiseServices"; serviceIds: Batch<number, Decoded> }
  | { op: "connectionGraphUpdate" } & ConnectionGraphUpdate
  | { op: "serviceCallFailure"; serviceId: number; callId: number; message: string }
  | { op: "messageData"; subscriptionId: number; logTime: bigint; data: Uint8Array }
  | { op: "time"; timestamp: bigint }
  | { op: "serviceCallResponse"; serviceId: number; callId: number; encoding: string; data: Uint8Array }
  | { op: "fetchAssetResponse"; requestId: number; data: Uint8Array; error?: undefined }
  | { op: "fetchAssetResponse"; requestId: number; data?: undefined; error: string }
  | { op: "playbackState" } & PlaybackState;

/** Everything a client sends. */
export type ClientMessage<Decoded extends boolean = false> =
  | { op: "subscribe"; subscriptions: Batch<Subscription, Decoded> }
  | { op: "unsubscribe"; subscriptionIds: Batch<number, Decoded> }
  | { op: "advertise"; channels: Batch<ClientChannel, Decoded> }
  | { op: "unadvertise"; channelIds: Batch<number, Decoded> }
  | { op: "getParameters"; parameterNames: Batch<string, Decoded>; id?: string }
  | { op: "setParameters"; parameters: Batch<Parameter, Decoded>; id?: string }
  | { op: "subscribeParameterUpdates"; parameterNames: Batch<string, Decoded> }
  | { op: "unsubscribeParameterUpdates"; parameterNames: Batch<string, Decoded> }
  | { op: "subscribeConnectionGraph" }
  | { op: "unsubscribeConnectionGraph" }
  | { op: "fetchAsset"; uri: string; requestId: number }
  | { op: "messageData"; channelId: number; data: Uint8Array }
  | { op: "serviceCallRequest"; serviceId: number; callId: number; encoding: string; data: Uint8Array }
  | { op: "playbackControlRequest" } & PlaybackControlRequest;

/** The message of a direction with this `op`. */
export type MessageOf<M extends { op: string }, Op extends M["op"]> = Extract<M, { op: Op }>;
