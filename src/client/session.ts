/**
 * What a client does when it is connected again.
 *
 * @module
 */
import type { ServerInfo } from "../protocol/messages.ts";
import type { ClientParts } from "./handlers.ts";
import type { ClientState } from "./link.ts";

/** A connection that follows on another. */
export interface Successor {
  readonly serverInfo: ServerInfo;
  readonly attempts: number;
  readonly state: ClientState;
}

/**
 * Empties the catalogue, and of a server that is not the one it was also what nobody has read yet: nothing of an old
 * session follows the event of the new one.
 *
 * @returns What to tell the user, in this order, when everything else is done.
 */
export function startAfresh(
  { catalogue, subscriptions, features, events }: ClientParts,
  { serverInfo, attempts, state }: Successor,
): (() => void)[] {
  const { sessionId, channels, services, statusIds } = catalogue.replace(serverInfo);
  const resumed = sessionId !== undefined && sessionId === serverInfo.sessionId;
  if (!resumed) {
    subscriptions.forgetUnread();
    features.forgetUnread();
  }
  return [
    () => channels.length > 0 && events.emit("unadvertise", { channels }),
    () => services.length > 0 && events.emit("unadvertiseServices", { services }),
    () => statusIds.length > 0 && events.emit("removeStatus", { statusIds }),
    () => events.emit("state", state),
    () => events.emit("serverInfo", serverInfo),
    () => events.emit(resumed ? "resumed" : "session", { serverInfo, attempts }),
  ];
}
