/**
 * Two transports that are each other's peer, in memory: for tests, examples, and a client in the server's own program.
 *
 * @module
 */
import { type Clock, systemClock } from "../util/time.ts";
import {
  DRAIN_BYTES,
  joinMessage,
  type Message,
  messageBytes,
  type Transport,
  type TransportSink,
} from "./transport.ts";

/** How {@link linkedTransports} behave. */
export interface LinkedOptions {
  /** The subprotocol that both ends report. Default: the newest of the Foxglove protocol, `"foxglove.sdk.v1.1"`. */
  protocol?: string;
  /** Bytes that count as handed over although the peer has not read them, like the buffer of a kernel. Default 65536. */
  capacity?: number;
  /** The clock that defers deliveries; a test may hold its hands. */
  clock?: Clock;
}

/** One end of a linked pair. */
export interface LinkedTransport extends Transport {
  /** Stops reading: what the peer sends piles up in its `buffered()`, as with a reader that is too slow. */
  pause(): void;
  /** Reads on after {@link pause}. */
  resume(): void;
}

/**
 * Makes a connection without a socket. Each end delivers what the other sent in a later turn, in order, and binary
 * messages as copies, so that both sides may treat them as if they had crossed a network.
 *
 * @returns Both ends; which one serves is up to the caller.
 *
 * @example
 * ```ts
 * import { linkedTransports } from "@foxwire/foxwire";
 *
 * const [left, right] = linkedTransports();
 * const heard = new Promise((resolve) => right.bind({ message: resolve, drain() {}, close() {} }));
 * left.bind({ message() {}, drain() {}, close() {} });
 * left.send(["hello"]);
 * console.assert(await heard === "hello");
 * left.terminate();
 * ```
 */
export function linkedTransports(options: LinkedOptions = {}): [LinkedTransport, LinkedTransport] {
  const left = new LinkedEnd(options);
  const right = new LinkedEnd(options);
  left.link(right);
  right.link(left);
  return [left, right];
}

class CloseFrame {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}

class LinkedEnd implements LinkedTransport {
  readonly protocol: string;
  readonly #capacity: number;
  readonly #clock: Clock;
  #peer!: LinkedEnd;
  #sink: TransportSink | undefined;
  /** What the peer has sent and this end has not read yet. */
  #inbox: (Message | CloseFrame)[] = [];
  #inboxBytes = 0;
  #paused = false;
  #scheduled = false;
  #closeSent = false;
  #ended = false;

  constructor({ protocol = "foxglove.sdk.v1.1", capacity = DRAIN_BYTES, clock = systemClock }: LinkedOptions) {
    this.protocol = protocol;
    this.#capacity = capacity;
    this.#clock = clock;
  }

  link(peer: LinkedEnd): void {
    this.#peer = peer;
  }

  bind(sink: TransportSink): void {
    this.#sink = sink;
    this.#schedule();
  }

  send(batch: readonly Message[]): void {
    if (this.#closeSent || this.#ended) return;
    for (const message of batch) this.#peer.#put(message, messageBytes(message));
  }

  buffered(): number {
    return this.#ended ? 0 : Math.max(0, this.#peer.#inboxBytes - this.#capacity);
  }

  close(code = 1005, reason = ""): void {
    if (this.#closeSent || this.#ended) return;
    this.#closeSent = true;
    this.#peer.#put(new CloseFrame(code, reason), 0);
  }

  terminate(): void {
    this.#cut();
    this.#peer.#cut();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  #put(item: Message | CloseFrame, bytes: number): void {
    if (this.#ended) return;
    this.#inbox.push(item);
    this.#inboxBytes += bytes;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused || this.#sink === undefined || this.#inbox.length === 0) return;
    this.#scheduled = true;
    this.#clock.defer(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const wasFull = this.#inboxBytes > this.#capacity;
    const items = this.#inbox;
    this.#inbox = [];
    let next = 0;
    while (next < items.length && !this.#paused && !this.#ended) this.#take(items[next++]!);
    // A sink may pause this end, and send to itself by way of the peer: what is left stays in front.
    if (next < items.length && !this.#ended) this.#inbox = items.slice(next).concat(this.#inbox);
    if (wasFull && this.#inboxBytes <= this.#capacity) this.#peer.#drained();
  }

  #take(item: Message | CloseFrame): void {
    if (item instanceof CloseFrame) return this.#closed(item);
    this.#inboxBytes -= messageBytes(item);
    const data = joinMessage(item);
    this.#sink?.message(data === item && typeof data !== "string" ? new Uint8Array(data) : data);
  }

  #closed({ code, reason }: CloseFrame): void {
    this.close(code, reason);
    this.#end();
    this.#sink?.close(code, reason);
  }

  #drained(): void {
    if (!this.#ended) this.#sink?.drain();
  }

  #cut(): void {
    if (this.#ended) return;
    this.#end();
    this.#clock.defer(() => this.#sink?.close(1006, ""));
  }

  #end(): void {
    this.#ended = true;
    this.#inbox = [];
    this.#inboxBytes = 0;
  }
}
