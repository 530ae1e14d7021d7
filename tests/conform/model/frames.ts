/** WebSocket frames (RFC 6455, section 5) of the model. */
import { Buffer } from "node:buffer";
import type { Faults } from "./faults.ts";

export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Why a connection ends, with its close code. */
export class Violation extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** One frame of a client. */
export interface Frame {
  fin: boolean;
  opcode: number;
  payload: Buffer;
  /** How many bytes it took. */
  size: number;
}

const MAX_BYTES = 16 * 1024 * 1024;

/** The frame at the start, once all of it has come. @throws {Violation} when it is none. */
export function readFrame(bytes: Buffer, faults: Faults): Frame | undefined {
  const [first = 0, second = 0] = bytes;
  if (bytes.length < 2) return undefined;
  const frame = { fin: (first & 0x80) !== 0, opcode: first & 0x0f };
  checkHead(first, second, faults);
  const extra = (second & 0x7f) === 126 ? 2 : (second & 0x7f) === 127 ? 8 : 0;
  if (bytes.length < 2 + extra) return undefined;
  const length = lengthOf(bytes, extra, faults);
  const limit = faults.has("framing/small-alone") ? 64 * 1024 : MAX_BYTES;
  if (length > limit && !faults.has("framing/any-length")) throw new Violation(1009, "message is too big");
  const masked = (second & 0x80) !== 0;
  const start = 2 + extra + (masked ? 4 : 0);
  if (bytes.length < start + length) return undefined;
  const payload = Buffer.from(bytes.subarray(start, start + length));
  if (masked) unmask(payload, bytes.subarray(start - 4, start));
  return { ...frame, payload, size: start + length };
}

function checkHead(first: number, second: number, faults: Faults): void {
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0 && !faults.has("framing/reserved-bits-accepted")) {
    throw new Violation(1002, "a reserved bit is set");
  }
  if (!(Object.values(OPCODES) as number[]).includes(opcode) && !faults.has("framing/unknown-opcode-accepted")) {
    throw new Violation(1002, `opcode is ${opcode}`);
  }
  if ((second & 0x80) === 0 && !faults.has("framing/unmasked-accepted")) {
    throw new Violation(1002, "frame is not masked");
  }
  if (opcode < 8) return;
  if ((first & 0x80) === 0 && !faults.has("framing/fragmented-control-accepted")) {
    throw new Violation(1002, "a control frame is fragmented");
  }
  if ((second & 0x7f) > 125 && !faults.has("framing/long-control-accepted")) {
    throw new Violation(1002, "a control frame is too long");
  }
}

function lengthOf(bytes: Buffer, extra: number, faults: Faults): number {
  if (extra === 0) return bytes[1]! & 0x7f;
  if (extra === 2) return faults.has("framing/length-byte-order") ? bytes.readUInt16LE(2) : bytes.readUInt16BE(2);
  // The upper half of a length of eight bytes.
  if (faults.has("framing/length-64-misread")) return bytes.readUInt32BE(2);
  return Number(bytes.readBigUInt64BE(2));
}

function unmask(payload: Buffer, mask: Buffer): void {
  for (let i = 0; i < payload.length; i++) payload[i]! ^= mask[i & 3]!;
}

/** A frame of the server: not masked. */
export function writeFrame(opcode: number, payload: Buffer, faults: Faults): Buffer {
  const masked = faults.has("framing/masks-its-own");
  const head = [0x80 | opcode, ...lengthBytes(payload.length, masked ? 0x80 : 0), ...(masked ? [0, 0, 0, 0] : [])];
  return Buffer.concat([Buffer.from(head), payload]);
}

function lengthBytes(length: number, maskBit: number): number[] {
  if (length < 126) return [maskBit | length];
  if (length < 0x1_0000) return [maskBit | 126, length >> 8, length & 0xff];
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return [maskBit | 127, ...bytes];
}

/** The code that a Close frame carries. @throws {Violation} when it may not carry it. */
export function readClose(payload: Buffer, faults: Faults): number | undefined {
  if (payload.length === 0) return undefined;
  const code = payload.length === 1 ? 0 : payload.readUInt16BE();
  const known = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
  const own = code >= 3000 && code <= 4999;
  if (known || own || faults.has("framing/any-close-code")) return code;
  throw new Violation(1002, `close code is ${code}`);
}
