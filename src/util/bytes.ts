/**
 * Little-endian bytes: one bounds-checked reader, one exact-size writer, UTF-8 and base64. Every view honours
 * `byteOffset`; nobody touches `.buffer` alone.
 *
 * @module
 */

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of a string. */
export function utf8Encode(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** How many bytes {@link utf8Encode} would make, without making them. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // A surrogate pair is 2 units and 4 bytes; a lone half becomes U+FFFD, 3 bytes.
    if (unit < 0x800) length += 1;
    else if ((unit & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) length += 2, i++;
    else length += 2;
  }
  return length;
}

/** The string of UTF-8 bytes. @throws {TypeError} when they are not UTF-8. */
export function utf8Decode(bytes: Uint8Array): string {
  return strictDecoder.decode(bytes);
}

/** A `DataView` of exactly the bytes of a view. */
export function dataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The u32 at an offset, without the `DataView` that would have to be made for it. The bytes must be there. */
export function getU32(bytes: Uint8Array, offset: number): number {
  const high = bytes[offset + 3]! << 24 | bytes[offset + 2]! << 16;
  return (high | bytes[offset + 1]! << 8 | bytes[offset]!) >>> 0;
}

/** Writes a u32 at an offset, without a `DataView`. */
export function setU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

// A u64 has to go through a DataView. One is kept here, so that none is made per message.
const u64Bytes = new Uint8Array(8);
const u64View = dataView(u64Bytes);

/** The u64 at an offset. The bytes must be there. */
export function getU64(bytes: Uint8Array, offset: number): bigint {
  for (let i = 0; i < 8; i++) u64Bytes[i] = bytes[offset + i]!;
  return u64View.getBigUint64(0, true);
}

/** Writes a u64 at an offset. */
export function setU64(bytes: Uint8Array, offset: number, value: bigint): void {
  u64View.setBigUint64(0, value, true);
  for (let i = 0; i < 8; i++) bytes[offset + i] = u64Bytes[i]!;
}

/** Thrown when bytes do not hold what they should: they end too early, are not UTF-8, … */
export class ByteError extends Error {
  override readonly name = "ByteError";
}

/** Reads fields one after the other and throws {@link ByteError} instead of reading past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = dataView(bytes);
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  /** A string behind its u32 length in bytes; errors call it by `label`. */
  string(label = "string"): string {
    const length = this.u32();
    const start = this.#take(length, label);
    try {
      return utf8Decode(this.#bytes.subarray(start, start + length));
    } catch {
      throw new ByteError(`${label} of ${length} bytes is not UTF-8`);
    }
  }

  /** All that is left, as a view on the same memory (borrowed, not copied). */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#take(this.remaining));
  }

  #take(length: number, label = "frame"): number {
    const start = this.#offset;
    if (length > this.remaining) {
      throw new ByteError(`${label} needs ${length} more bytes, has ${this.remaining}`);
    }
    this.#offset += length;
    return start;
  }
}

/** Writes fields one after the other into exactly `size` bytes. @throws {RangeError} when they do not fit. */
export class ByteWriter {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #offset = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = dataView(this.bytes);
  }

  u8(value: number): this {
    this.#view.setUint8(this.#advance(1), value);
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#advance(4), value, true);
    return this;
  }

  u64(value: bigint): this {
    this.#view.setBigUint64(this.#advance(8), value, true);
    return this;
  }

  f32(value: number): this {
    this.#view.setFloat32(this.#advance(4), value, true);
    return this;
  }

  /** The bytes of a string behind their u32 count. */
  string(utf8: Uint8Array): this {
    return this.u32(utf8.length).raw(utf8);
  }

  raw(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#advance(bytes.length));
    return this;
  }

  #advance(length: number): number {
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}

// String.fromCharCode takes its bytes as arguments: few enough at a time for every engine's stack.
const BASE64_CHUNK = 0x2000;

/** Padded standard base64 of bytes. */
export function base64Encode(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += BASE64_CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(i, i + BASE64_CHUNK));
  }
  return btoa(binary);
}

/** Bytes of standard base64, padded or not. @throws {TypeError} when the text is not base64. */
export function base64Decode(text: string): Uint8Array<ArrayBuffer> {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw new TypeError("Cannot decode base64: text has characters or a length that base64 cannot have");
  }
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** `text` cut to at most `max` UTF-8 bytes, between two characters. */
export function truncateUtf8(text: string, max: number): string {
  const bytes = utf8Encode(text);
  if (bytes.length <= max) return text;
  let end = max;
  // 0b10xxxxxx continues a character: step back to the first byte of the one that does not fit.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return utf8Decode(bytes.subarray(0, end));
}
