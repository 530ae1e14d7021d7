import { assert, assertEquals, assertGreater, assertLessOrEqual, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { test } from "../support/test.ts";
import {
  base64Decode,
  base64Encode,
  ByteError,
  ByteReader,
  ByteWriter,
  dataView,
  getU32,
  getU64,
  setU32,
  setU64,
  truncateUtf8,
  utf8Decode,
  utf8Encode,
  utf8Length,
} from "../../src/util/bytes.ts";

/** Any UTF-16, half surrogate pairs included. */
const utf16 = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0xd700, max: 0xe0ff })).map((units) => String.fromCharCode(...units)),
);

/** A view in the middle of a larger buffer. */
function inside(bytes: readonly number[]): Uint8Array {
  return new Uint8Array([9, 9, 9, ...bytes, 9, 9]).subarray(3, 3 + bytes.length);
}

test("`utf8Length()` counts what TextEncoder makes", () => {
  fc.assert(
    fc.property(utf16, (text) => {
      assertStrictEquals(utf8Length(text), new TextEncoder().encode(text).length);
    }),
    { numRuns: 2000 },
  );
});

test("`utf8Encode()` and `utf8Decode()` are inverse on well-formed text, a byte order mark included", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assertStrictEquals(utf8Decode(utf8Encode(text)), text);
  }));
  assertStrictEquals(utf8Decode(utf8Encode("\ufeffa")), "\ufeffa");
});

test("`utf8Decode()` refuses bytes that are not UTF-8", () => {
  for (const bytes of [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80]]) {
    assertThrows(() => utf8Decode(inside(bytes)), TypeError);
  }
});

test("`truncateUtf8()` cuts between characters and never too early", () => {
  assertStrictEquals(truncateUtf8("aé🤖", 7), "aé🤖");
  assertStrictEquals(truncateUtf8("aé🤖", 6), "aé");
  assertStrictEquals(truncateUtf8("aé🤖", 3), "aé");
  assertStrictEquals(truncateUtf8("aé🤖", 2), "a");
  assertStrictEquals(truncateUtf8("aé🤖", 0), "");
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.nat(40), (text, max) => {
    const cut = truncateUtf8(text, max);
    assert(text.startsWith(cut));
    assertLessOrEqual(utf8Length(cut), max);
    const [next] = text.slice(cut.length);
    if (next !== undefined) assertGreater(utf8Length(cut + next), max);
  }));
});

test("`dataView()` sees the bytes of the view alone", () => {
  const view = dataView(inside([1, 2, 3]));
  assertEquals([view.byteLength, view.getUint8(0), view.getUint8(2)], [3, 1, 3]);
});

test("`ByteReader` reads fields in little-endian order at any offset", () => {
  const reader = new ByteReader(inside([
    ...[0xfe],
    ...[0x01, 0x02, 0x03, 0x84],
    ...[1, 2, 3, 4, 5, 6, 7, 0x88],
    ...[0x00, 0x00, 0xc0, 0xbf],
    ...[0x03, 0x00, 0x00, 0x00, 0x6e, 0xc3, 0xa9],
    ...[7, 8],
  ]));
  assertStrictEquals(reader.u8(), 0xfe);
  assertStrictEquals(reader.u32(), 0x84030201);
  assertStrictEquals(reader.u64(), 0x8807060504030201n);
  assertStrictEquals(reader.f32(), -1.5);
  assertStrictEquals(reader.string(), "né");
  assertStrictEquals(reader.remaining, 2);
  assertEquals(reader.rest(), new Uint8Array([7, 8]));
  assertEquals(reader.rest(), new Uint8Array());
});

test("`ByteReader` borrows what is left", () => {
  const bytes = inside([1, 2, 3]);
  const reader = new ByteReader(bytes);
  reader.u8();
  const rest = reader.rest();
  assertEquals([rest.buffer === bytes.buffer, rest.byteOffset], [true, bytes.byteOffset + 1]);
});

