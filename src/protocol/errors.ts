/**
 * What a decoder throws.
 *
 * @module
 */
import { FoxgloveError } from "../util/errors.ts";

/**
 * The request that a broken message asks for, or answers, where its ids could still be read: somebody waits for it. A
 * server sends the failure answer, a client gives up the request.
 */
export type BrokenRequest =
  | { kind: "serviceCall"; serviceId: number; callId: number }
  | { kind: "fetchAsset"; requestId: number }
  | { kind: "parameters"; id: string }
  | { kind: "playback"; requestId: string };

/**
 * A message that does not follow the protocol. The message text names the op, the field and what was received.
 * `code` is `"unknown_op"` for an op or opcode that is not known (a newer peer), else `"invalid_message"`.
 */
export class ProtocolError extends FoxgloveError {
  /** What `name` of its instances is, also in minified code. */
  static override readonly name: string = "ProtocolError";
  /** The request that somebody waits for, if the message was one, or its answer. */
  readonly request: BrokenRequest | undefined;

  /**
   * An error to be thrown by a decoder.
   *
   * @param message What is wrong, in sentence case without a full stop.
   * @param options `code` to replace `"invalid_message"`, `request`, and the `cause` where another error led to this one.
   */
  constructor(
    message: string,
    options: { code?: "invalid_message" | "unknown_op"; request?: BrokenRequest; cause?: unknown } = {},
  ) {
    super(message, { ...options, code: options.code ?? "invalid_message" });
    this.request = options.request;
  }
}
