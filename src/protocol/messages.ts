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

/** A channel as a server advertises it. Schema text of binary encodings is base64. */
export interface AdvertisedChannel {
  /** Integer from 0 below 2^53, unique in the connection. */
  id: number;
  topic: string;
  /** Message encoding: `"json"`, `"protobuf"`, `"cdr"`, … */
  encoding: string;
  /** `""` for a schemaless channel. */
  schemaName: string;
  /** `""` for a schemaless channel. */
  schema: string;
  /** `undefined` for a schemaless channel; `""` is another thing: an empty schema. */
  schemaEncoding?: string;
  metadata?: Record<string, string>;
  /** Read only, v1.1: an id that the server never defined; the schema members are then empty. */
  unresolvedSchemaId?: number;
}

/** A channel as a client advertises it. */
export interface ClientChannel {
  /** u32, chosen by the client. */
  id: number;
  topic: string;
  encoding: string;
  schemaName: string;
  schema?: string;
  schemaEncoding?: string;
}

export interface Subscription {
  /** u32, chosen by the client. */
  id: number;
  channelId: number;
}

/** One side of a service: the message it takes or gives. */
export interface ServiceMessageSchema {
  encoding: string;
  schemaName: string;
  schemaEncoding: string;
  schema: string;
}

/** A service as a server advertises it: with `request` and `response`, or with the legacy schema texts. */
export interface AdvertisedService {
  /** u32. */
  id: number;
  name: string;
  type: string;
  request?: ServiceMessageSchema;
  response?: ServiceMessageSchema;
  /** Legacy; used when `request` is absent. */
  requestSchema?: string;
  /** Legacy; used when `response` is absent. */
  responseSchema?: string;
}

/** A parameter's value; nested at most 128 deep. */
export type ParameterValue = number | boolean | string | ParameterValue[] | { [key: string]: ParameterValue };

/** A parameter as it is on the wire; without `value` it is deleted or unset. */
export interface Parameter {
  name: string;
  /** A `byte_array` is base64; a `float64` may be NaN or ±Infinity (`null` on the wire). */
  value?: ParameterValue;
  type?: "byte_array" | "float64" | "float64_array";
}

export interface ServerInfo {
  name: string;
  capabilities: string[];
  supportedEncodings?: string[];
  metadata?: Record<string, string>;
  sessionId?: string;
  dataStartTime?: SecNsec;
  dataEndTime?: SecNsec;
}

export interface ConnectionGraphUpdate {
  publishedTopics: { name: string; publisherIds: string[] }[];
  subscribedTopics: { name: string; subscriberIds: string[] }[];
  advertisedServices: { name: string; providerIds: string[] }[];
  removedTopics: string[];
  removedServices: string[];
}

export interface Status {
  level: StatusLevel;
  message: string;
  /** A status with the same id replaces this one. */
  id?: string;
}

export interface PlaybackState {
  status: PlaybackStatus;
  currentTime: bigint;
  /** f32; playback seconds per second. */
  speed: number;
  didSeek: boolean;
  /** Id of the request that this answers; `""` when it answers none. */
  requestId: string;
}

export interface PlaybackControlRequest {
  command: PlaybackCommand;
  /** f32; playback seconds per second. */
  speed: number;
  /** Where to go first, if anywhere. */
  seekTime?: bigint;
  requestId: string;
}

/** Everything a server sends. `Batch` is how entries of batches come: decoders give `Entry<T>`, encoders take `T`. */
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

/** The entries of a batch: as they are when written, each possibly an error when read. */
export type Batch<T, Decoded extends boolean> = Decoded extends true ? Entry<T>[] : T[];

/** The message of a direction with this `op`. */
export type MessageOf<M extends { op: string }, Op extends M["op"]> = Extract<M, { op: Op }>;
