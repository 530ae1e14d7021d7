/**
 * A server's channel as a client sees it.
 *
 * @module
 */
import type { AdvertisedChannel } from "../protocol/messages.ts";
import { schemaDataFromWire } from "../protocol/schema_data.ts";

/** The schema of a {@link ServerChannel}. */
export interface ServerChannelSchema {
  /** Name of the message type: `"foxglove.Log"`, `"geometry_msgs/msg/Pose"`. */
  readonly name: string;
  /** `"jsonschema"`, `"protobuf"`, `"flatbuffer"`, `"ros1msg"`, `"ros2msg"`, … */
  readonly encoding: string;
  /** The definition: bytes for `protobuf` (a FileDescriptorSet) and `flatbuffer` (a `.bfbs`), else text. */
  readonly data: string | Uint8Array;
}

/** A channel that a server advertises. */
export interface ServerChannel {
  /** The server's number for it: unique in the connection, another one after the channel was away. */
  readonly id: number;
  /** Name of the topic; more than one channel can have the same. */
  readonly topic: string;
  /** Message encoding: `"json"`, `"protobuf"`, `"cdr"`, … */
  readonly encoding: string;
  /** `undefined` for a schemaless channel, and where {@link schemaMissing} says that it could not be had. */
  readonly schema: ServerChannelSchema | undefined;
  /** Why there is no schema although the server means there to be one; the messages can be read as bytes. */
  readonly schemaMissing: string | undefined;
  /** Free texts of the server. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The schema encoding that goes with a message encoding, for servers that name only the latter. */
const IMPLIED_SCHEMA_ENCODINGS: ReadonlyMap<string, string> = new Map([
  ["json", "jsonschema"],
  ["protobuf", "protobuf"],
  ["flatbuffer", "flatbuffer"],
  ["ros1", "ros1msg"],
  ["cdr", "ros2msg"],
]);

/** What the user sees of an advertised channel. */
export function serverChannel(advertised: AdvertisedChannel): ServerChannel {
  const { id, topic, encoding, metadata = {} } = advertised;
  return { id, topic, encoding, ...readSchema(advertised), metadata };
}

function readSchema(advertised: AdvertisedChannel): Pick<ServerChannel, "schema" | "schemaMissing"> {
  const { schemaName: name, schema: text, schemaEncoding, unresolvedSchemaId } = advertised;
  if (unresolvedSchemaId !== undefined) {
    return { schema: undefined, schemaMissing: `the server never defined schema ${unresolvedSchemaId}` };
  }
  if (!schemaEncoding && name === "" && text === "") {
    return { schema: undefined, schemaMissing: undefined };
  }
  const encoding = schemaEncoding || (IMPLIED_SCHEMA_ENCODINGS.get(advertised.encoding) ?? "");
  try {
    return { schema: { name, encoding, data: schemaDataFromWire(text, encoding) }, schemaMissing: undefined };
  } catch {
    return { schema: undefined, schemaMissing: `its ${encoding} data is not base64` };
  }
}
