/**
 * Lists that are too long for one message.
 *
 * @module
 */

const BATCH_ITEMS = 100;
const BATCH_CHARS = 1024 * 1024;

/**
 * Items in batches of at most 100, or about 1 MiB: no message that has one of them is too large for a peer.
 *
 * @param charsOf What is large in an item; its other members count nothing.
 */
export function inBatches<T>(items: readonly T[], charsOf: (item: T) => number): T[][] {
  const batches: T[][] = [];
  let batch: T[] = [];
  let chars = 0;
  for (const item of items) {
    const more = charsOf(item);
    if (batch.length === BATCH_ITEMS || (batch.length > 0 && chars + more > BATCH_CHARS)) {
      batches.push(batch);
      batch = [];
      chars = 0;
    }
    batch.push(item);
    chars += more;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
