import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "../support/test.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import { type SchemaData, schemaDataFromWire, schemaDataToWire } from "../../src/protocol/schema_data.ts";
import { utf8Encode } from "../../src/util/bytes.ts";
import { atOffset7, hex } from "./support.ts";

const TO_WIRE: [data: SchemaData, encoding: string, wire: string][] = [
  [{ type: "object", title: "é" }, "jsonschema", '{"type":"object","title":"é"}'],
  ["string data\n", "ros2msg", "string data\n"],
  ["3q2+7w==", "jsonschema", "3q2+7w=="],
  [utf8Encode("struct é {}"), "omgidl", "struct é {}"],
  [atOffset7(hex("deadbeef")), "protobuf", "3q2+7w=="],
  [hex("deadbe"), "flatbuffer", "3q2+"],
  [hex(""), "protobuf", ""],
  ["3q2+7w==", "protobuf", "3q2+7w=="],
  ["3q2+7w", "flatbuffer", "3q2+7w=="],
];

for (const [data, encoding, wire] of TO_WIRE) {
  test(`a schema for ${encoding} goes out as ${JSON.stringify(wire)} when given as ${data.constructor.name}`, () => {
    assertStrictEquals(schemaDataToWire(data, encoding), wire);
  });
}

test("data that cannot be a schema of its encoding is the caller's mistake", () => {
  assertThrows(() => schemaDataToWire("not base64!", "protobuf"), TypeError, "Cannot decode base64");
  assertThrows(
    () => schemaDataToWire({}, "flatbuffer"),
    TypeError,
    'Cannot encode schema: "flatbuffer" needs bytes or their base64, got an object',
  );
  assertThrows(
    () => schemaDataToWire(hex("c328"), "ros2msg"),
    TypeError,
    'Cannot encode schema: "ros2msg" is a text, and the bytes are not UTF-8',
  );
});

test("a schema text is bytes for binary schema encodings alone", () => {
  assertEquals<unknown>(schemaDataFromWire("3q2+7w==", "protobuf"), hex("deadbeef"));
  assertEquals<unknown>(schemaDataFromWire("3q2+7w", "flatbuffer"), hex("deadbeef"));
  assertStrictEquals(schemaDataFromWire("3q2+7w==", "ros1msg"), "3q2+7w==");
  assertStrictEquals(schemaDataFromWire("", ""), "");
});

test("a binary schema that is no base64 is a protocol error", () => {
  const error = assertThrows(() => schemaDataFromWire("{}", "protobuf"), ProtocolError);
  assertStrictEquals(error.message, 'Cannot decode schema: "{}" is not base64, need it for "protobuf"');
});
