/**
 * Binary messages by hand, with nothing of our codec: the numbers in their order, little-endian.
 *
 * @module
 */
import { Mismatch } from "./mismatch.ts";

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
/** Four bytes. */
export const u32 = (value: number): Uint8Array => viewed(4, (view) => view.setUint32(0, value, true));
/** Eight bytes. */
export const u64 = (value: bigint): Uint8Array => viewed(8, (view) => view.setBigUint64(0, value, true));
/** Four bytes, IEEE 754. */
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

/** What a client may say of playback, right or wrong. */
export interface PlaybackRequest {
  /** 0 plays, 1 pauses. */
  command?: number;
  /** Default 1. */
  speed?: number;
  /** Default: 1 with a `seekTime`, else 0. */
  hasSeek?: number;
  /** Nanoseconds. */
  seekTime?: bigint;
  /** Default: empty. */
  requestId?: string;
}

/** A request to play, pause, or jump. */
export function playbackRequest(
  { command = 0, speed = 1, hasSeek, seekTime, requestId = "" }: PlaybackRequest,
): Uint8Array {
  const seek = hasSeek ?? (seekTime === undefined ? 0 : 1);
  return bytes(u8(3, command), f32(speed), u8(seek), u64(seekTime ?? 0n), text(requestId));
}

/** Reads a binary message from its opcode on, member by member. */
export class Cursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 1;

  constructor(frame: Uint8Array, opcode: number) {
    if (frame[0] !== opcode) throw new Mismatch(`a binary message with opcode ${opcode}`, `opcode ${frame[0]}`);
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
    return this.#bytes.subarray(start, this.#at);
  }

  #step(length: number): number {
    const start = this.#at;
    this.#at += length;
    if (this.#at <= this.#bytes.length) return start;
    const rest = this.#bytes.length - start;
    throw new Mismatch(
      `${length} more bytes at ${start} of a message with opcode ${this.#bytes[0]}`,
      `${rest} of them`,
    );
  }
}

/** UTF-8 as a string. @throws {Mismatch} when it is none. */
export function utf8(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new Mismatch("UTF-8", `bytes ${data.slice(0, 48).join(" ")}`);
  }
}

/** Reads `messageData`. */
export function readData(frame: Uint8Array): { subscriptionId: number; logTime: bigint; payload: Uint8Array } {
  const reader = new Cursor(frame, 1);
  return { subscriptionId: reader.u32(), logTime: reader.u64(), payload: reader.rest() };
}

/** Reads `time`: nanoseconds. */
export function readTime(frame: Uint8Array): bigint {
  return new Cursor(frame, 2).u64();
}

/** An answer to a service call. */
export interface ServiceResponse {
  serviceId: number;
  callId: number;
  encoding: string;
  payload: Uint8Array;
}

/** Reads `serviceCallResponse`. */
export function readServiceResponse(frame: Uint8Array): ServiceResponse {
  const reader = new Cursor(frame, 3);
  return { serviceId: reader.u32(), callId: reader.u32(), encoding: reader.text(), payload: reader.rest() };
}

/** An answer to the request for an asset; status 0 is success. */
export interface AssetResponse {
  requestId: number;
  status: number;
  error: string;
  data: Uint8Array;
}

/** Reads `fetchAssetResponse`. */
export function readAsset(frame: Uint8Array): AssetResponse {
  const reader = new Cursor(frame, 4);
  return { requestId: reader.u32(), status: reader.u8(), error: reader.text(), data: reader.rest() };
}

/** Where playback is; status 0 is playing, 1 paused, 2 buffering, 3 ended. */
export interface PlaybackState {
  status: number;
  currentTime: bigint;
  speed: number;
  didSeek: number;
  requestId: string;
}

/** Reads `playbackState`. */
export function readPlayback(frame: Uint8Array): PlaybackState {
  const reader = new Cursor(frame, 5);
  return {
    status: reader.u8(),
    currentTime: reader.u64(),
    speed: reader.f32(),
    didSeek: reader.u8(),
    requestId: reader.text(),
  };
}
