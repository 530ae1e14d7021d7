/**
 * The connection graph.
 *
 * @module
 */
import type { JsonMessage, JsonObject } from "../case.ts";
import type { Peer, Received } from "../peer.ts";
import { check } from "./check.ts";
import { findOp, isOp } from "./messages.ts";

export const SUBSCRIBE = { op: "subscribeConnectionGraph" } as const;
export const UNSUBSCRIBE = { op: "unsubscribeConnectionGraph" } as const;

/** The lists of an update, and the member of their entries that has the ids. */
export const MAPS = {
  publishedTopics: "publisherIds",
  subscribedTopics: "subscriberIds",
  advertisedServices: "providerIds",
} as const;

/** A list of an update that has entries. */
export type MapName = keyof typeof MAPS;

/** The lists of names of an update. */
export const REMOVED = ["removedTopics", "removedServices"] as const;

/** Subscribes, and gives the first update. */
export async function subscribeGraph(peer: Peer): Promise<JsonMessage> {
  peer.send(SUBSCRIBE);
  return await findOp(peer, "connectionGraphUpdate");
}

/** Updates among messages. */
export function updatesIn(messages: readonly Received[]): JsonMessage[] {
  return messages.filter((message) => isOp(message, "connectionGraphUpdate")) as JsonMessage[];
}

/** The entries of a list. @throws {Mismatch} when there is no such list. */
export function entries(update: JsonMessage, map: MapName): JsonObject[] {
  const list = update[map];
  check(Array.isArray(list), `a list "${map}" in connectionGraphUpdate`, update);
  return list;
}

/** The ids of a name, or `undefined` when an update does not have it. */
export function idsOf(update: JsonMessage, map: MapName, name: string): string[] | undefined {
  return entries(update, map).find((entry) => entry.name === name)?.[MAPS[map]] as string[] | undefined;
}

/** Each entry of an update as `"list name"`, with its ids in order. */
function keyed(update: JsonMessage): [key: string, ids: string][] {
  const maps = Object.keys(MAPS) as MapName[];
  return maps.flatMap((map) =>
    entries(update, map).map((entry): [string, string] => [
      `${map} ${entry.name}`,
      JSON.stringify((entry[MAPS[map]] as string[]).toSorted()),
    ])
  );
}

/** What a client knows of the graph, and which entries of an update tell it nothing new. */
export class KnownGraph {
  readonly #ids = new Map<string, string>();

  /** Takes an update. @returns The entries that are what they were before. */
  take(update: JsonMessage): string[] {
    const unchanged = keyed(update).filter(([key, ids]) => this.#ids.get(key) === ids).map(([key]) => key);
    for (const [key, ids] of keyed(update)) this.#ids.set(key, ids);
    return unchanged;
  }
}
