/**
 * The binary messages of the client. What reads and what writes are values of their own, so that a bundle of the client
 * carries the writers only.
 *
 * @module
 */
import { ByteWriter, getU32, setU32 } from "../util/bytes.ts";
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
import { CLIENT_OPCODES, PLAYBACK_COMMANDS } from "./constants.ts";
import { indexOf, u32, unwritable } from "./fields.ts";
import type { ClientMessage, MessageOf } from "./messages.ts";
import { nullTable } from "./table.ts";

type Op = keyof typeof CLIENT_OPCODES;
type Reader<O extends Op> = BinaryReader<MessageOf<ClientMessage, O>>;
type Writer<O extends Op> = BinaryWriter<MessageOf<ClientMessage, O>>;

/** channelId u32 · payload */
const readMessageData: Reader<"messageData"> = {
  minBytes: 5,
  decode: (frame) => ({ op: "messageData", channelId: getU32(frame, 1), data: frame.subarray(5) }),
};

const writeMessageData: Writer<"messageData"> = ({ channelId, data }) => {
  u32.write(channelId, "messageData: channelId");
  payload.write(data, "messageData: data");
  const frame = new Uint8Array(5 + data.length);
  frame[0] = CLIENT_OPCODES.messageData;
  setU32(frame, 1, channelId);
  frame.set(data, 5);
  return frame;
};

const playbackCommand = /* @__PURE__ */ indexOf(PLAYBACK_COMMANDS);

/** command u8 · speed f32 · hasSeek u8 · seekTime u64 (0 without a seek) · requestIdLength u32 · requestId */
const readPlaybackControlRequest: Reader<"playbackControlRequest"> = {
  minBytes: 19,
  decode(frame) {
    const reader = readerOf(frame);
    const command = readIndex(reader, PLAYBACK_COMMANDS, "command");
    const speed = readSpeed(reader, speedProblem);
    const hasSeek = readIndex(reader, BOOLEANS, "hasSeek");
    const seekTime = reader.u64();
    const requestId = reader.string("requestId");
    return { op: "playbackControlRequest", command, speed, ...(hasSeek ? { seekTime } : {}), requestId };
  },
};

const writePlaybackControlRequest: Writer<"playbackControlRequest"> = ({ command, speed, seekTime, requestId }) => {
  const index = playbackCommand.write(command, "playbackControlRequest: command") as number;
  const problem = speedProblem(speed);
  if (problem !== undefined) throw unwritable("playbackControlRequest:", problem);
  checkTime(seekTime ?? 0n, "playbackControlRequest: seekTime");
  const text = utf8Of(requestId, "playbackControlRequest: requestId");
  const writer = new ByteWriter(19 + text.length).u8(CLIENT_OPCODES.playbackControlRequest).u8(index).f32(speed);
  return writer.u8(seekTime === undefined ? 0 : 1).u64(seekTime ?? 0n).string(text).bytes;
};

/** Judged as the f32 that it is on the wire: 1e-50 is 0 there, 1e50 is infinite. */
function speedProblem(speed: number): string | undefined {
  const sent = Math.fround(speed);
  return Number.isFinite(sent) && sent > 0 ? undefined : `speed is ${speed}, need a finite f32 above 0`;
}

/** How every binary op of the client is read. */
export const CLIENT_READERS: BinaryReaders = /* @__PURE__ */ binaryReaders<Op>({
  messageData: readMessageData,
  serviceCallRequest: /* @__PURE__ */ serviceCallReader("serviceCallRequest"),
  playbackControlRequest: readPlaybackControlRequest,
}, CLIENT_OPCODES);

/** How every binary op of the client is written. */
export const CLIENT_WRITERS: BinaryWriters = /* @__PURE__ */ nullTable<{ [O in Op]: Writer<O> }>({
  messageData: writeMessageData,
  serviceCallRequest: /* @__PURE__ */ serviceCallWriter("serviceCallRequest", CLIENT_OPCODES),
  playbackControlRequest: writePlaybackControlRequest,
});
