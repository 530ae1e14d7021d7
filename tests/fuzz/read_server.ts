/** What a message of a server is, by plain checks. */
import type { Raw } from "./case.ts";
import {
  BAD,
  batchOf,
  type Broken,
  type Bytes,
  byteUpTo,
  CALL,
  integer,
  isObject,
  listOf,
  type Members,
  membersOf,
  objectOf,
  objectWith,
  parameter,
  type Read,
  readBytes,
  type Reading,
  readMembers,
  requestOf,
  safe,
  text,
  texts,
  u32,
  Wrong,
} from "./read_json.ts";

const time = objectWith({ sec: u32, nsec: integer(999_999_999) });
const schema = objectWith({ encoding: text, schemaName: text, schemaEncoding: text, schema: text });
const named = (ids: string) => listOf(objectWith({ name: text, [ids]: listOf(text) }));
const LEVELS = ["info", "warning", "error"];

const SHAPES = new Map<string, Record<string, Read>>([
  ["serverInfo", {
    name: text,
    capabilities: listOf(text),
    "supportedEncodings?": listOf(text),
    "metadata?": texts,
    "sessionId?": text,
    "dataStartTime?": time,
    "dataEndTime?": time,
  }],
  ["status", { level: (value) => LEVELS[integer(2)(value) as number], message: text, "id?": text }],
  ["removeStatus", { statusIds: listOf(text) }],
  ["advertise", {
    channels: batchOf(objectWith({
      id: safe,
      topic: text,
      encoding: text,
      schemaName: text,
      schema: text,
      "schemaEncoding?": text,
      "metadata?": texts,
    })),
  }],
  ["unadvertise", { channelIds: batchOf(safe) }],
  ["parameterValues", { parameters: batchOf(parameter), "id?": text }],
  ["advertiseServices", {
    services: batchOf(objectWith({
      id: u32,
      name: text,
      type: text,
      "request?": schema,
      "response?": schema,
      "requestSchema?": text,
      "responseSchema?": text,
    })),
  }],
  ["unadvertiseServices", { serviceIds: batchOf(u32) }],
  ["connectionGraphUpdate", {
    publishedTopics: named("publisherIds"),
    subscribedTopics: named("subscriberIds"),
    advertisedServices: named("providerIds"),
    removedTopics: listOf(text),
    removedServices: listOf(text),
  }],
  ["serviceCallFailure", { serviceId: u32, callId: u32, message: text }],
]);

const definitions = { "schemas?": batchOf(objectWith({ id: safe, name: text, encoding: text, data: text })) };
const tableChannels = {
  channels: batchOf(objectWith({
    id: safe,
    topic: text,
    encoding: text,
    "schemaId?": safe,
    "schemaName?": text,
    "schema?": text,
    "schemaEncoding?": text,
    "metadata?": texts,
  })),
};

/** The schemas that a connection of `foxglove.sdk.v1.1` has been told of. */
export type Schemas = Map<number, Members>;

/** What a message of a server is. @param schemas Of `foxglove.sdk.v1.1` alone. */
export function readServer(raw: Raw, schemas: Schemas | undefined): Reading {
  return typeof raw === "string" ? readText(raw, schemas) : readFrame(raw);
}

function readText(raw: string, schemas: Schemas | undefined): Reading {
  const json = objectOf(raw);
  if (typeof json?.op !== "string") return { kind: "invalid", request: undefined };
  const shape = SHAPES.get(json.op);
  if (shape === undefined) return { kind: "unknown" };
  if (json.op === "serverInfo") schemas?.clear();
  if (json.op === "advertise" && schemas !== undefined) return readAdvertise(json, schemas);
  return readMembers(json.op, json, shape, requestIn(json));
}

function requestIn(json: Members): Broken | undefined {
  if (json.op === "parameterValues") return requestOf(json, "parameters", { id: text });
  if (json.op === "serviceCallFailure") return requestOf(json, "serviceCall", { serviceId: u32, callId: u32 });
}

function readAdvertise(json: Members, schemas: Schemas): Reading {
  try {
    const errors = define((membersOf(json, definitions).schemas ?? []) as unknown[], json, schemas);
    const channels = membersOf(json, tableChannels).channels as (Members | typeof BAD)[];
    const resolved = channels.map((channel) => channel === BAD ? BAD : resolve(channel, schemas));
    return { kind: "message", op: "advertise", members: { channels: [...errors, ...resolved] } };
  } catch (error) {
    if (error instanceof Wrong) return { kind: "invalid", request: undefined };
    throw error;
  }
}

/** What an id stood for before a definition that is wrong, it does not stand for any more. */
function define(entries: unknown[], json: Members, schemas: Schemas): unknown[] {
  for (const [i, entry] of entries.entries()) {
    const raw = (json.schemas as unknown[])[i];
    if (entry !== BAD) schemas.set((entry as { id: number }).id, entry as Members);
    else if (isObject(raw)) schemas.delete(raw.id as number);
  }
  return entries.filter((entry) => entry === BAD);
}

function resolve({ schemaId, ...channel }: Members, schemas: Schemas): Members {
  const inline = { schemaName: "", schema: "", ...channel };
  if (schemaId === undefined || channel.schemaName !== undefined) return inline;
  const found = schemas.get(schemaId as number);
  if (found === undefined) return { ...inline, unresolvedSchemaId: schemaId };
  return { ...inline, schemaName: found.name, schema: found.data, schemaEncoding: found.encoding };
}

type Frame = Parameters<typeof readBytes>[1];

const FRAMES: readonly (Frame | undefined)[] = [
  undefined,
  {
    op: "messageData",
    read: (bytes) => ({ subscriptionId: bytes.u32(), logTime: bytes.u64(), data: bytes.rest() }),
  },
  { op: "time", read: (bytes) => ({ timestamp: bytes.u64() }) },
  { op: "serviceCallResponse", ...CALL },
  {
    op: "fetchAssetResponse",
    read: readAsset,
    request: (bytes) => ({ kind: "fetchAsset", requestId: bytes.u32() }),
  },
  {
    op: "playbackState",
    read: readPlayback,
    request(bytes) {
      bytes.at = 15;
      return { kind: "playback", requestId: bytes.text() };
    },
  },
];

function readFrame(frame: Uint8Array): Reading {
  if (frame.length === 0) return { kind: "nothing" };
  const reader = FRAMES[frame[0]!];
  return reader === undefined ? { kind: "unknown" } : readBytes(frame, reader);
}

function readAsset(bytes: Bytes): Members {
  const requestId = bytes.u32();
  const failed = byteUpTo(bytes, 1) === 1;
  const error = bytes.text();
  return failed ? { requestId, error } : { requestId, data: bytes.rest() };
}

function readPlayback(bytes: Bytes): Members {
  const status = ["playing", "paused", "buffering", "ended"][byteUpTo(bytes, 3)];
  const currentTime = bytes.u64();
  const speed = bytes.f32();
  if (!Number.isFinite(speed)) throw new Wrong();
  const didSeek = byteUpTo(bytes, 1) === 1;
  return { status, currentTime, speed, didSeek, requestId: bytes.text() };
}
