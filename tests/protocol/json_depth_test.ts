import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { decodeClientMessage } from "../../src/protocol/codec.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import { nestsTooDeep } from "../../src/protocol/json_depth.ts";
import { test } from "../support/test.ts";

/** Only long texts are looked at. */
const LONG = " ".repeat(64 * 1024);

test("a long text of 4096 levels is parsed, one of 4097 is not", () => {
  for (const [open, close] of [["[", "]"], ['{"a":', "}"]] as const) {
    assertFalse(nestsTooDeep(LONG + open.repeat(4096) + "1" + close.repeat(4096)));
    assert(nestsTooDeep(LONG + open.repeat(4097) + "1" + close.repeat(4097)));
  }
});

test("levels that are closed again, and brackets in strings, do not count", () => {
  assertFalse(nestsTooDeep(LONG + "[]".repeat(10_000)));
  assertFalse(nestsTooDeep(LONG + `"${"[".repeat(10_000)}"`));
  assertFalse(nestsTooDeep(LONG + `["\\"${"[".repeat(10_000)}\\\\"]`));
  assert(nestsTooDeep(LONG + `["\\\\",${"[".repeat(10_000)}`));
});

test("a string that never ends is looked at once", () => {
  assertFalse(nestsTooDeep(LONG + '"' + '\\"'.repeat(10_000)));
});

test("a text that nests too deep is an error like any other", () => {
  const deep = `{"op":"subscribe","x":${"[".repeat(1_000_000)}`;
  const error = assertThrows(() => decodeClientMessage(deep), ProtocolError, "nests too deep");
  assertEquals(error.code, "invalid_message");
});
