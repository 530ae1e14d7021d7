/**
 * What a client does not know, and what is no message at all: neither ends anything.
 *
 * @module
 */
import { foxwire, protocol, sdk } from "../../steps/sources.ts";
import type { JsonObject, Source } from "../../case.ts";
import type { ClientCase } from "../case.ts";
import { bytes, text, u32, u8 } from "../../bytes.ts";
import { assetResponse, playbackState, serverData, serverTime } from "../binary.ts";
import { FRAMES, serverFrame } from "../../frames.ts";
import { CONFORM } from "../stage.ts";

/** Something that a server sends to a client that is subscribed, after which everything goes on. */
interface Row {
  name: string;
  /** What it is, as the end of "A client goes on after …". */
  what: string;
  level?: "must" | "should";
  source?: Source;
  messages: (object | string | Uint8Array)[];
}

const NEWER = protocol("Framing: newer peers send what a reader does not know");
const ALMOST = foxwire("Messages of a server: what is not as it should be never ends anything");

const parameters = (...entries: JsonObject[]) => ({ op: "parameterValues", parameters: entries });
const graph = { publishedTopics: [], subscribedTopics: [], advertisedServices: [] };

const UNKNOWN: readonly Row[] = [
  { name: "op", what: "an op that does not exist", messages: [{ op: "conformUnknown", members: [1, { a: null }] }] },
  {
    name: "opcode",
    what: "a binary opcode that does not exist",
    messages: [new Uint8Array([0x7f, 1, 2, 3]), new Uint8Array([0])],
  },
  {
    name: "status-level",
    what: "a status of a level that does not exist",
    messages: [{ op: "status", level: 7, message: "unknown level" }],
  },
  {
    name: "status-members",
    what: "members that do not exist",
    messages: [{ op: "status", level: 0, message: "more", conformUnknown: { a: [1] } }],
  },
  {
    name: "subscription",
    what: "data of a subscription that does not exist",
    messages: [serverData(0xfffffff0, '{"lost":true}')],
  },
  {
    name: "call",
    what: "an answer to a call that was not made",
    messages: [bytes(u8(3), u32(77), u32(77), text("json"), "{}"), {
      op: "serviceCallFailure",
      serviceId: 77,
      callId: 77,
      message: "no",
    }],
  },
  {
    name: "asset-request",
    what: "an asset that was not asked for",
    messages: [assetResponse(77, { data: "solid" }), assetResponse(78, { error: "no" })],
  },
  {
    name: "parameter-request",
    what: "parameters that were not asked for",
    messages: [{ ...parameters({ name: "gain", value: 1 }), id: "conform-unknown" }],
  },
  {
    name: "parameter-type",
    what: "a parameter of a type that does not exist",
    messages: [parameters({ name: "q", type: "quaternion", value: [0, 0, 0, 1] })],
  },
  {
    name: "channel",
    what: "an unadvertise of channels that do not exist",
    messages: [{ op: "unadvertise", channelIds: [4711] }],
  },
  {
    name: "service",
    what: "an unadvertiseServices of services that do not exist",
    messages: [{ op: "unadvertiseServices", serviceIds: [4711] }],
  },
  {
    name: "status",
    what: "a removeStatus of statuses that do not exist, and of none",
    messages: [{ op: "removeStatus", statusIds: ["x"] }, { op: "removeStatus", statusIds: [] }],
  },
  {
    name: "graph",
    what: "a connection graph that was not asked for",
    messages: [{ op: "connectionGraphUpdate", ...graph, removedTopics: ["/x"], removedServices: ["/y"] }],
  },
  { name: "time", what: "a time, where the capability is not declared", messages: [serverTime(5n)] },
  {
    name: "playback-state",
    what: "a playbackState, where the capability is not declared",
    messages: [playbackState({ status: 0, currentTime: 5n, speed: 1 })],
  },
];

