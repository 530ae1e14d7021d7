/** What a server may send that makes no sense: none of it harms what is under way, and all of it is counted. */
import { assertEquals, assertInstanceOf } from "@std/assert";
import { encodeServerMessage } from "../../src/protocol/codec.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import type { ServerMessage } from "../../src/protocol/messages.ts";
import { advertise, answerAll, assertAnswered, Busy, EVERYTHING, FIRST, WAITS } from "../support/busy_client.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

/** Messages as they are on the wire, and what they are counted as. */
interface Noise {
  messages: (ServerMessage | string | Uint8Array)[];
  invalid?: number;
  ignored?: number;
  late?: number;
}

const text = (value: unknown) => JSON.stringify(value);
const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
const bytes = (...values: number[]) => new Uint8Array(values);
const data = bytes(0x22, 0x78, 0x22);
const NO_GRAPH = {
  publishedTopics: [],
  subscribedTopics: [],
  advertisedServices: [],
  removedTopics: [],
  removedServices: [],
};

const NOISE: Record<string, Noise> = {
  "text that is no JSON": { messages: ["", " ", "{", "no JSON", '{"op":"time"', "\0", "\ufeff{}", "{}{}"], invalid: 8 },
  "JSON that is no message": { messages: ["[]", "null", "5", '""', "{}", '{"op":5}', '{"op":["time"]}'], invalid: 7 },
  "a text of 8 MiB": { messages: ["x".repeat(8 << 20), text({ op: "x".repeat(8 << 20) })], invalid: 1, ignored: 1 },
  "ops that are unknown, or a client's": {
    messages: ["teleport", "", "__proto__", "constructor", "toString", "subscribe", "getParameters", "messageData"]
      .map((op) => text({ op })),
    ignored: 8,
  },
  "opcodes that are unknown": { messages: [bytes(0), bytes(6), bytes(0x7f, 1, 2, 3), bytes(255)], ignored: 4 },
  "binary messages with nothing in them": { messages: [bytes(), bytes()] },
  "members that are unknown": {
    messages: [
      text({ op: "status", level: 0, message: "Hello", mood: { good: true }, __proto__: 1 }),
      text({ op: "removeStatus", statusIds: [], because: null }),
      text({
        ...EVERYTHING,
        op: "serverInfo",
        name: "scripted",
        weather: "fine",
        capabilities: [...EVERYTHING.capabilities, "telepathy", ""],
      }),
    ],
  },
  "texts that are not UTF-8": {
    messages: [
      // opcode, service 1, call 99, an encoding of one byte; request 99, failed, an error of two; a request id of one
      bytes(3, 1, 0, 0, 0, 99, 0, 0, 0, 1, 0, 0, 0, 0xff),
      bytes(4, 99, 0, 0, 0, 1, 2, 0, 0, 0, 0xc3, 0x28),
      bytes(5, 0, ...Array<number>(8).fill(0), 0, 0, 0x80, 0x3f, 0, 1, 0, 0, 0, 0x80),
    ],
    invalid: 3,
    ignored: 2,
  },
  "lengths that lie": {
    messages: [
      bytes(3, 1, 0, 0, 0, 99, 0, 0, 0, 255, 255, 255, 255, 0x61),
      bytes(4, 99, 0, 0, 0, 1, 255, 255, 255, 255, 0x61),
      bytes(5, 0, ...Array<number>(8).fill(0), 0, 0, 0x80, 0x3f, 0, 255, 255, 255, 255, 0x61),
    ],
    invalid: 3,
    ignored: 2,
  },
  "numbers that are none of an id": {
    messages: ["-1", "1.5", "9007199254740992", "18446744073709551615", "1e400", '"1"', "null", "true"].flatMap((
      id,
    ) => [
      `{"op":"unadvertise","channelIds":[${id}]}`,
      `{"op":"unadvertiseServices","serviceIds":[${id}]}`,
      `{"op":"serviceCallFailure","serviceId":1,"callId":${id},"message":""}`,
    ]),
    invalid: 24,
  },
  "numbers beyond 32 bits where 32 bits are all": {
    messages: [
      `{"op":"unadvertiseServices","serviceIds":[4294967296]}`,
      `{"op":"serviceCallFailure","serviceId":1,"callId":4294967297,"message":""}`,
    ],
    invalid: 2,
  },
  "JSON that nests 100 000 deep": {
    messages: [
      deep(1e5),
      `{"op":${deep(1e5)}}`,
      `{"op":"status","level":0,"message":${deep(1e5)}}`,
      `{"op":"parameterValues","parameters":[{"name":"gain","value":${deep(1e5)}}]}`,
      `{"op":"advertise","channels":${deep(1e5)}}`,
      `{"op":"connectionGraphUpdate","publishedTopics":${deep(1e5)}}`,
      // A member that nobody knows is not walked.
      `{"op":"status","level":0,"message":"Hello","future":${deep(1e5)}}`,
      '{"op":'.repeat(1e5),
    ],
    invalid: 7,
  },
  "JSON that nests a million deep": { messages: [deep(1e6), `{"op":"status","message":${deep(1e6)}}`], invalid: 2 },
  "messages of subscriptions that never were": {
    messages: [0, 2, 0xffff_ffff].map((subscriptionId) => ({ op: "messageData", subscriptionId, logTime: 0n, data })),
    ignored: 3,
  },
  "channels and services going that were never there": {
    messages: [
      { op: "unadvertise", channelIds: [77, 77, 0] },
      { op: "unadvertiseServices", serviceIds: [77, 77] },
      { op: "removeStatus", statusIds: ["unknown", ""] },
    ],
    ignored: 5,
  },
  "lists with nothing in them": {
    messages: [
      { op: "advertise", channels: [] },
      { op: "unadvertise", channelIds: [] },
      { op: "advertiseServices", services: [] },
      { op: "unadvertiseServices", serviceIds: [] },
      { op: "removeStatus", statusIds: [] },
    ],
  },
  "answers to requests that were never made": {
    messages: [
      { op: "serviceCallResponse", serviceId: 1, callId: 99, encoding: "json", data },
      { op: "serviceCallFailure", serviceId: 1, callId: 0, message: "No" },
      { op: "fetchAssetResponse", requestId: 99, data },
      { op: "fetchAssetResponse", requestId: 0, error: "No" },
      ...["get-99", "get-0", "get-", "", "1", "x"].map((id) => text({ op: "parameterValues", parameters: [], id })),
      { op: "playbackState", status: "ended", currentTime: 0n, speed: 1, didSeek: true, requestId: "x-1" },
    ],
    ignored: 10,
  },
  "answers with ids that only look like those of a request": {
    messages: ["get-1.0", "get-01", "get- 1", "get-0x1", "got-1", "set-1", "get-2", "GET-1"].map((id) => ({
      op: "parameterValues",
      parameters: [{ name: "other", value: "wrong" }],
      id,
    })),
    ignored: 8,
  },
  "answers in the name of another service": {
    messages: [1, 2].flatMap((callId) => [
      { op: "serviceCallResponse", serviceId: 9, callId, encoding: "json", data } as const,
      { op: "serviceCallFailure", serviceId: 9, callId, message: "No" } as const,
    ]),
    ignored: 4,
  },
  "an answer to a call that still waits for its service": {
    messages: [
      { op: "serviceCallResponse", serviceId: 0, callId: 1, encoding: "json", data },
      { op: "serviceCallResponse", serviceId: 1, callId: 1, encoding: "json", data },
    ],
    ignored: 2,
  },
  "states of playback that cannot be": {
    messages: [
      bytes(5, 4, ...Array<number>(8).fill(0), 0, 0, 0x80, 0x3f, 0, 0, 0, 0, 0),
      bytes(5, 0, ...Array<number>(8).fill(0), 0, 0, 0xc0, 0x7f, 0, 0, 0, 0, 0),
      bytes(5, 0, ...Array<number>(8).fill(0), 0, 0, 0x80, 0x3f, 2, 0, 0, 0, 0),
    ],
    invalid: 3,
  },
  "statuses of levels that are none": {
    messages: [3, -1, 0.5, "0", null].map((level) => text({ op: "status", level, message: "x" })),
    invalid: 5,
  },
  "a graph that is not one": {
    messages: [
      text({ op: "connectionGraphUpdate", ...NO_GRAPH, publishedTopics: 5 }),
      text({ op: "connectionGraphUpdate", ...NO_GRAPH, publishedTopics: [{ publisherIds: ["x"] }] }),
      text({ op: "connectionGraphUpdate", ...NO_GRAPH, removedTopics: "all" }),
    ],
    invalid: 3,
  },
  "serverInfo again, and what is none": {
    messages: [
      text({ ...EVERYTHING, op: "serverInfo", name: "scripted" }),
      text({ ...EVERYTHING, op: "serverInfo", name: "scripted" }),
      text({ op: "serverInfo", name: JSON.parse(deep(129)) }),
      text({ op: "serverInfo", name: "x", capabilities: [], sessionId: JSON.parse(deep(129)) }),
    ],
    invalid: 2,
  },
};

