/**
 * A topic that the server publishes on.
 *
 * @module
 */
import type { AdvertisedChannel } from "../protocol/messages.ts";
import { describe } from "../protocol/describe.ts";
import { type SchemaData, schemaDataToWire } from "../protocol/schema_data.ts";
import { jsonEncode } from "../util/json.ts";
import { wallTime } from "../util/time.ts";
import { checkOptionalFunction } from "./checks.ts";
import { failureText } from "./failures.ts";
import type { Fanout } from "./fanout.ts";
import { checkMessageFormat } from "./message_format.ts";
import type { ServerClient } from "./server_client.ts";

/** The schema of a channel's messages. */
export interface ChannelSchema {
  /** Name of the message type: `"foxglove.Log"`, `"geometry_msgs/msg/Pose"`. Viewers take one definition per name. */
  name: string;
  /** `"jsonschema"`, `"protobuf"`, `"flatbuffer"`, `"ros1msg"`, `"ros2msg"`, `"ros2idl"` or `"omgidl"`. */
  encoding: string;
  /** The definition: an object for `jsonschema`, bytes for `protobuf` (FileDescriptorSet) and `flatbuffer`, else text. */
  data: SchemaData;
}

/** How a channel's messages look, and how they become bytes. */
export interface ChannelOptions<T = unknown> {
  /** Message encoding: `"json"`, `"protobuf"`, `"flatbuffer"`, `"ros1"`, `"cdr"`, or one that your own client knows. */
  encoding: string;
  /** Left out for a schemaless channel; `protobuf`, `flatbuffer`, `ros1` and `cdr` need one. */
  schema?: ChannelSchema;
  /** Free texts shown with the channel (not for `foxglove.websocket.v1` viewers, which ignore them). */
  metadata?: Record<string, string>;
  /** Turns a message into bytes. Default: `JSON.stringify` for encoding `"json"`, else messages are bytes already. */
  encode?: (message: T) => Uint8Array;
  /**
   * `true`: the last message is kept, and every new subscription begins with it: maps, robot descriptions, states that
   * rarely change. Messages are then encoded without subscribers too. Default `false`.
   */
  latch?: boolean;
}

/** Options of one {@link Channel.publish}. */
export interface PublishOptions {
  /** When the message was made, in nanoseconds since 1970; default now. */
  logTime?: bigint;
  /** `true`: the bytes, or what `encode` returns, are given away and not changed: large ones need not be copied. */
  owned?: boolean;
}

/**
 * A live topic of a server; made by `server.channel()`. Messages go to the clients that have subscribed, and nothing
 * is encoded while there are none.
 *
 * @example
 * ```ts
 * import { FoxgloveServer } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * const speed = server.channel<{ metresPerSecond: number }>("/speed", { encoding: "json" });
 * speed.publish({ metresPerSecond: 1.5 }, { logTime: 1_700_000_000_000_000_000n });
 * await server.close();
 * ```
 */
export class Channel<T = unknown> {
  /** The channel as it is advertised. */
  readonly info: Readonly<AdvertisedChannel>;
  readonly #encode: (message: T) => Uint8Array;
  readonly #fanout: Fanout;
  readonly #remove: () => void;
  #latches: boolean;

  /** @ignore Made by `server.channel()`. */
  constructor(info: AdvertisedChannel, options: ChannelOptions<T>, hooks: { fanout: Fanout; remove: () => void }) {
    this.info = info;
    this.#encode = options.encode ?? (info.encoding === "json" ? jsonEncode : refuseUnencoded(info));
    this.#fanout = hooks.fanout;
    this.#remove = hooks.remove;
    this.#latches = options.latch ?? false;
  }

  /** Id on the wire. */
  get id(): number {
    return this.info.id;
  }

  /** Name of the topic. */
  get topic(): string {
    return this.info.topic;
  }

  /** How many clients are subscribed now. */
  get subscribers(): number {
    return this.#fanout.size;
  }

