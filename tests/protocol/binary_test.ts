/** Binary messages byte by byte: layout, borrowing, truncation, and what each broken frame is told. */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "../support/test.ts";
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
} from "../../src/protocol/codec.ts";
import type { BrokenRequest } from "../../src/protocol/errors.ts";
import type { ClientMessage, ServerMessage } from "../../src/protocol/messages.ts";
import { setSubscriptionId, writeMessageDataHeader } from "../../src/protocol/server_binary.ts";
import { atOffset7, hex, protocolError } from "./support.ts";

interface Layout<Message> {
  message: Message;
  /** The frame, field by field. */
  bytes: string[];
}

// Whatever has a payload has an empty one here, so that every truncation cuts into a field.
const SERVER: Layout<ServerMessage>[] = [
  {
    message: { op: "messageData", subscriptionId: 0xfffffffe, logTime: 0xfedc_ba98_7654_3210n, data: new Uint8Array() },
    bytes: ["01", "fe ff ff ff", "10 32 54 76 98 ba dc fe"],
  },
  { message: { op: "time", timestamp: 0xffff_ffff_ffff_ffffn }, bytes: ["02", "ff ff ff ff ff ff ff ff"] },
  {
    message: { op: "serviceCallResponse", serviceId: 1, callId: 0x8000_0000, encoding: "ros1", data: new Uint8Array() },
    bytes: ["03", "01 00 00 00", "00 00 00 80", "04 00 00 00", "72 6f 73 31"],
  },
  {
    message: { op: "fetchAssetResponse", requestId: 258, data: new Uint8Array() },
    bytes: ["04", "02 01 00 00", "00", "00 00 00 00"],
  },
  {
    // "né": 2 characters are 3 bytes.
    message: { op: "fetchAssetResponse", requestId: 258, error: "né" },
    bytes: ["04", "02 01 00 00", "01", "03 00 00 00", "6e c3 a9"],
  },
  {
    message: { op: "playbackState", status: "ended", currentTime: 5n, speed: -0.5, didSeek: true, requestId: "🤖" },
    bytes: ["05", "03", "05 00 00 00 00 00 00 00", "00 00 00 bf", "01", "04 00 00 00", "f0 9f a4 96"],
  },
];

const CLIENT: Layout<ClientMessage>[] = [
  { message: { op: "messageData", channelId: 7, data: new Uint8Array() }, bytes: ["01", "07 00 00 00"] },
  {
    message: { op: "serviceCallRequest", serviceId: 2, callId: 3, encoding: "", data: new Uint8Array() },
    bytes: ["02", "02 00 00 00", "03 00 00 00", "00 00 00 00"],
  },
  {
    message: { op: "playbackControlRequest", command: "pause", speed: 2, seekTime: 9n, requestId: "a" },
    bytes: ["03", "01", "00 00 00 40", "01", "09 00 00 00 00 00 00 00", "01 00 00 00", "61"],
  },
  {
    // Without a seek the eight bytes of its time are there all the same.
    message: { op: "playbackControlRequest", command: "play", speed: 2, requestId: "" },
    bytes: ["03", "00", "00 00 00 40", "00", "00 00 00 00 00 00 00 00", "00 00 00 00"],
  },
];

interface Codec<Message> {
  encode(message: Message): string | Uint8Array;
  decode(frame: Uint8Array): unknown;
}

const server: Codec<ServerMessage> = { encode: encodeServerMessage, decode: (frame) => decodeServerMessage(frame) };
const client: Codec<ClientMessage> = { encode: encodeClientMessage, decode: decodeClientMessage };

