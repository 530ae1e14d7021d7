/**
 * What a case throws, and what that says of the peer.
 *
 * @module
 */
import { errorMessage } from "../util/errors.ts";
import type { ConformResult } from "./options.ts";

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

/** What came of a case. */
export type Verdict = Pick<ConformResult, "outcome" | "reason" | "offer" | "expected" | "got" | "wire">;

/** What came of a case that has thrown. @param wire What went over the wire until then. */
export function verdictOf(error: unknown, wire: readonly string[] = []): Verdict {
  if (error instanceof Skip) return { outcome: "skipped", ...error.lack };
  if (error instanceof Mismatch) return { outcome: "failed", expected: error.expected, got: error.got, wire };
  // A case has stumbled over what it could not look at.
  const got = `another shape (${errorMessage(error)}), see the wire`;
  return { outcome: "failed", expected: "messages of the shape that the specification gives them", got, wire };
}