  /**
   * Sends a message to every subscribed client; does nothing when there is none, or after {@link close}. A channel with
   * `latch` keeps it for those that come later.
   *
   * @param message Bytes go out as they are, and may be reused at once unless `owned` is set; anything else is encoded. With
   * `"json"` that is any value and not its text: `'{"x":1}'` would go out as a JSON string.
   * @throws {TypeError} when the message cannot be encoded (noticed only while somebody is subscribed); `cause` is what the
   * encoder has thrown.
   */
  publish(message: T | Uint8Array, options: PublishOptions = {}): void {
    if (this.#fanout.size === 0 && !this.#latches) return;
    const encoded = this.#encoded(message, options.logTime);
    // An encoder may use its buffer again: what is kept for long is kept as a copy.
    if (this.#latches) this.#fanout.latch(encoded, options.owned === true);
    else this.#fanout.send(encoded, this.#owns(message, options));
  }

  /**
   * Sends a message to one client, if it is subscribed; it is not latched.
   *
   * @param message As with {@link publish}.
   * @returns Whether the client is subscribed.
   * @throws {TypeError} when the message cannot be encoded (noticed only if the client is subscribed).
   */
  publishTo(client: ServerClient, message: T | Uint8Array, options: PublishOptions = {}): boolean {
    const subscriber = this.#fanout.of(client);
    if (subscriber === undefined) return false;
    const encoded = this.#encoded(message, options.logTime);
    this.#fanout.send(encoded, this.#owns(message, options), subscriber);
    return true;
  }

  /** Removes the channel: clients lose their subscriptions to it and are told so. Idempotent. */
  close(): void {
    this.#latches = false;
    this.#fanout.unlatch();
    this.#remove();
  }

  /** Whether nobody else will change the bytes of a message. An encoder of the user may fill one buffer again and again. */
  #owns(message: T | Uint8Array, { owned = false }: PublishOptions): boolean {
    return owned || (!(message instanceof Uint8Array) && this.#encode === jsonEncode);
  }

  #encoded(message: T | Uint8Array, logTime: bigint = wallTime()): { payload: Uint8Array; logTime: bigint } {
    // Here, and not where a latched message goes out: that may be to the client that comes tomorrow.
    if (typeof logTime !== "bigint") {
      throw this.#refusal(`logTime is ${describe(logTime)}, need a bigint of nanoseconds`);
    }
    return { payload: message instanceof Uint8Array ? message : this.#bytes(message), logTime };
  }

  #bytes(message: T): Uint8Array {
    let bytes: unknown;
    try {
      bytes = this.#encode(message);
    } catch (cause) {
      throw this.#refusal(failureText(cause), { cause });
    }
    // A text would go out as zeros.
    if (bytes instanceof Uint8Array) return bytes;
    throw this.#refusal(`its encode option gave ${describe(bytes)}, need a Uint8Array`);
  }

  #refusal(reason: string, options?: ErrorOptions): TypeError {
    return new TypeError(`Cannot publish on "${this.topic}": ${reason}`, options);
  }
}

/** Message encodings that say nothing without a schema. */
const NEED_SCHEMA: readonly string[] = ["protobuf", "flatbuffer", "ros1", "cdr"];

/** The wire form of a channel; a schemaless one has empty names and no schema encoding. */
export function advertisedChannel(id: number, topic: string, options: ChannelOptions<never>): AdvertisedChannel {
  const { encoding, schema, metadata } = options;
  checkMessageFormat(options, `channel "${topic}"`);
  checkOptionalFunction(options.encode, `option encode of channel "${topic}"`);
  if (schema === undefined && NEED_SCHEMA.includes(encoding)) {
    throw new TypeError(`Cannot add channel "${topic}": encoding "${encoding}" needs a schema`);
  }
  return {
    id,
    topic,
    encoding,
    ...(schema === undefined ? { schemaName: "", schema: "" } : {
      schemaName: schema.name,
      schema: schemaDataToWire(schema.data, schema.encoding),
      schemaEncoding: schema.encoding,
    }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
  };
}

function refuseUnencoded({ encoding }: AdvertisedChannel): (message: unknown) => never {
  return (message) => {
    throw new TypeError(
      `encoding "${encoding}" takes a Uint8Array, or a channel with an encode option, not ${describe(message)}`,
    );
  };
}
