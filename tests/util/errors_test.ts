import { assert, assertEquals, assertFalse, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { ConnectionError, errorMessage, FoxgloveError, TimeoutError } from "../../src/util/errors.ts";
import { test } from "../support/test.ts";

test("a FoxgloveError has a message, a code, a name, and a cause where there is one", () => {
  const cause = new Error("because");
  const error = new FoxgloveError("Cannot do it", { code: "undoable", cause });
  assertInstanceOf(error, Error);
  assertEquals([error.message, error.code, error.name], ["Cannot do it", "undoable", "FoxgloveError"]);
  assertStrictEquals(error.cause, cause);
  assertFalse("cause" in new FoxgloveError("Cannot do it", { code: "undoable" }));
});

test("a ConnectionError carries the close code, and its own code may be replaced", () => {
  const plain = new ConnectionError("Gone");
  assertInstanceOf(plain, FoxgloveError);
  assertEquals([plain.name, plain.code, plain.closeCode], ["ConnectionError", "connection", undefined]);
  assertFalse("cause" in plain);
  const cause = new Error("reset");
  const cut = new ConnectionError("Cut", { code: "refused", closeCode: 1006, cause });
  assertEquals([cut.code, cut.closeCode], ["refused", 1006]);
  assertStrictEquals(cut.cause, cause);
});

test("a TimeoutError has the code timeout", () => {
  const error = new TimeoutError("No answer within 5 ms");
  assertInstanceOf(error, FoxgloveError);
  assertEquals([error.name, error.code, error.message], ["TimeoutError", "timeout", "No answer within 5 ms"]);
});

test("a subclass of a user has its own name", () => {
  class BatteryError extends FoxgloveError {}
  assertEquals(new BatteryError("Empty", { code: "battery" }).name, "BatteryError");
  assert(String(new BatteryError("Empty", { code: "battery" })).startsWith("BatteryError: "));
});

test("errorMessage() is the text of anything that was thrown", () => {
  assertEquals(errorMessage(new RangeError("too far")), "too far");
  assertEquals(errorMessage("text"), "text");
  assertEquals(errorMessage(undefined), "undefined");
  assertEquals(errorMessage(null), "null");
  assertEquals(errorMessage({ toString: () => "object" }), "object");
});
