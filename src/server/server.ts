/**
 * The portable server: channels in, clients on any transport.
 *
 * @module
 */
import { type Capability, isSubprotocol, type StatusLevel } from "../protocol/constants.ts";
import { encodeServerMessage } from "../protocol/codec.ts";
import { describe } from "../protocol/describe.ts";
import type { ServerInfo } from "../protocol/messages.ts";
import { checkCloseCode, type Transport } from "../transport/transport.ts";
import type { WebSocketLike } from "../transport/web_socket.ts";
import { FoxgloveError } from "../util/errors.ts";
import { Events, type Listener } from "../util/events.ts";
import { type Clock, systemClock } from "../util/time.ts";
import { VERSION } from "../util/version.ts";
import type { AssetHandler } from "./asset.ts";
import { AssetRequests } from "./assets.ts";
import { Admissions } from "./admission.ts";
import { announceAdded } from "./announcements.ts";
import type { Channel, ChannelOptions } from "./channel.ts";
import { type ChannelEntry, ChannelRegistry } from "./channels.ts";
import { type ConnectionGraph, createGraph, providedByServer, publishedByServer } from "./connection_graph.ts";
import type { GraphFeed } from "./graph_feed.ts";
import type { Admission, UpgradeRequest } from "./handshake.ts";
import { type ServerLimits, serverLimits } from "./limits.ts";
import { createParameters, type ParameterRequests } from "./parameter_requests.ts";
import type { ParameterStore } from "./parameters.ts";
import type { PlaybackController, PlaybackSource } from "./playback.ts";
import { PlaybackRequests } from "./playback_requests.ts";
import { PermissionCheck } from "./permissions.ts";
import type { CloseOptions, ServerClient } from "./server_client.ts";
import { SERVER_EVENTS, type ServerEvents } from "./server_events.ts";
import {
  type AcceptOptions,
  checkServerOptions,
  type ServerCloseOptions,
  type ServerOptions,
  type ServerStats,
} from "./server_options.ts";
import type { Service, ServiceHandler, ServiceOptions } from "./service.ts";
import { ServiceCalls } from "./service_calls.ts";
import { type ServiceEntry, ServiceRegistry } from "./services.ts";
import { Session, type SessionHost } from "./session.ts";
import { transportOf } from "./sockets.ts";
import { Totals } from "./totals.ts";

