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

/** Why something cannot be tried. */
export interface Lack {
  reason: string;
  /** What the server would have to offer. */
  offer?: string;
}

/** Thrown by a case that cannot tell. */
export class Skip extends Error {
  readonly lack: Lack;

  constructor(reason: string, offer?: string) {
    super(reason);
    this.lack = { reason, ...(offer === undefined ? {} : { offer }) };
  }
}
