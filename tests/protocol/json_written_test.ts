/** JSON messages as we write them: what is never written, and what is the caller's mistake. */
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "../support/test.ts";
import { decodeServerMessage, encodeClientMessage, encodeServerMessage } from "../../src/protocol/codec.ts";
import type { AdvertisedService, ServerMessage } from "../../src/protocol/messages.ts";

const U32 = "an integer from 0 to 4294967295";
const SAFE = "an integer from 0 to 9007199254740991";

test("only the protocol's members are written, and none that is unset", () => {
  const messages: [ServerMessage, string][] = [
    [
      { op: "status", level: "info", message: "a", mood: "good" } as ServerMessage,
      '{"op":"status","level":0,"message":"a"}',
    ],
    [
      { op: "serverInfo", name: "a", capabilities: [], sessionId: undefined } as unknown as ServerMessage,
      '{"op":"serverInfo","name":"a","capabilities":[]}',
    ],
    [
      {
        op: "advertise",
        channels: [{ id: 1, topic: "/a", encoding: "x", schemaName: "", schema: "", unresolvedSchemaId: 4 }],
      },
      '{"op":"advertise","channels":[{"id":1,"topic":"/a","encoding":"x","schemaName":"","schema":""}]}',
    ],
  ];
  for (const [message, text] of messages) assertStrictEquals(encodeServerMessage(message), text);
});

const side = { encoding: "json", schemaName: "A", schemaEncoding: "jsonschema", schema: "{}" };

test("a service is written with its own encodings where it has them, else with the legacy texts", () => {
  const common = { id: 1, name: "/s", type: "t" };
  const written: [AdvertisedService, AdvertisedService][] = [
    [{ ...common, request: side, response: side }, { ...common, request: side, response: side }],
    [{ ...common, request: side, requestSchema: "old" }, { ...common, request: side, responseSchema: "" }],
    [{ ...common, requestSchema: "a", responseSchema: "b" }, { ...common, requestSchema: "a", responseSchema: "b" }],
    [common, { ...common, requestSchema: "", responseSchema: "" }],
  ];
  for (const [service, wire] of written) {
    const text = encodeServerMessage({ op: "advertiseServices", services: [service] }) as string;
    assertEquals(JSON.parse(text), { op: "advertiseServices", services: [wire] });
  }
});

test("a service with both forms, or none, is read as it is", () => {
  const services = [
    { id: 1, name: "/s", type: "t", request: side, requestSchema: "old", response: side },
    { id: 2, name: "/u", type: "t" },
  ];
  assertEquals<unknown>(decodeServerMessage(JSON.stringify({ op: "advertiseServices", services })), {
    op: "advertiseServices",
    services,
  });
});

test("half a surrogate pair leaves as U+FFFD, in text and binary messages alike", () => {
  const [half, sent] = ["a\ud83e\\ud83e🤖\udd16", "a\ufffd\\ud83e🤖\ufffd"];
  const text = encodeServerMessage({ op: "status", level: "info", message: half, id: '"\ud800"' });
  assertEquals(JSON.parse(text as string), { op: "status", level: 0, message: sent, id: '"\ufffd"' });
  const frame = encodeServerMessage({ op: "fetchAssetResponse", requestId: 0, error: half }) as Uint8Array;
  assertEquals<unknown>(decodeServerMessage(frame), { op: "fetchAssetResponse", requestId: 0, error: sent });
});

const UNSENDABLE: [ServerMessage, string][] = [
  [
    { op: "unadvertise", channelIds: [-1] },
    `Cannot encode unadvertise: channelIds[0] is number -1, need ${SAFE}`,
  ],
  [
    { op: "serviceCallFailure", serviceId: 0, callId: NaN, message: "" },
    `Cannot encode serviceCallFailure: callId is number NaN, need ${U32}`,
  ],
  [
    { op: "status", level: "fatal" as "error", message: "" },
    'Cannot encode status: level is string "fatal", need one of "info", "warning", "error"',
  ],
  [
    { op: "removeStatus" } as unknown as ServerMessage,
    "Cannot encode removeStatus: statusIds is missing, need an array",
  ],
  [
    { op: "serverInfo", name: "x", capabilities: [], metadata: { a: 1 as unknown as string } },
    'Cannot encode serverInfo: metadata["a"] is number 1, need a string',
  ],
  [{ op: "constructor" } as unknown as ServerMessage, 'Cannot encode message: unknown op "constructor"'],
];

for (const [message, text] of UNSENDABLE) {
  test(`what JSON messages cannot carry is the caller's mistake: ${text}`, () => {
    assertStrictEquals(assertThrows(() => encodeServerMessage(message), TypeError).message, text);
  });
}

test("a client's message is checked before it is sent, too", () => {
  const error = assertThrows(() => encodeClientMessage({ op: "fetchAsset", uri: "a", requestId: 2 ** 32 }), TypeError);
  assertStrictEquals(error.message, `Cannot encode fetchAsset: requestId is number 4294967296, need ${U32}`);
});
