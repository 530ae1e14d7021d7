/**
 * Finding out that a peer is gone although nobody has said so.
 *
 * @module
 */
import type { Clock } from "./time.ts";

/** What watching a peer for silence needs. */
export interface SilenceOptions {
  readonly clock: Clock;
  /** Milliseconds of silence after which the peer is given up. */
  readonly idleMs: number;
  /** Bytes that wait for the peer; fewer than before are a sign of life too. */
  buffered(): number | undefined;
  /** Milliseconds to the first look. Left out: as long as between the others. */
  readonly firstLookMs?: number;
  /** Called several times within `idleMs`: when to ask the peer for a sign of life. */
  look(): void;
  /** The peer is given up. Called once. */
  dead(): void;
}

/** A peer is looked at so many times before it would be given up. */
const LOOKS_PER_IDLE = 3;

/** Waits for a peer to be silent for too long. */
export class SilenceWatch {
  readonly #options: SilenceOptions;
  #lastHeard: number;
  #buffered = 0;
  #cancel = () => {};

  constructor(options: SilenceOptions) {
    const { clock, idleMs, firstLookMs = idleMs / LOOKS_PER_IDLE } = options;
    this.#options = options;
    this.#lastHeard = clock.now();
    this.#lookIn(firstLookMs);
  }

  /** When something has last come from the peer, of the clock. */
  get lastHeard(): number {
    return this.#lastHeard;
  }

  /** Something has come from the peer. */
  heard(): void {
    this.#lastHeard = this.#options.clock.now();
  }

  /** Whether nothing has come for most of the time between two looks: time to ask. */
  get isSilent(): boolean {
    const { clock, idleMs } = this.#options;
    return clock.now() - this.#lastHeard > idleMs / LOOKS_PER_IDLE / 2;
  }

  stop(): void {
    this.#cancel();
  }

  #lookIn(ms: number): void {
    const { clock } = this.#options;
    const due = clock.now() + ms;
    this.#cancel = clock.delay(ms, () => this.#look(clock.now() - due));
  }

  /** @param late Milliseconds in which this program stood still (stopped, or busy): not the peer's silence. */
  #look(late: number): void {
    const { clock, idleMs, buffered, look, dead } = this.#options;
    this.#lastHeard = Math.min(this.#lastHeard + Math.max(late, 0), clock.now());
    const unsent = buffered() ?? 0;
    if (unsent < this.#buffered) this.heard();
    this.#buffered = unsent;
    const left = this.#lastHeard + idleMs - clock.now();
    if (left <= 0) return dead();
    this.#lookIn(Math.min(left, idleMs / LOOKS_PER_IDLE));
    // At last: it may stop the watch.
    look();
  }
}