export type { AcceptOptions, ServerCloseOptions, ServerOptions, ServerStats } from "./server_options.ts";

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
  /** Values that clients see and may change; declared to them with the first one. */
  readonly parameters: ParameterStore;
  /** What own code adds to the connection graph. */
  readonly graph: ConnectionGraph;
  readonly #options: ServerOptions;
  readonly #clock: Clock;
  #sessionId: string;
  readonly #capabilities: Set<string>;
  readonly #events = new Events<ServerEvents>(SERVER_EVENTS);
  readonly #sessions = new Set<Session>();
  readonly #channels: ChannelRegistry;
  readonly #services: ServiceRegistry;
  readonly #calls: ServiceCalls;
  readonly #assets: AssetRequests;
  readonly #parameterRequests: ParameterRequests;
  readonly #graphFeed: GraphFeed<Session>;
  readonly #playback: PlaybackRequests;
  readonly #permissions: PermissionCheck;
  readonly #admissions: Admissions;
  readonly #host: SessionHost;
  readonly #totals = new Totals();
  #connections = 0;
  #closed: Promise<void> | undefined;

  /**
   * Makes a server that nobody can reach yet.
   *
   * @param options Name, capabilities and limits; all may be left out.
   * @throws {TypeError} when one of them is not what clients can be told.
   */
  constructor(options: ServerOptions = {}) {
    checkServerOptions(options);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.limits = serverLimits(options.limits);
    this.#sessionId = options.sessionId ?? crypto.randomUUID();
    this.#capabilities = new Set(options.capabilities);
    if (options.clientPublish) this.#capabilities.add("clientPublish");
    if (options.connectionGraph) this.#capabilities.add("connectionGraph");
    if (options.parameters !== undefined) this.#capabilities.add("parameters").add("parametersSubscribe");
    this.#channels = new ChannelRegistry({
      added: () => this.#clock.defer(() => this.#advertiseAdded()),
      removed: (entry) => this.#channelRemoved(entry),
      came: (topic) => this.#graphFeed.added(publishedByServer(topic)),
      went: (topic) => this.#graphFeed.removed(publishedByServer(topic)),
      doubled: (topic) => this.#warnOfDouble(topic),
    });
    this.#services = new ServiceRegistry({
      added: () => this.#clock.defer(() => this.#advertiseAdded()),
      removed: (entry) => this.#serviceRemoved(entry),
      came: (name) => this.#graphFeed.added(providedByServer(name)),
      went: (name) => this.#graphFeed.removed(providedByServer(name)),
    });
    const host = {
      channels: this.#channels,
      services: this.#services,
      sessions: this.#sessions,
      limits: this.limits,
      clock: this.#clock,
      events: this.#events,
    };
    this.#calls = new ServiceCalls(host);
    this.#assets = new AssetRequests(host);
    this.#playback = new PlaybackRequests({ ...host, time: (timestamp) => this.time(timestamp) });
    this.#admissions = new Admissions({ ...options, ...host, clients: () => this.#sessions.size });
    ({ store: this.parameters, requests: this.#parameterRequests } = this.#makeParameters());
    ({ graph: this.graph, feed: this.#graphFeed } = this.#makeGraph());
    this.#permissions = new PermissionCheck(options.permissions ?? {}, this.#events);
    this.#host = this.#makeHost();
    // What clients cannot be told is to be noticed now, not when the first one connects.
    encodeServerMessage({ op: "serverInfo", ...this.#serverInfo() });
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
    return this.#channels.make(topic, options);
  }

  /**
   * Adds a service; connected clients are told in the next turn, all services of one turn at once. Viewers call in
   * one of the server's `supportedEncodings`, so say there what services take.
   *
   * @param name Name that callers use; see {@link Service} for an example.
   * @param handler Answers the calls, at once or with a promise; calls do not wait for each other.
   * @throws {TypeError} when there is a service of this name, or a schema's data does not fit its encoding.
   * @throws {RangeError} when `timeoutMs` is no time.
   */
  service<Request = unknown, Response = unknown>(
    name: string,
    options: ServiceOptions,
    handler: ServiceHandler<Request, Response>,
  ): Service {
    const service = this.#services.make(name, options, handler as ServiceHandler<never>, this.limits.serviceMs);
    this.#declare("services");
    return service;
  }

  /**
   * Serves assets: files that viewers ask for by URI, such as the meshes of a robot's description. Several handlers
   * are asked in the order in which they were added, until one knows the URI.
   *
   * A client gets one asset at a time, and behind everything else that is no channel data.
   *
   * @returns Disposing it removes the handler.
   */
  asset(handler: AssetHandler): Disposable {
    const registration = this.#assets.add(handler);
    this.#declare("assets");
    return registration;
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

  /**
   * Lets clients play, pause and seek recorded data; see {@link PlaybackController} for an example. They are told of the
   * range of the data. Clients that speak `foxglove.websocket.v1` get the data alone.
   *
   * @returns Tells clients how playback goes on.
   * @throws {TypeError} when the server has a source already, or a time or a handler is none.
   * @throws {RangeError} when the source ends before it begins.
   */
  playback(source: PlaybackSource): PlaybackController {
    return this.#playback.start(source);
  }

  /**
   * Begins a new session: what clients have gathered so far is of another run. They are told by a fresh `serverInfo`;
   * channels, services and subscriptions stay as they are.
   *
   * @param id Of the new session; default: random.
   * @throws {TypeError} when it is no text.
   */
  clearSession(id: string = crypto.randomUUID()): void {
    if (typeof id !== "string") throw new TypeError(`Invalid session id: ${describe(id)}, need a string`);
    this.#sessionId = id;
    for (const session of this.#sessions) session.sendServerInfo();
  }

  /** Calls `listener`, which may be async, on each event of `type` until the returned `Disposable` is disposed. */
  on<Type extends keyof ServerEvents>(type: Type, listener: Listener<ServerEvents[Type]>): Disposable {
    return this.#events.on(type, listener);
  }

  /** Removes a listener. */
  off<Type extends keyof ServerEvents>(type: Type, listener: Listener<ServerEvents[Type]>): void {
    this.#events.off(type, listener);
  }

  /** Raises the `error` event; for adapters, which say in `during` where it happened. */
  handleError(error: unknown, during: string): void {
    this.#events.emit("error", { error, during });
  }

  /** Figures of now. */
  stats(): ServerStats {
    const present = Array.from(this.#sessions, (session) => session.stats());
    return { ...this.#totals.of(present), channels: this.#channels.size };
  }

  /** Decides on a request to open a connection; for adapters. */
  admit(request: UpgradeRequest): Admission | Promise<Admission> {
    return this.#admissions.admit(request);
  }

  /**
   * Serves a client on a socket whose handshake is done.
   *
   * @param socket A standard `WebSocket` that is open or opening, also one of npm `ws`; or a {@link Transport}. Nobody else
   * may listen to it or send on it from now on.
   * @throws {TypeError} when it is no such socket, as those of `Bun.serve`; or has none of the protocol's names.
   */
  accept(socket: Transport | WebSocketLike, options: AcceptOptions = {}): ServerClient {
    const transport = transportOf(socket);
    const protocol = options.protocol ?? transport.protocol;
    if (!isSubprotocol(protocol)) {
      throw new TypeError(
        `Cannot accept socket: its subprotocol is "${protocol}", not one of the Foxglove protocol; where the socket does ` +
          "not know what was negotiated, say so in options.protocol",
      );
    }
    this.#advertiseAdded();
    const session = new Session(this.#host, { id: ++this.#connections, transport, protocol, peer: options });
    session.shownChannels.decide(this.#channels.known());
    session.shownServices.decide(this.#services.known());
    const refusal = this.#refusal();
    this.#sessions.add(session);
    if (refusal !== undefined) session.close(refusal);
    else session.greet();
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

  /** Some were admitted at the same time, or by nobody. */
  #refusal(): CloseOptions | undefined {
    if (this.#closed !== undefined) return { code: 1001, reason: "Server is closing" };
    const isFull = this.#sessions.size >= this.limits.clients;
    return isFull ? { code: 1013, reason: "Server has as many clients as it allows" } : undefined;
  }

  async #close(options: ServerCloseOptions): Promise<void> {
    this.#admissions.close();
    const sessions = [...this.#sessions];
    for (const session of sessions) session.close(options);
    await Promise.all(sessions.map((session) => session.ended));
  }

  #makeParameters() {
    return createParameters({
      options: this.#options.parameters ?? {},
      limits: this.limits,
      clock: this.#clock,
      events: this.#events,
      used: () => this.#declare("parameters", "parametersSubscribe"),
    });
  }

  #makeGraph() {
    return createGraph({
      channels: this.#channels,
      sessions: this.#sessions,
      clock: this.#clock,
      events: this.#events,
      services: () => this.#services.names(),
      // What a client must not know of is left out of what it gets of the graph.
      viewOf: (client) => ({
        seesTopic: (topic) => this.#permissions.allows(client, "see", topic),
        seesService: (service) => this.#permissions.allows(client, "call", service),
      }),
      used: () => this.#declare("connectionGraph"),
    });
  }

  #makeHost(): SessionHost {
    return {
      channels: this.#channels,
      services: this.#services,
      calls: this.#calls,
      assets: this.#assets,
      parameters: this.#parameterRequests,
      graph: this.#graphFeed,
      playback: this.#playback,
      limits: this.limits,
      clock: this.#clock,
      events: this.#events,
      supportedEncodings: this.#options.supportedEncodings,
      allows: (client, right, name) => this.#permissions.allows(client, right, name),
      hasCapability: (name) => this.#capabilities.has(name),
      serverInfo: (session) => this.#playback.describe(session, this.#serverInfo()),
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

  /** Declares capabilities, to the connected clients too: a repeated `serverInfo` is how the protocol says so. */
  #declare(...capabilities: Capability[]): void {
    if (capabilities.every((capability) => this.#capabilities.has(capability))) return;
    for (const capability of capabilities) this.#capabilities.add(capability);
    for (const session of this.#sessions) session.capabilitiesAdded();
  }

  #advertiseAdded(): void {
    announceAdded([...this.#sessions], this.#channels, this.#services);
  }

  #serviceRemoved(entry: ServiceEntry): void {
    this.#calls.serviceRemoved(entry);
    for (const { shownServices } of this.#sessions) shownServices.removed(entry.service.id);
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
    this.#totals.left(session.stats());
  }
}
