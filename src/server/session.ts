/**
 * One connected client: its greeting, what comes in, what goes out, and its end.
 *
 * @module
 */
import { SendQueue } from "../flow/send_queue.ts";
import type { StatusLevel, Subprotocol } from "../protocol/constants.ts";
import { decodeClientMessage, encodeServerMessage } from "../protocol/codec.ts";
import { ProtocolError } from "../protocol/errors.ts";
import type { AdvertisedChannel, AdvertisedService, ServerInfo, ServerMessage } from "../protocol/messages.ts";
import { SchemaTableWriter } from "../protocol/schema_table.ts";
import { checkCloseCode, type Message, messageBytes, type Transport } from "../transport/transport.ts";
import { truncateUtf8 } from "../util/bytes.ts";
import { deferred } from "../util/async.ts";
import { ConnectionError } from "../util/errors.ts";
import type { Events } from "../util/events.ts";
import { type Clock, isLimit } from "../util/time.ts";
import type { AssetRequests } from "./assets.ts";
import { Announcements } from "./announcements.ts";
import type { ChannelEntry, ChannelRegistry } from "./channels.ts";
import { ClientChannels } from "./client_channels.ts";
import type { GraphFeed } from "./graph_feed.ts";
import { KeepAlive, StallWatch } from "./keep_alive.ts";
import type { ServerLimits } from "./limits.ts";
import type { ParameterRequests } from "./parameter_requests.ts";
import type { Permissions } from "./permissions.ts";
import type { PlaybackRequests } from "./playback_requests.ts";
import { handleRequest, refuseInvalid } from "./requests.ts";
import type { ClientStats, CloseOptions, ServerClient } from "./server_client.ts";
import type { ServerEvents } from "./server_events.ts";
import type { ServiceCalls } from "./service_calls.ts";
import type { ServiceRegistry } from "./services.ts";
import { Subscriptions } from "./subscriptions.ts";

/** What a session needs of its server. */
export interface SessionHost {
  readonly channels: ChannelRegistry;
  readonly services: ServiceRegistry;
  readonly calls: ServiceCalls;
  readonly assets: AssetRequests;
  readonly parameters: ParameterRequests;
  readonly graph: GraphFeed<Session>;
  readonly playback: PlaybackRequests;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly events: Events<ServerEvents>;
  /** Encodings a client may publish in; `undefined` takes any. */
  readonly supportedEncodings: readonly string[] | undefined;
  hasCapability(name: string): boolean;
  /** Whether a client may do something with what has this name. */
  allows(client: ServerClient, right: keyof Permissions, name: string): boolean;
  /** What a client is told of the server. */
  serverInfo(session: Session): ServerInfo;
  /** The connection is over and everything released. */
  ended(session: Session): void;
}

/** Who is at the other end. */
export interface Peer {
  /** IP address. */
  address?: string | undefined;
  /** Path and query of the request that opened the connection. */
  url?: string | undefined;
  /** What `authorize` says of it. */
  identity?: unknown;
}

/** Queue key of `time` frames; subscription ids are never negative. */
const TIME_KEY = -1;

const MAX_REASON_BYTES = 123;

/** The close code of a connection that ended without one. */
const CUT = 1006;

/** A client from its greeting to its end. */
export class Session implements ServerClient {
  readonly id: number;
  readonly address: string | undefined;
  readonly url: string | undefined;
  readonly identity: unknown;
  readonly protocol: Subprotocol;
  readonly host: SessionHost;
  readonly subscriptions: Subscriptions;
  readonly channels: ClientChannels;
  /** Channels of the server that exist for this client. */
  readonly shownChannels: Announcements<AdvertisedChannel>;
  /** Services that exist for this client. */
  readonly shownServices: Announcements<AdvertisedService>;
  /** Settles when the connection is over. */
  readonly ended: Promise<void>;
  readonly #ended = deferred<void>();
  readonly #transport: Transport;
  readonly #queue: SendQueue;
  readonly #schemas: SchemaTableWriter | undefined;
  /** Capabilities that the client was told of. */
  #declared: readonly string[] = [];
  /** Topics whose drops this client has been told of, and not yet that they are over. */
  readonly #dropping = new Set<string>();
  readonly #keepAlive: KeepAlive | undefined;
  readonly #stallWatch: StallWatch | undefined;
  /** Why we have cut the connection. */
  #cutReason = "";
  #invalidMessages = 0;
  #closing: Required<CloseOptions> | undefined;
  /** Others come too late, or are too many: nobody has heard of them. */
  #greeted = false;
  #over = false;
  /** When the connection is cut, of the clock: the soonest that anybody has asked for. */
  #cutAt = Infinity;
  #cancelTermination = () => {};