const MALFORMED: readonly Row[] = [
  { name: "no-json", what: "a text that is no JSON", messages: ["{", "conform"] },
  { name: "empty-text", what: "an empty text message", messages: [""] },
  { name: "no-object", what: "JSON that is no object", messages: ["null", "[1]", '"text"', "7"] },
  {
    name: "no-op",
    what: "an object without an op, or with one that is no text",
    messages: ["{}", '{"op":1}', '{"op":null}'],
  },
  {
    name: "member-missing",
    what: "messages with members missing",
    messages: ['{"op":"advertise"}', '{"op":"status"}', '{"op":"unadvertise"}', '{"op":"parameterValues"}'],
  },
  {
    name: "member-type",
    what: "messages with members of wrong types",
    messages: [
      '{"op":"advertise","channels":{}}',
      '{"op":"unadvertise","channelIds":7}',
      '{"op":"status","level":"high","message":1}',
      '{"op":"removeStatus","statusIds":[1]}',
    ],
  },
  {
    name: "channel-id",
    what: "channels whose ids are none",
    messages: [
      '{"op":"advertise","channels":[{"id":-1,"topic":"/n","encoding":"json","schemaName":"","schema":""}]}',
      '{"op":"advertise","channels":[{"id":"1","topic":"/n","encoding":"json","schemaName":"","schema":""}]}',
    ],
  },
  {
    name: "schema",
    what: "a channel whose schema is not the base64 that its encoding needs",
    messages: [
      '{"op":"advertise","channels":[{"id":99,"topic":"/broken","encoding":"protobuf","schemaName":"A","schema":"%%%","schemaEncoding":"protobuf"}]}',
    ],
  },
  {
    name: "parameter",
    what: "parameters that are none",
    messages: ['{"op":"parameterValues","parameters":[null,1,{"value":1}]}'],
  },
  {
    name: "truncated-data",
    what: "messageData that is too short",
    messages: [new Uint8Array([1]), new Uint8Array([1, 0, 0, 0, 0, 9])],
  },
  { name: "truncated-time", what: "a time that is too short", messages: [new Uint8Array([2, 1, 2])] },
  {
    name: "length-past-end",
    what: "binary messages with a length past their end",
    messages: [
      bytes(u8(3), u32(1), u32(1), u32(1000), "json"),
      bytes(u8(4), u32(1), u8(1), u32(0xffff_ffff)),
    ],
  },
  {
    name: "bad-utf8",
    what: "a binary message with a text that is not UTF-8",
    messages: [bytes(u8(4), u32(1), u8(1), u32(2), u8(0xff, 0xfe))],
  },
];

function goesOn(group: string, level: "must" | "should", source: Source) {
  return (row: Row): ClientCase => ({
    name: `${group}/${row.name}`,
    level: row.level ?? level,
    rule: `A client goes on after ${row.what}`,
    source: row.source ?? source,
    async run(stage) {
      const { end } = await stage.subscribed();
      // Not `send`: what is wrong or unknown is nothing that the server has said.
      for (const message of row.messages) end.write(rawFrame(message));
      await stage.alive(end, row.what);
    },
  });
}

function rawFrame(message: object | string | Uint8Array): Uint8Array {
  if (message instanceof Uint8Array) return serverFrame(FRAMES.binary, message);
  return serverFrame(FRAMES.text, typeof message === "string" ? message : JSON.stringify(message));
}

export const robustness: readonly ClientCase[] = [
  ...UNKNOWN.map(goesOn("unknown", "must", NEWER)),
  {
    name: "unknown/greeting",
    level: "must",
    rule: "Capabilities, encodings and members of serverInfo and advertise that do not exist are ignored",
    source: NEWER,
    async run(stage) {
      const end = await stage.opened();
      end.send(end.serverInfo({
        capabilities: ["conformUnknown"],
        supportedEncodings: ["conform"],
        metadata: { a: "b" },
        conformUnknown: { a: [1] },
      }));
      const { channels, ...rest } = end.advertisement(CONFORM);
      const more = (channels as JsonObject[]).map((entry) => ({
        ...entry,
        metadata: { a: "b" },
        conformUnknown: [null],
      }));
      end.send({ ...rest, channels: more, conformUnknown: 1 });
      await stage.subscribe(end);
      await stage.alive(end, "a greeting with things that do not exist");
    },
  },
  {
    name: "unknown/statuses",
    level: "must",
    rule: "Statuses of all levels, with and without id, end nothing",
    source: sdk("handle_message: statuses answer mistakes, the connection lives"),
    async run(stage) {
      const { end } = await stage.subscribed();
      for (const level of [0, 1, 2]) {
        end.send({ op: "status", level, message: `level ${level}` }, {
          op: "status",
          level,
          message: "again",
          id: "a",
        });
      }
      await stage.alive(end, "statuses of all levels");
    },
  },
  ...MALFORMED.map(goesOn("malformed", "should", ALMOST)),
  {
    name: "malformed/one-of-several",
    level: "extra",
    rule: "A channel that cannot be read does not take the others of its message with it",
    source: ALMOST,
    async run(stage) {
      const end = await stage.opened();
      end.send(end.serverInfo());
      const good = end.advertisement(CONFORM);
      end.send({ ...good, channels: [{ id: "none" }, null, ...good.channels as JsonObject[]] });
      await stage.subscribe(end);
    },
  },
];
