/**
 * What a case throws.
 *
 * @module
 */

/** Thrown by a case when the peer breaks the rule. */
export class Mismatch extends Error {
  readonly expected: string;
  readonly got: string;

  constructor(expected: string, got: string) {
    super(`expected ${expected}, got ${got}`);
    this.expected = expected;
    this.got = got;
  }
}

/** Thrown by a case that cannot tell. */
export class Skip extends Error {}