  constructor(
    host: SessionHost,
    connection: { id: number; transport: Transport; protocol: Subprotocol; peer: Peer },
  ) {
    const { id, transport, protocol, peer } = connection;
    this.id = id;
    this.address = peer.address;
    this.url = peer.url;
    this.identity = peer.identity;
    this.protocol = protocol;
    this.host = host;
    this.ended = this.#ended.promise;
    this.#transport = transport;
    this.#schemas = protocol === "foxglove.sdk.v1.1" ? new SchemaTableWriter() : undefined;
    this.#queue = new SendQueue({
      transport,
      clock: host.clock,
      limits: host.limits,
      onOverflow: () => this.#overflowed(),
      onDrop: (key) => this.#dropped(key),
      onRecover: () => this.#recovered(),
    });
    this.subscriptions = new Subscriptions(this, this.#queue);
    this.channels = new ClientChannels(this);
    const hasRoom = () => this.#queue.controlBytes < host.limits.controlBytes / 2;
    this.shownChannels = new Announcements({
      isAllowed: ({ topic }) => host.allows(this, "see", topic),
      hasRoom,
      tell: (channels) => this.send({ op: "advertise", channels }),
      tellGone: (id) => this.send({ op: "unadvertise", channelIds: [id] }),
    });
    this.shownServices = new Announcements({
      isAllowed: ({ name }) => host.allows(this, "call", name),
      hasRoom,
      tell: (services) => this.send({ op: "advertiseServices", services }),
      tellGone: (id) => this.send({ op: "unadvertiseServices", serviceIds: [id] }),
    });
    transport.bind({
      message: (data) => this.#received(data),
      drain: () => this.#drained(),
      close: (code, reason) => this.#disconnected(code, reason),
      pong: (data) => this.#keepAlive?.pong(data),
    });
    this.#keepAlive = this.#makeKeepAlive();
    this.#stallWatch = this.#makeStallWatch();
  }

  get queuedBytes(): number {
    return this.#queue.queuedBytes;
  }

  /** Says who the server is and what it has. One `advertise` is always sent, as the published specification asks. */
  greet(): void {
    this.#greeted = true;
    this.sendServerInfo();
    const told = this.shownChannels.add(this.host.channels.known());
    if (told === 0) this.send({ op: "advertise", channels: [] });
    this.shownServices.add(this.host.services.known());
    this.announce();
    this.host.playback.greet(this);
    this.host.events.emit("connect", { client: this });
  }

  sendServerInfo(): void {
    const info = this.host.serverInfo(this);
    this.#declared = info.capabilities;
    this.send({ op: "serverInfo", ...info });
  }

  /** The server has more capabilities; the client may know, because playback has brought `time` with it. */
  capabilitiesAdded(): void {
    const { capabilities } = this.host.serverInfo(this);
    if (capabilities.some((name) => !this.#declared.includes(name))) this.sendServerInfo();
  }

  /** Tells of the channels and services that were added, as there is room; a drain of the transport comes here again. */
  announce(): void {
    this.shownChannels.announce();
    this.shownServices.announce();
  }

  /** Ends the subscription to a channel that went away, if any, and tells the client. @returns Raises the event. */
  channelRemoved({ channel }: ChannelEntry): (() => void) | undefined {
    const raise = this.subscriptions.channelRemoved(channel.id);
    this.shownChannels.removed(channel.id);
    return raise;
  }

  /** Queues an encoded `time` frame; one that is still waiting is replaced. */
  sendTime(frame: Uint8Array): void {
    this.#queue.latest(frame, TIME_KEY);
  }

  /** Forgets the data and the time that wait: they are of before. */
  discardData(): void {
    this.#queue.purgeAll();
  }

  /** Sends what waits as far as the transport takes it, so that it goes ahead of the control that follows. */
  flushData(): void {
    this.#queue.flush();
  }

  /** Queues a message in the control lane; on a connection that is ending it is not worth encoding. */
  send(message: ServerMessage): void {
    if (this.#closing !== undefined || this.#over) return;
    this.#queue.control(encodeServerMessage(message, this.#schemas));
  }

  /** Queues a message that is made when no control waits, see {@link SendQueue.behindControl}. */
  sendBehindControl(make: () => Message | undefined): void {
    if (this.#closing === undefined && !this.#over) this.#queue.behindControl(make);
  }

  status(level: StatusLevel, message: string, options: { id?: string } = {}): void {
    this.send({ op: "status", level, message, ...options });
  }

  removeStatus(...statusIds: string[]): void {
    if (statusIds.length > 0) this.send({ op: "removeStatus", statusIds });
  }

  countInvalid(): void {
    this.#invalidMessages++;
  }

  stats(): ClientStats {
    const { sentMessages, sentBytes, droppedMessages, droppedBytes } = this.#queue.stats();
    return {
      queuedBytes: this.queuedBytes,
      sentMessages,
      sentBytes,
      droppedMessages,
      droppedBytes,
      rttMs: this.#keepAlive?.rttMs,
      invalidMessages: this.#invalidMessages,
      subscriptions: this.subscriptions.stats(),
    };
  }

  /** As in {@link ServerClient}; after `timeoutMs` without the peer's answer the connection is cut. */
  close(options: CloseOptions & { timeoutMs?: number } = {}): void {
    const { code = 1000, reason = "", timeoutMs = this.host.limits.closeMs } = options;
    checkCloseCode(code);
    if (this.#over) return;
    this.#cutIn(timeoutMs);
    if (this.#closing !== undefined) return;
    this.#failRequests(new ConnectionError("Connection is closing"));
    // A handler that was told so may have called this method.
    if (this.#closing !== undefined) return;
    this.#closing = { code, reason: truncateUtf8(reason, MAX_REASON_BYTES) };
    this.#queue.purgeAll();
    this.#queue.flush();
    this.#closeWhenSent();
  }

  /** Cuts the connection after so long, unless it is to be cut sooner. */
  #cutIn(ms: number): void {
    const { clock } = this.host;
    if (clock.now() + ms >= this.#cutAt) return;
    this.#cutAt = clock.now() + ms;
    this.#cancelTermination();
    this.#cancelTermination = clock.delay(ms, () => this.#cut(`Has not closed within ${ms} ms`));
  }

  /** Control that still waits after a flush waits for the transport: its drain comes here again. */
  #closeWhenSent(): void {
    if (this.#closing === undefined || this.#queue.controlBytes > 0) return;
    this.#transport.close(this.#closing.code, this.#closing.reason);
  }

  /** Answers what still waits for a handler, as long as answers go out, and tells the handlers to stop. */
  #failRequests(reason: ConnectionError): void {
    this.host.calls.release(this, reason);
    this.host.assets.release(this, reason);
    this.host.playback.release(this, reason);
    this.host.parameters.abandon(this, reason);
  }

  #makeKeepAlive(): KeepAlive | undefined {
    const { clock, limits: { idleMs } } = this.host;
    const transport = this.#transport;
    if (transport.ping === undefined || !isLimit(idleMs)) return undefined;
    const dead = () => this.#cut(`No sign of life for ${idleMs} ms`);
    return new KeepAlive({
      clock,
      idleMs,
      ping: (data) => transport.ping?.(data),
      buffered: () => transport.buffered(),
      dead,
    });
  }

  #makeStallWatch(): StallWatch | undefined {
    const { clock, limits: { stallMs } } = this.host;
    if (!isLimit(stallMs)) return undefined;
    const waiting = () => this.#queue.stats().stalledSince === undefined ? undefined : this.#transport.buffered();
    return new StallWatch({ clock, stallMs, waiting, dead: () => this.#cut(`Took nothing for ${stallMs} ms`) });
  }

  #cut(reason: string): void {
    this.#cutReason = reason;
    this.#transport.terminate();
  }

  #received(data: string | Uint8Array): void {
    this.#keepAlive?.heard();
    if (this.#closing !== undefined) return;
    // Three bytes are the most that one UTF-16 unit takes: most texts need no counting.
    const { messageBytes: limit } = this.host.limits;
    if (data.length * 3 > limit && messageBytes(data) > limit) {
      return this.close({ code: 1009, reason: `Message is larger than ${limit} bytes` });
    }
    try {
      const message = decodeClientMessage(data);
      if (message !== undefined) handleRequest(this, message);
    } catch (error) {
      if (error instanceof ProtocolError) refuseInvalid(this, error);
      else this.host.events.emit("error", { error, during: "message of a client" });
    }
  }

  #drained(): void {
    this.#queue.drain();
    this.announce();
    this.#closeWhenSent();
  }

  #dropped(key: number): void {
    this.#stallWatch?.full();
    const topic = this.subscriptions.dropped(key);
    if (topic === undefined || this.#dropping.has(topic)) return;
    this.#dropping.add(topic);
    this.status("warning", `Send buffer limit reached: ${topic}`, { id: dropStatusId(topic) });
  }

  #recovered(): void {
    const ids = Array.from(this.#dropping, dropStatusId);
    this.#dropping.clear();
    this.removeStatus(...ids);
  }

  /** The control lane takes nothing more, so the reason goes past it. */
  #overflowed(): void {
    const message = `Control messages wait in more than ${this.host.limits.controlBytes} bytes: the client is too slow`;
    this.#transport.send([encodeServerMessage({ op: "status", level: "error", message })]);
    this.close({ code: 1013, reason: "Client is too slow" });
    this.#transport.close(1013, "Client is too slow");
  }

  #disconnected(code: number, reason: string): void {
    const left = new ConnectionError("Client has left");
    this.#over = true;
    this.#cancelTermination();
    this.#keepAlive?.stop();
    this.#stallWatch?.stop();
    this.#queue.close();
    this.subscriptions.release();
    this.channels.release();
    this.host.parameters.release(this, left);
    this.host.graph.release(this);
    this.#failRequests(left);
    this.host.ended(this);
    const event = {
      client: this,
      code,
      reason: reason || this.#cutReason || (code === CUT ? "Connection was lost" : ""),
    };
    if (this.#greeted) this.host.events.emit("disconnect", event);
    this.#ended.resolve();
  }
}

function dropStatusId(topic: string): string {
  return `drops:${topic}`;
}
