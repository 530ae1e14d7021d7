/**
 * Every limit of the server, with the reason of its default.
 *
 * @module
 */

/** What one client, or all of them, may cost the server. */
export interface ServerLimits {
  /** Largest inbound message in bytes; a larger one closes the connection with 1009, where the runtime can tell. */
  messageBytes: number;
  /** Clients at one time; further upgrades are refused with 503. */
  clients: number;
  /** Subscriptions of one client. */
  subscriptions: number;
  /** Channels that one client advertises. */
  clientChannels: number;
  /** Bytes of control messages waiting for one client; more closes it with 1013. */
  controlBytes: number;
  /** Bytes of channel data waiting for one client; beyond that the oldest is dropped and counted. */
  dataBytes: number;
  /** Most microseconds that a frame is held under load so that more leave in the same write; 0 turns it off. */
  coalesceMicros: number;
  /** Milliseconds that a closing client has for its closing handshake before it is cut off. */
  closeMs: number;
}

const MIB = 1024 * 1024;

/** The limits of a server that was given none. */
export const SERVER_LIMITS: Readonly<ServerLimits> = Object.freeze({
  // What the official SDK's server takes in one frame: no client of its can notice a difference.
  messageBytes: 16 * MIB,
  // A viewer is a person: a thousand are a mistake or an attack.
  clients: 1_000,
  // The largest robots have a few thousand topics.
  subscriptions: 10_000,
  // Viewers advertise a handful of channels, bridges a few hundred.
  clientChannels: 1_000,
  // Minutes of statuses and answers; channels are announced as there is room, however many there are.
  controlBytes: 16 * MIB,
  // A few point clouds, or several seconds of everything else.
  dataBytes: 16 * MIB,
  // Far below what a person or a 1 kHz loop can notice, and long enough for dozens of messages to share a write.
  coalesceMicros: 200,
  // A live peer answers a close within a round trip.
  closeMs: 2_000,
});
