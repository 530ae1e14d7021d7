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

  /** Starts afresh with what another connection says. @returns What there was, and is gone. */
  replace(serverInfo: ServerInfo): Replaced {
    const replaced: Replaced = {
      sessionId: this.serverInfo.sessionId,
      channels: [...this.channels.values()],
      services: [...this.services.values()],
      statusIds: [...this.statuses.keys()],
    };
    this.serverInfo = serverInfo;
    this.time = undefined;
    for (const map of [this.channels, this.services, this.statuses]) map.clear();
    return replaced;
  }
}

/** What a {@link Catalogue} had before it was replaced. */
export interface Replaced {
  readonly sessionId: string | undefined;
  readonly channels: readonly ServerChannel[];
  readonly services: readonly AdvertisedService[];
  readonly statusIds: readonly string[];
}

/** Sets each of `values` under its id. @returns Those that are in `map` now: of an id that comes twice, the last one. */
export function setAll<T extends { readonly id: number }>(map: Map<number, T>, values: readonly T[]): T[] {
  const latest = new Map(values.map((value) => [value.id, value]));
  for (const [id, value] of latest) map.set(id, value);
  return [...latest.values()];
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