function layoutTests<Message extends { op: string }>(side: string, codec: Codec<Message>, layouts: Layout<Message>[]) {
  for (const { message, bytes } of layouts) {
    const frame = hex(bytes.join(""));
    test(`a ${side}'s ${message.op} [${bytes.join(" | ")}] is read and written byte for byte`, () => {
      assertEquals<unknown>(codec.encode(message), frame);
      assertEquals<unknown>(codec.decode(frame), message);
      assertEquals<unknown>(codec.decode(atOffset7(frame)), message);
    });

    test(`a ${side}'s ${message.op} [${bytes.join(" | ")}] is refused when it is cut off anywhere`, () => {
      for (let length = 1; length < frame.length; length++) {
        const error = protocolError(() => codec.decode(atOffset7(frame).subarray(0, length)));
        assert(error.message.startsWith(`Cannot decode ${message.op}: `), error.message);
        assertStrictEquals(error.code, "invalid_message");
      }
    });
  }
}

layoutTests("server", server, SERVER);
layoutTests("client", client, CLIENT);

test("an empty binary message means nothing", () => {
  assertStrictEquals(decodeServerMessage(new Uint8Array()), undefined);
  assertStrictEquals(decodeClientMessage(atOffset7(new Uint8Array())), undefined);
});

test("payloads are views on the frame they came in", () => {
  const frames: [(frame: Uint8Array) => unknown, string][] = [
    [decodeServerMessage, "01 00000000 0000000000000000 aabb"],
    [decodeServerMessage, "03 00000000 00000000 01000000 78 aabb"],
    [decodeServerMessage, "04 00000000 00 00000000 aabb"],
    [decodeClientMessage, "01 00000000 aabb"],
    [decodeClientMessage, "02 00000000 00000000 01000000 78 aabb"],
  ];
  for (const [decode, digits] of frames) {
    const frame = atOffset7(hex(digits));
    const { data } = decode(frame) as { data: Uint8Array };
    assertEquals(data, hex("aabb"));
    assertStrictEquals(data.buffer, frame.buffer);
    assertStrictEquals(data.byteOffset, frame.byteOffset + frame.length - 2);
  }
});

test("bytes after the last field of a message without a payload are ignored", () => {
  assertEquals(decodeServerMessage(hex("02 0100000000000000 ff")), { op: "time", timestamp: 1n });
});

interface Broken {
  frame: string;
  text: string;
  code?: string;
  request?: BrokenRequest;
}

const call: BrokenRequest = { kind: "serviceCall", serviceId: 10, callId: 12 };
const asset: BrokenRequest = { kind: "fetchAsset", requestId: 10 };
const playback: BrokenRequest = { kind: "playback", requestId: "" };

const BROKEN_FROM_SERVER: Broken[] = [
  { frame: "00", text: "Cannot decode binary message: unknown opcode 0x00", code: "unknown_op" },
  { frame: "06 00", text: "Cannot decode binary message: unknown opcode 0x06", code: "unknown_op" },
  { frame: "ff", text: "Cannot decode binary message: unknown opcode 0xff", code: "unknown_op" },
  { frame: "01 1e000000 d2040000", text: "Cannot decode messageData: frame is 9 bytes, need at least 13" },
  { frame: "02", text: "Cannot decode time: frame is 1 bytes, need at least 9" },
  {
    frame: "03 0a000000 0c000000",
    text: "Cannot decode serviceCallResponse: frame is 9 bytes, need at least 13",
    request: call,
  },
  { frame: "03 0a000000 0c0000", text: "Cannot decode serviceCallResponse: frame is 8 bytes, need at least 13" },
  {
    frame: "03 0a000000 0c000000 05000000 6a736f6e",
    text: "Cannot decode serviceCallResponse: encoding needs 5 more bytes, has 4",
    request: call,
  },
  {
    frame: "04 0a000000",
    text: "Cannot decode fetchAssetResponse: frame is 5 bytes, need at least 10",
    request: asset,
  },
  { frame: "04 0a0000", text: "Cannot decode fetchAssetResponse: frame is 4 bytes, need at least 10" },
  {
    frame: "04 0a000000 02 00000000",
    text: "Cannot decode fetchAssetResponse: status is 2, need an integer from 0 to 1",
    request: asset,
  },
  {
    frame: "04 0a000000 01 ffffffff 6f68",
    text: "Cannot decode fetchAssetResponse: error needs 4294967295 more bytes, has 2",
    request: asset,
  },
  {
    frame: "04 0a000000 01 02000000 c3 28",
    text: "Cannot decode fetchAssetResponse: error of 2 bytes is not UTF-8",
    request: asset,
  },
  {
    frame: "05 00 0000000000000000 0000803f 00 000000",
    text: "Cannot decode playbackState: frame is 18 bytes, need at least 19",
  },
  {
    frame: "05 04 0000000000000000 0000803f 00 00000000",
    text: "Cannot decode playbackState: status is 4, need an integer from 0 to 3",
    request: playback,
  },
  {
    frame: "05 00 0000000000000000 0000c07f 00 00000000",
    text: "Cannot decode playbackState: speed is NaN, need a finite f32",
    request: playback,
  },
  {
    frame: "05 00 0000000000000000 0000803f 02 00000000",
    text: "Cannot decode playbackState: didSeek is 2, need an integer from 0 to 1",
    request: playback,
  },
  {
    frame: "05 00 0000000000000000 0000803f 00 01000000",
    text: "Cannot decode playbackState: requestId needs 1 more bytes, has 0",
  },
];

