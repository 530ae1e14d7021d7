/**
 * WebSocket frames: written as a server does, right or wrong, and read as they came from a client.
 *
 * @module
 */
import { bytes, u8 } from "../bytes.ts";

/** Opcodes of frames. */
export const FRAMES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** What may be said of a frame besides its payload. */
export interface ServerFrameOptions {
  /** Default `true`. */
  fin?: boolean;
  /** Bits 4, 2 and 1 for RSV1 to RSV3. */
  reserved?: number;
}

/** A frame of a server: unmasked. */
export function serverFrame(
  opcode: number,
  payload: string | Uint8Array = "",
  { fin = true, reserved = 0 }: ServerFrameOptions = {},
): Uint8Array {
  const body = bytes(payload);
  return bytes(u8((fin ? 0x80 : 0) | reserved << 4 | opcode, ...lengthBytes(body.length)), body);
}

function lengthBytes(length: number): number[] {
  if (length < 126) return [length];
  if (length < 0x1_0000) return [126, length >> 8, length & 0xff];
  return [127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => length >>> shift & 0xff)];
}

/** The payload of a Close frame. */
export function closePayload(code: number, reason = ""): Uint8Array {
  return bytes(u8(code >> 8, code & 0xff), reason);
}

/** A frame as a client sent it; its payload is unmasked. */
export interface ClientFrame {
  opcode: number;
  fin: boolean;
  reserved: number;
  masked: boolean;
  payload: Uint8Array;
}

/** Cuts the bytes of a client into frames. */
export class FrameReader {
  #rest: Uint8Array = new Uint8Array(0);

  /** Takes bytes, and gives the frames that are complete now. */
  read(data: Uint8Array): ClientFrame[] {
    this.#rest = bytes(this.#rest, data);
    const frames: ClientFrame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): ClientFrame | undefined {
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
