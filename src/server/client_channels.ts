/**
 * The channels that one client publishes on.
 *
 * @module
 */
import type { ClientChannel } from "../protocol/messages.ts";
import { utf8Length } from "../util/bytes.ts";
import { publishedBy } from "./connection_graph.ts";
import type { Session } from "./session.ts";

/** Keeps what one client has advertised, by the id it chose. */
export class ClientChannels {
  readonly #session: Session;
  readonly #channels = new Map<number, ClientChannel>();
  /** Of the texts of all of them. */
  #bytes = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Answers one entry of `advertise`. */
  advertise(channel: ClientChannel): void {
    const session = this.#session;
    const { id, encoding } = channel;
    const { supportedEncodings, limits } = session.host;
    if (this.#channels.has(id)) {
      return session.status("warning", `Client is already advertising channel: ${id}; ignoring advertisement`);
    }
    if (supportedEncodings?.includes(encoding) === false) {
      return session.status("error", `Unsupported encoding: ${encoding}; ignoring advertisement of channel ${id}`);
    }
    if (!session.host.allows(session, "publish", channel.topic)) {
      const { topic } = channel;
      return session.status(
        "error",
        `Client may not publish on topic: ${topic}; ignoring advertisement of channel ${id}`,
      );
    }
    if (this.#channels.size >= limits.clientChannels) {
      return session.status("error", `Too many channels: the limit is ${limits.clientChannels}`);
    }
    const bytes = this.#bytes + bytesOf(channel);
    if (bytes > limits.clientChannelBytes) {
      return session.status("error", `Too many bytes of channels: the limit is ${limits.clientChannelBytes}`);
    }
    this.#bytes = bytes;
    this.#channels.set(id, channel);
    session.host.graph.added(publishedBy(session, channel.topic));
    session.host.events.emit("advertise", { client: session, channel });
  }

  /** Answers one entry of `unadvertise`. */
  unadvertise(id: number): void {
    const channel = this.#channels.get(id);
    if (channel === undefined) {
      this.#session.status("warning", `Client is not advertising channel: ${id}; ignoring unadvertisement`);
    } else {
      this.#remove(channel);
    }
  }

  /** Answers `messageData`. */
  message(id: number, data: Uint8Array): void {
    const client = this.#session;
    const channel = this.#channels.get(id);
    if (channel === undefined) client.status("error", `Unknown channel ID: ${id}`);
    else client.host.events.emit("message", { client, channel, data });
  }

  /** Their topics; one for each channel. */
  topics(): string[] {
    return Array.from(this.#channels.values(), ({ topic }) => topic);
  }

  /** Ends all of them with their events: the client has left. */
  release(): void {
    for (const channel of [...this.#channels.values()]) this.#remove(channel);
  }

  #remove(channel: ClientChannel): void {
    this.#channels.delete(channel.id);
    this.#bytes -= bytesOf(channel);
    this.#session.host.graph.removed(publishedBy(this.#session, channel.topic));
    this.#session.host.events.emit("unadvertise", { client: this.#session, channel });
  }
}

function bytesOf({ topic, encoding, schemaName, schema = "", schemaEncoding = "" }: ClientChannel): number {
  return [topic, encoding, schemaName, schema, schemaEncoding].reduce((sum, text) => sum + utf8Length(text), 0);
}
