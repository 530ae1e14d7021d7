/**
 * Finding out that a peer is gone although nobody has said so.
 *
 * @module
 */
import { type SilenceOptions, SilenceWatch } from "../util/silence.ts";
import type { Clock } from "../util/time.ts";

/** What keeping a connection alive needs. */
export interface KeepAliveOptions extends Omit<SilenceOptions, "firstLookMs" | "look"> {
  ping(data: Uint8Array): void;
}

/** The first time it is asked sooner, so that the round trip is known. */
const FIRST_PING = 1 / 30;

/**
 * Asks a peer now and then whether it is there, and measures how long the answer takes. A ping that has no answer is not
 * repeated: on TCP none is lost, and a peer that is busy has the time that is left to answer it.
 */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  readonly #silence: SilenceWatch;
  /** The ping that has no answer yet. */
  #asked: { readonly data: Uint8Array; readonly at: number } | undefined;
  #pings = 0;
  #rttMs: number | undefined;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#silence = new SilenceWatch({
      ...options,
      firstLookMs: options.idleMs * FIRST_PING,
      look: () => this.#look(),
    });
  }

  /** Milliseconds that the last answer took; `undefined` before the first. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /** Something has come from the peer. */
  heard(): void {
    this.#silence.heard();
  }

  /** An answer has come. Peers, and runtimes on their own, may send others than we asked for. */
  pong(data: Uint8Array): void {
    this.heard();
    if (this.#asked === undefined || !isSame(this.#asked.data, data)) return;
    this.#rttMs = this.#silence.lastHeard - this.#asked.at;
    this.#asked = undefined;
  }

  stop(): void {
    this.#silence.stop();
  }

  #look(): void {
    if (this.#asked !== undefined) return;
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

/** A timer that is late by more than this part of its time says that this program stood still: the peer had no chance. */
const MAX_LATE = 0.1;

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
    const { clock, stallMs, waiting, dead } = this.#options;
    const due = clock.now() + stallMs;
    this.#cancel = clock.delay(stallMs, () => {
      this.#cancel = undefined;
      const now = waiting();
      const stoodStill = clock.now() - due > stallMs * MAX_LATE;
      if (now !== undefined && now >= before && !stoodStill) dead();
      else this.#wait(now);
    });
  }
}
