/**
 * The encoding and the schema that own code gives a channel or a service: what viewers could make nothing of.
 *
 * @module
 */
import { describe, quote } from "../protocol/describe.ts";
import { isObject, unlike } from "../protocol/fields.ts";
import { utf8Decode } from "../util/bytes.ts";
import type { ChannelSchema } from "./channel.ts";

const MESSAGE_ENCODINGS = ["json", "protobuf", "flatbuffer", "ros1", "cdr"];

const SCHEMA_ENCODINGS = ["jsonschema", "protobuf", "flatbuffer", "ros1msg", "ros2msg", "ros2idl", "omgidl"];

/**
 * Checks what can be checked without knowing the encodings.
 *
 * @param what Whose they are, for the message of the error: `channel "/pose"`.
 * @throws {TypeError} when one of them is not what it should be.
 */
export function checkMessageFormat(
  { encoding, schema }: { encoding: string; schema?: ChannelSchema | undefined },
  what: string,
): void {
  const refuse = (problem: string, cause?: unknown) =>
    new TypeError(`Cannot add ${what}: ${problem}`, cause === undefined ? {} : { cause });
  checkEncoding(encoding, MESSAGE_ENCODINGS, (problem) => refuse(`encoding ${problem}`));
  if (schema === undefined) return;
  if (!isObject(schema)) throw refuse(`schema ${unlike(schema, "an object with name, encoding and data")}`);
  if (typeof schema.name !== "string") throw refuse(`schema.name ${unlike(schema.name, "a string")}`);
  checkEncoding(schema.encoding, SCHEMA_ENCODINGS, (problem) => refuse(`schema.encoding ${problem}`));
  if (!isData(schema.data)) throw refuse(`schema.data ${unlike(schema.data, "a text, bytes or an object")}`);
  // The SDK's channels without a definition have an empty one: a bridge passes it on.
  if (schema.encoding !== "jsonschema" || schema.data === "") return;
  const definition = parsed(schema.data, (cause) => refuse("schema.data is not JSON, as jsonschema is", cause));
  if (!isObject(definition)) throw refuse(`schema.data is ${describe(definition)}, need the object that jsonschema is`);
}

function checkEncoding(encoding: unknown, known: readonly string[], refuse: (problem: string) => Error): void {
  if (typeof encoding !== "string") throw refuse(unlike(encoding, "a string"));
  const lower = encoding.toLowerCase();
  if (encoding !== lower && known.includes(lower)) throw refuse(`is ${quote(encoding)}, need ${quote(lower)}`);
}

function isData(data: unknown): boolean {
  return typeof data === "string" || (typeof data === "object" && data !== null);
}

function parsed(data: ChannelSchema["data"], refuse: (cause: unknown) => Error): unknown {
  if (typeof data !== "string" && !(data instanceof Uint8Array)) return data;
  try {
    return JSON.parse(typeof data === "string" ? data : utf8Decode(data));
  } catch (cause) {
    throw refuse(cause);
  }
}
