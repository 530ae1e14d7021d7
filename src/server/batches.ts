/**
 * Lists that are too long for one message.
 *
 * @module
 */
import { utf8Length } from "../util/bytes.ts";

const BATCH_ITEMS = 100;
const BATCH_BYTES = 1024 * 1024;

/** Items in batches of at most 100, or about 1 MiB of JSON: no message that has one of them is too large for a peer. */
export function inBatches<T>(items: readonly T[]): T[][] {
  const batches: T[][] = [];
  let room = 0;
  for (const item of items) {
    const bytes = utf8Length(JSON.stringify(item));
    if (bytes > room || batches.at(-1)?.length === BATCH_ITEMS) {
      batches.push([]);
      room = BATCH_BYTES;
    }
    batches.at(-1)!.push(item);
    room -= bytes;
  }
  return batches;
}
