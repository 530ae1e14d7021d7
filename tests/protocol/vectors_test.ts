/** Every frame recorded from the official SDK: what it means, and that we would have written it in the same way. */
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { test } from "../support/test.ts";
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
} from "../../src/protocol/codec.ts";
import { STATUS_LEVELS } from "../../src/protocol/constants.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import type { ClientMessage, Parameter, ServerMessage } from "../../src/protocol/messages.ts";
import { SchemaTableReader, SchemaTableWriter } from "../../src/protocol/schema_table.ts";
import { selectSubprotocol } from "../../src/protocol/subprotocol.ts";
import { utf8Decode, utf8Encode } from "../../src/util/bytes.ts";
import { atOffset7, hex } from "./support.ts";
import common from "../vectors/vectors.json" with { type: "json" };
import recorded from "../vectors/vectors_sdk_v1_1.json" with { type: "json" };

interface Vector {
  name: string;
  json?: unknown;
  hex?: string;
}

const vectors = common.vectors as Vector[];
const OBJECT = utf8Encode('{"key": "value"}');

const BINARY_MEANING: Record<string, ServerMessage | ClientMessage> = {
  "v1.server.message_data/encode": { op: "messageData", subscriptionId: 30, logTime: 1234n, data: OBJECT },
  "v1.client/message_data_encode": { op: "messageData", channelId: 30, data: OBJECT },
  "v1.client/playback_control_request_encode_pause": {
    op: "playbackControlRequest",
    command: "pause",
    speed: 1,
    requestId: "some-id",
  },
  "v1.client/playback_control_request_encode_play": {
    op: "playbackControlRequest",
    command: "play",
    speed: 1,
    requestId: "some-id",
  },
  "v1.client/playback_control_request_encode_play_with_seek": {
    op: "playbackControlRequest",
    command: "play",
    speed: 1,
    seekTime: 123_456_789n,
    requestId: "some-id",
  },
  "v1.client/service_call_request_encode": {
    op: "serviceCallRequest",
    serviceId: 10,
    callId: 12,
    encoding: "json",
    data: OBJECT,
  },
  "v1.server/fetch_asset_response_encode_asset_data": {
    op: "fetchAssetResponse",
    requestId: 10,
    data: utf8Encode("data"),
  },
  "v1.server/fetch_asset_response_encode_error_message": { op: "fetchAssetResponse", requestId: 10, error: "oh no" },
  "v1.server/playback_state_encode_did_seek": {
    op: "playbackState",
    status: "playing",
    currentTime: 12345n,
    speed: 1,
    didSeek: true,
    requestId: "",
  },
  "v1.server/playback_state_encode_playing": {
    op: "playbackState",
    status: "playing",
    currentTime: 12345n,
    speed: 1,
    didSeek: false,
    requestId: "",
  },
  "v1.server/playback_state_encode_playing_with_request_id": {
    op: "playbackState",
    status: "playing",
    currentTime: 12345n,
    speed: 1,
    didSeek: false,
    requestId: "i-am-a-request",
  },
  "v1.server/service_call_response_encode": {
    op: "serviceCallResponse",
    serviceId: 10,
    callId: 12,
    encoding: "json",
    data: OBJECT,
  },
  "v1.server/time_encode": { op: "time", timestamp: 1_234_567_890n },
};

/** JSON messages mean what they say; a status level alone has a name instead of a number. */
function jsonMeaning(json: unknown): unknown {
  const message = json as { op: string; level?: number };
  return message.op === "status" ? { ...message, level: STATUS_LEVELS[message.level!] } : message;
}

function decode(vector: Vector, data: string | Uint8Array): ServerMessage | ClientMessage {
  return (vector.name.includes("client") ? decodeClientMessage(data) : decodeServerMessage(data)) as ServerMessage;
}

function encode(vector: Vector, message: ServerMessage | ClientMessage): string | Uint8Array {
  if (vector.name.includes("client")) return encodeClientMessage(message as ClientMessage);
  return encodeServerMessage(message as ServerMessage);
}

for (const vector of vectors.filter(({ name, json }) => json !== undefined && !name.startsWith("common.parameter/"))) {
  test(`the vector ${vector.name} decodes to its meaning and is written as it was`, () => {
    const message = decode(vector, JSON.stringify(vector.json));
    assertEquals<unknown>(message, jsonMeaning(vector.json));
    assertEquals(JSON.parse(encode(vector, message) as string), vector.json);
  });
}

for (const vector of vectors.filter(({ name }) => name.startsWith("common.parameter/"))) {
  test(`the vector ${vector.name} is kept by parameterValues and setParameters`, () => {
    const parameters = [vector.json as Parameter];
    const toServer = decodeClientMessage(JSON.stringify({ op: "setParameters", parameters })) as ClientMessage;
    const toClient = decodeServerMessage(JSON.stringify({ op: "parameterValues", parameters })) as ServerMessage;
    assertEquals<unknown>([toServer, toClient], [{ op: "setParameters", parameters }, {
      op: "parameterValues",
      parameters,
    }]);
    assertEquals(JSON.parse(encodeClientMessage(toServer) as string).parameters, parameters);
    assertEquals(JSON.parse(encodeServerMessage(toClient) as string).parameters, parameters);
  });
}

for (const vector of vectors.filter((vector) => vector.hex !== undefined)) {
  test(`the vector ${vector.name} decodes to its meaning at any offset and is written byte for byte`, () => {
    const frame = hex(vector.hex!);
    const meaning = BINARY_MEANING[vector.name]!;
    assertEquals<unknown>(decode(vector, frame), meaning);
    assertEquals<unknown>(decode(vector, atOffset7(frame)), meaning);
    assertEquals(encode(vector, meaning), frame);
  });
}

