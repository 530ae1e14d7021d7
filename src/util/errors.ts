/**
 * The errors a caller catches. A caller's own mistake is a `TypeError` or a `RangeError`; everything else that Foxwire
 * throws is a {@link FoxgloveError}, told apart by its stable `code`.
 *
 * @module
 */

/** Base of every error that Foxwire raises for something other than a caller's mistake. */
export class FoxgloveError extends Error {
  /** Stable name of what went wrong; match on this and not on the message. */
  readonly code: string;

  /**
   * Makes an error.
   *
   * @param message What went wrong, in sentence case without a full stop.
   * @param options `code`, and the `cause` where another error led to this one.
   */
  constructor(message: string, options: { code: string; cause?: unknown }) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.code = options.code;
  }
}

/** The connection could not be made, or ended while something waited on it. `code` is `"connection"` unless said otherwise. */
export class ConnectionError extends FoxgloveError {
  /** WebSocket close code, where the connection ended with one (1006 when it was cut). */
  readonly closeCode: number | undefined;

  /**
   * Makes an error.
   *
   * @param options `closeCode` of the connection that ended; `code` to replace `"connection"`; `cause`.
   */
  constructor(message: string, options: { code?: string; closeCode?: number; cause?: unknown } = {}) {
    super(message, { ...options, code: options.code ?? "connection" });
    this.closeCode = options.closeCode;
  }
}

/** A wait took longer than its time limit. `code` is `"timeout"`. */
export class TimeoutError extends FoxgloveError {
  /**
   * Makes an error.
   *
   * @param message What was waited for, and for how long.
   */
  constructor(message: string) {
    super(message, { code: "timeout" });
  }
}

/** The text of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
