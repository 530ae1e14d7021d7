/**
 * The binary messages of the server. What reads and what writes are values of their own, so that a bundle of the client
 * carries the readers only.
 *
 * @module
 */
import { ByteReader, ByteWriter, getU32, getU64, setU32, setU64 } from "../util/bytes.ts";
import {
  type BinaryReader,
  type BinaryReaders,
  binaryReaders,
  type BinaryWriter,
  type BinaryWriters,
  BOOLEANS,
  checkTime,
  payload,
  readerOf,
  readIndex,
  readSpeed,
  serviceCallReader,
  serviceCallWriter,
  utf8Of,
} from "./binary.ts";
import { MESSAGE_DATA_HEADER_BYTES, PLAYBACK_STATUSES, SERVER_OPCODES } from "./constants.ts";
import type { BrokenRequest } from "./errors.ts";
import { indexOf, u32, unwritable } from "./fields.ts";
import type { MessageOf, ServerMessage } from "./messages.ts";
import { nullTable } from "./table.ts";

type Op = keyof typeof SERVER_OPCODES;
type Reader<O extends Op> = BinaryReader<MessageOf<ServerMessage, O>>;
type Writer<O extends Op> = BinaryWriter<MessageOf<ServerMessage, O>>;

/**
 * Writes what stands before the payload of a `messageData` to the start of `target`, and makes nothing for it.
 *
 * @param target At least {@link MESSAGE_DATA_HEADER_BYTES} bytes.
 * @param subscriptionId Not checked: counts modulo 2^32.
 * @param logTime Nanoseconds.
 * @throws {TypeError} when `logTime` is no u64.
 */
export function writeMessageDataHeader(target: Uint8Array, subscriptionId: number, logTime: bigint): void {
  checkTime(logTime, "messageData: logTime");
  target[0] = SERVER_OPCODES.messageData;
  setU32(target, 1, subscriptionId);
  setU64(target, 5, logTime);
}

/** Makes a `messageData` frame one for another subscription. */
export function setSubscriptionId(frame: Uint8Array, id: number): void {
  setU32(frame, 1, id);
}

/** subscriptionId u32 · logTime u64 · payload */
const readMessageData: Reader<"messageData"> = {
  minBytes: MESSAGE_DATA_HEADER_BYTES,
  decode: (frame) => ({
    op: "messageData",
    subscriptionId: getU32(frame, 1),
    logTime: getU64(frame, 5),
    data: frame.subarray(MESSAGE_DATA_HEADER_BYTES),
  }),
};

const writeMessageData: Writer<"messageData"> = ({ subscriptionId, logTime, data }) => {
  u32.write(subscriptionId, "messageData: subscriptionId");
  payload.write(data, "messageData: data");
  const frame = new Uint8Array(MESSAGE_DATA_HEADER_BYTES + data.length);
  writeMessageDataHeader(frame, subscriptionId, logTime);
  frame.set(data, MESSAGE_DATA_HEADER_BYTES);
  return frame;
};

/** timestamp u64 */
const readTime: Reader<"time"> = {
  minBytes: 9,
  decode: (frame) => ({ op: "time", timestamp: getU64(frame, 1) }),
};

const writeTime: Writer<"time"> = ({ timestamp }) => {
  checkTime(timestamp, "time: timestamp");
  return new ByteWriter(9).u8(SERVER_OPCODES.time).u64(timestamp).bytes;
};

/** requestId u32 · status u8 · errorLength u32 · error · data */
const readFetchAssetResponse: Reader<"fetchAssetResponse"> = {
  minBytes: 10,
  decode(frame) {
    const reader = readerOf(frame);
    const message = { op: "fetchAssetResponse", requestId: reader.u32() } as const;
    const failed = readIndex(reader, BOOLEANS, "status");
    const error = reader.string("error");
    return failed ? { ...message, error } : { ...message, data: reader.rest() };
  },
  request: (frame) => frame.length < 5 ? undefined : { kind: "fetchAsset", requestId: getU32(frame, 1) },
};

const writeFetchAssetResponse: Writer<"fetchAssetResponse"> = ({ requestId, error, data = new Uint8Array() }) => {
  u32.write(requestId, "fetchAssetResponse: requestId");
  payload.write(data, "fetchAssetResponse: data");
  const text = utf8Of(error ?? "", "fetchAssetResponse: error");
  const writer = new ByteWriter(10 + text.length + data.length).u8(SERVER_OPCODES.fetchAssetResponse).u32(requestId);
  return writer.u8(error === undefined ? 0 : 1).string(text).raw(data).bytes;
};

const playbackStatus = /* @__PURE__ */ indexOf(PLAYBACK_STATUSES);

/** status u8 · currentTime u64 · speed f32 · didSeek u8 · requestIdLength u32 · requestId */
const readPlaybackState: Reader<"playbackState"> = {
  minBytes: 19,
  decode(frame) {
    const reader = readerOf(frame);
    return {
      op: "playbackState",
      status: readIndex(reader, PLAYBACK_STATUSES, "status"),
      currentTime: reader.u64(),
      speed: readSpeed(reader, speedProblem),
      didSeek: readIndex(reader, BOOLEANS, "didSeek"),
      requestId: reader.string("requestId"),
    };
  },
  request: (frame) => frame.length < 19 ? undefined : playbackRequest(new ByteReader(frame.subarray(15))),
};

const writePlaybackState: Writer<"playbackState"> = ({ status, currentTime, speed, didSeek, requestId }) => {
  const index = playbackStatus.write(status, "playbackState: status") as number;
  checkTime(currentTime, "playbackState: currentTime");
  const problem = speedProblem(speed);
  if (problem !== undefined) throw unwritable("playbackState:", problem);
  const text = utf8Of(requestId, "playbackState: requestId");
  const writer = new ByteWriter(19 + text.length).u8(SERVER_OPCODES.playbackState).u8(index);
  return writer.u64(currentTime).f32(speed).u8(didSeek ? 1 : 0).string(text).bytes;
};

function playbackRequest(reader: ByteReader): BrokenRequest | undefined {
  try {
    return { kind: "playback", requestId: reader.string("requestId") };
  } catch {
    return undefined;
  }
}

/** A state may say 0, or run backwards. */
function speedProblem(speed: number): string | undefined {
  return Number.isFinite(Math.fround(speed)) ? undefined : `speed is ${speed}, need a finite f32`;
}

/** How every binary op of the server is read. */
export const SERVER_READERS: BinaryReaders = /* @__PURE__ */ binaryReaders<Op>({
  messageData: readMessageData,
  time: readTime,
  serviceCallResponse: /* @__PURE__ */ serviceCallReader("serviceCallResponse"),
  fetchAssetResponse: readFetchAssetResponse,
  playbackState: readPlaybackState,
}, SERVER_OPCODES);

/** How every binary op of the server is written. */
export const SERVER_WRITERS: BinaryWriters = /* @__PURE__ */ nullTable<{ [O in Op]: Writer<O> }>({
  messageData: writeMessageData,
  time: writeTime,
  serviceCallResponse: /* @__PURE__ */ serviceCallWriter("serviceCallResponse", SERVER_OPCODES),
  fetchAssetResponse: writeFetchAssetResponse,
  playbackState: writePlaybackState,
});
