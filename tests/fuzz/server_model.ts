/**
 * What a server says to whom, by the rules of docs/behaviour.md: a second implementation, as small as it can be, which
 * knows no transports, no promises and no codec.
 */
import { bytes, text, u32, u64, u8 } from "../support/raw_bytes.ts";
import { VERSION } from "../../src/util/version.ts";
import { hexOf, type Raw } from "./case.ts";
import { assetKey, frameKey, jsonKey, type Keyed } from "./keys.ts";
import { InterestModel, ParameterModel, type WireParameter } from "./parameter_model.ts";
import { PlaybackModel, type PlaybackWish } from "./playback_model.ts";
import { readClient } from "./read_client.ts";
import { BAD, type Broken, type Members } from "./read_json.ts";
import { keyOf } from "./same.ts";
import {
  allows,
  allowsControl,
  CHANNELS,
  LIMIT_MS,
  LIMITS,
  type ServerKind,
  SERVICES,
  SESSION,
  SLOW_MS,
  validate,
} from "./server_fixture.ts";

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

interface ChannelModel {
  readonly id: number;
  readonly topic: string;
  readonly kind: typeof CHANNELS[number];
  latched: { time: bigint; payload: Uint8Array } | undefined;
}

/** A request that is not answered yet. */
interface Waiting {
  readonly due: number;
  readonly answer: Keyed;
  readonly service?: string;
}

/** One client, as the server has it. */
export class ClientModel {
  readonly id: number;
  readonly protocol: string;
  /** What it has to get in this step. */
  expected: Keyed[] = [];
  /** Set when the server has closed the connection. */
  closed: { code: number; reason: string } | undefined;
  invalid = 0;
  /** By subscription id, the channel id. */
  readonly subscriptions = new Map<number, number>();
  readonly orphans = new Set<number>();
  readonly channels = new Map<number, Members>();
  readonly interest = new InterestModel();
  watchesGraph = false;
  /** The graph at each moment of this step in which it has asked for it. */
  graphRequests: (string | undefined)[] = [];
  readonly calls = new Map<number, Waiting>();
  readonly assets = new Map<number, Waiting>();
  /** Schemas that it was told of, for `foxglove.sdk.v1.1`. */
  schemas = new Map<string, number>();

  constructor(id: number, protocol: string) {
    this.id = id;
    this.protocol = protocol;
  }

  /** What is on its way may be forgotten: a barrier was set behind it. @param frame How it begins; left out: any. */
  forget(frame = "01"): void {
    for (const each of this.expected) if (each.lane === "data" && each.key.startsWith(frame)) each.optional = true;
  }

  get hasPlayback(): boolean {
    return this.protocol !== "foxglove.websocket.v1";
  }

  /** To one whose connection is closing nothing is said. */
  expect(keyed: Keyed): void {
    if (this.closed === undefined) this.expected.push(keyed);
  }

  tell(message: { op: string; [member: string]: unknown }): void {
    this.expect(jsonKey(message));
  }

  status(level: number, message: string): void {
    this.tell({ op: "status", level, message });
  }
}

/** A server with its clients. */
export class ServerModel {
  readonly kind: ServerKind;
  readonly clients = new Map<number, ClientModel>();
  readonly channels = new Map<number, ChannelModel>();
  readonly services = new Map<number, string>();
  /** What own code has to hear that clients publish. */
  published: string[] = [];
  session = SESSION;
  now = 0;
  readonly playback: PlaybackModel | undefined;
  readonly #parameters: ParameterModel;
  readonly #limits: typeof DEFAULTS;
  #connections = 0;
  #lastChannel = 0;
  #lastService = 0;

