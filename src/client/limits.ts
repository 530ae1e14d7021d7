/**
 * Every limit of the client, with the reason of its default.
 *
 * @module
 */

/** What a client holds and how long it waits, unless a call says otherwise. {@link CLIENT_LIMITS} has the defaults. */
export interface ClientLimits {
  /** Milliseconds that `connect()` takes from the call to `serverInfo`. Default 10 000. */
  connectMs: number;
  /** Milliseconds that a request takes from its call to its answer. Default 35 000. */
  requestMs: number;
  /** Requests of one kind (calls, assets, parameters, playback) that are under way; more wait for their turn. Default 32. */
  requests: number;
  /** Milliseconds that the server has to answer a close before the connection is cut. Default 2000. */
  closeMs: number;
  /**
   * Milliseconds of silence after which the connection counts as lost, although nobody has said so; 0: never. A server that
   * has nothing to say is asked for a sign of life. Default 0.
   */
  idleMs: number;
  /** Messages that wait for the reader of one subscription; beyond that the oldest is dropped and counted. Default 5000. */
  subscriptionMessages: number;
  /** Bytes of those messages, likewise. Default 64 MiB. */
  subscriptionBytes: number;
  /** Bytes waiting to be sent beyond which published messages are dropped and counted; 64 KiB always may. Default 16 MiB. */
  publishBytes: number;
  /** Bytes of everything waiting to be sent; more cuts the connection. Default 32 MiB. */
  sendBytes: number;
}

const MIB = 1024 * 1024;

/** The limits of a client that was given none. */
export const CLIENT_LIMITS: Readonly<ClientLimits> = Object.freeze({
  // Long enough for a robot on a bad radio link, short enough for a person who mistyped the address.
  connectMs: 10_000,
  // More than the 30 s after which servers give up a service call, so that their reason still arrives.
  requestMs: 35_000,
  // As many as servers of ours take at a time; the official SDK's takes more.
  requests: 32,
  // A live server answers within a round trip.
  closeMs: 2_000,
  // Asking leaves a line in the logs of some servers.
  idleMs: 0,
  // Node delivers all that one read of 64 KiB brings, up to 4 369 messages, before any reader gets its turn.
  subscriptionMessages: 5_000,
  // A dozen large point clouds.
  subscriptionBytes: 64 * MIB,
  // As much as a server of ours queues for a client.
  publishBytes: 16 * MIB,
  // Room for every request on top of what is published; a server that lets it fill up is not reading.
  sendBytes: 32 * MIB,
});
