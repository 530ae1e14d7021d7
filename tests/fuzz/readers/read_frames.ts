/** What a stream of a client's bytes is, by RFC 6455. */
import type { Raw } from "../case.ts";

/** What a server makes of the bytes, in their order. */
export interface Stream {
  /** Whole messages. */
  readonly messages: Raw[];
  /** Payloads of pings, which have to be answered. */
  readonly pings: Uint8Array[];
  /**
   * How it ends: `open` behind a whole frame, `cut` in the middle of one; with the code of a Close; `broken`; or `unclear`,
   * where the RFC leaves it to servers.
   */
  readonly end: "open" | "cut" | "broken" | "unclear" | { code: number | undefined };
}

interface Frame {
  readonly fin: boolean;
  readonly reserved: number;
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Uint8Array;
  /** Its length is written in more bytes than it needs. */
  readonly long: boolean;
  readonly next: number;
}

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the bytes of a client. @param maxBytes Of a message. */
export function readFrames(bytes: Uint8Array, maxBytes: number): Stream {
  const reader = new FrameReader(maxBytes);
  let at = 0;
  while (reader.end === undefined && at < bytes.length) {
    const frame = frameAt(bytes, at, maxBytes);
    if (frame === "broken") return reader.stream("broken");
    // Servers may look at the opcode as soon as it is there, or when the frame is whole.
    if (frame === "cut") return reader.stream(reader.isNext(bytes[at]! & 0x0f) ? "cut" : "unclear");
    reader.take(frame);
    at = frame.next;
  }
  return reader.stream(reader.end ?? "open");
}

/** A frame; also the beginning of one is broken when that shows already. */
function frameAt(bytes: Uint8Array, at: number, maxBytes: number): Frame | "cut" | "broken" {
  const [first, second] = [bytes[at]!, bytes[at + 1]];
  if (second === undefined) return "cut";
  const sized = lengthAt(bytes, at + 1);
  if (headerProblem(first) || (second & 0x80) === 0) return "broken";
  if (first >= 0x88 && (second & 0x7f) > 125 && (first & 0x0f) >= CLOSE) return "broken";
  if (sized === undefined) return "cut";
  if (sized.length > maxBytes) return "broken";
  const start = sized.next + 4;
  const end = start + sized.length;
  if (end > bytes.length) return "cut";
  const mask = bytes.subarray(sized.next, start);
  const payload = bytes.slice(start, end).map((byte, i) => byte ^ mask[i & 3]!);
  const { long } = sized;
  return { fin: first >= 0x80, reserved: first >> 4 & 7, opcode: first & 0x0f, masked: true, payload, long, next: end };
}

function headerProblem(first: number): boolean {
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0 || (opcode > BINARY && opcode < CLOSE) || opcode > PONG) return true;
  return opcode >= CLOSE && first < 0x80;
}

function lengthAt(bytes: Uint8Array, at: number): { length: number; next: number; long: boolean } | undefined {
  const short = bytes[at]! & 0x7f;
  if (short < 126) return { length: short, next: at + 1, long: false };
  const size = short === 126 ? 2 : 8;
  if (at + 1 + size > bytes.length) return undefined;
  let length = 0;
  for (const byte of bytes.subarray(at + 1, at + 1 + size)) length = length * 256 + byte;
  return { length, next: at + 1 + size, long: length < (size === 2 ? 126 : 0x1_0000) };
}

class FrameReader {
  end: Stream["end"] | undefined;
  readonly #messages: Raw[] = [];
  readonly #pings: Uint8Array[] = [];
  readonly #maxBytes: number;
  /** Of a message that is not whole yet. */
  #opcode: number | undefined;
  #parts: Uint8Array[] = [];

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  stream(end: Stream["end"]): Stream {
    return { messages: this.#messages, pings: this.#pings, end };
  }

  /** Whether a frame of this opcode may come now: the first of a message, or one that goes on with it. */
  isNext(opcode: number): boolean {
    return opcode >= CLOSE || (opcode === CONTINUATION) === (this.#opcode !== undefined);
  }

  take(frame: Frame): void {
    // "The minimal number of bytes MUST be used": servers do not look.
    if (frame.long) this.end = "unclear";
    else if (frame.opcode === PING) this.#pings.push(frame.payload);
    else if (frame.opcode === CLOSE) this.end = closeOf(frame.payload);
    else if (frame.opcode !== PONG) this.#part(frame);
  }

  #part({ opcode, fin, payload }: Frame): void {
    if (!this.isNext(opcode)) return void (this.end = "broken");
    this.#opcode ??= opcode;
    this.#parts.push(payload);
    if (this.#parts.reduce((sum, { length }) => sum + length, 0) > this.#maxBytes) this.end = "broken";
    else if (fin) this.#whole();
  }

  #whole(): void {
    const payload = joined(this.#parts);
    const opcode = this.#opcode;
    this.#opcode = undefined;
    this.#parts = [];
    const message = opcode === TEXT ? textOf(payload) : payload;
    if (message === undefined) this.end = "broken";
    else this.#messages.push(message);
  }
}

function closeOf(payload: Uint8Array): Stream["end"] {
  if (payload.length === 0) return { code: undefined };
  if (payload.length === 1 || textOf(payload.subarray(2)) === undefined) return "broken";
  const code = payload[0]! << 8 | payload[1]!;
  const isKnown = (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) ||
    (code >= 3000 && code <= 4999);
  return isKnown ? { code } : "broken";
}

function textOf(payload: Uint8Array): string | undefined {
  try {
    return strict.decode(payload);
  } catch {
    return undefined;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
