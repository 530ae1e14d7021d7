/**
 * What the messages of both directions have in common, read by plain checks: written from the protocol's description, and
 * with nothing of the codec, so that neither can hide what the other does wrong.
 */

/** An entry of a list that does not follow the protocol. */
export const BAD = Symbol("bad entry");

/** A request that somebody waits for, in a message that is broken. */
export type Broken =
  | { kind: "serviceCall"; serviceId: number; callId: number }
  | { kind: "fetchAsset"; requestId: number }
  | { kind: "parameters"; id: string }
  | { kind: "playback"; requestId: string };

/** Members by name. */
export type Members = Record<string, unknown>;

/** What a message is. Of lists, entries that are wrong are {@link BAD}. */
export type Reading =
  | { kind: "nothing" }
  | { kind: "unknown" }
  | { kind: "invalid"; request: Broken | undefined }
  | { kind: "message"; op: string; members: Members };

/** Thrown when a member is not what it should be. */
export class Wrong extends Error {}

/** Reads one value, or throws {@link Wrong}. */
export type Read = (value: unknown) => unknown;

const MAX_DEPTH = 131_072;
const MAX_BAD = 1_000;
const MAX_VALUE_DEPTH = 128;

/** The object of a text; `undefined` when it is none that may be looked at. */
export function objectOf(text: string): Members | undefined {
  if (depthOf(text) > MAX_DEPTH) return undefined;
  try {
    const value = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** How deep brackets outside of strings nest, also where they do not match. */
function depthOf(text: string): number {
  if (text.length <= MAX_DEPTH) return 0;
  let [depth, deepest, inString] = [0, 0, false];
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (inString && char === "\\") i++;
    else if (char === '"') inString = !inString;
    else if (!inString && (char === "[" || char === "{")) deepest = Math.max(deepest, ++depth);
    else if (!inString && (char === "]" || char === "}")) depth--;
  }
  return deepest;
}

export function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An integer from 0 to `max`. */
export function integer(max: number): Read {
  return (value) => {
    if (typeof value !== "number" || Math.floor(value) !== value || value < 0 || value > max) throw new Wrong();
    return value === 0 ? 0 : value;
  };
}

export const u32: Read = integer(2 ** 32 - 1);
export const safe: Read = integer(2 ** 53 - 1);

export const text: Read = (value) => {
  if (typeof value !== "string") throw new Wrong();
  return value;
};

export function listOf(read: Read): Read {
  return (value) => {
    if (!Array.isArray(value)) throw new Wrong();
    return value.map(read);
  };
}

/** A list in which a wrong entry spoils no other. Beyond so many wrong ones it is not read, which is one more. */
export function batchOf(read: Read): Read {
  return (value) => {
    if (!Array.isArray(value)) throw new Wrong();
    const entries: unknown[] = [];
    let bad = 0;
    for (const entry of value) {
      if (bad === MAX_BAD) return [...entries, BAD];
      const result = entryOf(read, entry);
      if (result === BAD) bad++;
      entries.push(result);
    }
    return entries;
  };
}

function entryOf(read: Read, entry: unknown): unknown {
  try {
    return read(entry);
  } catch (error) {
    if (error instanceof Wrong) return BAD;
    throw error;
  }
}

/** An object with these members; a name that ends with `?` may be left out, or be `null`. */
export function objectWith(shape: Record<string, Read>): Read {
  return (value) => {
    if (!isObject(value)) throw new Wrong();
    return membersOf(value, shape);
  };
}

export function membersOf(json: Members, shape: Record<string, Read>): Members {
  const members: Members = {};
  for (const [key, read] of Object.entries(shape)) {
    const name = key.replace("?", "");
    const value = json[name];
    if (key !== name && (value === undefined || value === null)) continue;
    const member = read(value);
    if (member !== undefined) members[name] = member;
  }
  return members;
}

/** Reads what a message says of itself, or that it is broken. */
export function readMembers(op: string, json: Members, shape: Record<string, Read>, request?: Broken): Reading {
  try {
    return { kind: "message", op, members: membersOf(json, shape) };
  } catch (error) {
    if (error instanceof Wrong) return { kind: "invalid", request };
    throw error;
  }
}

/** What a request in broken JSON would say, as far as it can be read. */
export function requestOf<T extends Broken>(
  json: Members,
  kind: T["kind"],
  shape: Record<string, Read>,
): T | undefined {
  const reading = readMembers("", json, shape);
  return reading.kind === "message" ? { kind, ...reading.members } as unknown as T : undefined;
}

// Parameters

/** A parameter of a list. */
export const parameter: Read = (entry) => {
  const { name, type } = objectWith({ name: text, "type?": text })(entry) as { name: string; type?: string };
  const raw = (entry as Members).value;
  const result: Members = type === undefined ? { name } : { name, type };
  return raw === undefined ? result : { ...result, value: valueOf(raw, type) };
};

function valueOf(raw: unknown, type: string | undefined): unknown {
  if (type === "float64") return numberOf(raw);
  if (type === "float64_array") return listOf(numberOf)(raw);
  if (type === "byte_array" && !isBase64(text(raw) as string)) throw new Wrong();
  return type === "byte_array" ? raw : untyped(raw);
}

const numberOf: Read = (value) => {
  if (value === null) return NaN;
  if (typeof value !== "number") throw new Wrong();
  return value;
};

function isBase64(value: string): boolean {
  const data = value.replace(/={1,2}$/, "");
  return value.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(data) && data.length % 4 !== 1;
}

function isPlain(value: unknown): boolean {
  return value !== null && (typeof value !== "number" || Number.isFinite(value));
}

/** A value that nests no deeper than it may. @param isRight Of each value in it. */
export function untyped(root: unknown, isRight: (value: unknown) => boolean = isPlain): unknown {
  let level = [root];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_VALUE_DEPTH) throw new Wrong();
    const next: unknown[] = [];
    for (const value of level) {
      if (!isRight(value)) throw new Wrong();
      if (typeof value === "object" && value !== null) { for (const child of Object.values(value)) next.push(child); }
    }
    level = next;
  }
  return root;
}

