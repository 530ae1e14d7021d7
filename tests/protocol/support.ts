/** What the protocol's tests share. */
import { assertInstanceOf, assertThrows } from "@std/assert";
import { ProtocolError } from "../../src/protocol/errors.ts";

/** Bytes of hex digits; blanks are for the eye. */
export function hex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digits.match(/[0-9a-f]{2}/g) ?? [], (byte) => parseInt(byte, 16));
}

/** The same bytes in the middle of a larger buffer, at an offset that is no multiple of anything. */
export function atOffset7(frame: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(7 + frame.length + 5).fill(0xee);
  buffer.set(frame, 7);
  return buffer.subarray(7, 7 + frame.length);
}

/** The {@link ProtocolError} that `decode` throws; any other outcome fails. */
export function protocolError(decode: () => unknown): ProtocolError {
  const error = assertThrows(decode);
  assertInstanceOf(error, ProtocolError);
  return error;
}

/**
 * A value as one text. Messages are compared by it where keys such as `constructor` are data: comparing deeply by
 * constructors goes wrong there.
 */
export function show(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes(${value.join(" ")})`;
  if (value instanceof Error) return `${value.name}(${value.message})`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}: ${show(Reflect.get(value, key))}`);
    return `{ ${members.join(", ")} }`;
  }
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "string" ? JSON.stringify(value) : Object.is(value, -0) ? "-0" : String(value);
}
