import { assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "../support/test.ts";
import { SUBPROTOCOLS } from "../../src/protocol/constants.ts";
import { offeredSubprotocols, selectSubprotocol } from "../../src/protocol/subprotocol.ts";

const CASES: [header: string | null | undefined, selected: string | undefined][] = [
  [undefined, undefined],
  [null, undefined],
  ["", undefined],
  [" , ,\t,", undefined],
  ["foxglove.websocket.v1", "foxglove.websocket.v1"],
  ["foxglove.websocket.v1, foxglove.sdk.v1, foxglove.sdk.v1.1", "foxglove.sdk.v1.1"],
  ["foxglove.websocket.v1,\t foxglove.sdk.v1\t ", "foxglove.sdk.v1"],
  [",,foxglove.sdk.v1,", "foxglove.sdk.v1"],
  ["foxglove.sdk.v1,foxglove.sdk.v1,foxglove.sdk.v1", "foxglove.sdk.v1"],
  ["Foxglove.sdk.v1, FOXGLOVE.SDK.V1.1", undefined],
  ['"foxglove.sdk.v1"', undefined],
  ["foxglove.sdk.v1 foxglove.sdk.v1.1", undefined],
  ["foxglove. sdk.v1", undefined],
  ["foxglove.sdk.v1;q=1", undefined],
  ["foxglove.sdk.v1.10, foxglove.sdk", undefined],
  ["\u00a0foxglove.sdk.v1", undefined],
  ["__proto__, constructor, 0", undefined],
];

for (const [header, selected] of CASES) {
  test(`of ${JSON.stringify(header)} the server takes ${selected}`, () => {
    assertStrictEquals<unknown>(selectSubprotocol(header), selected);
  });
}

test("each name is selected when it is offered alone, and the newest when all are", () => {
  for (const name of SUBPROTOCOLS) assertStrictEquals(selectSubprotocol(name), name);
  assertStrictEquals(selectSubprotocol(SUBPROTOCOLS.toReversed().join()), SUBPROTOCOLS[0]);
});

test("offered names come in the client's order without empty ones", () => {
  assertEquals(offeredSubprotocols(",b ,\ta,, b"), ["b", "a", "b"]);
  assertEquals(offeredSubprotocols(null), []);
});

test("a header of blanks is read in time that grows with its length alone", () => {
  assertStrictEquals(selectSubprotocol(`${" \t".repeat(500_000)}foxglove.sdk.v1`), "foxglove.sdk.v1");
});
