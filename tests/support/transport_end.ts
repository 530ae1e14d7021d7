/** One end of a connection with everything that arrived at it, and a server that hands such ends to a test. */
import { AssertionError } from "@std/assert";
import { deadline } from "@std/async";
import type { ServerCore } from "../../src/runtime/adapter.ts";
import { negotiate } from "../../src/server/handshake.ts";
import { SERVER_LIMITS } from "../../src/server/limits.ts";
import type { AcceptOptions } from "../../src/server/server.ts";
import type { ServerClient } from "../../src/server/server_client.ts";
import type { Transport, TransportSink } from "../../src/transport/transport.ts";
import { type WebSocketLike, webSocketTransport } from "../../src/transport/web_socket.ts";

/** Nothing takes so long unless something is wrong. */
const LIMIT_MS = 20_000;

/** Tells of its changes, so that a test can wait for one. */
class Watched {
  #wake = () => {};

  protected changed(): void {
    this.#wake();
  }

  /** Waits until `condition` holds; `what` is for the message of the failure. */
  async until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return;
    const met = new Promise<void>((resolve) => {
      this.#wake = () => {
        if (condition()) resolve();
      };
    });
    await deadline(met, LIMIT_MS).catch(() => {
      throw new AssertionError(`No ${what} within ${LIMIT_MS} ms; ${this}`);
    });
  }
}

/** A bound transport. */
export class TransportEnd extends Watched implements TransportSink {
  readonly transport: Transport;
  readonly messages: (string | Uint8Array)[] = [];
  readonly closes: { code: number; reason: string }[] = [];
  readonly pongs: Uint8Array[] = [];
  drains = 0;
  /** What came after `close`, which must be the last. */
  late = 0;

  constructor(transport: Transport) {
    super();
    this.transport = transport;
    transport.bind(this);
  }

  message(data: string | Uint8Array): void {
    if (this.closes.length > 0) this.late++;
    this.messages.push(data);
    this.changed();
  }

  drain(): void {
    if (this.closes.length > 0) this.late++;
    this.drains++;
    this.changed();
  }

  pong(data: Uint8Array): void {
    if (this.closes.length > 0) this.late++;
    this.pongs.push(data);
    this.changed();
  }

  close(code: number, reason: string): void {
    this.closes.push({ code, reason });
    this.changed();
  }

  /** Waits for so many messages in all. */
  async received(count: number): Promise<(string | Uint8Array)[]> {
    await this.until(() => this.messages.length >= count, `${count} messages`);
    return this.messages;
  }

  /** Waits for the end. */
  async closed(): Promise<{ code: number; reason: string }> {
    await this.until(() => this.closes.length > 0, "close");
    return this.closes[0]!;
  }

  override toString(): string {
    return `${this.messages.length} messages, ${this.drains} drains, closes ${JSON.stringify(this.closes)}`;
  }
}

/** Stands in for a `FoxgloveServer` where a test wants the transports and no protocol on them. */
export class TransportServer extends Watched implements ServerCore {
  readonly limits = SERVER_LIMITS;
  /** Everything accepted so far. */
  readonly ends: TransportEnd[] = [];
  readonly peers: AcceptOptions[] = [];
  readonly errors: unknown[] = [];
  admit: ServerCore["admit"] = negotiate;
  #taken = 0;

  accept(socket: Transport | WebSocketLike, peer: AcceptOptions = {}): ServerClient {
    this.ends.push(new TransportEnd("bind" in socket ? socket : webSocketTransport(socket)));
    this.peers.push(peer);
    this.changed();
    return undefined as never;
  }

  handleError(error: unknown): void {
    this.errors.push(error);
  }

  /** The next connection, once it is there. */
  async next(): Promise<TransportEnd> {
    const index = this.#taken++;
    await this.until(() => this.ends.length > index, "connection");
    return this.ends[index]!;
  }

  override toString(): string {
    return `${this.ends.length} connections`;
  }
}
