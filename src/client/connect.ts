/**
 * `connect()`: from an address, a socket or a transport to a client that has been greeted.
 *
 * @module
 */
import { type Subprotocol, SUBPROTOCOLS } from "../protocol/constants.ts";
import type { Transport } from "../transport/transport.ts";
import type { WebSocketLike } from "../transport/web_socket.ts";
import { checkTimeout, type WaitOptions } from "../util/async.ts";
import { type Clock, systemClock } from "../util/time.ts";
import { Attempt, type TransportFactory } from "./attempt.ts";
import { type ReconnectOptions, reconnectOptions } from "./backoff.ts";
import { FoxgloveClient } from "./client.ts";
import { newCounters } from "./client_stats.ts";
import { CLIENT_LIMITS, type ClientLimits } from "./limits.ts";
import { Link, type LinkOptions } from "./link.ts";
import { checkSocket, shownUrl, standardWebSocket, type WebSocketFactory, webSocketUrl } from "./open.ts";

/** How to connect. */
export interface ConnectOptions extends WaitOptions {
  /** The names of the protocol to offer, best first. Default: all that there are, newest first. */
  subprotocols?: readonly Subprotocol[];
  /**
   * Makes the socket. Default: the runtime's `WebSocket`. `./node` exports one for Node 20, which has none; also for headers
   * and certificates, and for Deno, whose own leaves Nagle's algorithm on, so that a request right after another may wait
   * 40 ms.
   */
  webSocket?: WebSocketFactory;
  /** Ends the attempt: `connect()` then rejects with the signal's reason. Means nothing afterwards. */
  signal?: AbortSignal;
  /** Milliseconds from the call to `serverInfo`. Default 10 000; `Infinity` waits for ever. */
  timeoutMs?: number;
  /**
   * Whether, and how, to connect again when the connection is lost; a first attempt that fails is not repeated. Default:
   * `true` for an address and for a function. Sockets and transports that are given ready-made cannot be made again.
   */
  reconnect?: boolean | ReconnectOptions;
  /** Limits that differ from {@link CLIENT_LIMITS}. */
  limits?: Partial<ClientLimits>;
  /** For tests: the clock of every timer. */
  clock?: Clock;
}

/**
 * Connects to a Foxglove WebSocket server and waits until it has said who it is. What comes after that, the channels
 * first of all, is raised as events from the next turn on, so that listeners can be added before.
 *
 * A connection that is lost afterwards is made again, as {@link ReconnectOptions} say, until the client is closed or the
 * server has said by one of {@link FATAL_CLOSE_CODES} that this is of no use. Subscriptions go on with the channels of
 * their topic, whatever ids they have then; publishers are advertised again; requests under way fail with a
 * `ConnectionError`. See the events `state`, `resumed` and `session`.
 *
 * @param target A `ws://` or `wss://` address; or a `WebSocket` that is open or opening, or a {@link Transport}, which
 * nobody else uses from now on, and whose subprotocol is one of those asked for; or a function that makes one of the two
 * for each attempt. They are closed when the attempt fails.
 * @throws {ConnectionError} when there is no connection, or it ends too early, or the server speaks another protocol.
 * @throws {TimeoutError} when there is no `serverInfo` within the time limit.
 * @throws {FoxgloveError} when the runtime has no `WebSocket` (code `"no_websocket"`).
 * @throws {TypeError} when the target is none, as an address without `ws://` or `wss://`; or when `reconnect` is asked for what cannot be made again.
 * @throws {RangeError} when a time limit or a number in `reconnect` makes no sense.
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
 *
 * @example A connection that is lost and made again
 * ```ts
 * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * const dial = () => { // an address does the same
 *   const [serverEnd, clientEnd] = linkedTransports();
 *   server.accept(serverEnd);
 *   return clientEnd;
 * };
 * const client = await connect(dial, { reconnect: { minDelayMs: 10, attempts: 3 } });
 * client.on("state", ({ status }) => console.log(status)); // reconnecting, connected, closed
 * const resumed = new Promise((resolve) => client.on("resumed", resolve));
 * for (const lost of server.clients) lost.close();
 * await resumed;
 * await client.close();
 * await server.close();
 * ```
 */
export async function connect(
  target: string | URL | WebSocketLike | Transport | TransportFactory,
  options: ConnectOptions = {},
): Promise<FoxgloveClient> {
  const { clock = systemClock, subprotocols = SUBPROTOCOLS } = options;
  const limits = { ...CLIENT_LIMITS, ...options.limits };
  const counters = newCounters();
  const { url, ...where } = resolveTarget(target, subprotocols, options);
  const reconnect = reconnectPolicy(where.target, options.reconnect);
  const { connectTimeoutMs = limits.connectMs } = typeof options.reconnect === "object" ? options.reconnect : {};
  const known = { answersWhenSilent: false };
  const setup: LinkOptions = { ...where, clock, limits, counters, known, subprotocols, reconnect, connectTimeoutMs };
  const { timeoutMs = limits.connectMs } = options;
  checkTimeout(timeoutMs);
  checkTimeout(connectTimeoutMs, "connectTimeoutMs");
  const greeted = await new Attempt(setup).run({ ...options, timeoutMs });
  const link = new Link(greeted.connection, setup);
  return new FoxgloveClient({ ...greeted, link, url, limits, counters, clock });
}

type Resolved = Pick<LinkOptions, "target" | "name"> & { url: string | undefined };

function resolveTarget(
  target: string | URL | WebSocketLike | Transport | TransportFactory,
  subprotocols: readonly Subprotocol[],
  { webSocket }: ConnectOptions,
): Resolved {
  if (typeof target === "function") return { target, name: "the server", url: undefined };
  if (typeof target === "string" || target instanceof URL) {
    const url = webSocketUrl(target);
    const make = webSocket ?? standardWebSocket();
    return { target: () => make(url, [...subprotocols]), name: shownUrl(url), url };
  }
  checkSocket(target);
  if ("bind" in target) return { target, name: "the transport", url: undefined };
  return { target, name: shownUrl(target.url), url: target.url };
}

function reconnectPolicy(target: LinkOptions["target"], wanted: ConnectOptions["reconnect"]): LinkOptions["reconnect"] {
  const repeatable = typeof target === "function";
  if (!(wanted ?? repeatable)) return undefined;
  if (repeatable) return reconnectOptions(typeof wanted === "object" ? wanted : {});
  throw new TypeError("Cannot reconnect what is given ready-made: pass an address, or a function that makes it");
}