const BROKEN_FROM_CLIENT: Broken[] = [
  { frame: "04", text: "Cannot decode binary message: unknown opcode 0x04", code: "unknown_op" },
  { frame: "01 1e0000", text: "Cannot decode messageData: frame is 4 bytes, need at least 5" },
  {
    frame: "02 0a000000 0c000000 040000",
    text: "Cannot decode serviceCallRequest: frame is 12 bytes, need at least 13",
    request: call,
  },
  { frame: "02 0a000000", text: "Cannot decode serviceCallRequest: frame is 5 bytes, need at least 13" },
  {
    frame: "02 0a000000 0c000000 01000000 ff 00",
    text: "Cannot decode serviceCallRequest: encoding of 1 bytes is not UTF-8",
    request: call,
  },
  {
    frame: "03 00 0000803f 00 0000000000000000 000000",
    text: "Cannot decode playbackControlRequest: frame is 18 bytes, need at least 19",
  },
  {
    frame: "03 02 0000803f 00 0000000000000000 00000000",
    text: "Cannot decode playbackControlRequest: command is 2, need an integer from 0 to 1",
  },
  {
    frame: "03 00 0000807f 00 0000000000000000 00000000",
    text: "Cannot decode playbackControlRequest: speed is Infinity, need a finite f32 above 0",
  },
  {
    frame: "03 00 00000000 00 0000000000000000 00000000",
    text: "Cannot decode playbackControlRequest: speed is 0, need a finite f32 above 0",
  },
  {
    frame: "03 00 000080bf 00 0000000000000000 00000000",
    text: "Cannot decode playbackControlRequest: speed is -1, need a finite f32 above 0",
  },
  {
    frame: "03 00 0000803f 02 0000000000000000 00000000",
    text: "Cannot decode playbackControlRequest: hasSeek is 2, need an integer from 0 to 1",
  },
  {
    frame: "03 00 0000803f 00 0000000000000000 02000000 61",
    text: "Cannot decode playbackControlRequest: requestId needs 2 more bytes, has 1",
  },
];

function brokenTests(side: string, { decode }: Codec<never>, cases: Broken[]) {
  for (const { frame, text, code = "invalid_message", request } of cases) {
    test(`the frame [${frame}] of a ${side} is told: ${text}`, () => {
      const error = protocolError(() => decode(atOffset7(hex(frame))));
      assertEquals([error.message, error.code, error.request], [text, code, request]);
    });
  }
}