for (const protocol of ["foxglove.sdk.v1.1", "foxglove.sdk.v1"]) {
  for (const [what, { messages, invalid = 0, ignored = 0, late = 0 }] of Object.entries(NOISE)) {
    test(`${what}: counted, and no harm to anything under way, under ${protocol}`, async () => {
      const { server, client, clock, busy, errors } = await underWay(protocol);
      const { sentMessages } = client.stats();
      server.send(...messages);
      await server.settle(client);
      const stats = client.stats();
      assertEquals([stats.invalidMessages, stats.ignoredMessages, stats.lateMessages], [invalid, ignored, late]);
      assertEquals([errors.length, stats.sentMessages, client.state.status], [invalid, sentMessages, "connected"]);
      for (const error of errors) assertInstanceOf(error, ProtocolError);
      assertEquals(busy.waiting, WAITS);
      await answerAll(server);
      await assertAnswered(busy);
      await client.close();
      assertEquals(clock.delays, 0);
    });
  }
}

/** A client that waits for everything, and a server that has not answered yet. */
async function underWay(protocol = "foxglove.sdk.v1.1") {
  const clock = new ManualClock();
  const { server, client } = await ScriptedServer.connected({ protocol, info: EVERYTHING, client: { clock } });
  const errors: unknown[] = [];
  client.on("error", ({ error }) => errors.push(error));
  advertise(server, FIRST);
  await server.settle(client);
  const busy = new Busy(client);
  await server.settle(client);
  return { server, client, clock, errors, busy };
}

/** One of each binary message, of requests that were never made. */
const FRAMES: ServerMessage[] = [
  { op: "messageData", subscriptionId: 99, logTime: 1n, data: bytes() },
  { op: "time", timestamp: 9n },
  { op: "serviceCallResponse", serviceId: 1, callId: 99, encoding: "json", data: bytes() },
  { op: "fetchAssetResponse", requestId: 99, error: "Not found" },
  { op: "playbackState", status: "paused", currentTime: 1n, speed: 1, didSeek: false, requestId: "abc" },
];

for (const message of FRAMES) {
  test(`a ${message.op} that is cut at any byte is invalid, and harms nothing`, async () => {
    const { server, client, busy, errors } = await underWay();
    const frame = encodeServerMessage(message) as Uint8Array;
    const cut = Array.from({ length: frame.length - 1 }, (_, i) => frame.slice(0, i + 1));
    server.send(...cut);
    await server.settle(client);
    assertEquals([client.stats().invalidMessages, errors.length], [cut.length, cut.length]);
    assertEquals(busy.waiting, WAITS);
    await answerAll(server);
    await assertAnswered(busy);
    await client.close();
  });
}
