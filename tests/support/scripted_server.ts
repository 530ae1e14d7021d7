/**
 * A server that does nothing by itself: it sends what a test says and keeps what the client sent, over one end of a
 * linked pair, with nothing of `server.ts` in between.
 */
import { AssertionError } from "@std/assert";
import { connect, type ConnectOptions } from "../../src/client/connect.ts";
import type { FoxgloveClient } from "../../src/client/client.ts";
import type { MessageSubscription } from "../../src/client/message_subscription.ts";
import { decodeClientMessage, encodeServerMessage } from "../../src/protocol/codec.ts";
import type {
  AdvertisedChannel,
  ClientMessage,
  MessageOf,
  ServerInfo,
  ServerMessage,
} from "../../src/protocol/messages.ts";
import { SchemaTableWriter } from "../../src/protocol/schema_table.ts";
import { type LinkedTransport, linkedTransports } from "../../src/transport/linked.ts";
import { deferred, within } from "../../src/util/async.ts";
import { systemClock } from "../../src/util/time.ts";

type Received = ClientMessage<true>;
type Op = Received["op"];

/** Options of a scripted server, and of the client that connects to it. */
export interface ScriptedOptions {
  protocol?: string;
  info?: Partial<ServerInfo>;
  client?: ConnectOptions;
}

/** The server's end, in the hands of a test. */
export class ScriptedServer {
  /** Everything that came and was not yet asked for. */
  readonly inbox: Received[] = [];
  readonly transport: LinkedTransport;
  readonly clientEnd: LinkedTransport;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #schemas: SchemaTableWriter | undefined;
  #arrived = deferred<void>();
  #settled = 0;

  constructor({ protocol = "foxglove.sdk.v1" }: ScriptedOptions = {}) {
    [this.transport, this.clientEnd] = linkedTransports({ protocol });
    this.#schemas = protocol === "foxglove.sdk.v1.1" ? new SchemaTableWriter() : undefined;
    const closed = deferred<{ code: number; reason: string }>();
    this.closed = within(closed.promise, "close by the client", { timeoutMs: 5000 });
    this.closed.catch(() => {});
    this.transport.bind({
      message: (data) => this.#received(data),
      drain: () => {},
      close: (code, reason) => closed.resolve({ code, reason }),
    });
  }

  /** A server with a client that has been greeted. */
  static async connected(options: ScriptedOptions = {}): Promise<{ server: ScriptedServer; client: FoxgloveClient }> {
    const server = new ScriptedServer(options);
    server.info(options.info);
    return { server, client: await connect(server.clientEnd, options.client) };
  }

  /** A server with a client that is subscribed to "/a", which is channel 1, by subscription 1. */
  static async subscribed(): Promise<
    { server: ScriptedServer; client: FoxgloveClient; subscription: MessageSubscription }
  > {
    const { server, client } = await ScriptedServer.connected();
    server.advertise({ id: 1, topic: "/a" });
    const subscription = client.subscribe("/a");
    await server.expect("subscribe");
    return { server, client, subscription };
  }

  /** Sends messages of the protocol, or raw texts or bytes. */
  send(...messages: (ServerMessage | string | Uint8Array)[]): void {
    this.transport.send(messages.map((message) => {
      const raw = typeof message === "string" || message instanceof Uint8Array;
      return raw ? message : encodeServerMessage(message, this.#schemas);
    }));
  }

  /** Sends `serverInfo`. */
  info(info: Partial<ServerInfo> = {}): void {
    this.send({ op: "serverInfo", name: "scripted", capabilities: [], ...info });
  }

  /** Advertises channels with encoding `json` unless they say otherwise. */
  advertise(...channels: (Partial<AdvertisedChannel> & { id: number; topic: string })[]): void {
    const filled = channels.map((channel) => ({ encoding: "json", schemaName: "", schema: "", ...channel }));
    this.send({ op: "advertise", channels: filled });
  }

  unadvertise(...channelIds: number[]): void {
    this.send({ op: "unadvertise", channelIds });
  }

  /** Sends a message of a subscription; anything but bytes as JSON. */
  data(subscriptionId: number, value: unknown, logTime = 1n): void {
    const data = value instanceof Uint8Array ? value : new TextEncoder().encode(JSON.stringify(value));
    this.send({ op: "messageData", subscriptionId, logTime, data });
  }

  /** The next message of the client; fails when none comes within 2 s. */
  async next(): Promise<Received> {
    while (this.inbox.length === 0) {
      this.#arrived = deferred();
      await within(this.#arrived.promise, "message from the client", { timeoutMs: 2000 });
    }
    return this.inbox.shift()!;
  }

  /** The next message, which must have this op. */
  async expect<O extends Op>(op: O): Promise<MessageOf<Received, O>> {
    const message = await this.next();
    if (message.op !== op) throw new AssertionError(`Expected ${op}, got ${message.op}`);
    return message as MessageOf<Received, O>;
  }

  /** The subscriptions of the next message, which must be a `subscribe`, as `[id, channelId]`. */
  async subscriptions(): Promise<[id: number, channelId: number][]> {
    const { subscriptions } = await this.expect("subscribe");
    return (subscriptions as { id: number; channelId: number }[]).map(({ id, channelId }) => [id, channelId]);
  }

  /** Waits until the client has dealt with all that was sent, and what it answered has come back. */
  async settle(client: FoxgloveClient): Promise<void> {
    const id = `settle ${++this.#settled}`;
    const arrived = deferred<void>();
    const listener = client.on("removeStatus", ({ statusIds }) => statusIds[0] === id && arrived.resolve());
    this.send({ op: "removeStatus", statusIds: [id] });
    await within(arrived.promise, "answer to settle()", { timeoutMs: 2000 });
    listener[Symbol.dispose]();
    // The client gathers what it sends until its turn ends, and the pair delivers in a later one.
    for (let i = 0; i < 4; i++) await nextTurn();
  }

  #received(data: string | Uint8Array): void {
    const message = decodeClientMessage(data);
    if (message === undefined) return;
    this.inbox.push(message);
    this.#arrived.resolve();
  }
}

/** Settles in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => systemClock.defer(resolve));
}
