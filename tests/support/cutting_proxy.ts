/** A port that leads to a server, and lets so many bytes of it through before it cuts the connection. */
import { connect, type Socket } from "node:net";
import { TcpListener } from "./tcp_listener.ts";

/** Cuts a connection at a byte: in the middle of a status line, a header, a frame or a message. */
export class CuttingProxy extends TcpListener {
  readonly #target: number;
  /** How many bytes of the server the next connection gets. */
  budget = Infinity;
  /** How many bytes of the server the last connection got. */
  passed = 0;

  private constructor(target: number) {
    super();
    this.#target = target;
  }

  static start(target: number): Promise<CuttingProxy> {
    return new CuttingProxy(target).listen();
  }

  protected override serve(near: Socket): void {
    const far = connect(this.#target, "127.0.0.1");
    this.keepPair(near, far);
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
