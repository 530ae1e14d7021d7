/** Binary messages of the model, by Node's Buffer alone: little-endian, texts behind their length in bytes. */
import { Buffer } from "node:buffer";
import { Invalid } from "./invalid.ts";

export const u8 = (value: number): Buffer => Buffer.from([value]);
export const text = (value: string): Buffer => Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(value)]);

export function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

export function u64(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(value);
  return buffer;
}

export function f32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);
  return buffer;
}

/** Bytes in the other order. */
export const reversed = (bytes: Buffer): Buffer => Buffer.from(bytes).reverse();

/** Reads a message of a client, member by member. @throws {Invalid} when it ends too early. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  u8 = (): number => this.bytes(1).readUInt8();
  u32 = (): number => this.bytes(4).readUInt32LE();
  u64 = (): bigint => this.bytes(8).readBigUInt64LE();
  f32 = (): number => this.bytes(4).readFloatLE();
  rest = (): Buffer => this.bytes(this.#bytes.length - this.#at);
  text = (): string => utf8(this.bytes(this.u32()));

  bytes(length: number): Buffer {
    const start = this.#at;
    if (start + length > this.#bytes.length) throw new Invalid(`message ends within ${length} bytes at ${start}`);
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }
}

/** @throws {Invalid} when the bytes are no UTF-8. */
export function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Invalid("bytes are no UTF-8");
  }
}
