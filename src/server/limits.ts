/**
 * Every limit of the server, with the reason of its default.
 *
 * @module
 */

import { describe } from "../protocol/describe.ts";
import { checkMembers } from "./checks.ts";

/** What one client, or all of them, may cost the server. {@link SERVER_LIMITS} has the defaults, and the reason of each. */
export interface ServerLimits {
  /** Largest inbound message in bytes; a larger one closes the connection with 1009, where the runtime can tell. Default 16 MiB. */
  messageBytes: number;
  /** Clients at one time; further upgrades are refused with 503. Default 1000. */
  clients: number;
  /** Subscriptions of one client. Default 10 000. */
  subscriptions: number;
  /** Channels that one client advertises. Default 1000. */
  clientChannels: number;
  /** Bytes of the names and schemas of channels that one client advertises. Default 16 MiB. */
  clientChannelBytes: number;
  /** Names in one parameter request, and names whose updates one client has asked for. Default 10 000. */
  parameterNames: number;
  /** Bytes of the names whose updates one client has asked for. Default 1 MiB. */
  parameterNameBytes: number;
  /** Parameters that clients have created and not deleted, of all clients together. Default 1000. */
  clientParameters: number;
  /** Bytes of the values that clients have set, with their names, of all clients together. Default 16 MiB. */
  clientParameterBytes: number;
  /** Parameter requests of one client that wait for async validators. Default 32. */
  parameterRequests: number;
  /** Milliseconds that an async validator of a parameter has for its verdict. Default 30 000. */
  parameterMs: number;
  /** Service calls of one client that wait for their handlers. Default 32. */
  serviceCalls: number;
  /** Milliseconds that a service has for its answer, unless it says otherwise. Default 30 000. */
  serviceMs: number;
  /** Asset requests of one client whose answers have not gone out. Default 32. */
  assetRequests: number;
  /** Milliseconds that an asset handler has for its answer, and a stream for each chunk. Default 30 000. */
  assetMs: number;
  /** Bytes of the largest asset; a larger one is answered with a failure. Default 60 MiB. */
  assetBytes: number;
  /** Bytes of control messages waiting for one client; more closes it with 1013. Default 16 MiB. */
  controlBytes: number;
  /** Bytes of channel data waiting for one client; beyond that the oldest is dropped and counted. Default 16 MiB. */
  dataBytes: number;
  /** Most microseconds that a frame is held under load so that more leave in the same write; 0 turns it off. Default 200. */
  coalesceMicros: number;
  /** Playback requests of one client that wait for the handlers. Default 32. */
  playbackRequests: number;
  /** Milliseconds that the handlers of playback have for one request. Default 30 000. */
  playbackMs: number;
  /** Milliseconds that `authorize` has for its answer. Default 10 000. */
  authorizeMs: number;
  /**
   * Milliseconds of silence after which a client that answers no ping is cut off, where the runtime has ping; 0: never.
   * Default 30 000.
   */
  idleMs: number;
  /** Milliseconds after which a client is cut off that takes nothing while data is dropped for it; 0: never. Default 10 000. */
  stallMs: number;
  /** Milliseconds that a closing client has for its closing handshake before it is cut off. Default 2000. */
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
  // The schemas of a few hundred channels, each with all that it imports; they stay as long as their client.
  clientChannelBytes: 16 * MIB,
  // The largest ROS systems have a few thousand parameters.
  parameterNames: 10_000,
  // Names of a hundred bytes, as many as there may be.
  parameterNameBytes: MIB,
  // A person adds a handful; they stay when their client leaves.
  clientParameters: 1_000,
  // One value may be as large as a message; those of own code are not counted.
  clientParameterBytes: 16 * MIB,
  // A viewer has one or two under way; more wait for something that does not come.
  parameterRequests: 32,
  // As long as a service call may take: a validator may have to ask a device.
  parameterMs: 30_000,
  // A viewer has a handful under way; more wait for something that does not come.
  serviceCalls: 32,
  // Long enough for a robot to do something, short enough that the caller is still there.
  serviceMs: 30_000,
  // As many meshes as a browser would fetch at once for a robot's description, several times over.
  assetRequests: 32,
  // As long as a service call may take: a handler may have to ask another machine.
  assetMs: 30_000,
  // An asset is one message, and peers cut the connection at larger ones: Deno's WebSocket at 64 MiB, npm `ws` at 100.
  assetBytes: 60 * MIB,
  // Minutes of statuses and answers; channels are announced as there is room, however many there are.
  controlBytes: 16 * MIB,
  // A few point clouds, or several seconds of everything else.
  dataBytes: 16 * MIB,
  // Far below what a person or a 1 kHz loop can notice, and long enough for dozens of messages to share a write.
  coalesceMicros: 200,
  // A person who drags a slider asks faster than a slow source can jump.
  playbackRequests: 32,
  // As long as a service call may take: a source may have to fetch a recording.
  playbackMs: 30_000,
  // Long enough to ask another server; a client that waits longer gives up.
  authorizeMs: 10_000,
  // Networks pause for seconds; a client that was silent for longer connects again.
  idleMs: 30_000,
  // Far longer than a viewer is busy with itself: this one has stopped reading.
  stallMs: 10_000,
  // A live peer answers a close within a round trip.
  closeMs: 2_000,
});

/**
 * The limits of a server that was given these.
 *
 * @throws {TypeError} when a limit is unknown, or no number.
 * @throws {RangeError} when it is NaN or below 0: nothing would ever be more than it, or everything.
 */
export function serverLimits(limits: Partial<ServerLimits> = {}): ServerLimits {
  checkMembers(limits, Object.keys(SERVER_LIMITS), "limits");
  const given = Object.entries(limits).filter(([, limit]) => limit !== undefined);
  for (const [name, limit] of given) checkLimit(name, limit);
  return { ...SERVER_LIMITS, ...Object.fromEntries(given) };
}

function checkLimit(name: string, limit: unknown): void {
  if (typeof limit !== "number") throw new TypeError(`Invalid limit ${name}: ${describe(limit)}, need a number`);
  if (!(limit >= 0)) throw new RangeError(`Invalid limit ${name}: ${limit}, need 0 or more`);
}