  constructor(kind: ServerKind) {
    this.kind = kind;
    this.#limits = { ...DEFAULTS, ...LIMITS[kind] };
    this.#parameters = new ParameterModel(this.#limits, validate);
    for (const topic of ["/zero", "/one", "/two"]) this.#addChannel(topic);
    if (kind === "bare") return;
    for (const name of Object.keys(SERVICES)) this.services.set(++this.#lastService, name);
    this.playback = new PlaybackModel();
    this.#declareParameters();
  }

  /** A client comes; what it is greeted with. */
  join(seat: number, protocol: string): void {
    const client = new ClientModel(++this.#connections, protocol);
    this.clients.set(seat, client);
    this.#tellInfo(client);
    this.#advertise(client, [...this.channels.values()]);
    this.#advertiseServices(client, [...this.services.keys()]);
    if (this.playback !== undefined && client.hasPlayback) client.expect(frameKey(this.playback.frame(false, "")));
  }

  /** A client is gone. */
  leave(seat: number): void {
    this.clients.delete(seat);
  }

  /** A client has said something. */
  receive(client: ClientModel, raw: Raw): void {
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
    for (const client of this.clients.values()) this.#advertise(client, [channel]);
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
    for (const client of this.clients.values()) this.#advertiseServices(client, [id]);
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
    if (!this.#parameters.setOwn(name, value)) return;
    for (const client of this.clients.values()) this.#update(client, [name]);
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

  /** Who publishes, subscribes and provides what, as a text; `undefined` when two names become one on the wire. */
  graph(): string | undefined {
    const [published, subscribed, provided] = [new Named(), new Named(), new Named()];
    for (const { topic } of this.channels.values()) published.add(topic, "server");
    for (const name of this.services.values()) if (this.#allows("call", name)) provided.add(name, "server");
    for (const client of this.clients.values()) {
      const id = `client-${client.id}`;
      for (const channelId of client.subscriptions.values()) subscribed.add(this.channels.get(channelId)!.topic, id);
      for (const { topic } of client.channels.values()) published.add(topic as string, id);
    }
    for (const each of [published, subscribed]) each.keep((topic) => this.#allows("see", topic));
    const names = new Set([published, subscribed].flatMap((each) => [...each.names()]));
    const isClear = new Set(Array.from(names, (name) => name.toWellFormed())).size === names.size;
    return isClear ? graphText(published, subscribed, provided) : undefined;
  }

  readonly #handlers: Readonly<Record<string, (client: ClientModel, members: never) => void>> = {
    subscribe: (client, { subscriptions }: { subscriptions: (Members | typeof BAD)[] }) =>
      this.#each(
        client,
        subscriptions,
        ({ id, channelId }) => this.#subscribe(client, id as number, channelId as number),
      ),
    unsubscribe: (client, { subscriptionIds }: { subscriptionIds: (number | typeof BAD)[] }) =>
      this.#each(client, subscriptionIds, (id) => this.#unsubscribe(client, id)),
    advertise: (client, { channels }: { channels: (Members | typeof BAD)[] }) => {
      if (!this.#has(client, "clientPublish")) return;
      this.#each(client, channels, (channel) => this.#advertised(client, channel));
    },
    unadvertise: (client, { channelIds }: { channelIds: (number | typeof BAD)[] }) =>
      this.#each(client, channelIds, (id) => {
        if (client.channels.delete(id)) return;
        client.status(1, `Client is not advertising channel: ${id}; ignoring unadvertisement`);
      }),
    messageData: (client, { channelId, data }: { channelId: number; data: Uint8Array }) => {
      const channel = client.channels.get(channelId);
      if (channel === undefined) client.status(2, `Unknown channel ID: ${channelId}`);
      else this.published.push(publishedKey(client.id, channel.topic as string, data));
    },
    getParameters: (client, { parameterNames, id }: { parameterNames: (string | typeof BAD)[]; id?: string }) => {
      if (!this.#has(client, "parameters") || this.#tooMany(client, parameterNames)) return;
      const names = new Set<string>();
      this.#each(client, parameterNames, (name) => void names.add(name));
      const existing = [...names].filter((name) => this.#parameters.exists(name)).map((name) =>
        this.#parameters.now(name)
      );
      this.#values(client, parameterNames.length === 0 ? this.#parameters.all() : existing, id);
    },
    setParameters: (client, { parameters, id }: { parameters: (WireParameter | typeof BAD)[]; id?: string }) => {
      if (!this.#has(client, "parameters") || this.#tooMany(client, parameters)) return;
      this.#set(client, parameters, id);
    },
    subscribeParameterUpdates: (client, { parameterNames }: { parameterNames: (string | typeof BAD)[] }) =>
      this.#watch(client, parameterNames, true),
    unsubscribeParameterUpdates: (client, { parameterNames }: { parameterNames: (string | typeof BAD)[] }) =>
      this.#watch(client, parameterNames, false),
    subscribeConnectionGraph: (client) => {
      if (!this.#has(client, "connectionGraph")) return;
      client.watchesGraph = true;
      client.graphRequests.push(this.graph());
    },
    unsubscribeConnectionGraph: (client) => {
      if (this.#has(client, "connectionGraph")) client.watchesGraph = false;
    },
    fetchAsset: (client, { uri, requestId }: { uri: string; requestId: number }) => this.#fetch(client, uri, requestId),
    serviceCallRequest: (client, request: CallRequest) => this.#call(client, request),
    playbackControlRequest: (client, wish: PlaybackWish) => this.#control(client, wish),
  };

  #subscribe(client: ClientModel, id: number, channelId: number): void {
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

  #unsubscribe(client: ClientModel, id: number): void {
    if (client.subscriptions.delete(id)) return client.forget(hexOf(bytes(u8(1), u32(id))));
    if (client.orphans.delete(id)) return;
    client.status(1, `Client is not subscribed with ID: ${id}; ignoring unsubscription`);
  }

  #orphan(client: ClientModel, subscription: number): void {
    client.subscriptions.delete(subscription);
    client.orphans.add(subscription);
    const [oldest] = client.orphans;
    if (client.orphans.size > this.#limits.subscriptions) client.orphans.delete(oldest!);
  }

  #advertised(client: ClientModel, channel: Members): void {
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

  #set(client: ClientModel, parameters: (WireParameter | typeof BAD)[], id: string | undefined): void {
    const [asked, applied] = [new Set<string>(), new Set<string>()];
    this.#each(client, parameters, (parameter) => {
      const { name } = parameter;
      asked.add(name);
      const isAllowed = this.#allows("get", name) && this.#allows("set", name);
      const done = isAllowed ? this.#parameters.write(parameter) : "it is not permitted";
      if (typeof done === "string") client.status(2, `Parameter ${name} was not set: ${done}`);
      else if (done) applied.add(name);
    });
    if (id !== undefined) this.#values(client, Array.from(asked, (name) => this.#parameters.now(name)), id);
    for (const other of this.clients.values()) {
      if (other !== client || id === undefined) this.#update(other, [...applied]);
    }
  }

  #watch(client: ClientModel, entries: (string | typeof BAD)[], wanted: boolean): void {
    if (!this.#has(client, "parametersSubscribe") || this.#tooMany(client, entries)) return;
    const names: string[] = [];
    this.#each(client, entries, (name) => void names.push(name));
    if (names.length === 0 && entries.length > 0) return;
    const { parameterNames, parameterNameBytes } = this.#limits;
    const excess = client.interest.change(names, wanted, { names: parameterNames, bytes: parameterNameBytes });
    if (excess === "names") client.status(2, `Too many parameter names: the limit is ${parameterNames}`);
    if (excess === "bytes") client.status(2, `Too many bytes of parameter names: the limit is ${parameterNameBytes}`);
  }

  #update(client: ClientModel, names: readonly string[]): void {
    const wanted = names.filter((name) => client.interest.wants(name) && this.#allows("get", name));
    if (wanted.length > 0) this.#values(client, wanted.map((name) => this.#parameters.now(name)), undefined);
  }

  #values(client: ClientModel, all: readonly WireParameter[], id: string | undefined): void {
    const parameters = all.filter(({ name }) => this.#allows("get", name));
    client.tell({ op: "parameterValues", parameters, ...(id === undefined ? {} : { id }) });
  }

  #tooMany(client: ClientModel, entries: readonly unknown[]): boolean {
    const limit = this.#limits.parameterNames;
    if (entries.length <= limit) return false;
    client.status(2, `Too many parameter names: the limit is ${limit}`);
    return true;
  }

  #fetch(client: ClientModel, uri: string, requestId: number): void {
    const answer = (body: Uint8Array | string, due = this.now) => ({ due, answer: assetKey(requestId, body) });
    const limit = this.#limits.assetRequests;
    const refusal = this.kind === "bare"
      ? "Server does not support assets capability"
      : client.assets.has(requestId)
      ? `Request ID was already used: ${requestId}; the request is still in flight`
      : client.assets.size >= limit
      ? `Too many asset requests in flight: the limit is ${limit}`
      : undefined;
    if (refusal !== undefined) return client.expect(assetKey(requestId, refusal));
    // Also what needs no time is in flight until the step is over.
    const found = this.#allows("fetch", uri)
      ? assetOf(uri, answer, this.now)
      : answer(`Asset not found: ${quoted(uri)}`);
    client.assets.set(requestId, found);
  }

  #call(client: ClientModel, { serviceId, callId, encoding, data }: CallRequest): void {
    const fail = (message: string) => client.expect(failureKey(serviceId, callId, message));
    const name = this.services.get(serviceId);
    if (this.kind === "bare") return fail("Server does not support services capability");
    if (name === undefined || !this.#allows("call", name)) return fail(`Unknown service ID: ${serviceId}`);
    const wanted = SERVICES[name]!.encoding;
    if (wanted !== undefined && wanted !== encoding) {
      return fail(`Unsupported encoding: ${quoted(encoding)}; service ${quoted(name)} takes ${quoted(wanted)}`);
    }
    const limit = this.#limits.serviceCalls;
    if (client.calls.has(callId)) return fail(`Call ID was already used: ${callId}; the call is still in flight`);
    if (client.calls.size >= limit) return fail(`Too many service calls in flight: the limit is ${limit}`);
    const value = encoding === "json" ? jsonOf(data) : { value: data };
    if (value === undefined) return fail("Cannot decode request as JSON: *");
    this.#answerCall(client, { serviceId, callId, encoding, data }, { name, ...value });
  }

  #answerCall(client: ClientModel, request: CallRequest, { name, value }: { name: string; value: unknown }): void {
    const { serviceId, callId, encoding, data } = request;
    const response = (payload: string | Uint8Array) =>
      frameKey(bytes(u8(3), u32(serviceId), u32(callId), text(encoding), payload));
    const fail = (message: string) => failureKey(serviceId, callId, message);
    const wait = (ms: number, answer: Keyed) => client.calls.set(callId, { due: this.now + ms, answer, service: name });
    const answers: Record<string, () => unknown> = {
      "/measure": () => client.expect(response(`{"type":"${typeof value}","bytes":${data.length}}`)),
      "/mirror": () => client.expect(response(data)),
      "/fail": () => client.expect(fail("planned é")),
      "/silent": () => client.expect(encoding === "json" ? response("{}") : fail("Cannot encode undefined")),
      "/slow": () => wait(SLOW_MS, response('{"late":true}')),
      "/never": () => wait(LIMIT_MS, fail(`Service "/never" did not answer within ${LIMIT_MS} ms`)),
    };
    answers[name]!();
  }

