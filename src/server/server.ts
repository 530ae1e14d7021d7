/**
 * The portable server: channels in, clients on any transport.
 *
 * @module
 */
import { type Capability, isSubprotocol, type StatusLevel, type Subprotocol } from "../protocol/constants.ts";
import { encodeServerMessage } from "../protocol/codec.ts";
import type { ServerInfo } from "../protocol/messages.ts";
import { checkCloseCode, type Transport } from "../transport/transport.ts";
import { webSocketTransport } from "../transport/web_socket.ts";
import { FoxgloveError } from "../util/errors.ts";
import { Events, type Listener } from "../util/events.ts";
import { type Clock, systemClock } from "../util/time.ts";
import { VERSION } from "../util/version.ts";
import type { Channel, ChannelOptions } from "./channel.ts";
import { type ChannelEntry, ChannelRegistry } from "./channels.ts";
import { type Admission, negotiate, type UpgradeRequest } from "./handshake.ts";
import { SERVER_LIMITS, type ServerLimits } from "./limits.ts";
import type { CloseOptions, ServerClient } from "./server_client.ts";
import type { ServerEvents } from "./server_events.ts";
import { type Peer, Session, type SessionHost } from "./session.ts";

/** What a server says of itself and what it allows. */
export interface ServerOptions {
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
  /** Capabilities to declare besides those that follow from what is registered, such as `"time"` before the first time. */
  capabilities?: string[];
  /** Limits that differ from {@link SERVER_LIMITS}. */
  limits?: Partial<ServerLimits>;
  /** For tests: the clock of every timer. */
  clock?: Clock;
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

/**
 * A Foxglove WebSocket server without a listener: give it sockets with {@link FoxgloveServer.accept}, or let `serve()`,
 * `./deno`, `./bun` or `./node` do so.
 *
 * @example
 * ```ts
 * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * const [serverEnd, clientEnd] = linkedTransports();
 * server.accept(serverEnd);
 * const client = await connect(clientEnd);
 * console.assert(client.serverInfo.name === "robot");
 * await client.close();
 * await server.close();
 * ```
 */
export class FoxgloveServer implements AsyncDisposable {
  /** The limits in force. */
  readonly limits: Readonly<ServerLimits>;
  readonly #options: ServerOptions;
  readonly #clock: Clock;
  readonly #sessionId: string;
  readonly #capabilities: Set<string>;
  readonly #events = new Events<ServerEvents>();
  readonly #sessions = new Set<Session>();
  readonly #channels: ChannelRegistry;
  readonly #host: SessionHost;
  readonly #past = { sentMessages: 0, sentBytes: 0, droppedMessages: 0, droppedBytes: 0 };
  #connections = 0;
  #closed: Promise<void> | undefined;

