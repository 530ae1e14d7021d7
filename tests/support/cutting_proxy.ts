/** A port that leads to a server, and lets so many bytes of it through before it cuts the connection. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Cuts a connection at a byte: in the middle of a status line, a header, a frame or a message. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: number;
  /** How many bytes of the server the next connection gets. */
  budget = Infinity;
  /** How many bytes of the server the last connection got. */
  passed = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((near) => this.#join(near, connect(this.#target, "127.0.0.1")));
  }

  static async start(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const stopped = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await stopped;
  }

  #join(near: Socket, far: Socket): void {
    for (const [one, other] of [[near, far], [far, near]] as const) {
      this.#sockets.add(one);
      one.on("error", () => {});
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    near.pipe(far);
    let left = this.budget;
    this.budget = Infinity;
    this.passed = 0;
    far.on("data", (data: Uint8Array) => {
      const part = data.subarray(0, left);
      left -= part.length;
      this.passed += part.length;
      // What was written leaves before the end does.
      if (left > 0) near.write(part);
      else near.end(part);
    });
    if (left === 0) near.destroy();
  }
}
