/** Texts of a server that are made to keep its clients busy, or to exhaust their stack. */
import { assertEquals, assertThrows } from "@std/assert";
import { decodeServerMessage } from "../../src/protocol/codec.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import { test } from "../support/test.ts";

const SERVER_INFO = '{"op":"serverInfo","name":"a","capabilities":[],"metadata":{"a":';

test("a million NULs in the middle of a text are refused at once", () => {
  // It would take minutes if every NUL were looked at from each one before it.
  const nuls = "\0".repeat(1_000_000);
  for (const text of [`${nuls}x`, `{"op":"time"${nuls}}`]) {
    assertThrows(() => decodeServerMessage(text), ProtocolError, "is not JSON");
  }
  assertEquals(decodeServerMessage(`{"op":"removeStatus","statusIds":[]}${nuls}`), {
    op: "removeStatus",
    statusIds: [],
  });
});

test("metadata is taken as JSON as deep as a parameter's value may be, and no deeper", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  const read = (depth: number) => decodeServerMessage(`${SERVER_INFO}${nested(depth)}}}`);
  assertEquals(read(128), { op: "serverInfo", name: "a", capabilities: [], metadata: { a: nested(128) } });
  for (const depth of [129, 60_000]) assertEquals(read(depth), { op: "serverInfo", name: "a", capabilities: [] });
});
