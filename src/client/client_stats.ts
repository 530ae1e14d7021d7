/**
 * What a client counts.
 *
 * @module
 */
import { ProtocolError } from "../protocol/errors.ts";

/** Figures that outlive a connection. */
export interface ClientCounters {
  /** Messages, and entries of lists in messages, that do not follow the protocol; each raised an `error` event. */
  invalidMessages: number;
  /** Messages that mean nothing to this client: unknown ops, unknown ids, anything before `serverInfo`. */
  ignoredMessages: number;
  /**
   * Messages of subscriptions that had been ended, and answers to requests that nobody waits for any more; a few are
   * normal, as they were on their way.
   */
  lateMessages: number;
  /** Published messages that were dropped because the server reads too slowly, or because there was no connection. */
  droppedMessages: number;
  /** Connections that were made after the first one had been lost. */
  reconnects: number;
}

/** Figures of one connection: the one there is, or else the last one. */
export interface ConnectionStats {
  /** Messages that came. */
  receivedMessages: number;
  /** Bytes of those messages. */
  receivedBytes: number;
  /** Messages that were sent, or wait to be. */
  sentMessages: number;
  /** Bytes of those messages. */
  sentBytes: number;
  /** Bytes that wait to be sent; `undefined` where the runtime cannot tell. */
  queuedBytes: number | undefined;
}

/** What a `FoxgloveClient` has done and has now. */
export interface FoxgloveClientStats extends ClientCounters, ConnectionStats {
  /** Subscriptions on the wire; all readers of a channel share one. */
  subscriptions: number;
}

/** Counters of a client that has seen nothing yet. */
export function newCounters(): ClientCounters {
  return { invalidMessages: 0, ignoredMessages: 0, lateMessages: 0, droppedMessages: 0, reconnects: 0 };
}

/** Counts a message that could not be read or taken. @returns Whether it is worth telling: a newer peer is not. */
export function countFailure(counters: ClientCounters, error: unknown): boolean {
  if (error instanceof ProtocolError && error.code === "unknown_op") {
    counters.ignoredMessages++;
    return false;
  }
  if (error instanceof ProtocolError) counters.invalidMessages++;
  return true;
}
