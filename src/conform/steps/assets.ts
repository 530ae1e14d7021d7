/**
 * Fetching assets.
 *
 * @module
 */
import { readAsset } from "../bytes.ts";
import type { Peer, Received } from "../peer.ts";
import { check } from "./check.ts";
import { counted } from "../words.ts";
import { findBinary, isBinary, OPCODES } from "./messages.ts";

/** An answer to `fetchAsset`. */
export type Asset = ReturnType<typeof readAsset>;

/** A small file of the reference server, and one of 8 MiB of which byte i is i mod 251. */
export const SMALL = "package://everything/robot.urdf";
export const HUGE = "package://everything/huge.bin";

/** A URI that stands for nothing. */
export const MISSING = "package://foxwire_conform/missing.stl";

/** A `fetchAsset`. */
export const fetching = (uri: string, requestId: number): object => ({ op: "fetchAsset", uri, requestId });

/** The next asset, or failure. */
export async function nextAsset(peer: Peer): Promise<Asset> {
  return readAsset(await findBinary(peer, OPCODES.asset));
}

/** Ids of the requests that are answered among messages. */
export function assetsIn(messages: readonly Received[]): number[] {
  const answers = messages.filter((message) => isBinary(message, OPCODES.asset));
  return answers.map((message) => readAsset(message as Uint8Array).requestId);
}

/** Fetches, and gives the answer. @throws {Mismatch} when it belongs to another request. */
export async function fetched(peer: Peer, uri: string, requestId: number): Promise<Asset> {
  peer.send(fetching(uri, requestId));
  const asset = await nextAsset(peer);
  check(asset.requestId === requestId, `request id ${requestId}`, asset.requestId);
  return asset;
}

/** Fails unless an answer is a failure with a text and no data. */
export function expectFailed(asset: Asset): void {
  const { status, error, data } = asset;
  check(status === 1, "status 1, an error", asset);
  check(error !== "", "an error message", "an empty one");
  check(data.length === 0, "no data behind the error message", counted(data.length, "byte"));
}

/** Fails unless an answer has data and no error. */
export function expectFound({ status, error, data }: Asset): void {
  check(status === 0 && error === "", "status 0 and an empty error message", { status, error });
  check(data.length > 0, "the asset's data", "nothing");
}
