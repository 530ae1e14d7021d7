/**
 * A small client that follows a driver's instructions, with switches for everything that it may do wrong. What it does
 * right, it does by our codec; frames and connections are its own.
 */
import type { Driver, DriverSink, StartDriver } from "../../../src/conform/client/driver.ts";
import type { Instruction } from "../../../src/conform/client/case.ts";
import { decodeServerMessage, encodeClientMessage } from "../../../src/protocol/codec.ts";
import { ProtocolError } from "../../../src/protocol/errors.ts";
import type { AdvertisedChannel, ClientMessage, MessageOf, ServerMessage } from "../../../src/protocol/messages.ts";
import { SchemaTableReader } from "../../../src/protocol/schema_table.ts";
import type { Fault } from "./faults.ts";
import { ModelSocket } from "./socket.ts";

type Decoded = ServerMessage<true>;
type Of<Op extends Decoded["op"]> = MessageOf<Decoded, Op>;
/** Which members an instruction has depends on `do`. */
// deno-lint-ignore no-explicit-any
type Told = any;

const NEEDS: Readonly<Record<string, string>> = {
  publish: "clientPublish",
  callService: "services",
  getParameters: "parameters",
  setParameters: "parameters",
  subscribeParameters: "parametersSubscribe",
  unsubscribeParameters: "parametersSubscribe",
  fetchAsset: "assets",
  subscribeGraph: "connectionGraph",
  unsubscribeGraph: "connectionGraph",
  play: "playbackControl",
  pause: "playbackControl",
  seek: "playbackControl",
  setSpeed: "playbackControl",
};

const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Drives a model client with some faults. */
export function modelDriver(...faults: Fault[]): StartDriver {
  return (url, sink) => new ModelClient(url, sink, new Set(faults));
}

class ModelClient implements Driver {
  ended: string | undefined;
  readonly errors = "";
  readonly #url: string;
  readonly #sink: DriverSink;
  readonly #has: (fault: Fault) => boolean;
  readonly #wanted = new Set<string>();
  #socket: ModelSocket | undefined;
  #stopped = false;
  #done: Promise<void>;
  #next = 1;
  // What is of one connection.
  #schemas = new SchemaTableReader();
  readonly #firstSchemas = new Map<number, { id: number }>();
  #capabilities: readonly string[] = [];
  #encodings: readonly string[] | undefined;
  #channels = new Map<number, AdvertisedChannel>();
  #services = new Map<string, number>();
  #subscriptions = new Map<number, { id: number; topic: string }>();
  #publishers = new Map<string, number>();
  /** Requests under way, by kind and id; the value is the tag. */
  #requests = new Map<string, string>();
  #speed = 1;
  #paused = true;
  #oldChannels: ReadonlyMap<number, AdvertisedChannel> = new Map();
  readonly #later: Told[] = [];

  constructor(url: string, sink: DriverSink, faults: ReadonlySet<Fault>) {
    this.#url = url;
    this.#sink = sink;
    this.#has = (fault) => faults.has(fault);
    this.#done = this.#run();
  }

