/** Binary messages by hand, with nothing of our codec: the numbers in their order, little-endian. */
import { AssertionError } from "@std/assert";

/** A piece of a binary message. */
export type Piece = Uint8Array | string;

/** Pieces in their order; a text stands for its UTF-8, without a length. */
export function bytes(...pieces: Piece[]): Uint8Array<ArrayBuffer> {
  const parts = pieces.map((piece) => typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Bytes as they are. */
export const u8 = (...values: number[]): Uint8Array => new Uint8Array(values);
export const u32 = (value: number): Uint8Array => viewed(4, (view) => view.setUint32(0, value, true));
export const u64 = (value: bigint): Uint8Array => viewed(8, (view) => view.setBigUint64(0, value, true));
export const f32 = (value: number): Uint8Array => viewed(4, (view) => view.setFloat32(0, value, true));

/** A text behind its length, as the protocol has it. */
export function text(value: string): Uint8Array {
  const utf8 = bytes(value);
  return bytes(u32(utf8.length), utf8);
}

function viewed(length: number, set: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(length));
  set(view);
  return new Uint8Array(view.buffer);
}

/** What a client publishes. */
export function messageData(channelId: number, payload: Piece): Uint8Array {
  return bytes(u8(1), u32(channelId), payload);
}

/** A service call. */
export function serviceCall(serviceId: number, callId: number, encoding: string, payload: Piece): Uint8Array {
  return bytes(u8(2), u32(serviceId), u32(callId), text(encoding), payload);
}

/** A playback request: command 0 plays, 1 pauses. */
export function playbackRequest(
  { command = 0, speed = 1, hasSeek, seekTime, requestId = "" }: {
    command?: number;
    speed?: number;
    hasSeek?: number;
    seekTime?: bigint;
    requestId?: string;
  },
): Uint8Array {
  const seek = hasSeek ?? (seekTime === undefined ? 0 : 1);
  return bytes(u8(3, command), f32(speed), u8(seek), u64(seekTime ?? 0n), text(requestId));
}

/** Reads a binary message of the server from its opcode on, member by member. */
class Cursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 1;

  constructor(frame: Uint8Array, opcode: number) {
    if (frame[0] !== opcode) throw new AssertionError(`Opcode is ${frame[0]}, not ${opcode}`);
    this.#bytes = frame;
    this.#view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  }

  u8 = (): number => this.#view.getUint8(this.#step(1));
  u32 = (): number => this.#view.getUint32(this.#step(4), true);
  u64 = (): bigint => this.#view.getBigUint64(this.#step(8), true);
  f32 = (): number => this.#view.getFloat32(this.#step(4), true);
  text = (): string => utf8(this.#take(this.u32()));
  rest = (): Uint8Array => this.#take(this.#bytes.length - this.#at);

  #take(length: number): Uint8Array {
    const start = this.#step(length);
    if (this.#at > this.#bytes.length) throw new AssertionError(`Message ends before ${length} bytes at ${start}`);
    return this.#bytes.subarray(start, this.#at);
  }

  #step(length: number): number {
    this.#at += length;
    return this.#at - length;
  }
}

/** UTF-8 as a string; fails when it is none. */
export function utf8(data: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
}

/** Reads `messageData`; the payload as text. */
export function readData(frame: Uint8Array) {
  const reader = new Cursor(frame, 1);
  return { subscriptionId: reader.u32(), logTime: reader.u64(), payload: utf8(reader.rest()) };
}

/** Reads `time`. */
export function readTime(frame: Uint8Array): bigint {
  return new Cursor(frame, 2).u64();
}

/** Reads `serviceCallResponse`; the payload as text. */
export function readServiceResponse(frame: Uint8Array) {
  const reader = new Cursor(frame, 3);
  return {
    serviceId: reader.u32(),
    callId: reader.u32(),
    encoding: reader.text(),
    payload: utf8(reader.rest()),
  };
}

/** Reads `fetchAssetResponse`. */
export function readAsset(frame: Uint8Array) {
  const reader = new Cursor(frame, 4);
  return { requestId: reader.u32(), status: reader.u8(), error: reader.text(), data: reader.rest() };
}

/** Reads `playbackState`; status 0 is playing, 1 paused, 2 buffering, 3 ended. */
export function readPlayback(frame: Uint8Array) {
  const reader = new Cursor(frame, 5);
  return {
    status: reader.u8(),
    currentTime: reader.u64(),
    speed: reader.f32(),
    didSeek: reader.u8(),
    requestId: reader.text(),
  };
}
