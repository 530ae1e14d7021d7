/**
 * The `websocket` handlers of a `Bun.serve`, of which there is one set for all sockets: ours and the user's.
 *
 * @module
 */
import type { Subprotocol } from "../protocol/constants.ts";
import { checkServer, IDLE_SECONDS, type ServerCore } from "./adapter.ts";
import { type BunSocket, BunTransport } from "./bun_transport.ts";

/**
 * Where the `data` of our sockets has their handlers. Not known by its class: after a reload by `bun --hot` another copy of
 * this module serves the sockets of the one before.
 */
const HANDLERS: unique symbol = Symbol.for("@foxwire/foxwire/bun handlers") as never;

/** The `data` of a socket that `upgrade()` has made. */
export class BunPeer {
  /** Path and query of the request. */
  readonly url: string;
  /** The peer's IP address. */
  readonly address: string | undefined;
  /** The negotiated subprotocol. */
  readonly protocol: Subprotocol;
  /** Who the peer is. */
  readonly identity?: unknown;
  /** @ignore For {@link websocket}. */
  readonly [HANDLERS]: BunSocketHandlers<BunSocket>;

  /** @ignore `upgrade()` makes them. */
  constructor(server: ServerCore, peer: Pick<BunPeer, "url" | "address" | "protocol" | "identity">) {
    this.url = peer.url;
    this.address = peer.address;
    this.protocol = peer.protocol;
    this.identity = peer.identity;
    this[HANDLERS] = handlersOf(server, this);
  }
}

/** The handlers of one socket of ours. */
function handlersOf(server: ServerCore, peer: BunPeer): BunSocketHandlers<BunSocket> {
  let transport: BunTransport;
  return {
    open(socket) {
      transport = new BunTransport(socket, peer.protocol);
      server.accept(transport, peer);
    },
    message: (_, data) => transport.received(data),
    drain: () => transport.drained(),
    pong: (_, data) => transport.ponged(new Uint8Array(data)),
    close: (_, code, reason) => transport.closed(code, reason),
  };
}

/** The handlers of a socket, if it is one of ours. */
function ours({ data }: BunSocket): BunSocketHandlers<BunSocket> | undefined {
  return (Object(data) as Partial<BunPeer>)[HANDLERS];
}

/** What Bun calls for a socket. */
export interface BunSocketHandlers<Socket = BunSocket> {
  /** A socket is open. */
  open?(socket: Socket): void | Promise<void>;
  /** A message has come: a string, or Bun's `Buffer`. */
  message?(socket: Socket, data: string | Uint8Array): void | Promise<void>;
  /** Something that was waiting has gone out. */
  drain?(socket: Socket): void | Promise<void>;
  /** A ping has come. */
  ping?(socket: Socket, data: Uint8Array): void | Promise<void>;
  /** A ping was answered. */
  pong?(socket: Socket, data: Uint8Array): void | Promise<void>;
  /** The connection is over. */
  close?(socket: Socket, code: number, reason: string): void | Promise<void>;
}

/** Handlers and options for sockets of your own, see {@link websocket}. */
export interface OwnWebSocketHandlers<Socket = BunSocket> extends BunSocketHandlers<Socket> {
  /** Bytes of the largest message, for all sockets. Default: the largest that a client of ours may send. */
  maxPayloadLength?: number;
  /** Seconds of silence after which a peer is given up, for all sockets; 0: never. Default: what ours need. */
  idleTimeout?: number;
  /** Whether Bun pings silent peers. Default `true`. */
  sendPings?: boolean;
  /** Whether a socket gets what it publishes itself. */
  publishToSelf?: boolean;
  /** Compression, for peers that ask for it. What we send goes out as it is. Default `false`. */
  perMessageDeflate?: boolean;
}

/** The `websocket` handlers of `Bun.serve`, see {@link websocket}. */
export interface BunWebSocketHandlers<Socket = BunSocket> extends Required<BunSocketHandlers<Socket>> {
  /** Bytes of the largest message; Bun closes with 1009 above it. */
  maxPayloadLength: number;
  /** Bytes beyond which Bun would lose messages; the send queue stays far below. */
  backpressureLimit: number;
  /** A lost message ends the connection: it must not be lost in silence. */
  closeOnBackpressureLimit: boolean;
  /** Seconds of silence after which a peer is given up. */
  idleTimeout: number;
  /** Whether Bun pings silent peers. */
  sendPings: boolean;
  /** Compression. */
  perMessageDeflate: boolean;
}

/** The largest that Bun takes: its own limit must never be met before ours. */
const NO_LIMIT = 0xffff_ffff;

/** The most that Bun takes. */
const MAX_IDLE_SECONDS = 960;

