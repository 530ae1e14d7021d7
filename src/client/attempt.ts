/**
 * One try to connect, from a target to a connection that has been greeted.
 *
 * @module
 */
import { isSubprotocol, type Subprotocol } from "../protocol/constants.ts";
import type { ServerInfo } from "../protocol/messages.ts";
import type { Transport } from "../transport/transport.ts";
import { type WebSocketLike, webSocketTransport } from "../transport/web_socket.ts";
import { type WaitOptions, within } from "../util/async.ts";
import { ConnectionError } from "../util/errors.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { make, opened } from "./open.ts";

/** Makes a `WebSocket` that is open or opening, or a {@link Transport}, for each attempt to connect. */
export type TransportFactory = () => WebSocketLike | Transport | Promise<WebSocketLike | Transport>;

/** What all attempts of a client have in common. */
export interface AttemptOptions extends ConnectionOptions {
  /** What to connect to; only what makes its sockets itself can be tried more than once. */
  readonly target: WebSocketLike | Transport | TransportFactory;
  /** What it is called in messages. */
  readonly name: string;
  readonly subprotocols: readonly Subprotocol[];
}

/** A connection whose server has said who it is. */
export interface Greeted {
  readonly connection: Connection;
  readonly serverInfo: ServerInfo;
  readonly protocol: Subprotocol;
}

/** One try to connect, which may be given up at any moment. */
export class Attempt {
  readonly #options: AttemptOptions;
  #connection: Connection | undefined;
  #abandoned = false;

  constructor(options: AttemptOptions) {
    this.#options = options;
  }

  /** Connects; when that fails, or takes too long, or the signal aborts, nothing stays open. */
  async run(wait: WaitOptions): Promise<Greeted> {
    const { name, clock } = this.#options;
    try {
      return await within(this.#greeting(wait.signal), `serverInfo from ${name}`, { ...wait, clock });
    } catch (error) {
      this.#abandoned = true;
      this.#connection?.cut();
      throw error;
    }
  }

  async #greeting(signal: AbortSignal | undefined): Promise<Greeted> {
    const connection = await this.#open(signal);
    const protocol = await this.#checkSubprotocol(connection);
    return { connection, protocol, serverInfo: await connection.greeted };
  }

  // A transport or a socket is taken over in the turn in which it was given: its messages would be lost otherwise.
  async #open(signal: AbortSignal | undefined): Promise<Connection> {
    const { target, name } = this.#options;
    if (typeof target !== "function") return await this.#take(target);
    signal?.throwIfAborted();
    const made = make(target, name);
    // No turn in between if it can be helped: a Node socket to a port that fetch forbids fails before the next one.
    return await this.#take(made instanceof Promise ? await made : made);
  }

  async #take(target: WebSocketLike | Transport): Promise<Connection> {
    const { name, subprotocols, clock } = this.#options;
    const ready = "bind" in target;
    const connection = new Connection(ready ? target : webSocketTransport(target, { clock }), this.#options);
    this.#connection = connection;
    if (this.#abandoned) connection.cut();
    if (!ready) await opened(target, name, subprotocols);
    return connection;
  }

  /** Deno opens a socket although the server chose no subprotocol, or one that was not offered. */
  async #checkSubprotocol(connection: Connection): Promise<Subprotocol> {
    const { name, subprotocols, limits } = this.#options;
    const { protocol } = connection;
    if (isSubprotocol(protocol) && subprotocols.includes(protocol)) return protocol;
    await connection.close({ code: 1002, reason: "Unsupported subprotocol", timeoutMs: limits.closeMs });
    const chosen = protocol === "" ? "no subprotocol" : `subprotocol "${protocol}"`;
    const offered = subprotocols.join(", ");
    throw new ConnectionError(`Cannot use ${name}: it has chosen ${chosen}, and offered were ${offered}`, {
      code: "subprotocol",
      closeCode: 1002,
    });
  }
}
