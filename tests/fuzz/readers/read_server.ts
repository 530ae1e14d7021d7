/** What a message of a server is, by plain checks. What servers get wrong and clients forgive is in docs/interop.md. */
import type { Raw } from "../case.ts";
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
  u32,
  untyped,
  Wrong,
} from "./read_json.ts";

/** What is left out is empty. */
const textOrNone: Read = (value) => value === undefined || value === null ? "" : text(value);
const listOrNone = (read: Read): Read => (value) => value === undefined || value === null ? [] : listOf(read)(value);

/** Of what is no text, its JSON. */
const asText: Read = (value) => typeof value === "string" ? value : jsonOf(value);

const asTextOrNone: Read = (value) => value === undefined || value === null ? "" : asText(value);

/** Texts by name. */
const texts: Read = (value) => {
  if (!isObject(value)) throw new Wrong();
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asText(each)]));
};

/** What is bad counts as left out. */
const orNone = (read: Read): Read => (value) => {
  try {
    return read(value);
  } catch (error) {
    if (error instanceof Wrong) return undefined;
    throw error;
  }
};

/** A parameter whose bytes may come without padding. */
const padded: Read = (entry) => {
  const { type, value } = isObject(entry) ? entry : {};
  if (type !== "byte_array" || typeof value !== "string") return parameter(entry);
  return parameter({ ...entry as Members, value: value.padEnd(Math.ceil(value.length / 4) * 4, "=") });
};

const time = objectWith({ sec: u32, nsec: integer(999_999_999) });
const schema = objectWith({
  encoding: textOrNone,
  schemaName: textOrNone,
  schemaEncoding: textOrNone,
  schema: textOrNone,
});
const named = (ids: string) => listOrNone(objectWith({ name: text, [ids]: listOrNone(text) }));
const LEVELS = ["info", "warning", "error"];

const SHAPES = new Map<string, Record<string, Read>>([
  ["serverInfo", {
    name: asTextOrNone,
    capabilities: (value) => orNone(listOf(text))(value) ?? [],
    "supportedEncodings?": orNone(listOf(text)),
    "metadata?": orNone(texts),
    "sessionId?": asText,
    "dataStartTime?": orNone(time),
    "dataEndTime?": orNone(time),
  }],
  ["status", { level: (value) => LEVELS[integer(2)(value) as number], message: text, "id?": text }],
  ["removeStatus", { statusIds: listOf(text) }],
  ["advertise", {
    channels: batchOf(objectWith({
      id: safe,
      topic: text,
      encoding: textOrNone,
      schemaName: textOrNone,
      schema: asTextOrNone,
      "schemaEncoding?": text,
      "metadata?": texts,
    })),
  }],
  ["unadvertise", { channelIds: batchOf(safe) }],
  ["parameterValues", { parameters: batchOf(padded), "id?": text }],
  ["advertiseServices", {
    services: batchOf(objectWith({
      id: u32,
      name: text,
      type: textOrNone,
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
    removedTopics: listOrNone(text),
    removedServices: listOrNone(text),
  }],
  ["serviceCallFailure", { serviceId: u32, callId: u32, message: text }],
]);

const definitions = { "schemas?": batchOf(objectWith({ id: safe, name: text, encoding: text, data: text })) };
const tableChannels = {
  channels: batchOf(objectWith({
    id: safe,
    topic: text,
    encoding: textOrNone,
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
  const json = objectOf(raw) ?? objectOf(repaired(raw));
  if (typeof json?.op !== "string") return { kind: "invalid", request: undefined };
  const shape = SHAPES.get(json.op);
  if (shape === undefined) return { kind: "unknown" };
  if (json.op === "serverInfo") schemas?.clear();
  if (json.op === "advertise" && schemas !== undefined) return readAdvertise(json, schemas);
  return readMembers(json.op, json, shape, requestIn(json));
}

/** Without a byte order mark in front and NULs behind, and with `null` for the numbers that JSON has not got. */
export function repaired(raw: string): string {
  let [start, end] = [raw.startsWith("\ufeff") ? 1 : 0, raw.length];
  while (end > start && raw.charCodeAt(end - 1) === 0) end--;
  const pieces: string[] = [];
  while (start < end) {
    const quote = raw.indexOf('"', start);
    const outside = quote < 0 || quote > end ? end : quote;
    const behind = outside === end ? end : stringEnd(raw, outside, end);
    pieces.push(raw.slice(start, outside).replace(/-?\b(NaN|Infinity)\b/g, "null"), raw.slice(outside, behind));
    start = behind;
  }
  return pieces.join("");
}

/** Behind the string that begins with the quote at `start`. */
function stringEnd(raw: string, start: number, end: number): number {
  let at = start + 1;
  while (at < end && raw[at] !== '"') at += raw[at] === "\\" ? 2 : 1;
  return Math.min(at + 1, end);
}

/** The JSON of a value that nests no deeper than one of a parameter may. */
function jsonOf(value: unknown): string {
  untyped(value, () => true);
  return JSON.stringify(value);
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
