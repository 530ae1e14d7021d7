/** What listens on node:net for a test: on a free port, and gone with all its connections when it is stopped. */
import { type AddressInfo, createServer, type Socket } from "node:net";

export abstract class TcpListener {
  readonly #server = createServer((socket) => this.serve(socket));
  readonly #sockets = new Set<Socket>();

  /** Takes a connection. */
  protected abstract serve(socket: Socket): void;

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  /** Cuts all connections, wherever they are. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    const stopped = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await stopped;
  }

  /** From now on a socket ends with this, and its errors are nobody's business. */
  protected keep(socket: Socket, closed = () => {}): void {
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
