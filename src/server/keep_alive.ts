/**
 * Finding out that a peer is gone although nobody has said so.
 *
 * @module
 */
import type { Clock } from "../util/time.ts";

/** What keeping a connection alive needs. */
export interface KeepAliveOptions {
  readonly clock: Clock;
  /** Milliseconds of silence after which the peer is given up. */
  readonly idleMs: number;
  ping(data: Uint8Array): void;
  /** Bytes that wait for the peer; fewer than before are a sign of life too. */
  buffered(): number | undefined;
  /** The peer is given up. Called once. */
  dead(): void;
}

/**
 * A peer is looked at so many times before it would be given up. A ping that has no answer is not repeated: on TCP none is
 * lost, and a peer that is busy has the time that is left to answer it.
 */
const LOOKS_PER_IDLE = 3;

/** The first time it is asked sooner, so that the round trip is known. */
const FIRST_PING = 1 / 30;

/** Asks a peer now and then whether it is there, and measures how long the answer takes. */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  #lastHeard: number;
  #buffered = 0;
  /** The ping that has no answer yet. */
  #asked: { readonly data: Uint8Array; readonly at: number } | undefined;
  #pings = 0;
  #rttMs: number | undefined;
  #cancel: () => void;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#lastHeard = options.clock.now();
    this.#cancel = this.#delay(options.idleMs * FIRST_PING);
  }

  /** Milliseconds that the last answer took; `undefined` before the first. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /** Something has come from the peer. */
  heard(): void {
    this.#lastHeard = this.#options.clock.now();
  }

  /** An answer has come. Peers, and runtimes on their own, may send others than we asked for. */
  pong(data: Uint8Array): void {
    this.heard();
    if (this.#asked === undefined || !isSame(this.#asked.data, data)) return;
    this.#rttMs = this.#lastHeard - this.#asked.at;
    this.#asked = undefined;
  }

  stop(): void {
    this.#cancel();
  }

  #delay(ms: number): () => void {
    return this.#options.clock.delay(ms, () => this.#look());
  }

  #look(): void {
    const { clock, idleMs, dead } = this.#options;
    this.#lookAtQueue();
    const left = this.#lastHeard + idleMs - clock.now();
    if (left <= 0) return dead();
    if (this.#asked === undefined) this.#ask();
    this.#cancel = this.#delay(Math.min(left, idleMs / LOOKS_PER_IDLE));
  }

  #lookAtQueue(): void {
    const buffered = this.#options.buffered() ?? 0;
    if (buffered < this.#buffered) this.heard();
    this.#buffered = buffered;
  }

  #ask(): void {
    const data = new Uint8Array(4);
    new DataView(data.buffer).setUint32(0, ++this.#pings);
    this.#asked = { data, at: this.#options.clock.now() };
    this.#options.ping(data);
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** What watching a full queue needs. */
export interface StallWatchOptions {
  readonly clock: Clock;
  /** Milliseconds without a byte taken after which the peer is given up. */
  readonly stallMs: number;
  /** Bytes that wait in the transport; `undefined`: its queue is full no more, or it cannot tell. */
  waiting(): number | undefined;
  /** The peer is given up. */
  dead(): void;
}

/** Watches a peer from the moment when its queue is full until it takes something. */
export class StallWatch {
  readonly #options: StallWatchOptions;
  #cancel: (() => void) | undefined;

  constructor(options: StallWatchOptions) {
    this.#options = options;
  }

  /** The queue is full; cheap enough to be called for every message that is dropped. */
  full(): void {
    if (this.#cancel === undefined) this.#wait(this.#options.waiting());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(before: number | undefined): void {
    if (before === undefined) return;
    this.#cancel = this.#options.clock.delay(this.#options.stallMs, () => {
      this.#cancel = undefined;
      const now = this.#options.waiting();
      if (now !== undefined && now >= before) this.#options.dead();
      else this.#wait(now);
    });
  }
}