test("every binary vector has its meaning in this file", () => {
  const names = vectors.filter((vector) => vector.hex !== undefined).map(({ name }) => name);
  assertEquals(Object.keys(BINARY_MEANING).sort(), names.sort());
});

interface Recorded extends Vector {
  direction: string;
  subprotocol: string;
}

const recordings = Map.groupBy(recorded.vectors as Recorded[], ({ name }) => name.slice(0, name.indexOf(".")));

/** A connection's frames from the server in their order, decoded with one reader. */
function readAll(connection: string): Map<string, ServerMessage<true>> {
  const frames = recordings.get(connection)!.filter(({ direction }) => direction === "server_to_client");
  const table = frames[0]!.subprotocol === "foxglove.sdk.v1.1" ? new SchemaTableReader() : undefined;
  return new Map(frames.map(({ name, json, hex: digits }) => {
    const data = digits === undefined ? JSON.stringify(json) : hex(digits);
    return [name, decodeServerMessage(data, table)!];
  }));
}

// In O the server lost definitions, which a writer of ours never does.
const LOST_DEFINITIONS = ["O.overflow/6", "O.overflow/7"];

for (const [connection, frames] of recordings) {
  test(`the recorded connection ${connection} reads without an error and is written as it was`, () => {
    const messages = readAll(connection);
    const table = frames[0]!.subprotocol === "foxglove.sdk.v1.1" ? new SchemaTableWriter() : undefined;
    for (const { name, json, hex: digits } of frames) {
      const message = messages.get(name) as ServerMessage | undefined;
      if (message === undefined || LOST_DEFINITIONS.includes(name)) continue;
      if (json !== undefined && message.op !== "advertise") assertEquals<unknown>(message, jsonMeaning(json), name);
      const encoded = encodeServerMessage(message, table);
      assertEquals<unknown>(typeof encoded === "string" ? JSON.parse(encoded) : encoded, json ?? hex(digits!), name);
    }
  });
}

for (
  const { name, json } of (recorded.vectors as Recorded[]).filter(({ direction }) => direction !== "server_to_client")
) {
  if (name === "P.client_advertise_schema_id") continue;
  test(`the recorded frame ${name} decodes to its meaning and is written as it was`, () => {
    const message = decodeClientMessage(JSON.stringify(json));
    assertEquals<unknown>(message, json);
    assertEquals(JSON.parse(encodeClientMessage(message as ClientMessage) as string), json);
  });
}

test("a client's channel with a schema id instead of a schema is refused, as by the official SDK", () => {
  const vector = recorded.vectors.find(({ name }) => name === "P.client_advertise_schema_id")!;
  const message = decodeClientMessage(JSON.stringify(vector.json));
  assert(message?.op === "advertise");
  const [error] = message.channels;
  assertInstanceOf(error, ProtocolError);
  assertStrictEquals(error.message, "Cannot decode advertise: channels[0].schemaName is missing, need a string");
});

test("channels read with a schema table are those that another client reads with inline schemas", () => {
  const [withTable, inline] = [readAll("P"), readAll("Q")];
  const events = ["connect/2", "later_known_schema", "later_new_schema", "later_schemaless", "empty_schema_object"];
  for (const event of events) assertEquals(withTable.get(`P.${event}`), inline.get(`Q.${event}`), event);
});

test("recorded data belongs to the subscriptions made before and after the session was cleared", () => {
  const messages = readAll("P");
  const data = ["P.message_data", "P.message_data_after_clear", "P.message_data_old_channel_after_clear"].map(
    (name) => {
      const message = messages.get(name)!;
      assert(message.op === "messageData");
      return [message.subscriptionId, utf8Decode(message.data)];
    },
  );
  assertEquals(data, [[7, '{"x":1}'], [7, '{"x":2}'], [8, "abc"]]);
});

test("metadata stands beside a schema id", () => {
  const message = readAll("P").get("P.later_metadata")!;
  assert(message.op === "advertise");
  assertEquals(message.channels, [{
    id: 7,
    topic: "/md",
    encoding: "json",
    schemaName: "A",
    schema: '{"type":"object"}',
    schemaEncoding: "jsonschema",
    metadata: { k: "v" },
  }]);
});

test("an id means another schema after serverInfo came again", () => {
  const messages = readAll("M");
  const schemaNames = [3, 5, 7].map((number) => {
    const message = messages.get(`M.two_clears/${number}`)!;
    assert(message.op === "advertise");
    const [channel] = message.channels;
    return channel instanceof ProtocolError ? channel.message : channel?.schemaName;
  });
  // All three channels have schemaId 1.
  assertEquals(schemaNames, ["A", "C", "A"]);
});

test("ids with gaps are taken, and a channel of a lost definition is kept as unresolved", () => {
  const messages = readAll("O");
  assertEquals<unknown>(messages.get("O.overflow/6"), {
    op: "advertise",
    channels: [{
      id: 19093,
      topic: "/o106004_0",
      encoding: "json",
      schemaName: "S106004",
      schema: "{}",
      schemaEncoding: "jsonschema",
    }],
  });
  assertEquals<unknown>(messages.get("O.overflow/7"), {
    op: "advertise",
    channels: [{
      id: 19097,
      topic: "/o106005_1",
      encoding: "json",
      schemaName: "",
      schema: "",
      unresolvedSchemaId: 6,
    }],
  });
});

for (const { headerLines, status, selected } of recorded.handshake.filter(({ status }) => status !== null)) {
  test(`the handshake ${JSON.stringify(headerLines)} selects ${selected}`, () => {
    const header = headerLines.length === 0 ? null : headerLines.join(", ");
    assertStrictEquals(selectSubprotocol(header), selected ?? undefined);
    assertStrictEquals(status === 101, selected !== null);
  });
}
