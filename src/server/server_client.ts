/**
 * A connected client, as the server's user sees it.
 *
 * @module
 */
import type { StatusLevel, Subprotocol } from "../protocol/constants.ts";

/** How to end a connection. */
export interface CloseOptions {
  /** WebSocket close code: 1000 to 1003, 1007 to 1014, or 3000 to 4999. */
  code?: number;
  /** Text for the peer, cut to 123 UTF-8 bytes. */
  reason?: string;
}

/** What one client has got, lost, and still has waiting. */
export interface ClientStats {
  /** Bytes waiting for this client, here and in the transport. */
  queuedBytes: number;
  /** Messages handed to the transport. */
  sentMessages: number;
  /** Bytes of those messages. */
  sentBytes: number;
  /** Data messages dropped because the client was too slow. */
  droppedMessages: number;
  /** Bytes of those messages. */
  droppedBytes: number;
  /**
   * Milliseconds of a round trip to the client and back, measured now and then; `undefined` where the runtime has no
   * ping (inside a `Deno.serve` of your own, and on any standard `WebSocket`), or none was answered yet.
   */
  rttMs: number | undefined;
  /** Messages from this client that did not follow the protocol. */
  invalidMessages: number;
  /** The live subscriptions. */
  subscriptions: SubscriptionStats[];
}

/** One subscription of a client. */
export interface SubscriptionStats {
  /** Name of the topic. */
  topic: string;
  /** Id of the channel. */
  channelId: number;
  /** Messages of it that were dropped. */
  droppedMessages: number;
}

/** A connected client; found in `server.clients` and in events. Its methods do nothing once it has left. */
export interface ServerClient {
  /** Counts connections of the server from 1. */
  readonly id: number;
  /** The peer's IP address, where the runtime tells it. */
  readonly address: string | undefined;
  /** Path and query of the request that opened the connection, where known. */
  readonly url: string | undefined;
  /** Who it is: the `identity` that the server's `authorize` has answered, or that `accept()` was given; else `undefined`. */
  readonly identity: unknown;
  /** The subprotocol both sides agreed on. */
  readonly protocol: Subprotocol;
  /** Bytes waiting for this client, here and in the transport; cheap enough to ask for each message. */
  readonly queuedBytes: number;
  /** Figures of now. */
  stats(): ClientStats;
  /** Shows a status to this client alone; one with the same `id` replaces it. */
  status(level: StatusLevel, message: string, options?: { id?: string }): void;
  /** Removes statuses of this client by id. */
  removeStatus(...ids: string[]): void;
  /**
   * Ends the connection after what is waiting in its control lane; default code 1000.
   *
   * @throws {RangeError} when a Close frame cannot carry the code.
   */
  close(options?: CloseOptions): void;
}