// Binary messages

/** A reader of little-endian bytes behind an opcode. */
export class Bytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at = 1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8 = (): number => this.#view.getUint8(this.#step(1));
  u32 = (): number => this.#view.getUint32(this.#step(4), true);
  u64 = (): bigint => this.#view.getBigUint64(this.#step(8), true);
  f32 = (): number => this.#view.getFloat32(this.#step(4), true);

  text(): string {
    const length = this.u32();
    const start = this.#step(length);
    try {
      return strict.decode(this.#bytes.subarray(start, this.at));
    } catch {
      throw new Wrong();
    }
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.at);
  }

  #step(length: number): number {
    const start = this.at;
    if (length > this.#bytes.length - start) throw new Wrong();
    this.at += length;
    return start;
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a binary message, or says that it is broken. */
export function readBytes(
  frame: Uint8Array,
  { op, read, request }: { op: string; read(bytes: Bytes): Members; request?(bytes: Bytes): Broken },
): Reading {
  try {
    return { kind: "message", op, members: read(new Bytes(frame)) };
  } catch (error) {
    if (error instanceof Wrong) return { kind: "invalid", request: request && broken(frame, request) };
    throw error;
  }
}

function broken(frame: Uint8Array, request: (bytes: Bytes) => Broken): Broken | undefined {
  try {
    return request(new Bytes(frame));
  } catch (error) {
    if (error instanceof Wrong) return undefined;
    throw error;
  }
}

/** A byte that counts up to `max`. */
export function byteUpTo(bytes: Bytes, max: number): number {
  const value = bytes.u8();
  if (value > max) throw new Wrong();
  return value;
}

/** The call of a service, and its answer. */
export const CALL = {
  read: (bytes: Bytes): Members => ({
    serviceId: bytes.u32(),
    callId: bytes.u32(),
    encoding: bytes.text(),
    data: bytes.rest(),
  }),
  request: (bytes: Bytes): Broken => ({ kind: "serviceCall", serviceId: bytes.u32(), callId: bytes.u32() }),
};
