/**
 * The client: a live catalogue of what a server has, subscriptions and publishers by topic, and everything to be asked.
 *
 * @module
 */
import type { Subprotocol } from "../protocol/constants.ts";
import type { AdvertisedService, ServerInfo, Status } from "../protocol/messages.ts";
import type { ParameterData } from "../protocol/parameter_data.ts";
import { checkTimeout, type WaitOptions } from "../util/async.ts";
import { Events, type Listener } from "../util/events.ts";
import type { Clock } from "../util/time.ts";
import { Catalogue } from "./catalogue.ts";
import type { ClientEvents } from "./client_events.ts";
import type { ClientCounters, FoxgloveClientStats } from "./client_stats.ts";
import type { Greeted } from "./attempt.ts";
import type { CloseInfo } from "./connection.ts";
import type { ConnectionGraphView } from "./connection_graph.ts";
import { Features } from "./features.ts";
import type { Feed, FeedOptions } from "./feed.ts";
import { positive } from "./feeds.ts";
import { type ClientParts, handleFailure, handleMessage } from "./handlers.ts";
import type { ClientState, Link, LinkPart } from "./link.ts";
import type { Ending } from "./inbox.ts";
import type { ClientLimits } from "./limits.ts";
import { MessageSubscription, type SubscribeOptions } from "./message_subscription.ts";
import type { ParameterSettings, ParameterUpdate } from "./parameters.ts";
import { Playback } from "./playback.ts";
import type { Publisher, PublisherOptions } from "./publisher.ts";
import { Publishers } from "./publishers.ts";
import { type ChannelSelector, checkSelector, Reader } from "./reader.ts";
import type { ServerChannel } from "./server_channel.ts";
import type { CallServiceOptions } from "./services.ts";
import { startAfresh } from "./session.ts";
import { Subscriptions } from "./subscriptions.ts";

/** How to end a client. */
export interface ClientCloseOptions {
  /** WebSocket close code: 1000, the default, or 3000 to 4999. */
  code?: number;
  /** Text for the server, cut to 123 UTF-8 bytes. */
  reason?: string;
  /** Milliseconds that the server has to answer before the connection is cut. Default 2000. */
  timeoutMs?: number;
  /** Cuts the connection without waiting any longer. */
  signal?: AbortSignal;
}

/** What a {@link FoxgloveClient} is made of. */
export interface ClientSetup {
  readonly link: Link;
  readonly serverInfo: ServerInfo;
  readonly protocol: Subprotocol;
  readonly url: string | undefined;
  readonly limits: ClientLimits;
  readonly counters: ClientCounters;
  readonly clock: Clock;
}

/**
 * A client of a Foxglove WebSocket server; made by `connect()`.
 *
 * @example
 * ```ts
 * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * const [serverEnd, clientEnd] = linkedTransports();
 * server.accept(serverEnd);
 *
 * const client = await connect(clientEnd);
 * const appeared = new Promise<string>((resolve) => {
 *   client.on("advertise", ({ channels: [channel] }) => channel && resolve(channel.topic));
 * });
 * server.channel("/speed", { encoding: "json" });
 * console.assert(await appeared === "/speed");
 * console.assert(client.channels.size === 1);
 * await client.close();
 * await server.close();
 * ```
 */
export class FoxgloveClient implements AsyncDisposable {
  /** Where it is connected to; `undefined` when it was given a transport. */
  readonly url: string | undefined;
  /** The playback of a server that plays recorded data. */
  readonly playback: Playback;
  readonly #link: Link;
  readonly #limits: ClientLimits;
  readonly #parts: ClientParts;
  /** What is told that a connection was lost, that there is another, and that there will be none. */
  readonly #lasting: readonly LinkPart[];
  #protocol: Subprotocol;
  #closing = false;

