/**
 * The client: a live catalogue of what a server has, subscriptions and publishers by topic.
 *
 * @module
 */
import type { Subprotocol } from "../protocol/constants.ts";
import type { AdvertisedService, ServerInfo, Status } from "../protocol/messages.ts";
import { FoxgloveError } from "../util/errors.ts";
import { Events, type Listener } from "../util/events.ts";
import { Catalogue } from "./catalogue.ts";
import type { ClientEvents } from "./client_events.ts";
import type { Counters, FoxgloveClientStats } from "./client_stats.ts";
import { type CloseInfo, type Connection, connectionEnded } from "./connection.ts";
import { type ClientParts, handleFailure, handleMessage } from "./handlers.ts";
import type { ClientLimits } from "./limits.ts";
import { MessageSubscription } from "./message_subscription.ts";
import { clientChannel, Publisher, type PublisherHost, type PublisherOptions } from "./publisher.ts";
import { type ChannelSelector, Reader } from "./reader.ts";
import type { Decode } from "./received_message.ts";
import type { ServerChannel } from "./server_channel.ts";
import { Subscriptions } from "./subscriptions.ts";

/** How messages of a subscription are kept and decoded. */
export interface SubscribeOptions<T = unknown> {
  /** Messages that wait to be read; beyond that the oldest is dropped. Default 5000; 1 gives the latest only. */
  highWaterMark?: number;
  /** Bytes of those messages, likewise. Default 64 MiB. */
  maxBytes?: number;
  /** Makes a message's `value` of its bytes. Default: `JSON.parse` on channels with encoding `"json"`. */
  decode?: Decode<T>;
  /** Ends the subscription: what was not read is forgotten, and iteration throws the signal's reason. */
  signal?: AbortSignal;
}

/** How to end a client. */
export interface ClientCloseOptions {
  /** WebSocket close code: 1000, the default, or 3000 to 4999. */
  code?: number;
  /** Text for the server, cut to 123 UTF-8 bytes. */
  reason?: string;
  /** Milliseconds that the server has to answer before the connection is cut. Default 2000. */
  timeoutMs?: number;
}

/** What a {@link FoxgloveClient} is made of. */
export interface ClientSetup {
  readonly connection: Connection;
  readonly serverInfo: ServerInfo;
  readonly protocol: Subprotocol;
  readonly url: string | undefined;
  readonly limits: ClientLimits;
  readonly counters: Counters;
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
  /** The negotiated subprotocol. */
  readonly protocol: Subprotocol;
  readonly #connection: Connection;
  readonly #limits: ClientLimits;
  readonly #parts: ClientParts;
  readonly #publisherHost: PublisherHost;
  #nextPublisherId = 1;
  #closing = false;

  /** @ignore Made by `connect()`. */
  constructor({ connection, serverInfo, protocol, url, limits, counters }: ClientSetup) {
    this.url = url;
    this.protocol = protocol;
    this.#connection = connection;
    this.#limits = limits;
    const catalogue = new Catalogue(serverInfo);
    const subscriptions = new Subscriptions({
      channels: catalogue.channels,
      counters,
      send: (message) => this.#connection.send(message),
    });
    this.#parts = { catalogue, subscriptions, events: new Events(), counters };
    this.#publisherHost = this.#makePublisherHost();
    connection.start({
      message: (message) => handleMessage(this.#parts, message),
      failed: (error) => handleFailure(this.#parts, error),
      closed: (info) => this.#closed(info),
    });
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

  /** Settles when the connection is over, whoever ended it; 1006 after an own `close()` is normal. Never rejects. */
  get closed(): Promise<CloseInfo> {
    return this.#connection.ended;
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
   * A topic need not exist yet, and is subscribed again when it was away; a subscription by channel id ends with the
   * channel.
   *
   * @param selector A topic, a function that says which channels, or `{ channelId }`.
   * @throws {RangeError} when there is no channel with that id, or a limit is not a positive number.
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
   * @throws {TypeError} when the schema's data does not fit its encoding.
   */
  publisher<T = unknown>(options: PublisherOptions<T>): Publisher<T> {
    checkPublishing(this.serverInfo, options);
    const channel = clientChannel(this.#nextPublisherId++, options);
    this.#connection.send({ op: "advertise", channels: [channel] });
    return new Publisher(channel, options, this.#publisherHost);
  }

  /** Figures of now. */
  stats(): FoxgloveClientStats {
    const { counters, subscriptions } = this.#parts;
    return { ...counters, ...this.#connection.stats(), subscriptions: subscriptions.size };
  }

  /**
   * Ends the connection in bounded time, after what was published. Subscriptions end when what they have is read.
   * Idempotent.
   *
   * @throws {RangeError} when the code is not 1000 or 3000 to 4999.
   */
  async close(options: ClientCloseOptions = {}): Promise<void> {
    const { code = 1000, reason = "", timeoutMs = this.#limits.closeMs } = options;
    if (code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
      throw new RangeError(`Cannot close with code ${code}: a client may use 1000 and 3000 to 4999`);
    }
    this.#closing = true;
    this.#parts.subscriptions.end({});
    await this.#connection.close({ code, reason, timeoutMs });
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #makePublisherHost(): PublisherHost {
    return {
      publish: (channelId, data) => {
        const taken = this.#connection.publish(channelId, data);
        if (!taken) this.#parts.counters.droppedMessages++;
        return taken;
      },
      room: (bytes) => this.#connection.room(bytes),
      unadvertise: (channelId) => this.#connection.send({ op: "unadvertise", channelIds: [channelId] }),
    };
  }

  #checkSelector(selector: ChannelSelector): ChannelSelector {
    if (typeof selector === "object" && !this.channels.has(selector.channelId)) {
      throw new RangeError(`Cannot subscribe to channel ${selector.channelId}: the server has none with this id`);
    }
    return selector;
  }

  #closed(info: CloseInfo): void {
    this.#parts.subscriptions.end(this.#closing ? {} : { error: connectionEnded("The connection has ended", info) });
    this.#parts.events.emit("close", info);
  }
}

function checkPublishing(
  { capabilities, supportedEncodings = [] }: ServerInfo,
  options: PublisherOptions<never>,
): void {
  const where = `Cannot publish on "${options.topic}"`;
  if (!capabilities.includes("clientPublish")) {
    throw new FoxgloveError(`${where}: the server does not declare the clientPublish capability`, {
      code: "capability",
    });
  }
  if (supportedEncodings.length > 0 && !supportedEncodings.includes(options.encoding)) {
    const supported = supportedEncodings.map((encoding) => `"${encoding}"`).join(", ");
    throw new FoxgloveError(`${where}: the server takes ${supported}, not encoding "${options.encoding}"`, {
      code: "encoding",
    });
  }
}

function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new RangeError(`Cannot subscribe: ${name} is ${value}, need a positive number`);
}