brokenTests("server", server, BROKEN_FROM_SERVER);
brokenTests("client", client, BROKEN_FROM_CLIENT);

const UNSENDABLE: [ServerMessage | ClientMessage, string][] = [
  [
    { op: "time", timestamp: -1n },
    "Cannot encode time: timestamp is bigint -1, need a bigint from 0 to 2 ** 64 - 1",
  ],
  [
    { op: "time", timestamp: 2n ** 64n },
    "Cannot encode time: timestamp is bigint 18446744073709551616, need a bigint from 0 to 2 ** 64 - 1",
  ],
  [
    { op: "messageData", subscriptionId: 1, logTime: 5 as unknown as bigint, data: new Uint8Array() },
    "Cannot encode messageData: logTime is number 5, need a bigint from 0 to 2 ** 64 - 1",
  ],
  [
    { op: "messageData", subscriptionId: 2 ** 32, logTime: 0n, data: new Uint8Array() },
    "Cannot encode messageData: subscriptionId is number 4294967296, need an integer from 0 to 4294967295",
  ],
  [
    { op: "serviceCallResponse", serviceId: 1, callId: 1.5, encoding: "", data: new Uint8Array() },
    "Cannot encode serviceCallResponse: callId is number 1.5, need an integer from 0 to 4294967295",
  ],
  [
    { op: "messageData", subscriptionId: 1, logTime: 0n, data: "abc" as unknown as Uint8Array },
    'Cannot encode messageData: data is string "abc", need a Uint8Array',
  ],
  [
    { op: "serviceCallResponse", serviceId: 1, callId: 1, data: new Uint8Array() } as unknown as ServerMessage,
    "Cannot encode serviceCallResponse: encoding is missing, need a string",
  ],
  [
    { op: "fetchAssetResponse", requestId: -1, error: "" },
    "Cannot encode fetchAssetResponse: requestId is number -1, need an integer from 0 to 4294967295",
  ],
  [
    { op: "playbackState", status: "gone" as "ended", currentTime: 0n, speed: 1, didSeek: false, requestId: "" },
    'Cannot encode playbackState: status is string "gone", need one of "playing", "paused", "buffering", "ended"',
  ],
  [
    { op: "playbackState", status: "ended", currentTime: 0n, speed: 1e39, didSeek: false, requestId: "" },
    "Cannot encode playbackState: speed is 1e+39, need a finite f32",
  ],
  [
    { op: "playbackControlRequest", command: "play", speed: 1e-50, requestId: "" },
    "Cannot encode playbackControlRequest: speed is 1e-50, need a finite f32 above 0",
  ],
];

for (const [message, text] of UNSENDABLE) {
  test(`what a frame cannot carry is the caller's mistake: ${text}`, () => {
    const encode = (message.op === "playbackControlRequest" ? encodeClientMessage : encodeServerMessage) as (
      message: unknown,
    ) => unknown;
    assertStrictEquals(assertThrows(() => encode(message), TypeError).message, text);
  });
}

test("`writeMessageDataHeader()` and `setSubscriptionId()` change their own bytes alone", () => {
  const target = atOffset7(new Uint8Array(15).fill(0x55));
  writeMessageDataHeader(target, 0x01020304, 0x0807_0605_0403_0201n);
  assertEquals(target, hex("01 04030201 0102030405060708 5555"));
  setSubscriptionId(target, 0xfffefdfc);
  assertEquals(target, hex("01 fcfdfeff 0102030405060708 5555"));
  const buffer = new Uint8Array(target.buffer);
  assertEquals([buffer[6], buffer[7 + 15]], [0xee, 0xee]);
});

test("`writeMessageDataHeader()` refuses a log time that is no u64 instead of wrapping it", () => {
  for (const logTime of [-1n, 2n ** 64n]) {
    assertThrows(() => writeMessageDataHeader(new Uint8Array(13), 1, logTime), TypeError, "logTime is bigint");
  }
});
