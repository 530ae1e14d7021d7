/**
 * A request that every server answers although it changes nothing: standard `WebSocket`s have no ping.
 *
 * @module
 */
import { MAX_U32 } from "../protocol/constants.ts";
import type { ClientMessage, ServerMessage } from "../protocol/messages.ts";

/**
 * A subscription to a channel that no server has; they number theirs from 1, or 0. Each kind of server that we know refuses
 * it by a status that names the channel: the official SDK's, its predecessors in TypeScript and Python, and ours. Of an
 * `unsubscribe` some say nothing, and `getParameters` needs a capability. The id of the subscription is never used.
 */
export const SIGN_WANTED: ClientMessage = { op: "subscribe", subscriptions: [{ id: 0, channelId: MAX_U32 }] };

/** Whether a message is the answer to {@link SIGN_WANTED}: it concerns nobody else. */
export function isSign(message: ServerMessage<true>): boolean {
  return message.op === "status" && message.message.includes(` ${MAX_U32}`);
}
