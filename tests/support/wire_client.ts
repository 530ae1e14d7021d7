/**
 * A client that speaks the wire protocol by hand over one end of a linked pair: what is sent and received is exactly
 * what a test says, with nothing of `client.ts` in between.
 */
import { AssertionError } from "@std/assert";
import type { FoxgloveServer } from "../../src/server/server.ts";
import type { ServerClient } from "../../src/server/server_client.ts";
import type { ServerEvents } from "../../src/server/server_events.ts";
import { decodeServerMessage, encodeClientMessage } from "../../src/protocol/codec.ts";
import type { Subprotocol } from "../../src/protocol/constants.ts";
import type { ClientMessage, MessageOf, ServerMessage } from "../../src/protocol/messages.ts";
import { SchemaTableReader } from "../../src/protocol/schema_table.ts";
import { type LinkedTransport, linkedTransports } from "../../src/transport/linked.ts";
import { deferred, within } from "../../src/util/async.ts";

type Received = ServerMessage<true>;
type Op = Received["op"];

/** What {@link WireClient.settle} asks, and how the answer begins, whatever the server has. */
const NEVER_SUBSCRIBED = 0xbad0_0bad;
const SETTLED = `Client is not subscribed with ID: ${NEVER_SUBSCRIBED};`;

/** A wire client and the server's view of it. */
export class WireClient {
  /** Everything that came and was not yet asked for. */
  readonly inbox: Received[] = [];
  /** The same as it was on the wire. */
  readonly raw: (string | Uint8Array)[] = [];
  readonly serverSide: ServerClient;
  readonly transport: LinkedTransport;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #schemas: SchemaTableReader | undefined;
  #arrived = deferred<void>();

  constructor(server: FoxgloveServer, options: { protocol?: Subprotocol } = {}) {
    const protocol = options.protocol ?? "foxglove.sdk.v1";
    const [serverEnd, clientEnd] = linkedTransports({ protocol });
    this.#schemas = protocol === "foxglove.sdk.v1.1" ? new SchemaTableReader() : undefined;
    const closed = deferred<{ code: number; reason: string }>();
    this.closed = closed.promise;
    this.transport = clientEnd;
    this.serverSide = server.accept(serverEnd);
    clientEnd.bind({
      message: (data) => this.#received(data),
      drain: () => {},
      close: (code, reason) => {
        closed.resolve({ code, reason });
        this.#arrived.resolve();
      },
    });
  }

  /** Connects and takes the greeting: the rest of the test starts with an empty inbox. */
  static async greeted(server: FoxgloveServer, options: { protocol?: Subprotocol } = {}): Promise<WireClient> {
    const client = new WireClient(server, options);
    await client.expect("serverInfo");
    await client.settle();
    return client;
  }

  /** Sends a message of the protocol, or raw text or bytes. */
  send(message: ClientMessage | string | Uint8Array): void {
    const raw = typeof message === "string" || message instanceof Uint8Array;
    this.transport.send([raw ? message : encodeClientMessage(message)]);
  }

  subscribe(id: number, channelId: number): void {
    this.send({ op: "subscribe", subscriptions: [{ id, channelId }] });
  }

  /** The next message; fails when none comes within 2 s. */
  async next(): Promise<Received> {
    while (this.inbox.length === 0) {
      this.#arrived = deferred();
      await within(this.#arrived.promise, "message from the server", { timeoutMs: 2000 });
    }
    return this.inbox.shift()!;
  }

  /** The next message, which must have this op. */
  async expect<O extends Op>(op: O): Promise<MessageOf<Received, O>> {
    const message = await this.next();
    if (message.op !== op) throw new AssertionError(`Expected ${op}, got ${JSON.stringify(message, bigints)}`);
    return message as MessageOf<Received, O>;
  }

  /** Everything the server sends until it has answered a request that is sent now. */
  async settle(): Promise<Received[]> {
    const before: Received[] = [];
    this.send({ op: "unsubscribe", subscriptionIds: [NEVER_SUBSCRIBED] });
    for (;;) {
      const message = await this.next();
      if (message.op === "status" && message.message.startsWith(SETTLED)) break;
      before.push(message);
    }
    return before;
  }

  /** The statuses among {@link settle}, in short: `"error: text"`. */
  async statuses(): Promise<string[]> {
    return (await this.settle()).map((message) =>
      message.op === "status" ? `${message.level}: ${message.message}` : `(${message.op})`
    );
  }

  #received(data: string | Uint8Array): void {
    this.raw.push(data);
    const message = decodeServerMessage(data, this.#schemas);
    if (message === undefined) return;
    this.inbox.push(message);
    this.#arrived.resolve();
  }
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

/** The next event of this type. */
export function nextEvent<Type extends keyof ServerEvents>(
  server: FoxgloveServer,
  type: Type,
): Promise<ServerEvents[Type]> {
  const { promise, resolve } = deferred<ServerEvents[Type]>();
  const listener = server.on(type, resolve);
  return within(promise, `event "${type}"`, { timeoutMs: 2000 }).finally(() => listener[Symbol.dispose]());
}

/** Every event of a server in short, in order: `"subscribe 1 /t"`. */
export function recordEvents(server: FoxgloveServer): string[] {
  const events: string[] = [];
  server.on("connect", ({ client }) => events.push(`connect ${client.id}`));
  server.on("disconnect", ({ client, code }) => events.push(`disconnect ${client.id} ${code}`));
  server.on("subscribe", ({ client, channel }) => events.push(`subscribe ${client.id} ${channel.topic}`));
  server.on("unsubscribe", ({ client, channel }) => events.push(`unsubscribe ${client.id} ${channel.topic}`));
  server.on("advertise", ({ client, channel }) => events.push(`advertise ${client.id} ${channel.topic}`));
  server.on("unadvertise", ({ client, channel }) => events.push(`unadvertise ${client.id} ${channel.topic}`));
  server.on("message", ({ client, channel, data }) => {
    events.push(`message ${client.id} ${channel.topic} ${new TextDecoder().decode(data)}`);
  });
  server.on("error", ({ error, during }) => events.push(`error in ${during}: ${error}`));
  return events;
}
