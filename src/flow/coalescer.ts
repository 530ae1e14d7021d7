/**
 * Decides when frames are held back so that more of them leave in one write.
 *
 * @module
 */

/** So many busy turns in a row are load; a publisher that catches up after a pause makes fewer. */
const BUSY_TURNS = 32;

/** So many turns without a frame end a hold: the event loop is idle, so waiting would only burn it. */
const QUIET_TURNS = 4;

/**
 * Holds frames while a queue keeps getting some in each turn of the event loop, turn after turn, as network cards
 * coalesce interrupts: then it is the writes that the loop is busy with. A hold lasts at most `coalesceMicros`, and ends
 * early when turns pass without a frame. Turns further apart than a hold lasts are no load, because nothing more would
 * come in that time: a publisher at 1 kHz is never held.
 */
export class Coalescer {
  readonly #holdMs: number;
  /** Busy turns in a row. */
  #busy = 0;
  /** Turns without a frame since the last busy one. */
  #quiet = 0;
  /** When the last frame came, to the turn. */
  #last = -Infinity;
  /** Nothing that waits now came before this time. */
  #since = 0;

  constructor(coalesceMicros: number) {
    this.#holdMs = coalesceMicros / 1000;
  }

  /** A frame comes while none waits, in a turn in which none was sent. @returns Whether it waits for more. */
  first(now: number): boolean {
    this.#count(now);
    this.#since = now;
    return this.#busy >= BUSY_TURNS;
  }

  /** A turn ends with frames waiting, `fresh` of them new. @returns Whether they wait on; otherwise they leave now. */
  turn(now: number, fresh: number): boolean {
    if (fresh > 0) this.#count(now);
    else this.#quiet++;
    if (this.#quiet >= QUIET_TURNS) this.#busy = 0;
    if (this.#busy >= BUSY_TURNS && now - this.#since < this.#holdMs) return true;
    this.#since = now;
    return false;
  }

  #count(now: number): void {
    this.#busy = now - this.#last < this.#holdMs ? this.#busy + 1 : 0;
    this.#quiet = 0;
    this.#last = now;
  }
}
