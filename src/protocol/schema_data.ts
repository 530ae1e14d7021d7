/**
 * Schema definitions as a user has them and as the wire has them.
 *
 * @module
 */
import { base64Decode, base64Encode, utf8Decode } from "../util/bytes.ts";
import { BINARY_SCHEMA_ENCODINGS } from "./constants.ts";
import { quote } from "./describe.ts";
import { ProtocolError } from "./errors.ts";

/**
 * A schema definition: an object for JSON Schema; text; or bytes, for `protobuf` (a serialized FileDescriptorSet) and
 * `flatbuffer` (a `.bfbs`) those of the definition, for every other schema encoding those of a UTF-8 text.
 */
export type SchemaData = string | Uint8Array | object;

/**
 * The text that stands for a schema on the wire: padded base64 for the binary schema encodings `protobuf` and
 * `flatbuffer`, else the text as it is.
 *
 * @param data Text of a binary schema encoding has to be base64 already; an object becomes JSON.
 * @throws {TypeError} when the data cannot be a schema of that encoding.
 *
 * @example
 * ```ts
 * import { schemaDataToWire } from "@foxwire/foxwire";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(schemaDataToWire({ type: "object" }, "jsonschema"), '{"type":"object"}');
 * assertEquals(schemaDataToWire("float64 x\n", "ros2msg"), "float64 x\n");
 * assertEquals(schemaDataToWire(new Uint8Array([0xde, 0xad, 0xbe, 0xef]), "protobuf"), "3q2+7w==");
 * ```
 */
export function schemaDataToWire(data: SchemaData, encoding: string): string {
  if (BINARY_SCHEMA_ENCODINGS.includes(encoding)) return base64Encode(binaryData(data, encoding));
  if (data instanceof Uint8Array) return textOf(data, encoding);
  return typeof data === "string" ? data : JSON.stringify(data);
}

function binaryData(data: SchemaData, encoding: string): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (typeof data === "string") return base64Decode(data);
  throw new TypeError(`Cannot encode schema: ${quote(encoding)} needs bytes or their base64, got an object`);
}

function textOf(bytes: Uint8Array, encoding: string): string {
  try {
    return utf8Decode(bytes);
  } catch (cause) {
    throw new TypeError(`Cannot encode schema: ${quote(encoding)} is a text, and the bytes are not UTF-8`, { cause });
  }
}

/**
 * The schema that a text on the wire stands for: bytes for the binary schema encodings `protobuf` and `flatbuffer`,
 * else the text.
 *
 * @throws {ProtocolError} when the text of a binary schema encoding is not base64; missing padding is forgiven.
 *
 * @example
 * ```ts
 * import { schemaDataFromWire } from "@foxwire/foxwire";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(schemaDataFromWire("3q2+7w==", "protobuf"), new Uint8Array([0xde, 0xad, 0xbe, 0xef]));
 * assertEquals(schemaDataFromWire("float64 x\n", "ros2msg"), "float64 x\n");
 * ```
 */
export function schemaDataFromWire(text: string, encoding: string): string | Uint8Array<ArrayBuffer> {
  if (!BINARY_SCHEMA_ENCODINGS.includes(encoding)) return text;
  try {
    return base64Decode(text);
  } catch (cause) {
    throw new ProtocolError(`Cannot decode schema: ${quote(text)} is not base64, need it for ${quote(encoding)}`, {
      cause,
    });
  }
}
