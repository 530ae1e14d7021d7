/** Channels of the model: what it advertises, subscriptions, messages. Topics as in the reference server. */
import { Buffer } from "node:buffer";
import { reversed, u32, u64 } from "./bytes.ts";
import type { Client } from "./client.ts";
import type { FaultName } from "./faults.ts";
import { array, integer, Invalid, type Json, object } from "./invalid.ts";
import type { Feature, Model } from "./model.ts";
import { define, type Schema, type SchemaTable } from "./schemas.ts";

const now = () => BigInt(Date.now()) * 1_000_000n;

/** A channel of the server. */
export interface Channel {
  id: number;
  topic: string;
  encoding: string;
  schema?: Schema | undefined;
  /** Sent to each new subscriber. */
  latched?: { payload: Buffer; logTime: bigint };
}

const jsonSchema = (title: string, member: string, type: string): Schema => ({
  name: title,
  encoding: "jsonschema",
  data: JSON.stringify({ title, type: "object", properties: { [member]: { type } } }),
});

/** A FileDescriptorSet: one file with one empty message. Its length is no multiple of 3, so its base64 has padding. */
const POSE_SCHEMA: Schema = {
  name: "foxglove.PoseInFrame",
  encoding: "protobuf",
  data: descriptorSet("foxglove/pose_in_frame.proto", "foxglove", "PoseInFrame"),
};

function descriptorSet(file: string, namespace: string, message: string): Buffer {
  const field = (number: number, value: Buffer) =>
    Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), value]);
  const named = field(4, field(1, Buffer.from(message)));
  const parts = [
    field(1, Buffer.from(file)),
    field(2, Buffer.from(namespace)),
    named,
    field(12, Buffer.from("proto3")),
  ];
  return field(1, Buffer.concat(parts));
}

const COUNTER_MS = 20;
const POSE_MS = 50;
const BYTES_MS = 100;
const BURST_MS = 200;

export class Channels implements Feature {
  readonly capabilities = () => [];
  readonly ops = {
    subscribe: (client: Client, message: Json) => this.#subscribe(client, message),
    unsubscribe: (client: Client, message: Json) => this.#unsubscribe(client, message),
  };
  readonly all = new Map<number, Channel>();
  readonly #model: Model;
  /** Channels by subscription id. */
  readonly #subscriptions = new Map<Client, Map<number, Channel>>();
  readonly #tables = new WeakMap<Client, SchemaTable>();
  /** Used by a fault: one for all clients. */
  readonly #sharedTable: SchemaTable = new Map();
  /** Ids whose subscription ended with its channel: to end it again is no mistake. */
  readonly #ended = new WeakMap<Client, Set<number>>();
  /** Used by faults: ids that are not taken again. */
  readonly #spent = new WeakMap<Client, Set<number>>();
  readonly #left = new Set<Channel>();
  #counts = 0;
  #lastId = 0;

