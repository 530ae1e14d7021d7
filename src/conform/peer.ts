/**
 * A client that speaks the wire by hand: JSON as a case writes it, binary messages from `bytes.ts`. Nothing of Foxwire's
 * client or codec takes part, so neither can hide what a server does.
 *
 * @module
 */
import type { JsonMessage } from "./case.ts";

/** A message of the server: parsed JSON, or the bytes of a binary one. */
export type Received = JsonMessage | Uint8Array;

/** A message to send: an object as JSON, a string as a text message as it is, bytes as a binary one. */
export type Sendable = object | string | Uint8Array;

/** A connection to the server under test. */
export interface Peer {
  readonly protocol: string;
  /** Milliseconds that it waits for one answer. */
  readonly answerMs: number;
  /** What came before anything was asked. */
  readonly greeting: readonly Received[];
  send(...messages: Sendable[]): void;
  /** The next message of the server. @throws {Mismatch} when none comes in time, or the connection ends. */
  next(what?: string): Promise<Received>;
  /** The next message that is one of these, leaving out channel data, `time`, and unasked statuses. @throws {Mismatch} */
  answer(expected: string, is: (message: Received) => boolean): Promise<Received>;
  /** The next JSON message of this op, others that nobody asked for left out. */
  expect(op: string): Promise<JsonMessage>;
  /** The next binary message of this opcode. */
  expectBinary(opcode: number): Promise<Uint8Array>;
  /** A status of this level; `message` is matched where the rule says how it reads. */
  expectStatus(level: "info" | "warning" | "error", message?: string | RegExp): Promise<JsonMessage>;
  /**
   * Everything the server sends until it has surely answered what was sent before: until the answer to a harmless request, of
   * the kind that this server was seen to answer when the run began, or until it was silent for a while.
   */
  settle(): Promise<Received[]>;
  /** Sends, then {@link settle}s. */
  ask(...messages: Sendable[]): Promise<Received[]>;
  /** Fails unless the connection is alive: a harmless request is answered. Say what it should have survived. */
  expectAlive(after: string): Promise<void>;
  /** The end of the connection, with its code; fails when it does not end in time. */
  expectClose(): Promise<{ code: number; reason: string }>;
  close(code?: number, reason?: string): Promise<void>;
}
