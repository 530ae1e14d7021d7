/**
 * A topic that a client publishes on.
 *
 * @module
 */
import { describe } from "../protocol/describe.ts";
import type { ClientChannel } from "../protocol/messages.ts";
import { type SchemaData, schemaDataToWire } from "../protocol/schema_data.ts";
import { within } from "../util/async.ts";
import { utf8Encode } from "../util/bytes.ts";
import { ConnectionError, errorMessage, FoxgloveError } from "../util/errors.ts";
import { jsonEncode } from "../util/json.ts";

/** What a client publishes. */
export interface PublisherOptions<T = unknown> {
  /** Name of the topic. */
  topic: string;
  /** Message encoding, such as `"json"`; the server may say in `serverInfo.supportedEncodings` which it takes. */
  encoding: string;
  /** The message type; often its name is all that a server wants. */
  schema?: {
    /** Name of the message type: `"geometry_msgs/PoseStamped"`. */
    name: string;
    /** `"jsonschema"`, `"protobuf"`, `"ros1msg"`, … */
    encoding?: string;
    /** The definition: an object for `jsonschema`, bytes for `protobuf` and `flatbuffer`, else text. */
    data?: SchemaData;
  };
  /** Turns a message into bytes. Default: `JSON.stringify` for encoding `"json"`, else texts as UTF-8 and bytes as they are. */
  encode?: (message: T) => Uint8Array;
}

/** What a {@link Publisher} needs of its client. */
export interface PublisherHost {
  /** Queues a message. @returns Whether it was taken. */
  publish(channelId: number, data: Uint8Array): boolean;
  /** Whether a writer of so many bytes must wait; it asks again when this settles. */
  room(bytes: number): Promise<void> | undefined;
  /** Takes the channel away. */
  unadvertise(channelId: number): void;
}

/**
 * A live topic of a client; made by `client.publisher()`.
 *
 * @example
 * ```ts
 * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ clientPublish: true });
 * const heard = new Promise<Uint8Array>((resolve) => server.on("message", ({ data }) => resolve(data)));
 * const [serverEnd, clientEnd] = linkedTransports();
 * server.accept(serverEnd);
 *
 * const client = await connect(clientEnd);
 * const goal = client.publisher<{ x: number }>({ topic: "/goal", encoding: "json" });
 * goal.publish({ x: 1 });
 * console.assert(new TextDecoder().decode(await heard) === '{"x":1}');
 * await client.close();
 * await server.close();
 * ```
 */
export class Publisher<T = unknown> implements AsyncDisposable {
  /** The channel as it was advertised to the server. */
  readonly channel: Readonly<ClientChannel>;
  readonly #host: PublisherHost;
  readonly #encode: (message: T) => Uint8Array;
  #writable: WritableStream<T | Uint8Array> | undefined;
  #dropped = 0;
  /** Aborted when it is closed. */
  readonly #closing = new AbortController();

  /** @ignore Made by `client.publisher()`. */
  constructor(channel: ClientChannel, options: PublisherOptions<T>, host: PublisherHost) {
    this.channel = channel;
    this.#host = host;
    this.#encode = options.encode ?? (channel.encoding === "json" ? jsonEncode : encodeText);
  }

  /** Name of the topic. */
  get topic(): string {
    return this.channel.topic;
  }

  /** How many messages were dropped: too much waited to be sent, or there was no connection, or the publisher had ended. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Sends a message, or drops and counts it: when the server reads so slowly that too much waits, and while there is no
   * connection. {@link writable} waits instead. Servers do not confirm: one that does not take a message may say so by a
   * status, the client's event `status`.
   *
   * @param message Bytes go out as they are and may be reused at once; anything else is encoded. With encoding
   * `"json"` a string becomes a JSON string: JSON that is ready goes out as bytes.
   * @returns Whether it waits to be sent or is; always `false` after the end.
   * @throws {TypeError} when the message cannot be encoded.
   */
  publish(message: T | Uint8Array): boolean {
    const data = this.#bytes(message);
    const taken = !this.#closed && this.#host.publish(this.channel.id, data);
    if (!taken) this.#dropped++;
    return taken;
  }

  /**
   * A stream to write messages to, which waits while the server does not keep up, and while the client reconnects. Closing
   * or aborting it closes the publisher, and ends the wait.
   */
  get writable(): WritableStream<T | Uint8Array> {
    return this.#writable ??= new WritableStream({
      // Not `abort()` of the sink: that would wait for the write that waits for room.
      start: ({ signal }) => signal.addEventListener("abort", () => this.close()),
      write: async (message) => {
        const data = this.#bytes(message);
        // Asked in the same turn in which it is published: another writer may have taken the room.
        let room = this.#host.room(data.length);
        for (; room !== undefined; room = this.#host.room(data.length)) {
          await within(room, "room", { signal: this.#closing.signal });
        }
        if (this.publish(data)) return;
        this.#closing.signal.throwIfAborted();
        const reason = "the connection is closed or closing, or its server does not take it";
        throw new ConnectionError(`Cannot publish on "${this.topic}": ${reason}`);
      },
      close: () => this.close(),
    });
  }

  /** Takes the topic away after what was published. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closing.abort(
      new FoxgloveError(`Cannot publish on "${this.topic}": the publisher is closed`, { code: "closed" }),
    );
    this.#host.unadvertise(this.channel.id);
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #bytes(message: T | Uint8Array): Uint8Array {
    if (message instanceof Uint8Array) return message;
    try {
      return this.#encode(message);
    } catch (cause) {
      throw new TypeError(`Cannot publish on "${this.topic}": ${errorMessage(cause)}`, { cause });
    }
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }
}

/** The wire form of what a client publishes. */
export function clientChannel<T>(id: number, options: PublisherOptions<T>): ClientChannel {
  const { topic, encoding, schema } = options;
  if (schema === undefined) return { id, topic, encoding, schemaName: "" };
  return {
    id,
    topic,
    encoding,
    schemaName: schema.name,
    ...(schema.data === undefined ? {} : { schema: schemaDataToWire(schema.data, schema.encoding ?? "") }),
    ...(schema.encoding === undefined ? {} : { schemaEncoding: schema.encoding }),
  };
}

function encodeText(message: unknown): Uint8Array {
  if (typeof message === "string") return utf8Encode(message);
  throw new TypeError(`only encoding "json" takes ${describe(message)} without an encode option`);
}
