/**
 * What a server tells its user.
 *
 * @module
 */
import type { ClientChannel } from "../protocol/messages.ts";
import type { ErrorEvent } from "../util/events.ts";
import type { Channel } from "./channel.ts";
import { namesOf } from "./checks.ts";
import type { ServerClient } from "./server_client.ts";

/** The events of a `FoxgloveServer`; see `server.on()`. */
export interface ServerEvents {
  /** A client has connected and been greeted. */
  connect: { client: ServerClient };
  /** A client is gone; its subscriptions and channels were released before. Once per client. */
  disconnect: { client: ServerClient; code: number; reason: string };
  /** A client has subscribed to a channel. */
  subscribe: { client: ServerClient; channel: Channel<never> };
  /** A subscription ended: by the client, with its channel, or with the connection. */
  unsubscribe: { client: ServerClient; channel: Channel<never> };
  /** A client has advertised a channel of its own. */
  advertise: { client: ServerClient; channel: ClientChannel };
  /** A client's channel is gone, by its own word or with the connection. */
  unadvertise: { client: ServerClient; channel: ClientChannel };
  /** A client has published on its channel. The bytes are the listener's to keep. */
  message: { client: ServerClient; channel: ClientChannel; data: Uint8Array };
  /**
   * A handler, validator, filter or listener of yours threw, or a socket broke; `during` says which. The server lives on,
   * and the client has its answer. Without a listener it is written with `console.error`.
   */
  error: ErrorEvent;
}

/** Their names. */
export const SERVER_EVENTS: readonly (keyof ServerEvents)[] = namesOf<keyof ServerEvents>({
  connect: true,
  disconnect: true,
  subscribe: true,
  unsubscribe: true,
  advertise: true,
  unadvertise: true,
  message: true,
  error: true,
});