  constructor(model: Model) {
    this.#model = model;
    if (model.faults.has("greeting/no-advertise")) return;
    const counter = this.add({
      topic: "/counter",
      encoding: "json",
      schema: jsonSchema("Counter", "count", "integer"),
    });
    const bytes = this.add({ topic: "/bytes", encoding: "raw" });
    const latched = { payload: Buffer.from('{"text":"published once"}'), logTime: now() };
    this.add({ topic: "/latched", encoding: "json", schema: jsonSchema("Latched", "text", "string"), latched });
    const pose = this.add({ topic: "/pose", encoding: "protobuf", schema: POSE_SCHEMA });
    this.#burst();
    let count = 0;
    model.every(COUNTER_MS, () => this.publish(counter, Buffer.from(`{"count":${count++}}`)));
    // Its first field, a message, with nothing in it.
    model.every(POSE_MS, () => this.publish(pose, Buffer.from([10, 0])));
    model.every(BYTES_MS, () => this.publish(bytes, Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i))));
  }

  /** Many messages at once, each with a number that goes on. */
  #burst(): void {
    const burst = this.add({ topic: "/burst", encoding: "raw" });
    let sequence = 0;
    const send = () => {
      const message = Buffer.alloc(100);
      message.writeUInt32LE(this.#has("data/out-of-order") ? sequence++ ^ 1 : sequence++);
      this.publish(burst, message);
    };
    this.#model.every(BURST_MS, () => {
      for (let i = 0; i < 1_000; i++) send();
    });
  }

  #has(fault: FaultName): boolean {
    return this.#model.faults.has(fault);
  }

  add(channel: Omit<Channel, "id">): Channel {
    const free = [...Array(this.#lastId).keys()].map((id) => id + 1).find((id) => !this.all.has(id));
    const id = this.#has("advertise/ids-again") && free !== undefined ? free : ++this.#lastId;
    const added = { id, ...this.#faulty(channel) };
    this.all.set(added.id, added);
    if (!this.#has("advertise/not-announced")) {
      for (const client of this.#model.clients) this.#advertise(client, [added]);
    }
    this.#model.graph.changed();
    return added;
  }

  /** With what is wrong with its schema. */
  #faulty(channel: Omit<Channel, "id">): Omit<Channel, "id"> {
    const { schema, encoding } = channel;
    if (schema === undefined) return channel;
    if (encoding === "json" && this.#has("advertise/encoding-for-schema-encoding")) {
      return { ...channel, schema: { ...schema, encoding: "json" } };
    }
    if (encoding === "json" && this.#has("advertise/bare-json-schema")) {
      return { ...channel, schema: { ...schema, data: "{}" } };
    }
    if (encoding !== "protobuf") return channel;
    if (this.#has("advertise/protobuf-without-schema")) return { ...channel, schema: undefined };
    if (this.#has("advertise/name-without-package")) return { ...channel, schema: { ...schema, name: "PoseInFrame" } };
    // Its one file alone: behind the field's number and length.
    const file = (schema.data as Buffer).subarray(2);
    return this.#has("advertise/descriptor-not-set") ? { ...channel, schema: { ...schema, data: file } } : channel;
  }

  /** @param isTold Which clients hear of it: all of them, unless something is wrong. */
  remove(channel: Channel, isTold: (client: Client) => boolean = () => !this.#has("unadvertise/not-told")): void {
    this.all.delete(channel.id);
    if (this.#has("table/forgets-the-gone")) {
      for (const client of this.#model.clients) this.#tables.get(client)?.clear();
    }
    for (const [client, subscriptions] of this.#subscriptions) {
      if (isTold(client)) client.json({ op: "unadvertise", channelIds: [channel.id] });
      for (const [id, { id: channelId }] of subscriptions) {
        if (channelId !== channel.id) continue;
        subscriptions.delete(id);
        this.#ended.get(client)!.add(id);
      }
    }
    this.#model.graph.changed();
  }

  /** Sends a message to those who have subscribed. */
  publish(channel: Channel, payload: Buffer, logTime = now()): void {
    if (this.#has("data/some-lost") && channel.topic === "/counter" && ++this.#counts % 3 === 0) return;
    for (const [client, subscriptions] of this.#subscriptions) {
      if (this.#has("subscribe/sent-unasked")) this.#send(client, { id: channel.id, payload, logTime });
      for (const [id, { id: channelId }] of subscriptions) {
        if (channelId === channel.id) {
          this.#send(client, { id: this.#has("data/by-channel-id") ? channelId + 1000 : id, payload, logTime });
        }
      }
    }
  }

  /** Channels that a client has subscribed to. */
  subscribedBy(client: Client): Channel[] {
    return [...this.#subscriptions.get(client)?.values() ?? []];
  }

  greet(client: Client): void {
    this.#subscriptions.set(client, new Map());
    this.#ended.set(client, new Set());
    this.#spent.set(client, new Set());
    this.#tables.set(client, new Map());
    if (this.#has("greeting/no-advertise") || this.#has("greeting/every-other-client") && client.number % 2 === 0) {
      return;
    }
    this.#advertise(client, [...this.all.values()]);
  }

  gone(client: Client): void {
    const left = this.subscribedBy(client);
    if (!this.#has("graph/clients-stay")) this.#subscriptions.delete(client);
    if (this.#has("harm/leaving-ends-channels")) {
      for (const subscriptions of this.#subscriptions.values()) {
        for (const [id, channel] of subscriptions) if (left.includes(channel)) subscriptions.delete(id);
      }
    }
    this.#model.graph.changed();
  }

  #advertise(client: Client, channels: Channel[]): void {
    const table = this.#has("table/of-the-server") ? this.#sharedTable : this.#tables.get(client);
    // A client whose greeting comes later.
    if (table === undefined) return;
    client.json({ op: "advertise", ...define(channels, client, table) });
  }

  #subscribe(client: Client, message: Json): void {
    if (this.#has("subscribe/in-the-next-turn")) return this.#model.after(1, () => this.#subscribeAll(client, message));
    this.#subscribeAll(client, message);
  }

  #subscribeAll(client: Client, message: Json): void {
    const list = array(message, "subscriptions");
    if (list.length === 0 && this.#has("subscribe/empty-refused")) throw new Invalid("subscriptions is empty");
    if (this.#has("subscribe/replaces")) this.#subscriptions.get(client)?.clear();
    client.each(message, "subscriptions", (entry) => {
      const item = object(entry);
      const id = integer(item, "id", this.#has("subscribe/signed-ids") ? 0x7fff_ffff : undefined);
      if (id === 0 && this.#has("subscribe/zero-refused")) throw new Invalid("id is missing");
      this.#subscribeOne(client, id, integer(item, "channelId", Number.MAX_SAFE_INTEGER));
    });
    this.#model.graph.changed();
  }

  #subscribeOne(client: Client, id: number, channelId: number): void {
    const subscriptions = this.#subscriptions.get(client)!;
    const channel = this.all.get(channelId);
    if (channel === undefined) {
      if (this.#has("subscribe/refused-id-kept")) this.#spent.get(client)!.add(id);
      return this.#unknownChannel(client, channelId);
    }
    if (!this.#has("subscribe/twice") && [...subscriptions.values()].includes(channel)) {
      return client.status("warning", `Client is already subscribed to channel: ${channelId}; ignoring subscription`);
    }
    const used = this.#has("subscribe/ids-of-the-server")
      ? [...this.#subscriptions.values()].some((ids) => ids.has(id))
      : subscriptions.has(id);
    if (this.#left.has(channel)) return client.status("warning", `Channel was subscribed before: ${channelId}`);
    if ((used || this.#spent.get(client)!.has(id)) && !this.#has("subscribe/reuses-id")) {
      return client.status("error", `Subscription ID was already used: ${id}; ignoring subscription`);
    }
    subscriptions.set(id, channel);
    if (this.#has("subscribe/warned")) client.status("warning", `Subscribed: ${id}`);
    this.#ended.get(client)!.delete(id);
    this.#sendLatched(client, id, channel);
  }

  #unknownChannel(client: Client, channelId: number): void {
    if (this.#has("subscribe/unknown-silent")) return;
    if (this.#has("subscribe/unknown-closes")) return client.close(1008);
    const level = this.#has("subscribe/unknown-as-warning") ? "warning" : "error";
    client.status(level, `Unknown channel ID: ${channelId}`);
  }

  #sendLatched(client: Client, id: number, { latched }: Channel): void {
    if (latched === undefined || this.#has("latched/not-sent")) return;
    if (this.#has("latched/first-client-only") && client.number > 1) return;
    this.#send(client, { id, ...latched, ...(this.#has("latched/time-of-sending") ? { logTime: now() } : {}) });
  }

  #unsubscribe(client: Client, message: Json): void {
    if (this.#has("unsubscribe/ignored")) return;
    const subscriptions = this.#subscriptions.get(client)!;
    client.each(message, "subscriptionIds", (entry) => {
      const id = this.#named(client, integer({ id: entry }, "id"));
      const channel = subscriptions.get(id);
      if (subscriptions.delete(id)) return this.#unsubscribed(client, id, channel!);
      if (this.#ended.get(client)!.delete(id)) return;
      if (this.#has("unsubscribe/unknown-closes")) return client.close(1008);
      if (this.#has("unsubscribe/unknown-silent")) return;
      const level = this.#has("unsubscribe/unknown-as-error") ? "error" : "warning";
      client.status(level, `Client is not subscribed with ID: ${id}; ignoring unsubscription`);
    });
    this.#model.graph.changed();
  }

  /** The id of a subscription as a client names it. */
  #named(client: Client, id: number): number {
    if (!this.#has("unsubscribe/by-channel-id")) return id;
    return [...this.#subscriptions.get(client)!].find(([, channel]) => channel.id === id)?.[0] ?? id;
  }

  #unsubscribed(client: Client, id: number, channel: Channel): void {
    if (this.#has("subscribe/ids-once")) this.#spent.get(client)!.add(id);
    if (this.#has("subscribe/channel-once")) this.#left.add(channel);
    if (this.#has("unsubscribe/warned")) client.status("warning", `Unsubscribed: ${id}`);
    if (this.#has("unsubscribe/all-of-the-client")) this.#subscriptions.get(client)!.clear();
    if (this.#has("unsubscribe/all-of-the-channel")) {
      for (const subscriptions of this.#subscriptions.values()) {
        for (const [other, { topic }] of subscriptions) if (topic === channel.topic) subscriptions.delete(other);
      }
    }
    if (!this.#has("unsubscribe/late-data")) return;
    const payload = Buffer.from('{"count":-1}');
    this.#model.after(1, () => this.#send(client, { id, payload, logTime: 0n }));
  }

  #send(client: Client, { id, payload, logTime }: { id: number; payload: Buffer; logTime: bigint }): void {
    const subscription = this.#has("data/big-endian-id") ? reversed(u32(id)) : u32(id);
    const own = this.#has("data/time-of-sending") ? logTime + BigInt(client.number) : logTime;
    const ns = this.#has("data/time-in-ms") ? own / 1_000_000n : own;
    const time = this.#has("data/big-endian-time") ? reversed(u64(ns)) : u64(ns);
    const bytes = this.#has("data/as-text") ? Buffer.from(payload.toString()) : payload;
    const body = this.#has("data/payload-with-length") ? Buffer.concat([u32(bytes.length), bytes]) : bytes;
    if (this.#has("data/in-wrong-order")) client.binary(1, time, subscription, body);
    else client.binary(1, subscription, time, body);
  }
}
