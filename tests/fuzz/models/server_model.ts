/**
 * What a server says to whom, by the rules of docs/behaviour.md: a second implementation, as small as it can be, which
 * knows no transports, no promises and no codec.
 */
import { bytes, u32, u64, u8 } from "../../support/raw_bytes.ts";
import { hexOf, type Raw } from "../case.ts";
import { readClient } from "../readers/read_client.ts";
import { BAD, type Broken, type Members } from "../readers/read_json.ts";
import {
  allows,
  allowsControl,
  CHANNELS,
  LIMITS,
  type ServerKind,
  SERVICES,
  SESSION,
} from "../targets/server_fixture.ts";
import { advertise, advertiseServices, type ChannelModel, tellInfo } from "./announcements.ts";
import { GraphText } from "./graph_text.ts";
import { assetKey, frameKey, type Keyed } from "./keys.ts";
import { type Entries, ParameterDesk } from "./parameter_desk.ts";
import type { WireParameter } from "./parameter_model.ts";
import { PlaybackModel, type PlaybackWish } from "./playback_model.ts";
import { type AnswerContext, type CallRequest, callService, failureKey, fetchAsset } from "./request_answers.ts";
import { SessionModel } from "./session_model.ts";

const DEFAULTS = {
  messageBytes: 16 * 2 ** 20,
  subscriptions: 10_000,
  clientChannels: 1_000,
  clientChannelBytes: 16 * 2 ** 20,
  parameterNames: 10_000,
  parameterNameBytes: 2 ** 20,
  clientParameters: 1_000,
  clientParameterBytes: 16 * 2 ** 20,
  serviceCalls: 32,
  assetRequests: 32,
};

/** A server with its clients. */
export class ServerModel {
  readonly kind: ServerKind;
  readonly clients = new Map<number, SessionModel>();
  readonly channels = new Map<number, ChannelModel>();
  readonly services = new Map<number, string>();
  /** What own code has to hear that clients publish. */
  published: string[] = [];
  session = SESSION;
  now = 0;
  readonly playback: PlaybackModel | undefined;
  readonly #parameters: ParameterDesk;
  readonly #limits: typeof DEFAULTS;
  #connections = 0;
  #lastChannel = 0;
  #lastService = 0;

