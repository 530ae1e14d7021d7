/** What clients publish on `/x` the model publishes on `/echo/x`, as long as anybody advertises `/x`. */
import { Buffer } from "node:buffer";
import { type Reader, u32 } from "./bytes.ts";
import type { Channel } from "./channels.ts";
import type { Client } from "./client.ts";
import type { FaultName } from "./faults.ts";
import { integer, Invalid, type Json, object, optionalString, string } from "./invalid.ts";
import type { Feature, Model } from "./model.ts";
import type { Schema } from "./schemas.ts";

/** A channel of a client. */
interface ClientChannel {
  id: number;
  topic: string;
  encoding: string;
  schema?: Schema | undefined;
  echo: Channel;
  /** What its echo is found by. */
  key: string;
}

const CHANNELS = 1_000;
const ENCODINGS = ["json", "protobuf", "ros1", "cdr"];
const SCHEMA_ENCODINGS: Record<string, string> = {
  json: "jsonschema",
  protobuf: "protobuf",
  ros1: "ros1msg",
  cdr: "ros2msg",
};

export class Publish implements Feature {
  readonly capabilities = () => ["clientPublish"];
  readonly ops = {
    advertise: (client: Client, message: Json) => {
      const all = () => client.each(message, "channels", (entry) => this.#advertise(client, object(entry)));
      if (this.#has("publish/in-the-next-turn")) this.#model.after(50, all);
      else all();
    },
    unadvertise: (client: Client, message: Json) =>
      client.each(message, "channelIds", (entry) => this.#unadvertise(client, integer({ id: entry }, "id"))),
  };
  readonly opcodes = { 1: (client: Client, message: Reader) => this.#message(client, message) };
  readonly #model: Model;
  readonly #channels = new WeakMap<Client, Map<number, ClientChannel>>();
  readonly #echoes = new Map<string, { echo: Channel; publishers: number }>();
  readonly #shared = new Map<number, ClientChannel>();
  #advertised = 0;
  readonly #arrived = new WeakMap<Client, number>();
  #arrivals = 0;

  constructor(model: Model) {
    this.#model = model;
  }

  #has(fault: FaultName): boolean {
    return this.#model.faults.has(fault);
  }

  describe(): Json {
    return { supportedEncodings: this.#has("greeting/encodings-as-text") ? ENCODINGS.join() : ENCODINGS };
  }

  greet(client: Client): void {
    this.#arrived.set(client, ++this.#arrivals);
    this.#channels.set(client, new Map());
  }

  gone(client: Client): void {
    if (this.#has("publish/outlives-its-client")) return;
    const before = (other: Client) => this.#arrived.get(other)! < this.#arrived.get(client)!;
    const isTold = this.#has("publish/gone-ends-telling") ? before : undefined;
    for (const channel of this.#channels.get(client)?.values() ?? []) this.#release(channel, isTold);
  }

  /** Topics that a client publishes. */
  publishedBy(client: Client): string[] {
    return [...this.#channels.get(client)?.values() ?? []].map(({ topic }) => topic);
  }

  #of(client: Client): Map<number, ClientChannel> {
    return this.#has("publish/ids-of-the-server") ? this.#shared : this.#channels.get(client)!;
  }

  #advertise(client: Client, entry: Json): void {
    const id = integer(entry, "id", this.#has("publish/signed-ids") ? 0x7fff_ffff : undefined);
    if (id === 0 && this.#has("publish/zero-refused")) throw new Invalid("id is missing");
    if (this.#has("publish/null-refused") && Object.values(entry).includes(null)) throw new Invalid("a member is null");
    const [topic, encoding] = [string(entry, "topic"), string(entry, "encoding")];
    const name = string(entry, "schemaName");
    if (this.#of(client).has(id) && !this.#has("publish/id-taken-over")) {
      if (this.#has("publish/used-id-silent")) return;
      return client.status("warning", `Client is already advertising channel: ${id}; ignoring advertisement`);
    }
    if (this.#of(client).size >= CHANNELS && !this.#has("publish/any-number")) {
      return client.status("error", `Too many channels: the limit is ${CHANNELS}`);
    }
    if (!ENCODINGS.includes(encoding) && !this.#has("publish/any-encoding")) {
      const reason = `Unsupported encoding: ${encoding}; ignoring advertisement of channel ${id}`;
      return client.status("error", reason);
    }
    const schema = this.#has("publish/schema-lost") ? undefined : schemaOf(entry, name, encoding);
    const key = `${JSON.stringify([topic, encoding, schema])} ${this.#model.echoesEach ? ++this.#advertised : ""}`;
    const echo = this.#echoOf(key, { topic: `/echo${topic}`, encoding, schema });
    this.#of(client).set(id, { id, topic, encoding, schema, echo, key });
    this.#model.graph.changed();
  }

  #echoOf(key: string, channel: { topic: string; encoding: string; schema: Schema | undefined }): Channel {
    const known = this.#echoes.get(key);
    if (known !== undefined) {
      known.publishers++;
      return known.echo;
    }
    const echo = this.#model.channels.add(channel);
    this.#echoes.set(key, { echo, publishers: 1 });
    return echo;
  }

  #unadvertise(client: Client, id: number): void {
    const channels = this.#has("publish/unadvertise-of-another")
      ? [...this.#model.clients].map((one) => this.#of(one))
      : [];
    const channel = channels.map((ids) => ids.get(id)).find((found) => found) ?? this.#of(client).get(id);
    if (channel === undefined) {
      if (this.#has("publish/unknown-silent")) return;
      return client.status("warning", `Client is not advertising channel: ${id}; ignoring unadvertisement`);
    }
    if (this.#has("publish/unadvertise-ignored")) return;
    for (const ids of [...channels, this.#of(client)]) ids.delete(id);
    this.#release(channel);
    this.#model.graph.changed();
  }

  #release({ key }: ClientChannel, isTold?: (client: Client) => boolean): void {
    const known = this.#echoes.get(key);
    if (known === undefined || --known.publishers > 0 && !this.#has("publish/ends-with-the-first")) return;
    this.#echoes.delete(key);
    this.#model.channels.remove(known.echo, isTold);
  }

  #message(client: Client, message: Reader): void {
    const id = message.u32();
    const channel = this.#has("publish/on-the-last-channel")
      ? [...this.#of(client).values()].at(-1)
      : this.#of(client).get(id);
    if (channel === undefined) {
      if (this.#has("publish/message-of-none-silent")) return;
      if (this.#has("publish/message-of-none-closes")) return client.close(1008);
      return client.status("error", `Unknown channel ID: ${id}`);
    }
    const payload = message.rest();
    if (payload.length === 0 && this.#has("publish/empty-lost")) return;
    const echoed = this.#has("publish/id-in-payload") ? Buffer.concat([u32(id), payload]) : payload;
    this.#model.channels.publish(channel.echo, this.#has("publish/as-text") ? Buffer.from(echoed.toString()) : echoed);
  }
}

function schemaOf(entry: Json, name: string, encoding: string): Schema | undefined {
  const text = optionalString(entry, "schema");
  const schemaEncoding = optionalString(entry, "schemaEncoding") || SCHEMA_ENCODINGS[encoding] || encoding;
  if (!text) return undefined;
  const data = ["protobuf", "flatbuffer"].includes(schemaEncoding) ? Buffer.from(text, "base64") : text;
  return { name, encoding: schemaEncoding, data };
}
