/** Properties that hold for every message, and for whatever is none. */
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../support/test.ts";
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
} from "../../src/protocol/codec.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import type { ClientMessage, ServerMessage } from "../../src/protocol/messages.ts";
import { SchemaTableReader, SchemaTableWriter } from "../../src/protocol/schema_table.ts";
import { clientMessage, json, serverChannel, serverMessage } from "./arbitraries.ts";
import { atOffset7, show } from "./support.ts";

interface Side {
  name: string;
  message: fc.Arbitrary<ServerMessage | ClientMessage>;
  encode(message: never): string | Uint8Array;
  decode(data: string | Uint8Array): { op: string } | undefined;
}

const SIDES: Side[] = [
  { name: "server", message: serverMessage, encode: (message) => encodeServerMessage(message), decode: decodeServer },
  { name: "client", message: clientMessage, encode: encodeClientMessage, decode: decodeClientMessage },
];

function decodeServer(data: string | Uint8Array) {
  return decodeServerMessage(data);
}

/** Messages as texts; what is not finite is NaN on the other side. */
function shown(message: unknown): string {
  return show(message).replace(/-?Infinity/g, "NaN");
}

function moved(data: string | Uint8Array): string | Uint8Array {
  return typeof data === "string" ? data : atOffset7(data);
}

for (const { name, message, encode, decode } of SIDES) {
  test(`any message of a ${name} is read as it was written`, () => {
    fc.assert(
      fc.property(message, (written) => {
        assertStrictEquals(shown(decode(moved(encode(written as never)))), shown(written));
      }),
      { numRuns: 1000 },
    );
  });

  test(`any frame of a ${name} that is cut off is refused or has less payload, and nothing else happens`, () => {
    fc.assert(
      fc.property(message, fc.nat(), (written, cut) => {
        const frame = encode(written as never);
        if (typeof frame === "string") return;
        const length = 1 + cut % (frame.length - 1);
        const short = outcome(() => decode(atOffset7(frame).subarray(0, length)));
        if (short instanceof ProtocolError) return;
        const { data, ...members } = short as { data?: Uint8Array };
        assert(data !== undefined, "only a payload can be cut");
        assertStrictEquals(show(members), show({ ...written, data: undefined }).replace('"data": undefined, ', ""));
      }),
      { numRuns: 1000 },
    );
  });

  test(`whatever bytes come from a ${name}, they are a message or a ProtocolError`, () => {
    const frame = fc.tuple(fc.nat(6), fc.uint8Array({ maxLength: 40 })).map(([op, rest]) => [op, ...rest]);
    fc.assert(fc.property(frame, (bytes) => assertReadable(() => decode(atOffset7(Uint8Array.from(bytes))))), {
      numRuns: 3000,
    });
  });

  test(`whatever text comes from a ${name}, it is a message or a ProtocolError`, () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => assertReadable(() => decode(text))));
  });

  test(`a message of a ${name} in which any member is something else is a message or a ProtocolError`, () => {
    fc.assert(
      fc.property(message, fc.nat(), json, (written, place, other) => {
        const text = encode(written as never);
        if (typeof text !== "string") return;
        const read = outcome(() => decode(JSON.stringify(replaceOne(JSON.parse(text), place, other))));
        if (read instanceof ProtocolError || hasErrors(read)) return;
        // What was accepted can be sent, and means the same then.
        const again = decode(encode(read as never));
        assertStrictEquals(shown(decode(encode(again as never))), shown(again));
      }),
      { numRuns: 2000 },
    );
  });
}

/** The message, or the {@link ProtocolError}; anything else that is thrown fails. */
function outcome(decode: () => { op: string } | undefined): unknown {
  try {
    return decode();
  } catch (error) {
    assertInstanceOf(error, ProtocolError);
    assert(error.message.startsWith("Cannot decode "), error.message);
    return error;
  }
}

function assertReadable(decode: () => { op: string } | undefined): void {
  const result = outcome(decode);
  assert(result instanceof ProtocolError || typeof (result as { op: unknown }).op === "string");
}

function hasErrors(message: unknown): boolean {
  return Object.values(message as object).some((member) =>
    Array.isArray(member) && member.some((entry) => entry instanceof ProtocolError)
  );
}

/** The JSON with one of its values, counted in depth first order, replaced. */
function replaceOne(root: unknown, place: number, other: unknown): unknown {
  const places: [holder: object, key: string][] = [];
  const collect = (holder: object) => {
    for (const [key, value] of Object.entries(holder)) {
      if (key !== "op") places.push([holder, key]);
      if (typeof value === "object" && value !== null) collect(value);
    }
  };
  collect(root as object);
  if (places.length === 0) return root;
  const [holder, key] = places[place % places.length]!;
  Object.defineProperty(holder, key, { value: other, enumerable: true });
  return root;
}

test("any strings are read as their well-formed selves, in text and binary messages alike", () => {
  const utf16 = fc.array(fc.integer({ min: 0xd700, max: 0xe0ff }), { maxLength: 8 }).map((units) =>
    String.fromCharCode(...units)
  );
  fc.assert(fc.property(utf16, (text) => {
    const status = decodeServerMessage(encodeServerMessage({ op: "status", level: "info", message: text }));
    assertEquals(status, { op: "status", level: "info", message: text.toWellFormed() });
    const failure = decodeServerMessage(encodeServerMessage({ op: "fetchAssetResponse", requestId: 1, error: text }));
    assertEquals(failure, { op: "fetchAssetResponse", requestId: 1, error: text.toWellFormed() });
  }));
});

test("any sequence of advertisements is the same with a schema table as without", () => {
  const batches = fc.array(fc.array(serverChannel, { maxLength: 3 }), { maxLength: 6 });
  fc.assert(
    fc.property(batches, fc.nat(5), (sequence, newSession) => {
      const [writer, reader] = [new SchemaTableWriter(), new SchemaTableReader()];
      const pass = (message: ServerMessage) => decodeServerMessage(encodeServerMessage(message, writer), reader);
      sequence.forEach((channels, i) => {
        if (i === newSession) pass({ op: "serverInfo", name: "", capabilities: [] });
        assertStrictEquals(show(pass({ op: "advertise", channels })), show({ op: "advertise", channels }));
      });
    }),
    { numRuns: 300 },
  );
});