  #control(client: ClientModel, wish: PlaybackWish): void {
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

  #refuse(client: ClientModel, request: Broken | undefined): void {
    client.invalid++;
    client.status(2, "Invalid message: *");
    if (request?.kind === "fetchAsset") client.expect(assetKey(request.requestId, "Invalid message: *"));
    if (request?.kind === "serviceCall") {
      client.expect(failureKey(request.serviceId, request.callId, "Invalid message: *"));
    }
  }

  #each<T>(client: ClientModel, entries: readonly (T | typeof BAD)[], handle: (entry: T) => void): void {
    for (const entry of entries) {
      if (entry === BAD) this.#refuse(client, undefined);
      else handle(entry);
    }
  }

  #has(client: ClientModel, capability: string): boolean {
    if (this.kind === "bare") client.status(2, `Server does not support ${capability} capability`);
    return this.kind !== "bare";
  }

  /** What waits is answered; nothing more is taken. */
  #close(client: ClientModel, how: { code: number; reason: string }): void {
    for (const [callId, { service }] of client.calls) {
      const [serviceId] = [...this.services].find(([, name]) => name === service)!;
      client.expect(failureKey(serviceId, callId, "Connection is closing"));
    }
    for (const requestId of client.assets.keys()) client.expect(assetKey(requestId, "Connection is closing"));
    client.forget();
    client.closed = how;
  }

  #tellInfo(client: ClientModel): void {
    client.schemas.clear();
    const { playback } = this;
    const times = playback === undefined || !client.hasPlayback ? {} : {
      dataStartTime: { sec: 0, nsec: Number(playback.start) },
      dataEndTime: { sec: 0, nsec: Number(playback.end) },
    };
    client.tell({
      op: "serverInfo",
      name: "fuzz",
      capabilities: this.#capabilities(client),
      ...(this.kind === "tight" ? { supportedEncodings: ["json", "cdr"] } : {}),
      metadata: { "fg-library": `foxwire/${VERSION}` },
      sessionId: this.session,
      ...times,
    });
  }

  #capabilities(client: ClientModel): string[] {
    if (this.kind === "bare") return [];
    const all = ["clientPublish", "parameters", "parametersSubscribe", "time", "services", "connectionGraph", "assets"];
    return client.hasPlayback ? [...all, "playbackControl"] : all;
  }

  #advertise(client: ClientModel, all: readonly ChannelModel[]): void {
    const channels = all.filter((channel) => this.#sees(channel));
    if (client.protocol === "foxglove.sdk.v1.1") return this.#advertiseByTable(client, channels);
    client.tell({ op: "advertise", channels: channels.map(({ id, topic, kind }) => ({ id, topic, ...kind.wire })) });
  }

  #advertiseByTable(client: ClientModel, all: readonly ChannelModel[]): void {
    const schemas: object[] = [];
    const channels = all.map(({ id, topic, kind: { wire } }) => {
      const { schemaName: name, schema: data, schemaEncoding: encoding, ...rest } = wire as Members;
      if (encoding === undefined) return { id, topic, ...rest };
      const key = keyOf([name, encoding, data]);
      const schemaId = client.schemas.get(key) ?? client.schemas.size + 1;
      if (!client.schemas.has(key)) schemas.push({ id: schemaId, name, encoding, data });
      client.schemas.set(key, schemaId);
      return { id, topic, ...rest, schemaId };
    });
    client.tell({ op: "advertise", ...(schemas.length === 0 ? {} : { schemas }), channels });
  }

  #advertiseServices(client: ClientModel, all: readonly number[]): void {
    const ids = all.filter((id) => this.#allows("call", this.services.get(id)!));
    if (ids.length === 0) return;
    const side = { encoding: "json", schemaName: "", schemaEncoding: "", schema: "" };
    const services = ids.map((id) => {
      const name = this.services.get(id)!;
      const { type = "", request, response } = SERVICES[name]!.options;
      return {
        id,
        name,
        type,
        ...(request === undefined ? { requestSchema: "" } : { request: side }),
        ...(response === undefined ? { responseSchema: "" } : { response: side }),
      };
    });
    client.tell({ op: "advertiseServices", services });
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

  #declareParameters(): void {
    const model = this.#parameters;
    model.declare({ name: "gain", value: 1.5, type: "float64" });
    model.declare({ name: "count", value: 1 });
    model.declare({ name: "serial", value: "A-17" }, { readOnly: true });
    model.declare({ name: "positive", value: 1 }, {
      validate: (value) => value as number > 0 ? undefined : "it must be positive",
    });
    model.declare({ name: "moody", value: 1 }, { validate: () => "not today" });
    model.declare({ name: "map", value: "AQID", type: "byte_array" });
    model.declare({ name: "list", value: [1, 2] });
    model.declare({ name: "pose", value: { x: 1, y: [1, 2] } });
    model.declare({ name: "flag", value: true });
    model.declare({ name: "mode", value: "auto" });
  }
}

