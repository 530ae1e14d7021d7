/**
 * WebSocket frames, right or wrong: written as a client or a server does, and read as they came.
 *
 * @module
 */
import { bytes, type Piece, u8 } from "./bytes.ts";

/** Opcodes of frames. */
export const FRAMES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** What may be wrong in a frame. */
export interface FrameOptions {
  /** Default `true`. */
  fin?: boolean;
  /** Clients must, servers must not. */
  masked?: boolean;
  /** RSV1 to RSV3 as the bits 4, 2, 1. */
  reserved?: number;
  /** The length to claim, if it is not the payload's. */
  claimedLength?: number;
  /** Bytes to write the length with, 1, 3 or 9; default: the fewest. */
  lengthBytes?: 1 | 3 | 9;
}

/** A frame of a client: masked, unless the options say otherwise. */
export function clientFrame(opcode: number, payload: Piece = "", options: FrameOptions = {}): Uint8Array {
  const { fin = true, masked = true, reserved = 0 } = options;
  const body = bytes(payload);
  const length = options.claimedLength ?? body.length;
  const mask = masked ? [0x12, 0x34, 0x56, 0x78] : [];
  for (let i = 0; masked && i < body.length; i++) body[i]! ^= mask[i & 3]!;
  const size = options.lengthBytes ?? (length < 126 ? 1 : length < 0x1_0000 ? 3 : 9);
  const [first, ...rest] = lengthOf(length, size);
  const head = [(fin ? 0x80 : 0) | reserved << 4 | opcode, (masked ? 0x80 : 0) | first!, ...rest, ...mask];
  return bytes(new Uint8Array(head), body);
}

function lengthOf(length: number, size: 1 | 3 | 9): number[] {
  if (size === 1) return [length];
  if (size === 3) return [126, length >> 8, length & 0xff];
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(length));
  return [127, ...new Uint8Array(view.buffer)];
}

/** A frame of a server: not masked. */
export function serverFrame(opcode: number, payload: Piece = "", options: FrameOptions = {}): Uint8Array {
  return clientFrame(opcode, payload, { masked: false, ...options });
}

/** The payload of a Close frame. */
export function closePayload(code?: number, reason = ""): Uint8Array {
  return code === undefined ? new Uint8Array(0) : bytes(u8(code >> 8, code & 0xff), reason);
}

/** A Close frame of a client. */
export function closeFrame(code?: number, reason = ""): Uint8Array {
  return clientFrame(FRAMES.close, closePayload(code, reason));
}

/** A frame as it was sent; its payload is unmasked. */
export interface Frame {
  opcode: number;
  fin: boolean;
  reserved: number;
  masked: boolean;
  payload: Uint8Array;
}

/** Cuts the bytes of a peer into frames. */
export class FrameReader {
  #rest: Uint8Array = new Uint8Array(0);

  /** Takes bytes, and gives the frames that are complete now. */
  read(data: Uint8Array): Frame[] {
    this.#rest = bytes(this.#rest, data);
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  /** What is no whole frame yet. */
  get rest(): Uint8Array {
    return this.#rest;
  }

  #next(): Frame | undefined {
    const rest = this.#rest;
    const [first = 0, second = 0] = rest;
    const masked = (second & 0x80) !== 0;
    const short = second & 0x7f;
    const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
    const bodyAt = 2 + extra + (masked ? 4 : 0);
    if (rest.length < bodyAt) return undefined;
    const end = bodyAt + (extra === 0 ? short : numberAt(rest, 2, extra));
    if (rest.length < end) return undefined;
    const payload = rest.slice(bodyAt, end);
    if (masked) unmask(payload, rest.subarray(bodyAt - 4, bodyAt));
    this.#rest = rest.subarray(end);
    return { opcode: first & 0x0f, fin: (first & 0x80) !== 0, reserved: first >> 4 & 7, masked, payload };
  }
}

function numberAt(data: Uint8Array, at: number, length: number): number {
  return data.subarray(at, at + length).reduce((value, byte) => value * 256 + byte, 0);
}

function unmask(payload: Uint8Array, mask: Uint8Array): void {
  for (let i = 0; i < payload.length; i++) payload[i]! ^= mask[i & 3]!;
}
