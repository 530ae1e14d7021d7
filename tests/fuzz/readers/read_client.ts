/** What a message of a client is, by plain checks. */
import type { Raw } from "../case.ts";
import {
  batchOf,
  type Broken,
  type Bytes,
  byteUpTo,
  CALL,
  type Members,
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
  Wrong,
} from "./read_json.ts";

const channel = objectWith({
  id: u32,
  topic: text,
  encoding: text,
  schemaName: text,
  "schema?": text,
  "schemaEncoding?": text,
});

const SHAPES = new Map<string, Record<string, Read>>([
  ["subscribe", { subscriptions: batchOf(objectWith({ id: u32, channelId: safe })) }],
  ["unsubscribe", { subscriptionIds: batchOf(u32) }],
  ["advertise", { channels: batchOf(channel) }],
  ["unadvertise", { channelIds: batchOf(u32) }],
  ["getParameters", { parameterNames: batchOf(text), "id?": text }],
  ["setParameters", { parameters: batchOf(parameter), "id?": text }],
  ["subscribeParameterUpdates", { parameterNames: batchOf(text) }],
  ["unsubscribeParameterUpdates", { parameterNames: batchOf(text) }],
  ["subscribeConnectionGraph", {}],
  ["unsubscribeConnectionGraph", {}],
  ["fetchAsset", { uri: text, requestId: u32 }],
]);

/** What a message of a client is. */
export function readClient(raw: Raw): Reading {
  return typeof raw === "string" ? readText(raw) : readFrame(raw);
}

function readText(raw: string): Reading {
  const json = objectOf(raw);
  if (typeof json?.op !== "string") return { kind: "invalid", request: undefined };
  const shape = SHAPES.get(json.op);
  return shape === undefined ? { kind: "unknown" } : readMembers(json.op, json, shape, requestIn(json));
}

function requestIn(json: Members): Broken | undefined {
  return json.op === "fetchAsset" ? requestOf(json, "fetchAsset", { requestId: u32 }) : undefined;
}

function readFrame(frame: Uint8Array): Reading {
  if (frame.length === 0) return { kind: "nothing" };
  if (frame[0] === 1) return readBytes(frame, { op: "messageData", read: messageData });
  if (frame[0] === 2) return readBytes(frame, { op: "serviceCallRequest", ...CALL });
  if (frame[0] === 3) return readBytes(frame, { op: "playbackControlRequest", read: playbackRequest });
  return { kind: "unknown" };
}

function messageData(bytes: Bytes): Members {
  return { channelId: bytes.u32(), data: bytes.rest() };
}

function playbackRequest(bytes: Bytes): Members {
  const command = ["play", "pause"][byteUpTo(bytes, 1)];
  const speed = bytes.f32();
  if (!(speed > 0 && speed < Infinity)) throw new Wrong();
  const hasSeek = byteUpTo(bytes, 1) === 1;
  const seekTime = bytes.u64();
  return { command, speed, ...(hasSeek ? { seekTime } : {}), requestId: bytes.text() };
}
