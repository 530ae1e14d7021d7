/**
 * A socket of `Bun.serve` as a transport.
 *
 * @module
 */
import { joinMessage, type Message, type Transport, type TransportSink } from "../transport/transport.ts";
import { systemClock } from "../util/time.ts";

/** What is used of Bun's `ServerWebSocket`. */
export interface BunSocket<Data = unknown> {
  /** What the upgrade has attached to it. */
  data: Data;
  /** 0 while it opens, 1 when it is open, 2 and 3 when it is closing and closed. */
  readonly readyState: number;
  /** The form in which binary messages come. */
  binaryType?: string;
  /** Sends a message. */
  send(data: string | Uint8Array<ArrayBuffer>): number;
  /** Gathers what `callback` sends into few writes. */
  cork(callback: () => void): unknown;
  /** Bytes that the kernel has not got yet. */
  getBufferedAmount(): number;
  /** Starts the closing handshake. */
  close(code?: number, reason?: string): void;
  /** Sends a ping. */
  ping(data: Uint8Array<ArrayBuffer>): number;
  /** Cuts the connection. */
  terminate(): void;
}

/** Gets the events of its socket from the handlers in bun.ts. */
export class BunTransport implements Transport {
  readonly protocol: string;
  readonly #socket: BunSocket;
  #sink: TransportSink | undefined;
  /** The close that was asked for while bytes were waiting. */
  #closeWaiting: [code: number | undefined, reason: string | undefined] | undefined;
  #ended = false;

  constructor(socket: BunSocket, protocol: string) {
    this.#socket = socket;
    this.protocol = protocol;
    socket.binaryType = "uint8array";
  }

  bind(sink: TransportSink): void {
    this.#sink = sink;
  }

  send(batch: readonly Message[]): void {
    if (this.#ended || this.#closeWaiting !== undefined) return;
    this.#socket.cork(() => {
      for (const message of batch) this.#socket.send(joinMessage(message));
    });
  }

  buffered(): number {
    return this.#ended ? 0 : this.#socket.getBufferedAmount();
  }

  /** Bun reports the end at once and then cannot terminate any more: so what waits goes out before. */
  close(code?: number, reason?: string): void {
    if (this.#ended || this.#closeWaiting !== undefined) return;
    if (this.buffered() > 0) this.#closeWaiting = [code, reason];
    else this.#socket.close(code, reason);
  }

  ping(data: Uint8Array): void {
    if (!this.#ended) this.#socket.ping(data as Uint8Array<ArrayBuffer>);
  }

  terminate(): void {
    if (!this.#ended) this.#socket.terminate();
  }

  received(data: string | Uint8Array): void {
    this.#sink?.message(data);
  }

  ponged(data: Uint8Array): void {
    this.#sink?.pong?.(data);
  }

  drained(): void {
    if (this.#closeWaiting === undefined) this.#sink?.drain();
    else if (this.buffered() === 0) this.#socket.close(...this.#closeWaiting);
  }

  /** Runs inside `close()` and `terminate()`, which the sink must not notice. */
  closed(code: number, reason: string): void {
    this.#ended = true;
    systemClock.defer(() => this.#sink?.close(code, reason));
  }
}
