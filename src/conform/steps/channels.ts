/**
 * What servers advertise: channels and schemas, as they are on the wire.
 *
 * @module
 */
import type { JsonMessage, JsonObject } from "../case.ts";
import { Mismatch } from "../mismatch.ts";
import type { Peer, Received } from "../peer.ts";
import { check } from "./check.ts";
import { find, isOp } from "./messages.ts";

/** The lists of a member of all messages of an op, as one. @throws {Mismatch} when there is one that is no list, or has null in it. */
export function entriesOf(messages: readonly Received[], op: string, member: string): JsonObject[] {
  const found = messages.filter((message) => isOp(message, op)) as JsonMessage[];
  return found.flatMap((message) => {
    const list = message[member] ?? [];
    check(Array.isArray(list) && !list.includes(null), `a list "${member}" in "${op}", without null`, message);
    return list;
  });
}

/** Channels of all `advertise` among messages, as they were sent. */
export function advertisedIn(messages: readonly Received[]): JsonObject[] {
  return entriesOf(messages, "advertise", "channels");
}

/** Waits until a client is told that a channel is gone. */
export async function unadvertised(peer: Peer, channelId: number): Promise<void> {
  const isEnd = (message: Received) => entriesOf([message], "unadvertise", "channelIds").includes(channelId as never);
  await find(peer, `"unadvertise" of channel ${channelId}`, isEnd);
}

/** A channel in a few words. */
export function nameOf({ id, topic }: JsonObject): string {
  return `channel ${id} ("${topic}")`;
}

/** Bytes of standard base64 with padding. @throws {Mismatch} when it is none. */
export function base64Bytes(text: unknown, what: string): Uint8Array {
  const padded = typeof text === "string" && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  if (!padded) throw new Mismatch(`${what} as standard base64 with padding`, String(text).slice(0, 200));
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** A field of a protobuf message that is a length with as many bytes. */
interface Field {
  number: number;
  bytes: Uint8Array;
}

/** The length-delimited fields of a protobuf message. @throws {Mismatch} when it is none. */
export function* protobufFields(bytes: Uint8Array, what: string): Generator<Field> {
  for (let at = 0; at < bytes.length;) {
    const key = varint(bytes, at, what);
    const value = varint(bytes, key.end, what);
    const wireType = key.value & 7;
    if (wireType !== 0 && wireType !== 2) throw new Mismatch(what, `a field of wire type ${wireType} at byte ${at}`);
    at = value.end + (wireType === 2 ? value.value : 0);
    if (at > bytes.length) throw new Mismatch(what, `a field that ends at byte ${at} of ${bytes.length}`);
    if (wireType === 2) yield { number: key.value >>> 3, bytes: bytes.subarray(value.end, at) };
  }
}

function varint(bytes: Uint8Array, start: number, what: string): { value: number; end: number } {
  let value = 0;
  for (let at = start; at < bytes.length; at++) {
    value += (bytes[at]! & 0x7f) * 2 ** (7 * (at - start));
    if (bytes[at]! < 0x80) return { value, end: at + 1 };
  }
  throw new Mismatch(what, `an integer that is cut off at byte ${start}`);
}

/** What is in a serialized FileDescriptorSet, as far as it matters here. */
export interface FileSet {
  /** Full names of the messages at the top level of its files. */
  messages: string[];
  files: string[];
  imports: string[];
}

/** Reads a serialized FileDescriptorSet. @throws {Mismatch} when it is none. */
export function readFileSet(bytes: Uint8Array): FileSet {
  const what = "a serialized FileDescriptorSet";
  const set: FileSet = { messages: [], files: [], imports: [] };
  for (const file of protobufFields(bytes, what)) {
    if (file.number !== 1) throw new Mismatch(`${what} of files (field 1)`, `field ${file.number}`);
    addFile(set, [...protobufFields(file.bytes, what)], what);
  }
  return set;
}

/** FileDescriptorProto: 1 name, 2 package, 3 dependency, 4 message_type, of which 1 is its name. */
function addFile(set: FileSet, fields: readonly Field[], what: string): void {
  const texts = (number: number) => fields.filter((field) => field.number === number).map(({ bytes }) => utf8(bytes));
  const [prefix = ""] = texts(2).map((name) => `${name}.`);
  set.files.push(...texts(1));
  set.imports.push(...texts(3));
  for (const { bytes } of fields.filter(({ number }) => number === 4)) {
    const name = [...protobufFields(bytes, what)].find(({ number }) => number === 1);
    set.messages.push(prefix + (name === undefined ? "" : utf8(name.bytes)));
  }
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
