/**
 * Bytes on a socket in words: heads of HTTP, and WebSocket frames, right or wrong.
 *
 * @module
 */
import { type Frame, FrameReader, FRAMES } from "./frames.ts";
import { bytesInWords, cut, dataInWords, decoded, isText, type Side } from "./words.ts";

/** The message that a frame is, if it is one as any other. */
export function messageOf(
  { opcode, fin, reserved, masked, payload }: Frame,
  by: Side,
): string | Uint8Array | undefined {
  if (!fin || reserved !== 0 || masked !== (by === "client") || payload.length === 0) return undefined;
  if (opcode === FRAMES.binary) return payload;
  return opcode === FRAMES.text && isText(payload) ? decoded(payload) : undefined;
}

/** A frame: its kind, what is unusual in it, and what it carries. */
export function frameInWords({ opcode, fin, reserved, masked, payload }: Frame, by: Side): string {
  const [name] = Object.entries(FRAMES).find(([, value]) => value === opcode) ?? [`opcode ${opcode}`];
  const parts = [
    `frame ${name}`,
    fin ? "" : "not the last",
    masked === (by === "client") ? "" : masked ? "masked" : "not masked",
    reserved === 0 ? "" : `reserved bits ${reserved}`,
    opcode === FRAMES.close ? closeInWords(payload) : dataInWords(payload),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function closeInWords(payload: Uint8Array): string {
  if (payload.length < 2) return payload.length === 0 ? "without a code" : bytesInWords(payload);
  const reason = decoded(payload.subarray(2));
  return `code ${payload[0]! << 8 | payload[1]!}${reason && `, reason "${cut(reason)}"`}`;
}

/** A head of HTTP in one line. */
export function headInWords(head: string): string {
  return cut(head.trimEnd().split("\r\n").join(" | "));
}

/** Bytes, cut into a head of HTTP, frames, and what is neither. */
export interface Pieces {
  head: string | undefined;
  frames: readonly Frame[];
  /** What no frame can be read from, in words. */
  rest: string | undefined;
}

/** Reads what is written to a socket at once. */
export function piecesOf(data: Uint8Array): Pieces {
  const start = decoded(data.subarray(0, 8));
  const isHttp = start.startsWith("HTTP/1.") || /^[A-Z]+ \//.test(start);
  const head = isHttp ? latin1(data).split("\r\n\r\n", 1)[0]! : undefined;
  const body = head === undefined ? data : data.subarray(head.length + 4);
  const reader = new FrameReader();
  const frames = reader.read(body);
  return { head, frames, rest: reader.rest.length === 0 ? undefined : bytesInWords(reader.rest) };
}

function latin1(data: Uint8Array): string {
  return new TextDecoder("latin1").decode(data);
}
