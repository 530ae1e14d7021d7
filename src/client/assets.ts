/**
 * Assets of a server: meshes, images, URDF files.
 *
 * @module
 */
import type { BrokenRequest, ProtocolError } from "../protocol/errors.ts";
import type { MessageOf, ServerMessage } from "../protocol/messages.ts";
import type { WaitOptions } from "../util/async.ts";
import { type ConnectionError, FoxgloveError } from "../util/errors.ts";
import { type RequestHost, Requests, requireToAsk } from "./requests.ts";

/** The server has not got an asset, or cannot give it. `code` is `"asset_failed"`. */
export class AssetError extends FoxgloveError {
  /** What `name` of its instances is, also in minified code. */
  static override readonly name: string = "AssetError";
  /** What was asked for. */
  readonly uri: string;
  /** What the server says of it. */
  readonly reason: string;

  /**
   * Makes an error.
   *
   * @param uri What was asked for.
   * @param reason What the server says of it.
   */
  constructor(uri: string, reason: string) {
    super(`Cannot fetch "${uri}": ${reason}`, { code: "asset_failed" });
    this.uri = uri;
    this.reason = reason;
  }
}

/** The assets that a client waits for. */
export class Assets {
  readonly #host: RequestHost;
  /** Each with its URI. */
  readonly #requests: Requests<Uint8Array, string>;

  constructor(host: RequestHost) {
    this.#host = host;
    this.#requests = new Requests(host);
  }

  fetch(uri: string, options: WaitOptions): Promise<Uint8Array> {
    return this.#requests.run({
      what: `asset "${uri}"`,
      context: uri,
      start: (requestId) => {
        requireToAsk(this.#host, "assets", `Cannot fetch "${uri}"`);
        this.#host.send({ op: "fetchAsset", uri, requestId });
      },
    }, options);
  }

  answered({ requestId, data, error }: MessageOf<ServerMessage, "fetchAssetResponse">): void {
    const pending = this.#requests.take(requestId);
    if (error === undefined) pending?.resolve(data);
    else pending?.reject(new AssetError(pending.context, error));
  }

  /** An answer has come that could not be read. */
  broken({ requestId }: BrokenRequest & { kind: "fetchAsset" }, error: ProtocolError): void {
    this.#requests.take(requestId)?.reject(error);
  }

  connectionLost(error: ConnectionError): void {
    this.#requests.release(error);
  }
}
