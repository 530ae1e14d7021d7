/**
 * Values as JSON bytes.
 *
 * @module
 */
import { utf8Encode } from "./bytes.ts";

/**
 * The UTF-8 bytes of a value's JSON.
 *
 * @throws {TypeError} when it has none: `undefined`, a function, a cycle, a bigint; a buffer, a `Map` or a `Set`, of which
 * `JSON.stringify` leaves `{}`.
 */
export function jsonEncode(value: unknown): Uint8Array<ArrayBuffer> {
  if (typeof value === "object") refuseEmptied(value);
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`Cannot encode ${typeof value}: it has no JSON form`);
  return utf8Encode(text);
}

/** What lost its contents on the way would look like a message that is right. */
function refuseEmptied(value: object | null): void {
  const instead = value instanceof Map
    ? "Object.fromEntries(map)"
    : value instanceof Set
    ? "an array, [...set]"
    : value instanceof ArrayBuffer
    ? "a Uint8Array for bytes"
    : undefined;
  if (instead !== undefined) throw new TypeError(`Cannot encode ${value!.constructor.name} as JSON: pass ${instead}`);
}