  write(line: string): void {
    const told = JSON.parse(line) as Told;
    if (this.#socket?.greeted) this.#follow(told);
    else this.#later.push(told);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#socket?.destroy();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#connection().catch(() => {});
      if (this.#has("never connects again")) break;
      this.#forget();
      if (!this.#has("hammers")) await new Promise((resolve) => setTimeout(resolve, this.#stopped ? 0 : 100));
    }
    if (!this.#stopped) this.#end("ended");
  }

  async #connection(): Promise<void> {
    const socket = this.#socket = await ModelSocket.connect(Number(new URL(this.#url).port), this.#has);
    if (this.#stopped) return await socket.destroy();
    if (this.#has("talks first")) this.#send({ op: "getParameters", parameterNames: [] });
    for await (const message of socket.messages()) {
      try {
        this.#received(message);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        if (this.#isFatal(error, message)) await this.#die();
      }
      if (this.ended !== undefined) return;
    }
  }

  #isFatal(error: ProtocolError, message: string | Uint8Array): boolean {
    const fault = typeof message === "string" ? "dies of unknown ops" : "dies of unknown opcodes";
    return error.code === "unknown_op" ? this.#has(fault) : this.#has("dies of bad messages");
  }

  async #die(): Promise<void> {
    this.#stopped = true;
    this.#end("died");
    await this.#socket?.destroy();
  }

  #end(how: string): void {
    this.ended = `the model ${how}`;
    this.#sink.changed();
  }

  #forget(): void {
    this.#oldChannels = this.#channels;
    if (this.#has("forgets topics")) this.#wanted.clear();
    if (!this.#has("keeps publishers")) this.#publishers = new Map();
    this.#channels = new Map();
    this.#services = new Map();
    this.#subscriptions = new Map();
    if (this.#has("leaves calls open")) return;
    for (const tag of this.#requests.values()) this.#report({ got: "failure", tag, message: "connection lost" });
    this.#requests.clear();
  }

  #report(line: object): void {
    const plain = (_: string, value: unknown) => typeof value === "bigint" ? String(value) : value;
    this.#sink.line(JSON.stringify(line, plain));
  }

  #send(message: ClientMessage, edit: (json: string) => string = (json) => json): void {
    const encoded = encodeClientMessage(message);
    this.#socket?.send(typeof encoded === "string" ? edit(encoded) : encoded);
  }

  #received(data: string | Uint8Array): void {
    const table = this.#socket!.protocol === "foxglove.sdk.v1.1" ? this.#schemas : undefined;
    const message = decodeServerMessage(this.#has("keeps the schema table") ? this.#stale(data) : data, table);
    if (message !== undefined) this.#HEARD[message.op]?.(message as never);
  }

  /** An `advertise` with the first schema that had an id. */
  #stale(data: string | Uint8Array): string | Uint8Array {
    if (typeof data !== "string" || !data.includes('"schemas"')) return data;
    const message = JSON.parse(data) as { schemas: { id: number }[] };
    message.schemas = message.schemas.map((schema) => {
      if (!this.#firstSchemas.has(schema.id)) this.#firstSchemas.set(schema.id, schema);
      return this.#firstSchemas.get(schema.id)!;
    });
    return JSON.stringify(message);
  }

  readonly #HEARD: { [Op in Decoded["op"]]?: (message: Of<Op>) => void } = {
    serverInfo: (info) => this.#greeted(info),
    advertise: ({ channels }) => {
      if (this.#has("replaces its catalogue")) this.#channels.clear();
      for (const channel of channels) if (!(channel instanceof ProtocolError)) this.#channel(channel);
      this.#subscribeAll();
    },
    unadvertise: ({ channelIds }) => {
      for (const id of channelIds as number[]) {
        this.#channels.delete(id);
        if (this.#has("forgets topics that go")) this.#wanted.delete(this.#subscriptions.get(id)?.topic ?? "");
        this.#subscriptions.delete(id);
      }
    },
    advertiseServices: ({ services }) => {
      for (const service of services) {
        if (!(service instanceof ProtocolError)) this.#services.set(service.name, service.id);
      }
      for (const told of this.#later.splice(0)) this.#follow(told);
    },
    messageData: ({ subscriptionId, logTime, data }) => this.#data(subscriptionId, logTime, data),
    status: ({ level, message }) =>
      this.#report({ got: "status", level: this.#has("mixes levels") ? 0 : level, message }),
    time: ({ timestamp }) => this.#report({ got: "time", timestamp: this.#time(timestamp) }),
    parameterValues: ({ parameters, id }) => {
      if (id === undefined) this.#report({ got: "parameters", parameters });
      else this.#answer("parameters", id, { parameters });
    },
    serviceCallResponse: ({ callId, data }) => this.#answer("call", callId, { data: text(data) }),
    serviceCallFailure: ({ callId, message }) => {
      if (!this.#has("ignores failures")) this.#answer("call", callId, { message }, "failure");
    },
    fetchAssetResponse: ({ requestId, data, error }) => {
      if (data !== undefined) this.#answer("asset", requestId, { data: text(data) });
      else this.#answer("asset", requestId, { message: error }, "failure");
    },
    connectionGraphUpdate: (update) => this.#report({ got: "graph", ...update }),
    playbackState: ({ requestId, speed, status, ...state }) => {
      this.#speed = speed;
      this.#paused = status === "paused";
      this.#report({ got: "playbackState", status, speed, ...state });
      this.#answer("playback", requestId, {});
    },
  };

  #greeted({ capabilities, supportedEncodings }: Of<"serverInfo">): void {
    this.#capabilities = capabilities;
    this.#encodings = supportedEncodings;
    this.#socket!.greeted = true;
    if (this.#has("drops subscriptions at serverInfo")) this.#subscriptions.clear();
    const services = this.#later.filter((told: Told) => told.do === "callService");
    const others = this.#later.splice(0).filter((told: Told) => !services.includes(told));
    this.#later.push(...services);
    for (const told of others) this.#follow(told);
  }

  #channel(channel: AdvertisedChannel): void {
    const { id, topic, encoding, schemaName, schema, schemaEncoding } = channel;
    if (id === 0 && this.#has("knows no channel 0")) return;
    this.#channels.set(id, channel);
    this.#report({ got: "channel", topic, encoding, schemaName, schemaEncoding, schema });
  }

  #subscribeAll(): void {
    for (const { id, topic } of this.#channels.values()) {
      if (this.#wanted.has(topic) && !this.#subscriptions.has(id)) this.#subscribe(id, topic);
    }
  }

  #subscribe(channelId: number, topic: string): void {
    const id = this.#has("uses one subscription id") ? 7 : this.#next++;
    this.#subscriptions.set(channelId, { id, topic });
    const old = [...this.#oldChannels.values()].find((channel) => channel.topic === topic)?.id;
    const cut = this.#has("cuts channel ids") ? channelId >>> 0 : channelId;
    const onWire = this.#has("subscribes by old ids") ? old ?? cut : cut;
    const entry = { id, channelId: onWire };
    const twice = this.#has("subscribes twice") ? [entry, { id: this.#next++, channelId }] : [entry];
    this.#send({ op: "subscribe", subscriptions: twice }, (json) => this.#spoiled(json));
  }

  #spoiled(json: string): string {
    if (this.#has("uses ids over 32 bits")) return json.replace(/"id":\d+/, '"id":4294967296');
    if (this.#has("uses texts as ids")) return json.replace(/"id":(\d+)/, '"id":"$1"');
    if (this.#has("says an op that there is not")) this.#socket!.send('{"op":"Subscribe"}');
    if (this.#has("sends an array")) this.#socket!.send("[]");
    return json;
  }

  #data(subscriptionId: number, logTime: bigint, data: Uint8Array): void {
    for (const { id, topic } of this.#subscriptions.values()) {
      if (id !== subscriptionId) continue;
      return this.#report({ got: "message", topic, logTime: this.#time(logTime), data: text(data) });
    }
    if (this.#has("reports data of nobody")) this.#report({ got: "message", topic: "/a", logTime, data: text(data) });
    if (this.#has("dies of unknown subscriptions")) this.#die();
  }

  #time(time: bigint): string {
    return String(this.#has("keeps times as floats") ? BigInt(Number(time)) : time);
  }

  #answer(kind: string, id: string | number, members: object, got = "answer"): void {
    const key = this.#has("takes answers in order")
      ? [...this.#requests.keys()].find((key) => key.startsWith(kind)) ?? ""
      : `${kind} ${id}`;
    const tag = this.#requests.get(key);
    this.#requests.delete(key);
    if (tag !== undefined) this.#report({ got, tag, ...members });
  }

  #follow(told: Told): void {
    const needed = NEEDS[told.do];
    if (needed !== undefined && !this.#capabilities.includes(needed) && !this.#has("uses what is not declared")) return;
    if (told.do === "callService" && !this.#services.has(told.service) && needed !== undefined) {
      if (!this.#has("uses what is not declared")) return void this.#later.push(told);
    }
    this.#TOLD[told.do as Instruction["do"]](told);
  }

  #request(kind: string, tag: string): number {
    const id = this.#has("uses one request id") ? 5 : this.#next++;
    this.#requests.set(`${kind} ${id}`, tag);
    return id;
  }

  readonly #TOLD: Record<Instruction["do"], (told: Told) => void> = {
    subscribe: ({ topic }) => {
      this.#wanted.add(topic);
      const known = [...this.#channels.values()].some((channel) => channel.topic === topic);
      if (known || !this.#has("forgets what is not there")) this.#subscribeAll();
      else this.#wanted.delete(topic);
    },
    unsubscribe: ({ topic }) => {
      this.#wanted.delete(topic);
      for (const [channelId, subscription] of this.#subscriptions) {
        if (subscription.topic !== topic) continue;
        this.#subscriptions.delete(channelId);
        const id = this.#has("cancels by channel id") ? channelId + 100 : subscription.id;
        this.#send({ op: "unsubscribe", subscriptionIds: [id] });
      }
    },
    publish: (told) => this.#publish(told),
    unadvertise: ({ topic }) => {
      this.#send({ op: "unadvertise", channelIds: [this.#publishers.get(topic)!] });
      this.#publishers.delete(topic);
    },
    callService: ({ tag, service, encoding, data }) => {
      const serviceId = this.#services.get(service) ?? 1;
      const call = {
        serviceId: this.#has("writes big-endian") ? swapped(serviceId) : serviceId,
        encoding,
        data: utf8(data),
      };
      const message = encodeClientMessage({ op: "serviceCallRequest", ...call, callId: this.#request("call", tag) });
      this.#socket!.send(this.#has("cuts binary messages") ? message.slice(0, 8) as Uint8Array : message);
    },
    getParameters: ({ tag, names }) => {
      const id = String(this.#request("parameters", tag));
      const edit = (json: string) => this.#has("forgets members") ? json.replace('"parameterNames"', '"names"') : json;
      this.#send({ op: "getParameters", parameterNames: names, id }, edit);
    },
    setParameters: ({ tag, parameters }) => {
      const id = String(this.#request("parameters", tag));
      this.#send({ op: "setParameters", parameters, id }, (json) => this.#spoiledParameters(json));
    },
    subscribeParameters: ({ names }) => this.#send({ op: "subscribeParameterUpdates", parameterNames: names }),
    unsubscribeParameters: ({ names }) => this.#send({ op: "unsubscribeParameterUpdates", parameterNames: names }),
    fetchAsset: ({ tag, uri }) => this.#send({ op: "fetchAsset", uri, requestId: this.#request("asset", tag) }),
    subscribeGraph: () => this.#send({ op: "subscribeConnectionGraph" }),
    unsubscribeGraph: () => this.#send({ op: "unsubscribeConnectionGraph" }),
    play: ({ tag }) => this.#control(tag, false),
    pause: ({ tag }) => this.#control(tag, true),
    seek: ({ tag, time }) => this.#control(tag, this.#paused, BigInt(time)),
    setSpeed: ({ tag, speed }) => {
      this.#speed = speed;
      this.#control(tag, this.#paused);
    },
    close: () => {
      this.#stopped = true;
      if (this.#has("cuts to close")) this.#socket!.destroy();
      else this.#socket!.sendClose(1000);
    },
  };

  #publish({ topic, encoding, data }: Told): void {
    const taken = this.#encodings?.includes(encoding) ?? true;
    if (!taken && !this.#has("publishes in any encoding")) return;
    let channelId = this.#has("advertises each time") ? undefined : this.#publishers.get(topic);
    if (channelId === undefined) {
      channelId = this.#has("uses one client channel id") ? 3 : this.#next++;
      this.#publishers.set(topic, channelId);
      const channel = { id: channelId, topic, encoding, schemaName: "" };
      const edit = (json: string) =>
        this.#has("sends null") ? json.replace('"schemaName":""', '"schemaName":"","schema":null') : json;
      if (!this.#has("publishes unadvertised")) this.#send({ op: "advertise", channels: [channel] }, edit);
    }
    this.#send({ op: "messageData", channelId, data: utf8(data) });
  }

  #spoiledParameters(json: string): string {
    if (this.#has("deletes by null")) return json.replace(/\{"name":"gain"\}/, '{"name":"gain","value":null}');
    if (this.#has("sends floats without type")) return json.replace(',"type":"float64"', "");
    if (this.#has("does not pad base64")) return json.replace("AP8=", "AP8");
    return json;
  }

  #control(tag: string, paused: boolean, seekTime?: bigint): void {
    const requestId = String(this.#request("playback", tag));
    const seek = seekTime === undefined || this.#has("forgets the seek") ? {} : { seekTime };
    const speed = this.#has("forgets the speed") ? 1 : this.#speed;
    const request = encodeClientMessage({
      op: "playbackControlRequest",
      command: paused ? "pause" : "play",
      speed,
      ...seek,
      requestId,
    }) as Uint8Array;
    if (this.#has("plays at speed 0")) request.fill(0, 2, 6);
    this.#socket!.send(request);
  }
}

function swapped(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value);
  return view.getUint32(0, true);
}
