/**
 * A connection of `ws` as a transport. `ws` does the reading, the answers to ping and close, and compression; what we
 * send is written as ready-made frames, a batch in one write, on the socket that node:http gave us.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { DRAIN_BYTES, joinMessage, type Message, type Transport, type TransportSink } from "../transport/transport.ts";
import { encodeFrames } from "./frames.ts";

const OPEN = 1;
const TOO_LARGE = 1009;

/**
 * Frames of `ws` (pong, close) and ours never mix: each is written whole, and none of ours follows its Close. When the
 * peer agreed on compression, all go through `ws`; so they do on Bun, whose own `ws` does not write to this socket.
 */
export class NodeTransport implements Transport {
  readonly protocol: string;
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #throughWs: boolean;
  /** What was wrong with the peer's frames: `ws` has told it with 1002, 1007 or 1009, and does not wait for an answer. */
  #fault = "";
  #sink: TransportSink | undefined;
  #ended = false;

  /**
   * @param socket The one that carries `ws`.
   * @param messageBytes Its `maxPayload`.
   */
  constructor(ws: WebSocket, socket: Duplex, messageBytes: number) {
    // First of all: an error that nobody listens to ends the process.
    ws.on("error", (error) => this.#fault ||= error.message);
    this.#ws = ws;
    this.#socket = socket;
    this.protocol = ws.protocol;
    this.#throughWs = ws.extensions !== "" || "Bun" in globalThis;
    this.#nameTooLarge(messageBytes);
  }

  bind(sink: TransportSink): void {
    this.#sink = sink;
    this.#ws.on("message", (data, isBinary) => sink.message(isBinary ? ownBytes(data) : data.toString()));
    this.#ws.on("close", (code, reason) => {
      this.#ended = true;
      sink.close(code, reason.toString() || this.#fault);
    });
    this.#ws.on("pong", (data) => sink.pong?.(ownBytes(data)));
    this.#socket.on("drain", this.#drained);
  }

  send(batch: readonly Message[]): void {
    if (this.#ws.readyState !== OPEN) return;
    if (this.#throughWs) this.#sendThroughWs(batch);
    else this.#write(encodeFrames(batch));
  }

  buffered(): number {
    return this.#ended ? 0 : this.#ws.bufferedAmount;
  }

  close(code?: number, reason?: string): void {
    this.#ws.close(code, reason);
  }

  ping(data: Uint8Array): void {
    if (this.#ws.readyState === OPEN) this.#ws.ping(data);
  }

  terminate(): void {
    this.#ws.terminate();
  }

  /** When a message is over its `maxPayload`, `ws` closes by itself, with a code and without a reason. */
  #nameTooLarge(messageBytes: number): void {
    const ws = this.#ws;
    const { close } = ws;
    ws.close = (code, reason) => {
      if (code === TOO_LARGE) reason ??= this.#fault = `Message is larger than ${messageBytes} bytes`;
      close.call(ws, code, reason);
    };
  }

  #write(parts: Uint8Array[]): void {
    if (parts.length === 1) {
      this.#socket.write(parts[0]);
      return;
    }
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
  }

  /** What waits in `ws` fills no socket, which then has no drain event either. */
  #sendThroughWs(batch: readonly Message[]): void {
    for (const message of batch) this.#ws.send(joinMessage(message), this.#drained);
  }

  readonly #drained = (): void => {
    if (!this.#ended && this.buffered() <= DRAIN_BYTES) this.#sink?.drain();
  };
}

/** A message that can be kept: `ws` hands out pieces of the chunk it has read, and a small one must not keep that alive. */
function ownBytes(data: RawData): Uint8Array {
  const bytes = data as Uint8Array<ArrayBuffer>;
  if (bytes.length * 2 < bytes.buffer.byteLength) return new Uint8Array(bytes);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