  /** @ignore Made by `connect()`. */
  constructor({ link, serverInfo, protocol, url, limits, counters, clock }: ClientSetup) {
    this.url = url;
    this.#protocol = protocol;
    this.#link = link;
    this.#limits = limits;
    const catalogue = new Catalogue(serverInfo);
    const events = new Events<ClientEvents>();
    const send: Link["send"] = (message) => link.send(message);
    const subscriptions = new Subscriptions({ channels: catalogue.channels, counters, clock, send });
    const features = new Features({ catalogue, counters, clock, limits, send });
    const publishers = new Publishers({
      catalogue,
      counters,
      send,
      publish: (channelId, data) => link.publish(channelId, data),
      room: (bytes) => link.room(bytes),
      report: (error, during) => events.emit("error", { error, during }),
    });
    this.#parts = { catalogue, subscriptions, publishers, features, events, counters };
    this.#lasting = [publishers, subscriptions, features];
    this.playback = new Playback(features.playback);
    link.start({
      message: (message) => handleMessage(this.#parts, message),
      failed: (error) => handleFailure(this.#parts, error),
      lost: (error) => this.#lasting.forEach((part) => part.connectionLost(error)),
      waiting: (state) => events.emit("state", state),
      reconnected: (greeted, attempts) => this.#reconnected(greeted, attempts),
      closed: (info, ending) => this.#closed(info, ending),
    });
  }

  /** Whether there is a connection, and what the client does about it if not; the event `state` tells of changes. */
  get state(): ClientState {
    return this.#link.state;
  }

  /** The negotiated subprotocol: after a reconnect, that of the new connection. */
  get protocol(): Subprotocol {
    return this.#protocol;
  }

  /** What the server says of itself. */
  get serverInfo(): ServerInfo {
    return this.#parts.catalogue.serverInfo;
  }

  /** The channels there are, by id; live. Empty at first: they arrive after `connect()` has resolved. */
  get channels(): ReadonlyMap<number, ServerChannel> {
    return this.#parts.catalogue.channels;
  }

  /** The services there are, by id; live. */
  get services(): ReadonlyMap<number, AdvertisedService> {
    return this.#parts.catalogue.services;
  }

  /** The statuses the server shows, by id; live. Those without an id are only raised as events. */
  get statuses(): ReadonlyMap<string, Status> {
    return this.#parts.catalogue.statuses;
  }

  /** The server's time in nanoseconds, as it last told; `undefined` until it has. */
  get time(): bigint | undefined {
    return this.#parts.catalogue.time;
  }

  /**
   * Settles when the client is over: it was closed, has given up, or was not to reconnect. 1006 after an own `close()` is
   * normal. Never rejects.
   */
  get closed(): Promise<CloseInfo> {
    return this.#link.ended;
  }

  /**
   * Calls `listener` on each event of `type` until the returned `Disposable` is disposed. Listeners added right after
   * `await connect()` miss nothing. An `error` event without a listener is written with `console.error`.
   */
  on<Type extends keyof ClientEvents>(type: Type, listener: Listener<ClientEvents[Type]>): Disposable {
    return this.#parts.events.on(type, listener);
  }

  /** Removes a listener. */
  off<Type extends keyof ClientEvents>(type: Type, listener: Listener<ClientEvents[Type]>): void {
    this.#parts.events.off(type, listener);
  }

  /**
   * Subscribes to channels, those there are and those to come. All subscriptions to a channel share one on the wire.
   * A topic need not exist yet, and is subscribed again when it, or the connection, was away; a subscription by channel
   * id ends with the channel, and throws a `ConnectionError` when the connection is lost.
   *
   * @param selector A topic, a function that says which channels, or `{ channelId }`.
   * @throws {RangeError} when there is no channel with that id, or a limit is not a positive number.
   * @throws {TypeError} when the selector is none.
   */
  subscribe<T = unknown>(selector: ChannelSelector, options: SubscribeOptions<T> = {}): MessageSubscription<T> {
    const reader = new Reader<T>({
      selector: this.#checkSelector(selector),
      limits: {
        items: positive("highWaterMark", options.highWaterMark ?? this.#limits.subscriptionMessages),
        bytes: positive("maxBytes", options.maxBytes ?? this.#limits.subscriptionBytes),
      },
      decode: options.decode,
      report: (error, during) => this.#parts.events.emit("error", { error, during }),
    });
    const { subscriptions } = this.#parts;
    reader.listen(options.signal, (error) => subscriptions.remove(reader, { error }));
    subscriptions.add(reader);
    return new MessageSubscription(reader, subscriptions);
  }

  /**
   * Advertises a topic to publish on.
   *
   * @throws {FoxgloveError} when the server does not take messages from clients (code `"capability"`), or not in this
   * encoding (`"encoding"`).
   * @throws {ConnectionError} when the client is over.
   * @throws {TypeError} when the schema's data does not fit its encoding.
   */
  publisher<T = unknown>(options: PublisherOptions<T>): Publisher<T> {
    return this.#parts.publishers.add(options);
  }

  /**
   * Calls a service, and waits for one with this name if there is none.
   *
   * @param request Anything with a JSON form for services whose encoding is `"json"` or not declared; bytes, which go out
   * as they are, for all services. Left out: `{}`.
   * @returns The response: its value for encoding `"json"`, its bytes for others; or what `decode` makes of it.
   * @throws {ServiceError} when the service says that it failed.
   * @throws {TimeoutError} when there is no such service, or no answer, within the time limit.
   * @throws {ConnectionError} when the connection ends first, or the service goes (code `"service_gone"`).
   * @throws {TypeError} when the request cannot be encoded, or bytes come without an encoding.
   *
   * @example
   * ```ts
   * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
   *
   * const server = new FoxgloveServer({ name: "robot" });
   * server.service("/add", {}, ({ a, b }: { a: number; b: number }) => ({ sum: a + b }));
   * const [serverEnd, clientEnd] = linkedTransports();
   * server.accept(serverEnd);
   *
   * const client = await connect(clientEnd);
   * const { sum } = await client.callService<{ sum: number }>("/add", { a: 1, b: 2 }, { timeoutMs: 1000 });
   * console.assert(sum === 3);
   * await client.close();
   * await server.close();
   * ```
   */
  callService<T = unknown>(name: string, request: unknown = {}, options: CallServiceOptions<T> = {}): Promise<T> {
    return this.#parts.features.services.call(name, request, options);
  }

  /**
   * Asks for the values of parameters.
   *
   * @param names Which ones; none or an empty list: all.
   * @returns Values by name; a parameter that the server does not have is not in it.
   * @throws {FoxgloveError} when the server has no parameters (code `"capability"`).
   * @throws {TimeoutError} when there is no answer within the time limit.
   * @throws {ConnectionError} when the connection ends first.
   */
  getParameters(names: readonly string[] = [], options: WaitOptions = {}): Promise<Map<string, ParameterData>> {
    return this.#parts.features.parameters.get(names, options);
  }

  /**
   * Sets parameters, and deletes those whose value is `undefined`. One that the server refuses keeps its value, and an
   * event `status` says why.
   *
   * @returns The values that are in force now, by name; a parameter that was deleted is not in it.
   * @throws {FoxgloveError} when the server has no parameters (code `"capability"`).
   * @throws {TimeoutError} when there is no answer within the time limit.
   * @throws {ConnectionError} when the connection ends first.
   * @throws {TypeError} when a value is none that a parameter can have.
   *
   * @example
   * ```ts
   * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
   *
   * const server = new FoxgloveServer({ name: "robot" });
   * server.parameters.set("gain", 1.5);
   * const [serverEnd, clientEnd] = linkedTransports();
   * server.accept(serverEnd);
   *
   * const client = await connect(clientEnd);
   * console.assert((await client.getParameters(["gain"])).get("gain") === 1.5);
   * const now = await client.setParameters({ gain: 2 });
   * console.assert(now.get("gain") === 2);
   * await client.close();
   * await server.close();
   * ```
   */
  setParameters(settings: ParameterSettings, options: WaitOptions = {}): Promise<Map<string, ParameterData>> {
    return this.#parts.features.parameters.set(settings, options);
  }

  /**
   * Watches parameters: gives each value that the server tells, also in answer to {@link setParameters}, so that one may
   * come twice; not the values that there are ({@link getParameters}). All that watch share one subscription. What is not
   * read is dropped beyond a limit, the oldest first, and counted.
   *
   * @param names Which ones; none or an empty list: all.
   * @throws {FoxgloveError} when the server does not tell of updates (code `"capability"`).
   * @throws {RangeError} when `highWaterMark` is not a positive number.
   */
  parameterUpdates(names: readonly string[] = [], options: FeedOptions = {}): Feed<ParameterUpdate> {
    return this.#parts.features.parameters.watch(names, options);
  }

  /**
   * Fetches a file, such as a mesh that a model names. The protocol sends it in one message, so there is no progress to be
   * told: a client knows of nothing until everything is there.
   *
   * @param uri Its name, such as `package://arm/meshes/base.stl`.
   * @throws {AssetError} when the server has not got it.
   * @throws {FoxgloveError} when the server has no assets (code `"capability"`).
   * @throws {TimeoutError} when there is no answer within the time limit.
   * @throws {ConnectionError} when the connection ends first.
   */
  fetchAsset(uri: string, options: WaitOptions = {}): Promise<Uint8Array> {
    return this.#parts.features.assets.fetch(uri, options);
  }

  /**
   * Watches who publishes, subscribes and provides what. All views share one subscription, which ends with the last.
   *
   * @param options `signal` closes the view.
   * @throws {FoxgloveError} when the server has no connection graph (code `"capability"`).
   */
  connectionGraph(options: { signal?: AbortSignal } = {}): ConnectionGraphView {
    return this.#parts.features.graph.open(options.signal);
  }

  /**
   * Gives each time, in nanoseconds, that the server tells from now on; {@link time} is the last one.
   *
   * @throws {RangeError} when `highWaterMark` is not a positive number.
   */
  timeUpdates(options: FeedOptions = {}): Feed<bigint> {
    return this.#parts.features.times.open(options);
  }

  /** Figures of now. */
  stats(): FoxgloveClientStats {
    const { counters, subscriptions } = this.#parts;
    return { ...counters, ...this.#link.stats(), subscriptions: subscriptions.size };
  }

  /**
   * Ends the connection in bounded time, after what was published. Subscriptions end when what they have is read.
   * Idempotent.
   *
   * @throws {RangeError} when the code is not 1000 or 3000 to 4999, or `timeoutMs` makes no sense.
   */
  async close(options: ClientCloseOptions = {}): Promise<void> {
    const { code = 1000, reason = "", timeoutMs = this.#limits.closeMs, signal } = options;
    if (code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
      throw new RangeError(`Cannot close with code ${code}: a client may use 1000 and 3000 to 4999`);
    }
    checkTimeout(timeoutMs);
    this.#closing = true;
    for (const part of this.#lasting) part.end({});
    await this.#link.close({ code, reason, timeoutMs, signal });
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkSelector(selector: ChannelSelector): ChannelSelector {
    checkSelector(selector);
    if (typeof selector === "object" && !this.channels.has(selector.channelId)) {
      throw new RangeError(`Cannot subscribe to channel ${selector.channelId}: the server has none with this id`);
    }
    return selector;
  }

  #reconnected({ serverInfo, protocol }: Greeted, attempts: number): void {
    this.#protocol = protocol;
    const news = startAfresh(this.#parts, { serverInfo, attempts, state: this.state });
    for (const part of this.#lasting) part.resubscribe();
    // A listener may close the client.
    for (const tell of news) if (!this.#closing) tell();
  }

  #closed(info: CloseInfo, ending: Ending): void {
    for (const part of this.#lasting) part.end(ending);
    this.#parts.events.emit("state", this.state);
    this.#parts.events.emit("close", info);
  }
}
