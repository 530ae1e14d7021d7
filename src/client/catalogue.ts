/**
 * What a server has told of itself so far.
 *
 * @module
 */
import type { AdvertisedService, ServerInfo, Status } from "../protocol/messages.ts";
import type { ServerChannel } from "./server_channel.ts";

/** Live maps of what there is. */
export class Catalogue {
  serverInfo: ServerInfo;
  time: bigint | undefined;
  readonly channels = new Map<number, ServerChannel>();
  readonly services = new Map<number, AdvertisedService>();
  /** Statuses with an id: those without one cannot be taken away again, so they are events only. */
  readonly statuses = new Map<string, Status>();

  constructor(serverInfo: ServerInfo) {
    this.serverInfo = serverInfo;
  }
}

/** Sets each of `values` under its id. */
export function setAll<T extends { readonly id: number }>(map: Map<number, T>, values: readonly T[]): void {
  for (const value of values) map.set(value.id, value);
}

/** Takes the values of `ids` out of `map`. @returns Those that were there. */
export function takeAll<T>(map: Map<number, T>, ids: readonly number[]): T[] {
  return ids.flatMap((id) => {
    const value = map.get(id);
    if (value === undefined) return [];
    map.delete(id);
    return [value];
  });
}
