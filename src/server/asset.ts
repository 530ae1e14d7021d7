/**
 * The files of a server, by URI.
 *
 * @module
 */
import type { ServerClient } from "./server_client.ts";

/** One request for an asset, besides its URI. */
export interface AssetRequest {
  /** Who asks. */
  readonly client: ServerClient;
  /** Aborts when nobody waits for the asset any more: the client has left, or the time is up. */
  readonly signal: AbortSignal;
}

/**
 * What is in an asset. Bytes must not be changed afterwards: they are not copied. A stream is read when its turn has
 * come, so that large files do not wait in memory.
 */
export type AssetBody = Uint8Array | ReadableStream<Uint8Array>;

/**
 * Finds the asset of a URI, such as `package://robot/arm.stl`; `undefined` when there is none. What is thrown becomes
 * the failure that the client gets, with the error's message as its text, and raises the server's `error` event. The URI
 * comes from the client: before it is used as the path of a file, make sure that it stays where it should.
 *
 * @example
 * ```ts
 * import { type AssetHandler, connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const files = new Map([["package://robot/arm.urdf", new TextEncoder().encode("<robot/>")]]);
 * const handler: AssetHandler = (uri) => files.get(uri);
 * const server = new FoxgloveServer({ name: "robot" });
 * server.asset(handler);
 *
 * const [serverEnd, clientEnd] = linkedTransports();
 * server.accept(serverEnd);
 * const client = await connect(clientEnd);
 * const urdf = await client.fetchAsset("package://robot/arm.urdf");
 * console.assert(urdf.length === 8);
 * await client.close();
 * await server.close();
 * ```
 */
export type AssetHandler = (
  uri: string,
  request: AssetRequest,
) => AssetBody | undefined | Promise<AssetBody | undefined>;

/** Bytes of a stream as they come in, up to a limit. */
export class AssetReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #maxBytes: number;

  /** @throws {TypeError} when the stream is being read already. */
  constructor(stream: ReadableStream<Uint8Array>, maxBytes: number) {
    this.#reader = stream.getReader();
    this.#maxBytes = maxBytes;
  }

  /**
   * Reads all of it.
   *
   * @param onProgress Called before each chunk is asked for.
   * @throws {TypeError} when a chunk is no bytes; {RangeError} when there are too many.
   */
  async read(onProgress: () => void): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for (;;) {
      onProgress();
      const { done, value } = await this.#reader.read();
      if (done) return joined(chunks, bytes);
      if (!(value instanceof Uint8Array)) throw new TypeError(`Cannot send asset: its stream gave a ${typeof value}`);
      bytes += value.length;
      checkSize(bytes, this.#maxBytes);
      chunks.push(value);
    }
  }

  /** Tells the source that no more is wanted; what is being read then ends. */
  cancel(reason: unknown): void {
    this.#reader.cancel(reason).catch(() => {});
  }
}

/** @throws {RangeError} when an asset is too large for one message. */
export function checkSize(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) throw new RangeError(`Asset is larger than ${maxBytes} bytes`);
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const all = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}