test("`ByteReader` reads nothing past the end, though the buffer goes on", () => {
  const cases: [bytes: number[], read: (reader: ByteReader) => unknown, message: string][] = [
    [[], (reader) => reader.u8(), "frame needs 1 more bytes, has 0"],
    [[1, 2, 3], (reader) => reader.u32(), "frame needs 4 more bytes, has 3"],
    [[1, 2, 3], (reader) => reader.f32(), "frame needs 4 more bytes, has 3"],
    [[1], (reader) => reader.u64(), "frame needs 8 more bytes, has 1"],
    [[1, 0, 0], (reader) => reader.string("name"), "frame needs 4 more bytes, has 3"],
    [[2, 0, 0, 0, 65], (reader) => reader.string("name"), "name needs 2 more bytes, has 1"],
    [[255, 255, 255, 255, 65], (reader) => reader.string("name"), "name needs 4294967295 more bytes, has 1"],
    [[1, 0, 0, 0, 0xff], (reader) => reader.string("name"), "name of 1 bytes is not UTF-8"],
  ];
  for (const [bytes, read, message] of cases) {
    assertStrictEquals(assertThrows(() => read(new ByteReader(inside(bytes))), ByteError).message, message);
  }
});

test("`ByteWriter` writes what `ByteReader` reads", () => {
  const fields = fc.record({
    u8: fc.nat(255),
    u32: fc.nat(0xffff_ffff),
    u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    f32: fc.float(),
    text: fc.string({ unit: "binary" }),
    raw: fc.uint8Array(),
  });
  fc.assert(fc.property(fields, ({ u8, u32, u64, f32, text, raw }) => {
    const utf8 = utf8Encode(text);
    const writer = new ByteWriter(21 + utf8.length + raw.length);
    const reader = new ByteReader(writer.u8(u8).u32(u32).u64(u64).f32(f32).string(utf8).raw(raw).bytes);
    const read = { u8: reader.u8(), u32: reader.u32(), u64: reader.u64(), f32: reader.f32(), text: reader.string() };
    assertEquals({ ...read, raw: reader.rest() }, { u8, u32, u64, f32, text, raw });
  }));
});

test("`ByteWriter` takes no more than its size", () => {
  assertThrows(() => new ByteWriter(3).u32(1), RangeError);
  assertThrows(() => new ByteWriter(4).u8(1).u32(1), RangeError);
  assertThrows(() => new ByteWriter(1).raw(new Uint8Array(2)), RangeError);
});

test("integers at an offset are those that a DataView sees", () => {
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(fc.property(fc.nat(0xffff_ffff), u64, fc.nat(5), (small, large, offset) => {
    const bytes = new Uint8Array(20).fill(0xaa);
    setU32(bytes, offset, small);
    setU64(bytes, offset + 4, large);
    const view = dataView(bytes);
    assertEquals([view.getUint32(offset, true), view.getBigUint64(offset + 4, true)], [small, large]);
    assertEquals([getU32(bytes, offset), getU64(bytes, offset + 4)], [small, large]);
    assertEquals(bytes.subarray(offset + 12), new Uint8Array(8 - offset).fill(0xaa));
  }));
});

test("`base64Encode()` pads and `base64Decode()` is its inverse", () => {
  const known: [bytes: number[], text: string][] = [
    [[], ""],
    [[0xfb], "+w=="],
    [[0xfb, 0xff], "+/8="],
    [[0xde, 0xad, 0xbe, 0xef], "3q2+7w=="],
  ];
  for (const [bytes, text] of known) assertStrictEquals(base64Encode(inside(bytes)), text);
  const large = fc.uint8Array({ minLength: 0x1fff, maxLength: 0x2001 });
  fc.assert(fc.property(fc.oneof(fc.uint8Array(), large), (bytes) => {
    assertEquals(base64Decode(base64Encode(bytes)), bytes);
  }));
});

test("`base64Decode()` forgives missing padding and nothing else", () => {
  assertEquals(base64Decode("3q2+7w"), base64Decode("3q2+7w=="));
  for (const text of ["A", "A===", "AB-_", "AB=C", "é"]) assertThrows(() => base64Decode(text), TypeError, "base64");
});
