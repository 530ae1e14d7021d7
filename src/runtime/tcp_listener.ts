/**
 * Listening on TCP where a peer is to get exactly the bytes that somebody wrote: servers of the conformance suite, and
 * the proxies and raw servers of our tests.
 *
 * @module
 */
import { type AddressInfo, createServer, type Socket } from "node:net";

/** Where to listen. */
export interface TcpAddress {
  /** Default `127.0.0.1`. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
}

/** Listens, and is gone with all its connections when it is stopped. */
export abstract class TcpListener {
  readonly #server = createServer({ noDelay: true }, (socket) => this.serve(socket));
  readonly #sockets = new Set<Socket>();

  /** Takes a connection. */
  protected abstract serve(socket: Socket): void;

  /** The port that it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Settles when it can be connected to. @throws when the port cannot be had. */
  async listen({ host = "127.0.0.1", port = 0 }: TcpAddress = {}): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    return this;
  }

  /** Cuts all connections, wherever they are. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Takes no more connections, and cuts those that there are. */
  async stop(): Promise<void> {
    const stopped = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await stopped;
  }

  /** From now on a socket ends with this, and its errors are nobody's business. */
  protected keep(socket: Socket, closed: () => void = () => {}): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#sockets.delete(socket);
      closed();
    });
  }

  /** Keeps two sockets, of which neither outlives the other. */
  protected keepPair(near: Socket, far: Socket): void {
    this.keep(near, () => far.destroy());
    this.keep(far, () => near.destroy());
  }
}

/** A connection that was taken: what can be done with it. */
export interface TcpEnd {
  write(bytes: Uint8Array): void;
  /** Ends in order, after what was written. */
  end(): void;
  /** Ends at once: by a reset, where the runtime can. */
  cut(): void;
}

/** Who hears of a connection. */
export interface TcpSink {
  data(bytes: Uint8Array): void;
  closed(): void;
}

/** What listens for {@link listenTcp}. */
export interface ListeningTcp {
  readonly port: number;
  stop(): Promise<void>;
}

/** Listens, and hands over each connection; what `accept` returns hears of it. */
export function listenTcp(address: TcpAddress, accept: (end: TcpEnd) => TcpSink): Promise<ListeningTcp> {
  return new AcceptingListener(accept).listen(address);
}

class AcceptingListener extends TcpListener {
  readonly #accept: (end: TcpEnd) => TcpSink;

  constructor(accept: (end: TcpEnd) => TcpSink) {
    super();
    this.#accept = accept;
  }

  protected override serve(socket: Socket): void {
    const sink = this.#accept({
      write: (bytes) => void socket.write(bytes),
      end: () => void socket.end(),
      cut: () => cut(socket),
    });
    this.keep(socket, () => sink.closed());
    socket.on("data", (bytes: Uint8Array) => sink.data(bytes));
  }
}

function cut(socket: Socket): void {
  // Node leaks the handle of a socket that is reset while its end is under way, and spins on it.
  const canReset = !socket.writableEnded && typeof socket.resetAndDestroy === "function";
  if (canReset) socket.resetAndDestroy();
  else socket.destroy();
}
