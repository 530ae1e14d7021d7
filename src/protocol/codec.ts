/**
 * The four functions of the protocol layer: every message of either direction, to what a WebSocket carries and back.
 *
 * @module
 */
import { readAdvertise, writeAdvertise } from "./advertise_table.ts";
import { type BinaryReaders, type BinaryWriter, type BinaryWriters, decodeFrame } from "./binary.ts";
import { CLIENT_READERS, CLIENT_WRITERS } from "./client_binary.ts";
import { CLIENT_JSON } from "./client_json.ts";
import { decodeMembers, encodeMembers, type JsonOps, parseMessage, repaired, stringify } from "./json_codec.ts";
import type { ClientMessage, ServerMessage } from "./messages.ts";
import type { SchemaTableReader, SchemaTableWriter } from "./schema_table.ts";
import { SERVER_READERS, SERVER_WRITERS } from "./server_binary.ts";
import { SERVER_JSON } from "./server_json.ts";

/** A message as a WebSocket carries it: a text message, or the bytes of a binary one. */
export type EncodedMessage = string | Uint8Array<ArrayBuffer>;

/**
 * Encodes a message from a server. Strings become well-formed Unicode: half a surrogate pair is sent as U+FFFD.
 *
 * @param schemas The connection's table, for `foxglove.sdk.v1.1` only; `serverInfo` empties it.
 * @throws {TypeError} when a member is not what the protocol can carry; nothing of `schemas` has changed then.
 *
 * @example
 * ```ts
 * import { encodeServerMessage } from "@foxwire/foxwire";
 * import { assertEquals } from "@std/assert";
 *
 * const text = encodeServerMessage({ op: "status", level: "warning", message: "Low battery" });
 * assertEquals(text, '{"op":"status","level":1,"message":"Low battery"}');
 * const frame = encodeServerMessage({ op: "time", timestamp: 1n });
 * assertEquals(frame, new Uint8Array([2, 1, 0, 0, 0, 0, 0, 0, 0]));
 * ```
 */
export function encodeServerMessage(message: ServerMessage, schemas?: SchemaTableWriter): EncodedMessage {
  if (schemas !== undefined && message.op === "advertise") {
    return stringify({ op: message.op, ...writeAdvertise(message, schemas) });
  }
  const encoded = encode(message, SERVER_WRITERS, SERVER_JSON);
  if (message.op === "serverInfo") schemas?.reset();
  return encoded;
}

/**
 * Decodes a message from a server. Bad entries of a batch come as {@link ProtocolError} in their places.
 *
 * @param data A text message, or a binary one, on which `data` members stay views (borrowed, not copied).
 * @param schemas The connection's table, for `foxglove.sdk.v1.1` only; `serverInfo` empties it.
 * @returns The message; `undefined` for an empty binary message, which means nothing.
 * @throws {ProtocolError} when it does not follow the protocol, or its op is not known (`code` is `"unknown_op"`).
 *
 * @example
 * ```ts
 * import { decodeServerMessage } from "@foxwire/foxwire";
 * import { assertEquals } from "@std/assert";
 *
 * const message = decodeServerMessage('{"op":"status","level":2,"message":"Motor stopped"}');
 * assertEquals(message, { op: "status", level: "error", message: "Motor stopped" });
 * ```
 */
export function decodeServerMessage(
  data: string | Uint8Array,
  schemas?: SchemaTableReader,
): ServerMessage<true> | undefined {
  if (typeof data !== "string") return decodeBinary(data, SERVER_READERS) as ServerMessage | undefined;
  const parsed = parseMessage(data, repaired);
  // Also when the rest of it cannot be read: the server has begun a new table.
  if (parsed.op === "serverInfo") schemas?.reset();
  if (schemas !== undefined && parsed.op === "advertise") {
    return { op: "advertise", channels: readAdvertise(parsed.json, schemas) };
  }
  return decodeMembers(SERVER_JSON, parsed) as ServerMessage<true>;
}

/**
 * Encodes a message from a client. Strings become well-formed Unicode: half a surrogate pair is sent as U+FFFD.
 *
 * @throws {TypeError} when a member is not what the protocol can carry.
 *
 * @example
 * ```ts
 * import { encodeClientMessage } from "@foxwire/foxwire";
 * import { assertEquals } from "@std/assert";
 *
 * const text = encodeClientMessage({ op: "subscribe", subscriptions: [{ id: 0, channelId: 7 }] });
 * assertEquals(text, '{"op":"subscribe","subscriptions":[{"id":0,"channelId":7}]}');
 * ```
 */
export function encodeClientMessage(message: ClientMessage): EncodedMessage {
  return encode(message, CLIENT_WRITERS, CLIENT_JSON);
}

/**
 * Decodes a message from a client. Bad entries of a batch come as {@link ProtocolError} in their places.
 *
 * @param data A text message, or a binary one, on which `data` members stay views (borrowed, not copied).
 * @returns The message; `undefined` for an empty binary message, which means nothing.
 * @throws {ProtocolError} when it does not follow the protocol, or its op is not known (`code` is `"unknown_op"`).
 *
 * @example
 * ```ts
 * import { decodeClientMessage, ProtocolError } from "@foxwire/foxwire";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const message = decodeClientMessage(new Uint8Array([1, 30, 0, 0, 0, 123, 125]));
 * assertEquals(message, { op: "messageData", channelId: 30, data: new TextEncoder().encode("{}") });
 * assertThrows(() => decodeClientMessage(new Uint8Array([1, 30])), ProtocolError, "frame is 2 bytes, need at least 5");
 * ```
 */
export function decodeClientMessage(data: string | Uint8Array): ClientMessage<true> | undefined {
  if (typeof data !== "string") return decodeBinary(data, CLIENT_READERS) as ClientMessage | undefined;
  return decodeMembers(CLIENT_JSON, parseMessage(data)) as ClientMessage<true>;
}

function encode(message: { op: string }, binary: BinaryWriters, json: JsonOps): EncodedMessage {
  const write = binary[message.op] as BinaryWriter<unknown> | undefined;
  return write === undefined ? encodeMembers(json, message) : write(message);
}

function decodeBinary(frame: Uint8Array, readers: BinaryReaders): unknown {
  return frame.length === 0 ? undefined : decodeFrame(readers, frame);
}
