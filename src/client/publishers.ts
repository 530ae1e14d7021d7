/**
 * What a client publishes on, and which of it the server knows of.
 *
 * @module
 */
import { encodeClientMessage } from "../protocol/codec.ts";
import type { ClientChannel, ClientMessage, ServerInfo } from "../protocol/messages.ts";
import { type ConnectionError, FoxgloveError } from "../util/errors.ts";
import type { Catalogue } from "./catalogue.ts";
import type { ClientCounters } from "./client_stats.ts";
import { clientOver } from "./connection.ts";
import type { Ending } from "./inbox.ts";
import type { LinkPart } from "./link.ts";
import { clientChannel, Publisher, type PublisherHost, type PublisherOptions } from "./publisher.ts";
import { requireCapability } from "./requests.ts";

/** What the publishers need of their client. */
export interface PublishersHost {
  readonly catalogue: Catalogue;
  readonly counters: ClientCounters;
  send(message: ClientMessage): void;
  publish(channelId: number, data: Uint8Array): boolean;
  room(bytes: number): Promise<void> | undefined;
  /** Takes what the user should know of. */
  report(error: unknown, during: string): void;
}

/** Keeps the channels of a client advertised, under the same ids in every connection. */
export class Publishers implements PublisherHost, LinkPart {
  readonly #host: PublishersHost;
  readonly #channels = new Map<number, ClientChannel>();
  readonly #advertised = new Set<number>();
  #nextId = 1;
  #lost = false;
  #over: ConnectionError | undefined;

  constructor(host: PublishersHost) {
    this.#host = host;
  }

  /** Makes a publisher. @throws {FoxgloveError} when the server does not take its messages, or the client is over. */
  add<T>(options: PublisherOptions<T>): Publisher<T> {
    if (this.#over !== undefined) throw this.#over;
    checkPublishing(this.#host.catalogue.serverInfo, options);
    const channel = clientChannel(this.#nextId++, options);
    // What cannot be sent throws here, and not when it is sent again after a reconnect.
    encodeClientMessage({ op: "advertise", channels: [channel] });
    this.#channels.set(channel.id, channel);
    this.advertise();
    return new Publisher(channel, options, this);
  }

  /** Advertises what the server does not know of yet, and takes. @param refused Is told of what it does not take. */
  advertise(refused: (error: unknown, channel: ClientChannel) => void = () => {}): void {
    if (this.#lost) return;
    const channels: ClientChannel[] = [];
    for (const channel of this.#channels.values()) {
      if (this.#advertised.has(channel.id)) continue;
      try {
        checkPublishing(this.#host.catalogue.serverInfo, channel);
        channels.push(channel);
        this.#advertised.add(channel.id);
      } catch (error) {
        refused(error, channel);
      }
    }
    if (channels.length > 0) this.#host.send({ op: "advertise", channels });
  }

  publish(channelId: number, data: Uint8Array): boolean {
    const taken = this.#advertised.has(channelId) && this.#host.publish(channelId, data);
    if (!taken) this.#host.counters.droppedMessages++;
    return taken;
  }

  room(bytes: number): Promise<void> | undefined {
    return this.#host.room(bytes);
  }

  unadvertise(channelId: number): void {
    this.#channels.delete(channelId);
    if (this.#advertised.delete(channelId)) this.#host.send({ op: "unadvertise", channelIds: [channelId] });
  }

  connectionLost(): void {
    this.#lost = true;
    this.#advertised.clear();
  }

  resubscribe(): void {
    this.#lost = false;
    this.advertise((error, { topic }) => this.#host.report(error, `advertise of "${topic}" after a reconnect`));
  }

  end({ error }: Ending): void {
    this.#over ??= clientOver(error);
    this.connectionLost();
  }
}

function checkPublishing(serverInfo: ServerInfo, { topic, encoding }: Pick<ClientChannel, "topic" | "encoding">): void {
  const where = `Cannot publish on "${topic}"`;
  requireCapability(serverInfo, "clientPublish", where);
  const { supportedEncodings = [] } = serverInfo;
  if (supportedEncodings.length > 0 && !supportedEncodings.includes(encoding)) {
    const supported = supportedEncodings.map((encoding) => `"${encoding}"`).join(", ");
    throw new FoxgloveError(`${where}: the server takes ${supported}, not encoding "${encoding}"`, {
      code: "encoding",
    });
  }
}
