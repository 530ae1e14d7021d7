/**
 * Binary messages: what the codecs of both directions share.
 *
 * @module
 */
import { ByteError, ByteReader, ByteWriter, getU32, utf8Encode } from "../util/bytes.ts";
import { type BrokenRequest, ProtocolError } from "./errors.ts";
import { checked, type Field, string, u32, unlike, unwritable } from "./fields.ts";

/** How one binary message is read. */
export interface BinaryReader<Message> {
  /** Length of the shortest frame, opcode included. */
  readonly minBytes: number;
  /** Gets a frame of at least `minBytes`; `data` stays a view on it. @throws {ByteError} naming the field. */
  decode(frame: Uint8Array): Message;
  /** The request that a broken frame belongs to; its ids may be cut off. */
  request?(frame: Uint8Array): BrokenRequest | undefined;
}

/** How one binary message is written. @throws {TypeError} when a member is not what it should be. */
export type BinaryWriter<Message> = (message: Message) => Uint8Array<ArrayBuffer>;

/** How the binary messages of a direction are read, by opcode. */
export type BinaryReaders = readonly (BinaryReader<unknown> & { readonly op: string })[];

/** How the binary messages of a direction are written, by op; a table without a prototype. */
export type BinaryWriters = Readonly<Record<string, BinaryWriter<never>>>;

/** The table of a direction from its readers and its opcodes. */
export function binaryReaders<Op extends string>(
  readers: Readonly<Record<Op, BinaryReader<unknown>>>,
  opcodes: Readonly<Record<Op, number>>,
): BinaryReaders {
  const byOpcode: (BinaryReader<unknown> & { op: string })[] = [];
  for (const op of Object.keys(opcodes) as Op[]) byOpcode[opcodes[op]] = { op, ...readers[op] };
  return byOpcode;
}

/** @throws {ProtocolError} when the opcode is not in the table, or the frame is not what it should be. */
export function decodeFrame(readers: BinaryReaders, frame: Uint8Array): unknown {
  const opcode = frame[0]!;
  const reader = readers[opcode];
  if (reader !== undefined) return decodeWith(reader, frame);
  const shown = `0x${opcode.toString(16).padStart(2, "0")}`;
  throw new ProtocolError(`Cannot decode binary message: unknown opcode ${shown}`, { code: "unknown_op" });
}

function decodeWith(reader: BinaryReaders[number], frame: Uint8Array): unknown {
  const { op, minBytes } = reader;
  try {
    if (frame.length < minBytes) {
      throw new ByteError(`frame is ${frame.length} bytes, need at least ${minBytes}`);
    }
    return reader.decode(frame);
  } catch (cause) {
    if (!(cause instanceof ByteError)) throw cause;
    const request = reader.request?.(frame);
    throw new ProtocolError(`Cannot decode ${op}: ${cause.message}`, request === undefined ? {} : { request });
  }
}

/** A reader behind the opcode. */
export function readerOf(frame: Uint8Array): ByteReader {
  return new ByteReader(frame.subarray(1));
}

/** Reads a byte that stands for one of `names`. */
export function readIndex<Name>(reader: ByteReader, names: readonly Name[], field: string): Name {
  const value = reader.u8();
  const name = names[value];
  if (name === undefined) throw new ByteError(`${field} is ${value}, need an integer from 0 to ${names.length - 1}`);
  return name;
}

/** The values of a byte that says yes or no. */
export const BOOLEANS: readonly boolean[] = [false, true];

/** Reads a playback speed. */
export function readSpeed(reader: ByteReader, problemOf: (speed: number) => string | undefined): number {
  const speed = reader.f32();
  const problem = problemOf(speed);
  if (problem !== undefined) throw new ByteError(problem);
  return speed;
}

/** A payload that is to be written: a string or an array would be taken for bytes, and come out as zeros. */
export const payload: Field<Uint8Array> = checked((value) =>
  value instanceof Uint8Array ? undefined : unlike(value, "a Uint8Array")
);

/** UTF-8 of a string that is to be written. */
export function utf8Of(text: string, at: string): Uint8Array<ArrayBuffer> {
  string.write(text, at);
  return utf8Encode(text);
}

const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/** @throws {TypeError} when a time that is to be written is none. */
export function checkTime(value: bigint, at: string): void {
  if (typeof value === "bigint" && value >= 0n && value <= MAX_U64) return;
  throw unwritable(at, unlike(value, "a bigint from 0 to 2 ** 64 - 1"));
}

/** The members of a service request and of its response, which have the same layout. */
export interface ServiceCall<Op extends string> {
  op: Op;
  serviceId: number;
  callId: number;
  encoding: string;
  data: Uint8Array;
}

/** serviceId u32 · callId u32 · encodingLength u32 · encoding · payload */
export function serviceCallReader<Op extends string>(op: Op): BinaryReader<ServiceCall<Op>> {
  return {
    minBytes: 13,
    decode(frame) {
      const reader = readerOf(frame);
      const [serviceId, callId] = [reader.u32(), reader.u32()];
      return { op, serviceId, callId, encoding: reader.string("encoding"), data: reader.rest() };
    },
    request: (frame) =>
      frame.length < 9 ? undefined : { kind: "serviceCall", serviceId: getU32(frame, 1), callId: getU32(frame, 5) },
  };
}

/** Writes what a {@link serviceCallReader} reads. The table comes whole: bundlers take a look into it for an effect. */
export function serviceCallWriter<Op extends string>(
  op: Op,
  opcodes: Readonly<Record<Op, number>>,
): BinaryWriter<ServiceCall<Op>> {
  return ({ serviceId, callId, encoding, data }) => {
    u32.write(serviceId, `${op}: serviceId`);
    u32.write(callId, `${op}: callId`);
    payload.write(data, `${op}: data`);
    const text = utf8Of(encoding, `${op}: encoding`);
    const writer = new ByteWriter(13 + text.length + data.length);
    return writer.u8(opcodes[op]).u32(serviceId).u32(callId).string(text).raw(data).bytes;
  };
}
