import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { decodeClientMessage } from "../../src/protocol/codec.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import { nestsTooDeep } from "../../src/protocol/json_depth.ts";
import { test } from "../support/test.ts";

/** The levels that are parsed. Only texts that are longer than that are looked at. */
const MAX_DEPTH = 0x20000;
const LONG = " ".repeat(MAX_DEPTH);

test("a text of 131072 levels is parsed, one of a level more is not", () => {
  for (const [open, close] of [["[", "]"], ['{"a":', "}"]] as const) {
    assertFalse(nestsTooDeep(LONG + open.repeat(MAX_DEPTH) + "1" + close.repeat(MAX_DEPTH)));
    assert(nestsTooDeep(LONG + open.repeat(MAX_DEPTH + 1) + "1" + close.repeat(MAX_DEPTH + 1)));
  }
});

test("levels that are closed again, and brackets in strings, do not count", () => {
  assertFalse(nestsTooDeep(LONG + "[]".repeat(200_000)));
  assertFalse(nestsTooDeep(LONG + `"${"[".repeat(200_000)}"`));
  assertFalse(nestsTooDeep(LONG + `["\\"${"[".repeat(200_000)}\\\\"]`));
  assert(nestsTooDeep(LONG + `["\\\\",${"[".repeat(200_000)}`));
});

test("a string that never ends is looked at once", () => {
  assertFalse(nestsTooDeep(LONG + '"' + '\\"'.repeat(200_000)));
});

test("a text that nests too deep is an error like any other", () => {
  const deep = `{"op":"subscribe","x":${"[".repeat(1_000_000)}`;
  const error = assertThrows(() => decodeClientMessage(deep), ProtocolError, "nests too deep");
  assertEquals(error.code, "invalid_message");
});