interface CallRequest {
  serviceId: number;
  callId: number;
  encoding: string;
  data: Uint8Array;
}

/** Ids by name. */
class Named {
  readonly #ids = new Map<string, Set<string>>();

  add(name: string, id: string): void {
    this.#ids.set(name, (this.#ids.get(name) ?? new Set()).add(id));
  }

  names(): Iterable<string> {
    return this.#ids.keys();
  }

  keep(isWanted: (name: string) => boolean): void {
    for (const name of this.#ids.keys()) if (!isWanted(name)) this.#ids.delete(name);
  }

  entries(): Iterable<[string, Set<string>]> {
    return this.#ids;
  }
}

type Ids = { entries(): Iterable<[string, Iterable<string>]> };

/** A graph as a text that is the same when the graph is. */
export function graphText(published: Ids, subscribed: Ids, provided: Ids): string {
  const sorted = (ids: Ids) =>
    Array.from(ids.entries(), ([name, each]) => JSON.stringify([name.toWellFormed(), [...each].sort()])).sort();
  return [published, subscribed, provided].map((ids) => sorted(ids).join(" ")).join("\n");
}

/** What own code is told of a message of a client. */
export function publishedKey(client: number, topic: string, data: Uint8Array): string {
  return `client ${client} on ${topic}: ${data.join(" ")}`;
}

function dataKey(subscription: number, time: bigint, payload: Uint8Array): Keyed {
  return frameKey(bytes(u8(1), u32(subscription), u64(time), payload));
}

function failureKey(serviceId: number, callId: number, message: string): Keyed {
  return jsonKey({ op: "serviceCallFailure", serviceId, callId, message });
}

const utf8 = new TextEncoder();

function byteLength(raw: Raw): number {
  return typeof raw === "string" ? utf8.encode(raw).length : raw.length;
}

function textBytes(channel: Members): number {
  const texts = Object.values(channel).filter((member) => typeof member === "string");
  return texts.reduce((sum, text) => sum + utf8.encode(text).length, 0);
}

/** A text as error texts quote it. */
function quoted(text: string): string {
  return JSON.stringify(text.length <= 40 ? text : `${text.slice(0, 40)}…`);
}

function jsonOf(data: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data)) };
  } catch {
    return undefined;
  }
}

function assetOf(uri: string, answer: (body: Uint8Array | string, due?: number) => Waiting, now: number): Waiting {
  const answers: Record<string, () => Waiting> = {
    file: () => answer(bytes(uri)),
    throw: () => answer(`planned ${uri}`),
    slow: () => answer(bytes(uri), now + SLOW_MS),
    never: () => answer(`Asset ${quoted(uri)} did not come within ${LIMIT_MS} ms`, now + LIMIT_MS),
    stream: () => answer(bytes(uri, "!")),
    broken: () => answer("planned break"),
  };
  const kind = uri.split(":")[0]!;
  return Object.hasOwn(answers, kind) ? answers[kind]!() : answer(`Asset not found: ${quoted(uri)}`);
}
