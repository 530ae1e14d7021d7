/** A port that leads to another one, and can be cut: what a bad radio link or a killed process does to a connection. */
import { connect, type Socket } from "node:net";
import { TcpListener } from "../../src/runtime/tcp_listener.ts";

/** Stays where it is while servers come and go behind it. */
export class TcpProxy extends TcpListener {
  /** Where connections lead to. */
  target: number;

  private constructor(target: number) {
    super();
    this.target = target;
  }

  static start(target: number): Promise<TcpProxy> {
    return new TcpProxy(target).listen();
  }

  protected override serve(near: Socket): void {
    const far = connect(this.target, "127.0.0.1");
    this.keepPair(near, far);
    near.pipe(far);
    far.pipe(near);
  }
}
