/**
 * Lists that are too long for one message.
 *
 * @module
 */
import { encodeServerMessage } from "../protocol/codec.ts";
import type { ServerMessage } from "../protocol/messages.ts";
import { messageBytes } from "../transport/transport.ts";

const BATCH_ITEMS = 100;
const BATCH_BYTES = 1024 * 1024;

/** Something that clients are told of. */
export interface Advertised<T> {
  readonly info: T;
  /** Bytes of the message that tells of it alone; measured once and not for every client. */
  readonly bytes: number;
}

/**
 * Measures what is to be advertised.
 *
 * @param message Tells of it alone.
 * @throws {TypeError} when it cannot be told: now, and not when the first client connects.
 */
export function advertised<T>(info: T, message: ServerMessage): Advertised<T> {
  return { info, bytes: messageBytes(encodeServerMessage(message)) };
}

/** Items in batches of at most 100, or about 1 MiB of JSON: no message that has one of them is too large for a peer. */
export function inBatches<T>(items: readonly Advertised<T>[]): T[][] {
  const batches: T[][] = [];
  let room = 0;
  for (const { info, bytes } of items) {
    if (bytes > room || batches.at(-1)?.length === BATCH_ITEMS) {
      batches.push([]);
      room = BATCH_BYTES;
    }
    batches.at(-1)!.push(info);
    room -= bytes;
  }
  return batches;
}