/**
 * The `websocket` handlers for `Bun.serve`, see {@link upgrade}.
 *
 * @param servers The one that {@link upgrade} is called with; a list, if it is called with several: Bun enforces the limits
 * of those that are named here.
 * @param own Handlers and options for sockets of your own: they get those that `upgrade()` has not made. `websocket` of
 * hono/bun is such.
 * @throws {TypeError} when there is no server.
 * @throws {RangeError} when clients of ours could not live with your options.
 *
 * @example
 * ```ts ignore bun
 * import { connect } from "@foxwire/foxwire/client";
 * import { FoxgloveServer } from "@foxwire/foxwire/server";
 * import { upgrade, websocket } from "@foxwire/foxwire/bun";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * const http = Bun.serve({
 *   hostname: "127.0.0.1", // left out, Bun listens for the whole network
 *   port: 0,
 *   fetch: (request, bunServer) => upgrade(server, request, bunServer),
 *   websocket: websocket(server),
 * });
 * const client = await connect(`ws://127.0.0.1:${http.port}`);
 * console.assert(client.serverInfo.name === "robot");
 *
 * await client.close();
 * await server.close();
 * await http.stop();
 * ```
 *
 * @example Beside routes and sockets of your own
 * ```ts ignore bun
 * import { FoxgloveServer } from "@foxwire/foxwire/server";
 * import { upgrade, websocket } from "@foxwire/foxwire/bun";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * const http = Bun.serve({
 *   hostname: "127.0.0.1",
 *   port: 0,
 *   routes: {
 *     "/": new Response("Hello\n"),
 *     "/foxglove": async (request, bunServer) =>
 *       await upgrade(server, request, bunServer) ?? new Response("Connect with a viewer\n", { status: 426 }),
 *     "/chat": (request, bunServer) =>
 *       bunServer.upgrade(request, { data: { name: "guest" } }) ? undefined : new Response(null, { status: 400 }),
 *   },
 *   websocket: websocket(server, {
 *     message: (socket, text) => void socket.send(`${socket.data.name}: ${text}`), // those of /chat alone
 *   }),
 * });
 * const chat = new WebSocket(`ws://127.0.0.1:${http.port}/chat`);
 * chat.onopen = () => chat.send("hi");
 * const heard = new Promise((resolve) => chat.onmessage = ({ data }) => resolve(data));
 * console.assert(await heard === "guest: hi");
 *
 * chat.close();
 * await server.close();
 * await http.stop();
 * ```
 */
export function websocket<Socket = BunSocket>(
  servers: ServerCore | readonly ServerCore[],
  own: OwnWebSocketHandlers<Socket> = {},
): BunWebSocketHandlers<Socket> {
  const list = [servers].flat();
  if (list.length === 0) throw new TypeError("websocket() needs the FoxgloveServer that upgrade() is called with");
  for (const server of list) checkServer(server, "websocket()");
  const handlers = (socket: Socket) => (ours(socket as BunSocket) ?? own) as BunSocketHandlers<Socket>;
  return {
    ...own,
    ...checkedOptions(list, own),
    open: (socket) => handlers(socket).open?.(socket),
    message: (socket, data) => handlers(socket).message?.(socket, data),
    drain: (socket) => handlers(socket).drain?.(socket),
    ping: (socket, data) => handlers(socket).ping?.(socket, data),
    pong: (socket, data) => handlers(socket).pong?.(socket, data),
    close: (socket, code, reason) => handlers(socket).close?.(socket, code, reason),
  };
}

/** Options hold for all sockets: yours may be more generous than what ours need, never less. */
function checkedOptions(servers: readonly ServerCore[], own: OwnWebSocketHandlers<never>) {
  const messageBytes = Math.max(...servers.map(({ limits }) => limits.messageBytes));
  const idleSeconds = Math.max(...servers.map(({ limits }) => ownIdleSeconds(limits.idleMs)));
  const { maxPayloadLength = messageBytes, idleTimeout = Math.max(idleSeconds, IDLE_SECONDS) } = own;
  const { sendPings = true, perMessageDeflate = false } = own;
  if (maxPayloadLength < messageBytes) {
    throw new RangeError(
      `Cannot use maxPayloadLength ${maxPayloadLength}: clients may send ${messageBytes} bytes, see limits.messageBytes`,
    );
  }
  if (idleTimeout !== 0 && idleTimeout < idleSeconds) {
    throw new RangeError(
      `Cannot use idleTimeout ${idleTimeout}: clients may be silent for ${idleSeconds} s, see limits.idleMs`,
    );
  }
  refuseOption(own, "backpressureLimit");
  refuseOption(own, "closeOnBackpressureLimit");
  return {
    maxPayloadLength,
    idleTimeout,
    sendPings,
    perMessageDeflate,
    backpressureLimit: NO_LIMIT,
    closeOnBackpressureLimit: true,
  };
}

function refuseOption(own: object, name: string): void {
  if (!(name in own)) return;
  throw new RangeError(
    `Cannot use ${name}: Bun would lose messages of Foxglove clients, who have a queue of their own`,
  );
}

/** The server gives silent peers up by itself: Bun must only never be the first. */
function ownIdleSeconds(idleMs: number): number {
  return idleMs > 0 ? Math.min(Math.ceil(idleMs / 1000), MAX_IDLE_SECONDS) : MAX_IDLE_SECONDS;
}