  /**
   * Makes a server that nobody can reach yet.
   *
   * @param options Name, capabilities and limits; all may be left out.
   */
  constructor(options: ServerOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.limits = { ...SERVER_LIMITS, ...options.limits };
    this.#sessionId = options.sessionId ?? crypto.randomUUID();
    this.#capabilities = new Set(options.capabilities);
    if (options.clientPublish) this.#capabilities.add("clientPublish");
    this.#channels = new ChannelRegistry({
      added: () => this.#clock.defer(() => this.#advertiseAdded()),
      removed: (entry) => this.#channelRemoved(entry),
      doubled: (topic) => this.#warnOfDouble(topic),
    });
    this.#host = this.#makeHost();
  }

  /** The connected clients. */
  get clients(): ReadonlySet<ServerClient> {
    return this.#sessions;
  }

  /**
   * Adds a channel; connected clients are told in the next turn, all channels of one turn at once.
   *
   * @param topic Name of the topic. A second channel on a live topic is allowed, but viewers show only one.
   * @throws {TypeError} when the schema's data does not fit its encoding, or the message encoding needs a schema.
   */
  channel<T = unknown>(topic: string, options: ChannelOptions<T>): Channel<T> {
    return this.#channels.add(topic, options);
  }

  /**
   * Shows a status to every connected client.
   *
   * @param options `id`: a later status with the same one replaces it, and {@link removeStatus} takes it away.
   */
  status(level: StatusLevel, message: string, options: { id?: string } = {}): void {
    for (const session of this.#sessions) session.status(level, message, options);
  }

  /** Removes statuses by id from every connected client. */
  removeStatus(...ids: string[]): void {
    for (const session of this.#sessions) session.removeStatus(...ids);
  }

  /**
   * Tells every client the current time, for sources whose time is not the wall clock: simulators, log players.
   *
   * @param timestamp Nanoseconds since 1970, or whatever zero the source has.
   */
  time(timestamp: bigint): void {
    this.#declare("time");
    if (this.#sessions.size === 0) return;
    const frame = encodeServerMessage({ op: "time", timestamp }) as Uint8Array;
    for (const session of this.#sessions) session.sendTime(frame);
  }

  /** Calls `listener` on each event of `type` until the returned `Disposable` is disposed. */
  on<Type extends keyof ServerEvents>(type: Type, listener: Listener<ServerEvents[Type]>): Disposable {
    return this.#events.on(type, listener);
  }

  /** Removes a listener. */
  off<Type extends keyof ServerEvents>(type: Type, listener: Listener<ServerEvents[Type]>): void {
    this.#events.off(type, listener);
  }

  /** Raises the `error` event; for adapters. @param during Where it happened. */
  handleError(error: unknown, during: string): void {
    this.#events.emit("error", { error, during });
  }

  /** Figures of now. */
  stats(): ServerStats {
    const totals: ServerStats = {
      clients: this.#sessions.size,
      channels: this.#channels.size,
      subscriptions: 0,
      queuedBytes: 0,
      ...this.#past,
    };
    for (const session of this.#sessions) addStats(totals, session);
    return totals;
  }

  /** Decides on a request to open a connection; for adapters. */
  admit(request: UpgradeRequest): Admission | Promise<Admission> {
    const admission = negotiate(request);
    if (!admission.accepted) return admission;
    if (this.#closed !== undefined) return unavailable("Server is closing");
    if (this.#sessions.size >= this.limits.clients) return unavailable("Server has as many clients as it allows");
    return admission;
  }

  /**
   * Serves a client on a socket whose handshake is done.
   *
   * @param socket A {@link Transport}, or a standard `WebSocket` that is open or opening.
   * @throws {TypeError} when the socket has none of the protocol's names.
   */
  accept(socket: Transport | WebSocket, options: AcceptOptions = {}): ServerClient {
    const transport = "bind" in socket ? socket : webSocketTransport(socket);
    const protocol = options.protocol ?? transport.protocol;
    if (!isSubprotocol(protocol)) {
      throw new TypeError(`Cannot accept socket: its subprotocol is "${protocol}", not one of the Foxglove protocol`);
    }
    this.#advertiseAdded();
    const session = new Session(this.#host, { id: ++this.#connections, transport, protocol, peer: options });
    this.#sessions.add(session);
    if (this.#closed !== undefined) {
      session.close({ code: 1001, reason: "Server is closing" });
    } else {
      session.greet();
      this.#events.emit("connect", { client: session });
    }
    return session;
  }

  /**
   * Ends every connection: what waits in the control lanes goes out first, within the time limit. Takes no new
   * clients from now on. Idempotent.
   *
   * @throws {RangeError} when a Close frame cannot carry the code; nothing has changed then.
   */
  close(options: ServerCloseOptions = {}): Promise<void> {
    const ending = { code: 1001, reason: "Server is closing", ...options };
    checkCloseCode(ending.code);
    return this.#closed ??= this.#close(ending);
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(options: ServerCloseOptions): Promise<void> {
    const sessions = [...this.#sessions];
    for (const session of sessions) session.close(options);
    await Promise.all(sessions.map((session) => session.ended));
  }

  #makeHost(): SessionHost {
    return {
      channels: this.#channels,
      limits: this.limits,
      clock: this.#clock,
      events: this.#events,
      supportedEncodings: this.#options.supportedEncodings,
      hasCapability: (name) => this.#capabilities.has(name),
      serverInfo: () => this.#serverInfo(),
      ended: (session) => this.#ended(session),
    };
  }

  #serverInfo(): ServerInfo {
    const { name = "Foxwire", metadata, supportedEncodings } = this.#options;
    return {
      name,
      capabilities: [...this.#capabilities],
      ...(supportedEncodings === undefined ? {} : { supportedEncodings }),
      metadata: { ...metadata, "fg-library": `foxwire/${VERSION}` },
      sessionId: this.#sessionId,
    };
  }

  /** Declares a capability, to the connected clients too: a repeated `serverInfo` is how the protocol says so. */
  #declare(capability: Capability): void {
    if (this.#capabilities.has(capability)) return;
    this.#capabilities.add(capability);
    for (const session of this.#sessions) session.sendServerInfo();
  }

  #advertiseAdded(): void {
    const added = this.#channels.takeAdded();
    if (added.length === 0) return;
    for (const session of this.#sessions) session.advertise(added);
  }

  #channelRemoved(entry: ChannelEntry): void {
    const raisers = Array.from(this.#sessions, (session) => session.channelRemoved(entry));
    for (const raise of raisers) raise?.();
  }

  #warnOfDouble(topic: string): void {
    const error = new FoxgloveError(`Topic "${topic}" has more than one channel: viewers show only one`, {
      code: "duplicate_topic",
    });
    this.handleError(error, "channel()");
  }

  #ended(session: Session): void {
    this.#sessions.delete(session);
    const { sentMessages, sentBytes, droppedMessages, droppedBytes } = session.stats();
    this.#past.sentMessages += sentMessages;
    this.#past.sentBytes += sentBytes;
    this.#past.droppedMessages += droppedMessages;
    this.#past.droppedBytes += droppedBytes;
  }
}

function addStats(totals: ServerStats, session: Session): void {
  const stats = session.stats();
  totals.subscriptions += stats.subscriptions.length;
  totals.queuedBytes += stats.queuedBytes;
  totals.sentMessages += stats.sentMessages;
  totals.sentBytes += stats.sentBytes;
  totals.droppedMessages += stats.droppedMessages;
  totals.droppedBytes += stats.droppedBytes;
}

function unavailable(body: string): Admission {
  return { accepted: false, upgrade: true, status: 503, headers: { "Retry-After": "5" }, body };
}
