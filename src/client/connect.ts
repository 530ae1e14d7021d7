/**
 * `connect()`: from an address, a socket or a transport to a client that has been greeted.
 *
 * @module
 */
import { isSubprotocol, type Subprotocol, SUBPROTOCOLS } from "../protocol/constants.ts";
import type { Transport } from "../transport/transport.ts";
import { webSocketTransport } from "../transport/web_socket.ts";
import { type WaitOptions, within } from "../util/async.ts";
import { ConnectionError } from "../util/errors.ts";
import { type Clock, systemClock } from "../util/time.ts";
import { FoxgloveClient } from "./client.ts";
import { newCounters } from "./client_stats.ts";
import { Connection } from "./connection.ts";
import { CLIENT_LIMITS, type ClientLimits } from "./limits.ts";
import { makeSocket, opened, type WebSocketFactory, webSocketUrl } from "./open.ts";

/** How to connect. */
export interface ConnectOptions extends WaitOptions {
  /** The names of the protocol to offer, best first. Default: all that there are, newest first. */
  subprotocols?: readonly Subprotocol[];
  /** Makes the socket. Default: the runtime's `WebSocket`; Node 20 has none, and `./node` exports one for it. */
  webSocket?: WebSocketFactory;
  /** Ends the attempt: `connect()` then rejects with the signal's reason. Means nothing afterwards. */
  signal?: AbortSignal;
  /** Milliseconds from the call to `serverInfo`. Default 10 000; `Infinity` waits for ever. */
  timeoutMs?: number;
  /** Limits that differ from {@link CLIENT_LIMITS}. */
  limits?: Partial<ClientLimits>;
  /** For tests: the clock of every timer. */
  clock?: Clock;
}

/**
 * Connects to a Foxglove WebSocket server and waits until it has said who it is. What comes after that, the channels
 * first of all, is raised as events from the next turn on, so that listeners can be added before.
 *
 * @param target A `ws://` or `wss://` address; or a `WebSocket` that is open or opening, or a {@link Transport}, which
 * nobody else uses from now on, and whose subprotocol is one of those asked for. They are closed when the attempt fails.
 * @throws {ConnectionError} when there is no connection, or it ends too early, or the server speaks another protocol.
 * @throws {TimeoutError} when there is no `serverInfo` within the time limit.
 * @throws {FoxgloveError} when the runtime has no `WebSocket` (code `"no_websocket"`).
 * @throws {TypeError} when the address is none of a WebSocket.
 *
 * @example
 * ```ts
 * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * const [serverEnd, clientEnd] = linkedTransports();
 * server.accept(serverEnd);
 *
 * const client = await connect(clientEnd, { timeoutMs: 1000 }); // or connect("ws://localhost:8765")
 * console.assert(client.serverInfo.name === "robot");
 * await client.close();
 * await server.close();
 * ```
 */
export async function connect(
  target: string | URL | WebSocket | Transport,
  options: ConnectOptions = {},
): Promise<FoxgloveClient> {
  const attempt = new Attempt(target, options);
  try {
    return await within(attempt.run(), `serverInfo from ${attempt.name}`, attempt.wait);
  } catch (error) {
    attempt.abandon();
    throw error;
  }
}

/** One try to connect, which may be given up at any moment. */
class Attempt {
  readonly #clock: Clock;
  readonly #limits: ClientLimits;
  readonly #target: string | WebSocket | Transport;
  readonly #options: ConnectOptions;
  readonly #subprotocols: readonly Subprotocol[];
  readonly #counters = newCounters();
  #connection: Connection | undefined;
  #abandoned = false;

  constructor(target: string | URL | WebSocket | Transport, options: ConnectOptions) {
    const { clock = systemClock, limits, subprotocols = SUBPROTOCOLS } = options;
    this.#clock = clock;
    this.#limits = { ...CLIENT_LIMITS, ...limits };
    this.#target = typeof target === "string" || target instanceof URL ? webSocketUrl(target) : target;
    this.#options = options;
    this.#subprotocols = subprotocols;
  }

  /** What it connects to, for messages. */
  get name(): string {
    const target = this.#target;
    if (typeof target === "string") return `"${target}"`;
    return "bind" in target ? "the transport" : `"${target.url}"`;
  }

  /** How long it may take. */
  get wait(): WaitOptions & { clock: Clock } {
    const { timeoutMs = this.#limits.connectMs, signal } = this.#options;
    return { timeoutMs, clock: this.#clock, ...(signal === undefined ? {} : { signal }) };
  }

  async run(): Promise<FoxgloveClient> {
    const connection = await this.#open();
    const protocol = await this.#checkSubprotocol(connection);
    const serverInfo = await connection.greeted;
    const url = this.#url();
    const [limits, counters] = [this.#limits, this.#counters];
    return new FoxgloveClient({ connection, serverInfo, protocol, url, limits, counters });
  }

  /** Gives up: nothing stays open, and what opens later is cut. */
  abandon(): void {
    this.#abandoned = true;
    this.#connection?.cut();
  }

  // A transport or a socket is taken over in the turn in which it was given: its messages would be lost otherwise.
  async #open(): Promise<Connection> {
    const target = this.#target;
    if (typeof target === "string") {
      this.#options.signal?.throwIfAborted();
      const { webSocket } = this.#options;
      return this.#takeSocket(await makeSocket({ url: target, subprotocols: this.#subprotocols, webSocket }));
    }
    return "bind" in target ? this.#take(target) : await this.#takeSocket(target);
  }

  async #takeSocket(socket: WebSocket): Promise<Connection> {
    const connection = this.#take(webSocketTransport(socket, { clock: this.#clock }));
    await opened(socket, this.name, this.#subprotocols);
    return connection;
  }

  #take(transport: Transport): Connection {
    const [clock, limits, counters] = [this.#clock, this.#limits, this.#counters];
    this.#connection = new Connection(transport, { clock, limits, counters });
    if (this.#abandoned) this.#connection.cut();
    return this.#connection;
  }

  /** Deno opens a socket although the server chose no subprotocol, or one that was not offered. */
  async #checkSubprotocol(connection: Connection): Promise<Subprotocol> {
    const { protocol } = connection;
    if (isSubprotocol(protocol) && this.#subprotocols.includes(protocol)) return protocol;
    await connection.close({ code: 1002, reason: "Unsupported subprotocol", timeoutMs: this.#limits.closeMs });
    const chosen = protocol === "" ? "no subprotocol" : `subprotocol "${protocol}"`;
    const offered = this.#subprotocols.join(", ");
    throw new ConnectionError(`Cannot use ${this.name}: it has chosen ${chosen}, and offered were ${offered}`, {
      code: "subprotocol",
    });
  }

  #url(): string | undefined {
    const target = this.#target;
    if (typeof target === "string") return target;
    return "bind" in target ? undefined : target.url;
  }
}
