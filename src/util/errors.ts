/**
 * The errors a caller catches. A caller's own mistake is a `TypeError` or a `RangeError`; everything else that Foxwire
 * throws is a {@link FoxgloveError}, told apart by its stable `code`.
 *
 * @module
 */

/**
 * Base of every error that Foxwire raises for something other than a caller's mistake.
 *
 * | `code`              | class             | what went wrong                                                                |
 * | ------------------- | ----------------- | ------------------------------------------------------------------------------ |
 * | `"address_in_use"`  | `FoxgloveError`   | the port to listen on is taken                                                 |
 * | `"asset_failed"`    | `AssetError`      | the server has not got the asset, or cannot give it                            |
 * | `"capability"`      | `FoxgloveError`   | the server does not declare the capability that is needed                      |
 * | `"closed"`          | `FoxgloveError`   | the publisher whose stream is written to is closed                             |
 * | `"connection"`      | `ConnectionError` | the connection could not be made, or ended while something waited on it        |
 * | `"decode"`          | `FoxgloveError`   | a message or a response is not what its encoding says; `cause` is the reason   |
 * | `"duplicate_topic"` | `FoxgloveError`   | a topic has more than one channel (event `error` of a server)                  |
 * | `"encoding"`        | `FoxgloveError`   | the server does not take messages in this encoding                             |
 * | `"invalid_message"` | `ProtocolError`   | a message of the other side does not follow the protocol                       |
 * | `"listen_failed"`   | `FoxgloveError`   | the port cannot be listened on                                                 |
 * | `"no_websocket"`    | `FoxgloveError`   | this runtime has no `WebSocket`, and none was given                            |
 * | `"overflow"`        | `FoxgloveError`   | the server reads too slowly (event `error` of a client, which is cut off)      |
 * | `"service_failed"`  | `ServiceError`    | the service says that it failed                                                |
 * | `"service_gone"`    | `ConnectionError` | the service was taken away before it answered                                  |
 * | `"service_removed"` | `FoxgloveError`   | the service was removed while it worked (reason of its handler's signal)       |
 * | `"subprotocol"`     | `ConnectionError` | the server has chosen no subprotocol, or one that was not offered              |
 * | `"timeout"`         | `TimeoutError`    | the time limit has passed                                                      |
 * | `"tls"`             | `FoxgloveError`   | the certificate or the key is none, or they do not belong together             |
 * | `"unknown_op"`      | `ProtocolError`   | a message of a kind that this version does not know                            |
 */
export class FoxgloveError extends Error {
  /** What `name` of its instances is, also in minified code. */
  static override readonly name: string = "FoxgloveError";
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
  /** What `name` of its instances is, also in minified code. */
  static override readonly name: string = "ConnectionError";
  /** WebSocket close code, where the connection ended with one (1006 when it was cut). */
  readonly closeCode: number | undefined;

  /**
   * Makes an error.
   *
   * @param options `closeCode` of the connection that ended; `code` to replace `"connection"`; `cause`.
   */
  constructor(message: string, options: { code?: string; closeCode?: number | undefined; cause?: unknown } = {}) {
    super(message, { ...options, code: options.code ?? "connection" });
    this.closeCode = options.closeCode;
  }
}

/** A wait took longer than its time limit. `code` is `"timeout"`. */
export class TimeoutError extends FoxgloveError {
  /** What `name` of its instances is, also in minified code. */
  static override readonly name: string = "TimeoutError";
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
