/**
 * What a server is told by its user, and the figures it gives back.
 *
 * @module
 */
import type { Subprotocol } from "../protocol/constants.ts";
import type { Clock } from "../util/time.ts";
import type { AdmissionOptions } from "./admission.ts";
import { checkFlag, checkMembers, namesOf } from "./checks.ts";
import type { ServerLimits } from "./limits.ts";
import type { ParameterStoreOptions } from "./parameters.ts";
import type { Permissions } from "./permissions.ts";
import type { CloseOptions } from "./server_client.ts";
import type { Peer } from "./session.ts";

/** What a server says of itself and what it allows. */
export interface ServerOptions extends AdmissionOptions {
  /** Shown by viewers as the name of the source. Default `"Foxwire"`. */
  name?: string;
  /** Identifies the state of the server: a client that reconnects and finds another one starts afresh. Default: random. */
  sessionId?: string;
  /** Free texts about the server. */
  metadata?: Record<string, string>;
  /** Whether clients may publish on channels of their own; see the `message` event. Default `false`. */
  clientPublish?: boolean;
  /** Encodings that clients may publish in, best first; left out: any. Viewers pick from this list. */
  supportedEncodings?: string[];
  /** What clients may do with `server.parameters`; given, the server has parameters from the start, even with none set. */
  parameters?: ParameterStoreOptions;
  /** `true`: who publishes, subscribes and provides what is shown to clients that ask; see `server.graph`. Default `false`. */
  connectionGraph?: boolean;
  /** What each client may see and do; left out: everything. */
  permissions?: Permissions;
  /** Capabilities to declare besides those that follow from what is registered, such as `"time"` before the first time. */
  capabilities?: string[];
  /** Limits that differ from {@link SERVER_LIMITS}. */
  limits?: Partial<ServerLimits>;
  /** For tests: the clock of every timer. */
  clock?: Clock;
}

/** The names of {@link ServerOptions}. */
export const SERVER_OPTIONS = namesOf<keyof ServerOptions>({
  name: true,
  sessionId: true,
  metadata: true,
  clientPublish: true,
  supportedEncodings: true,
  parameters: true,
  connectionGraph: true,
  permissions: true,
  capabilities: true,
  limits: true,
  clock: true,
  authorize: true,
  allowedOrigins: true,
});

/** @throws {TypeError} when options are none: a misspelt one would leave the server open, or without a limit. */
export function checkServerOptions(options: ServerOptions): void {
  checkMembers(options, SERVER_OPTIONS, "options of the server");
  checkFlag(options.clientPublish, "clientPublish");
  checkFlag(options.connectionGraph, "connectionGraph");
}

/** How to end a server. */
export interface ServerCloseOptions extends CloseOptions {
  /** Milliseconds that clients have to take what is waiting and to answer; then they are cut off. Default 2000. */
  timeoutMs?: number;
}

/** What a server has and does now. */
export interface ServerStats {
  /** Connected clients. */
  clients: number;
  /** Live channels. */
  channels: number;
  /** Subscriptions of all clients. */
  subscriptions: number;
  /** Bytes waiting for all clients. */
  queuedBytes: number;
  /** Messages sent since the server started, also to clients that have left; likewise below. */
  sentMessages: number;
  /** Bytes of those messages. */
  sentBytes: number;
  /** Data messages dropped because a client was too slow. */
  droppedMessages: number;
  /** Bytes of those messages. */
  droppedBytes: number;
}

/** Who is at the other end of a socket given to {@link FoxgloveServer.accept}. */
export interface AcceptOptions extends Peer {
  /** The subprotocol that was negotiated, where the socket does not know it (Deno's server sockets). */
  protocol?: Subprotocol | undefined;
}
