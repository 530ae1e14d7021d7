/**
 * Values as JSON bytes.
 *
 * @module
 */
import { utf8Encode } from "./bytes.ts";

/** The UTF-8 bytes of a value's JSON. @throws {TypeError} when it has none: `undefined`, a function, a cycle, a bigint. */
export function jsonEncode(value: unknown): Uint8Array<ArrayBuffer> {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`Cannot encode ${typeof value}: it has no JSON form`);
  return utf8Encode(text);
}