  constructor(kind: ServerKind) {
    this.kind = kind;
    this.#limits = { ...DEFAULTS, ...LIMITS[kind] };
    this.#parameters = new ParameterDesk({
      kind,
      limits: this.#limits,
      clients: this.clients,
      each: (client, entries, handle) => this.#each(client, entries, handle),
    });
    for (const topic of ["/zero", "/one", "/two"]) this.#addChannel(topic);
    if (kind === "bare") return;
    for (const name of Object.keys(SERVICES)) this.services.set(++this.#lastService, name);
    this.playback = new PlaybackModel();
  }

  /** A client comes; what it is greeted with. */
  join(seat: number, protocol: string): void {
    const client = new SessionModel(++this.#connections, protocol);
    this.clients.set(seat, client);
    this.#tellInfo(client);
    advertise(client, [...this.channels.values()].filter((channel) => this.#sees(channel)));
    this.#advertiseServices(client, [...this.services]);
    if (this.playback !== undefined && client.hasPlayback) client.expect(frameKey(this.playback.frame(false, "")));
  }

  /** A client is gone. */
  leave(seat: number): void {
    this.clients.delete(seat);
  }

  /** A client has said something. */
  receive(client: SessionModel, raw: Raw): void {
    if (client.closed !== undefined) return;
    const limit = this.#limits.messageBytes;
    if (byteLength(raw) > limit) {
      return this.#close(client, { code: 1009, reason: `Message is larger than ${limit} bytes` });
    }
    const reading = readClient(raw);
    if (reading.kind === "nothing") return;
    if (reading.kind !== "message") {
      return this.#refuse(client, reading.kind === "invalid" ? reading.request : undefined);
    }
    this.#handlers[reading.op]!(client, reading.members as never);
  }

  /** Time goes on. */
  wait(ms: number): void {
    this.now += ms;
    for (const client of this.clients.values()) {
      for (const waiting of [client.calls, client.assets]) {
        for (const [id, { due, answer }] of waiting) {
          if (due > this.now) continue;
          waiting.delete(id);
          client.expect(answer);
        }
      }
    }
  }

  openChannel(topic: string): void {
    const channel = this.#addChannel(topic);
    if (!this.#sees(channel)) return;
    for (const client of this.clients.values()) advertise(client, [channel]);
  }

  closeChannel(id: number): void {
    const isVisible = this.#sees(this.channels.get(id)!);
    this.channels.delete(id);
    for (const client of this.clients.values()) {
      if (isVisible) client.tell({ op: "unadvertise", channelIds: [id] });
      for (const [subscription, channelId] of client.subscriptions) {
        if (channelId === id) this.#orphan(client, subscription);
      }
    }
  }

  publish(id: number, time: bigint, payload: Uint8Array): void {
    const channel = this.channels.get(id)!;
    if (channel.kind.latch) channel.latched = { time, payload };
    for (const client of this.clients.values()) {
      for (const [subscription, channelId] of client.subscriptions) {
        if (channelId === id) client.expect(dataKey(subscription, time, payload));
      }
    }
  }

  openService(name: string): void {
    const id = ++this.#lastService;
    this.services.set(id, name);
    for (const client of this.clients.values()) this.#advertiseServices(client, [[id, name]]);
  }

  closeService(id: number): void {
    const name = this.services.get(id)!;
    this.services.delete(id);
    for (const client of this.clients.values()) {
      for (const [callId, { service }] of client.calls) {
        if (service !== name) continue;
        client.calls.delete(callId);
        client.expect(failureKey(id, callId, `Service ${JSON.stringify(name)} was removed`));
      }
      if (this.#allows("call", name)) client.tell({ op: "unadvertiseServices", serviceIds: [id] });
    }
  }

  setParameter(name: string, value: unknown): void {
    this.#parameters.setOwn(name, value);
  }

  tellTime(time: bigint): void {
    for (const client of this.clients.values()) client.expect(frameKey(bytes(u8(2), u64(time))));
  }

  /** Playback has come to a place by itself. */
  played(time: bigint): void {
    this.playback!.time = time;
    this.tellTime(time);
  }

  startSession(id: string): void {
    this.session = id;
    for (const client of this.clients.values()) this.#tellInfo(client);
  }

  status(message: string): void {
    for (const client of this.clients.values()) client.tell({ op: "status", level: 0, message, id: "own" });
  }

  /** Who publishes, subscribes and provides what; `undefined` when two names become one on the wire. */
  graph(): string | undefined {
    const graph = new GraphText();
    for (const { topic } of this.channels.values()) graph.publishers.add(topic, "server");
    for (const name of this.services.values()) if (this.#allows("call", name)) graph.providers.add(name, "server");
    for (const { id, subscriptions, channels } of this.clients.values()) {
      for (const channelId of subscriptions.values()) {
        graph.subscribers.add(this.channels.get(channelId)!.topic, `client-${id}`);
      }
      for (const { topic } of channels.values()) graph.publishers.add(topic as string, `client-${id}`);
    }
    return graph.text((topic) => this.#allows("see", topic));
  }

  readonly #handlers: Readonly<Record<string, (client: SessionModel, members: never) => void>> = {
    subscribe: (client, { subscriptions }: { subscriptions: Entries<Members> }) =>
      this.#each(
        client,
        subscriptions,
        ({ id, channelId }) => this.#subscribe(client, id as number, channelId as number),
      ),
    unsubscribe: (client, { subscriptionIds }: { subscriptionIds: Entries<number> }) =>
      this.#each(client, subscriptionIds, (id) => this.#unsubscribe(client, id)),
    advertise: (client, { channels }: { channels: Entries<Members> }) => {
      if (!this.#has(client, "clientPublish")) return;
      this.#each(client, channels, (channel) => this.#advertised(client, channel));
    },
    unadvertise: (client, { channelIds }: { channelIds: Entries<number> }) =>
      this.#each(client, channelIds, (id) => {
        if (client.channels.delete(id)) return;
        client.status(1, `Client is not advertising channel: ${id}; ignoring unadvertisement`);
      }),
    messageData: (client, { channelId, data }: { channelId: number; data: Uint8Array }) => {
      const channel = client.channels.get(channelId);
      if (channel === undefined) client.status(2, `Unknown channel ID: ${channelId}`);
      else this.published.push(publishedKey(client.id, channel.topic as string, data));
    },
    getParameters: (client, request: { parameterNames: Entries<string>; id?: string }) => {
      if (this.#has(client, "parameters")) this.#parameters.get(client, request);
    },
    setParameters: (client, request: { parameters: Entries<WireParameter>; id?: string }) => {
      if (this.#has(client, "parameters")) this.#parameters.set(client, request);
    },
    subscribeParameterUpdates: (client, { parameterNames }: { parameterNames: Entries<string> }) => {
      if (this.#has(client, "parametersSubscribe")) this.#parameters.watch(client, parameterNames, true);
    },
    unsubscribeParameterUpdates: (client, { parameterNames }: { parameterNames: Entries<string> }) => {
      if (this.#has(client, "parametersSubscribe")) this.#parameters.watch(client, parameterNames, false);
    },
    subscribeConnectionGraph: (client) => {
      if (!this.#has(client, "connectionGraph")) return;
      client.watchesGraph = true;
      client.graphRequests.push(this.graph());
    },
    unsubscribeConnectionGraph: (client) => {
      if (this.#has(client, "connectionGraph")) client.watchesGraph = false;
    },
    fetchAsset: (client, request: { uri: string; requestId: number }) => fetchAsset(this.#context, client, request),
    serviceCallRequest: (client, request: CallRequest) => callService(this.#context, client, request),
    playbackControlRequest: (client, wish: PlaybackWish) => this.#control(client, wish),
  };

  #subscribe(client: SessionModel, id: number, channelId: number): void {
    const channel = this.channels.get(channelId);
    const limit = this.#limits.subscriptions;
    if (channel === undefined || !this.#sees(channel)) return client.status(2, `Unknown channel ID: ${channelId}`);
    if (!this.#allows("subscribe", channel.topic)) {
      return client.status(2, `Client may not subscribe to channel: ${channelId}; ignoring subscription`);
    }
    if ([...client.subscriptions.values()].includes(channelId)) {
      return client.status(1, `Client is already subscribed to channel: ${channelId}; ignoring subscription`);
    }
    if (client.subscriptions.has(id)) {
      return client.status(2, `Subscription ID was already used: ${id}; ignoring subscription`);
    }
    if (client.subscriptions.size >= limit) return client.status(2, `Too many subscriptions: the limit is ${limit}`);
    client.orphans.delete(id);
    client.subscriptions.set(id, channelId);
    const { latched } = channel;
    if (latched !== undefined) client.expect(dataKey(id, latched.time, latched.payload));
  }

  #unsubscribe(client: SessionModel, id: number): void {
    if (client.subscriptions.delete(id)) return client.forget(hexOf(bytes(u8(1), u32(id))));
    if (client.orphans.delete(id)) return;
    client.status(1, `Client is not subscribed with ID: ${id}; ignoring unsubscription`);
  }

  #orphan(client: SessionModel, subscription: number): void {
    client.subscriptions.delete(subscription);
    client.orphans.add(subscription);
    const [oldest] = client.orphans;
    if (client.orphans.size > this.#limits.subscriptions) client.orphans.delete(oldest!);
  }

  #advertised(client: SessionModel, channel: Members): void {
    const { id, topic, encoding } = channel as { id: number; topic: string; encoding: string };
    const { clientChannels, clientChannelBytes } = this.#limits;
    if (client.channels.has(id)) {
      return client.status(1, `Client is already advertising channel: ${id}; ignoring advertisement`);
    }
    if (this.kind === "tight" && !["json", "cdr"].includes(encoding)) {
      return client.status(2, `Unsupported encoding: ${encoding}; ignoring advertisement of channel ${id}`);
    }
    if (!this.#allows("publish", topic)) {
      return client.status(2, `Client may not publish on topic: ${topic}; ignoring advertisement of channel ${id}`);
    }
    if (client.channels.size >= clientChannels) {
      return client.status(2, `Too many channels: the limit is ${clientChannels}`);
    }
    const total = [...client.channels.values(), channel].reduce((sum, each) => sum + textBytes(each), 0);
    if (total > clientChannelBytes) {
      return client.status(2, `Too many bytes of channels: the limit is ${clientChannelBytes}`);
    }
    client.channels.set(id, channel);
  }

  #control(client: SessionModel, wish: PlaybackWish): void {
    if (this.playback === undefined || !client.hasPlayback) {
      return client.status(2, "Server does not support playbackControl capability");
    }
    if (!allowsControl(this.kind, client.id)) return client.status(2, "Client may not control playback");
    const { own, others, failure } = this.playback.request(wish);
    if (failure !== undefined) client.status(2, failure);
    else if (wish.seekTime !== undefined) { for (const other of this.clients.values()) other.forget(); }
    for (const other of this.clients.values()) {
      if (other.hasPlayback) other.expect(frameKey(other === client ? own : others));
    }
  }

  #refuse(client: SessionModel, request: Broken | undefined): void {
    client.invalid++;
    client.status(2, "Invalid message: *");
    if (request?.kind === "fetchAsset") client.expect(assetKey(request.requestId, "Invalid message: *"));
    if (request?.kind === "serviceCall") {
      client.expect(failureKey(request.serviceId, request.callId, "Invalid message: *"));
    }
  }

  #each<T>(client: SessionModel, entries: Entries<T>, handle: (entry: T) => void): void {
    for (const entry of entries) {
      if (entry === BAD) this.#refuse(client, undefined);
      else handle(entry);
    }
  }

  #has(client: SessionModel, capability: string): boolean {
    if (this.kind === "bare") client.status(2, `Server does not support ${capability} capability`);
    return this.kind !== "bare";
  }

  /** What waits is answered; nothing more is taken. */
  #close(client: SessionModel, how: { code: number; reason: string }): void {
    for (const [callId, { service }] of client.calls) {
      const [serviceId] = [...this.services].find(([, name]) => name === service)!;
      client.expect(failureKey(serviceId, callId, "Connection is closing"));
    }
    for (const requestId of client.assets.keys()) client.expect(assetKey(requestId, "Connection is closing"));
    client.forget();
    client.closed = how;
  }

  #tellInfo(client: SessionModel): void {
    tellInfo(client, { kind: this.kind, playback: this.playback, sessionId: this.session });
  }

  #advertiseServices(client: SessionModel, services: readonly [id: number, name: string][]): void {
    advertiseServices(client, services.filter(([, name]) => this.#allows("call", name)));
  }

  get #context(): AnswerContext {
    return { kind: this.kind, now: this.now, services: this.services, limits: this.#limits };
  }

  #allows(right: Parameters<typeof allows>[1], name: string): boolean {
    return allows(this.kind, right, name);
  }

  #sees({ topic }: ChannelModel): boolean {
    return this.#allows("see", topic);
  }

  #addChannel(topic: string): ChannelModel {
    const id = ++this.#lastChannel;
    const channel = { id, topic, kind: CHANNELS[(id - 1) % CHANNELS.length]!, latched: undefined };
    this.channels.set(id, channel);
    return channel;
  }
}

/** What own code is told of a message of a client. */
export function publishedKey(client: number, topic: string, data: Uint8Array): string {
  return `client ${client} on ${topic}: ${data.join(" ")}`;
}

function dataKey(subscription: number, time: bigint, payload: Uint8Array): Keyed {
  return frameKey(bytes(u8(1), u32(subscription), u64(time), payload));
}

const utf8 = new TextEncoder();

function byteLength(raw: Raw): number {
  return typeof raw === "string" ? utf8.encode(raw).length : raw.length;
}

function textBytes(channel: Members): number {
  const texts = Object.values(channel).filter((member) => typeof member === "string");
  return texts.reduce((sum, text) => sum + utf8.encode(text).length, 0);
}
