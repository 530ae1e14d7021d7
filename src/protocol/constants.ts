/**
 * The names and numbers of the protocol.
 *
 * @module
 */

/** The subprotocol names, newest first: the order in which a server prefers them and a client offers them. */
export const SUBPROTOCOLS = ["foxglove.sdk.v1.1", "foxglove.sdk.v1", "foxglove.websocket.v1"] as const;

/** One of {@link SUBPROTOCOLS}. */
export type Subprotocol = typeof SUBPROTOCOLS[number];

/**
 * Whether a name is one of {@link SUBPROTOCOLS}.
 *
 * @example
 * ```ts
 * import { isSubprotocol } from "@foxwire/foxwire";
 * import { assert } from "@std/assert";
 *
 * assert(isSubprotocol("foxglove.sdk.v1"));
 * assert(!isSubprotocol("mqtt"));
 * ```
 */
export function isSubprotocol(name: string): name is Subprotocol {
  return (SUBPROTOCOLS as readonly string[]).includes(name);
}

/** The capabilities a server may declare in `serverInfo`. A client must tolerate names that are not here. */
export const CAPABILITIES = [
  "clientPublish",
  "parameters",
  "parametersSubscribe",
  "time",
  "services",
  "connectionGraph",
  "assets",
  "playbackControl",
] as const;

/** One of {@link CAPABILITIES}. */
export type Capability = typeof CAPABILITIES[number];

/** Names of the status levels; the index is the number on the wire. */
export const STATUS_LEVELS = ["info", "warning", "error"] as const;

/** One of {@link STATUS_LEVELS}. */
export type StatusLevel = typeof STATUS_LEVELS[number];

/** First byte of a binary message from the server. */
export const SERVER_OPCODES = {
  messageData: 0x01,
  time: 0x02,
  serviceCallResponse: 0x03,
  fetchAssetResponse: 0x04,
  playbackState: 0x05,
} as const;

/** First byte of a binary message from the client. */
export const CLIENT_OPCODES = {
  messageData: 0x01,
  serviceCallRequest: 0x02,
  playbackControlRequest: 0x03,
} as const;

/** Names of the playback states; the index is the number on the wire. */
export const PLAYBACK_STATUSES = ["playing", "paused", "buffering", "ended"] as const;

/** One of {@link PLAYBACK_STATUSES}. */
export type PlaybackStatus = typeof PLAYBACK_STATUSES[number];

/** Names of the playback commands; the index is the number on the wire. */
export const PLAYBACK_COMMANDS = ["play", "pause"] as const;

/** One of {@link PLAYBACK_COMMANDS}. */
export type PlaybackCommand = typeof PLAYBACK_COMMANDS[number];

/** Schema encodings whose data is binary and travels as padded base64. */
export const BINARY_SCHEMA_ENCODINGS: readonly string[] = ["protobuf", "flatbuffer"];

/** Bytes of a server's `messageData` before its payload: opcode, subscription id, log time. */
export const MESSAGE_DATA_HEADER_BYTES = 13;

/** The largest unsigned 32-bit integer. */
export const MAX_U32 = 0xffff_ffff;

/**
 * How many bad entries of one batch are told apart; the entries behind them are not read. A peer that sends millions
 * of them would otherwise keep everybody waiting for their errors.
 */
export const MAX_BAD_ENTRIES = 1_000;

/** How deep a parameter's value may nest; the value itself is level 1, what an array or object holds is one deeper. */
export const MAX_PARAMETER_DEPTH = 128;
