/**
 * Tables whose keys come from a peer.
 *
 * @module
 */

/** A copy of `entries` without a prototype, so that looking up `constructor` or `__proto__` finds nothing. */
export function nullTable<T extends object>(entries: T): Readonly<T> {
  return Object.freeze(Object.assign(Object.create(null), entries));
}
