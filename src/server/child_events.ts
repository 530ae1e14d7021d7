/**
 * Events of a part of the server, such as `server.parameters`.
 *
 * @module
 */
import { type EventMap, Events } from "../util/events.ts";
import type { ServerEvents } from "./server_events.ts";

/** Events whose failing listeners raise the server's `error` event. */
export function childEvents<Map extends object>(
  server: Events<ServerEvents>,
  types: readonly (keyof Map)[],
): Events<Map & EventMap> {
  const events = new Events<EventMap>([...types, "error"] as (keyof EventMap)[]);
  events.on("error", (event) => server.emit("error", event));
  return events as unknown as Events<Map & EventMap>;
}
