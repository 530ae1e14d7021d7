/** Plays a recording of a minute: knows where it is, and gives the messages that are due. */

const NS_PER_MS = 1_000_000;
const START = 1_700_000_000_000_000_000n;
const LENGTH_NS = 60_000 * NS_PER_MS;

/** Messages per second of playback time. */
const HERTZ = 20;
const STEP_NS = 1_000 * NS_PER_MS / HERTZ;

/** Begin and end of the recording. */
export const RANGE = { startTime: START, endTime: START + BigInt(LENGTH_NS) };

/** Is given each message that is played: its time in seconds since the start, and in nanoseconds since 1970. */
export type Play = (seconds: number, time: bigint) => void;

/** At first it stands at the start. */
export class Player {
  readonly #play: Play;
  #playing = false;
  #speed = 1;
  /** Nanoseconds since the start, as they were at `#at`, a time of `performance.now()`. */
  #offset = 0;
  #at = 0;
  /** Number of the next message. */
  #next = 0;

  constructor(play: Play) {
    this.#play = play;
  }

  get playing(): boolean {
    return this.#playing;
  }

  get atEnd(): boolean {
    return this.#offset === LENGTH_NS;
  }

  /** Where it was at the last {@link advance}. */
  get position(): bigint {
    return START + BigInt(this.#offset);
  }

  /** Goes on to this moment, and plays what lies between. */
  advance(): void {
    const now = performance.now();
    const passed = (now - this.#at) * NS_PER_MS * this.#speed;
    this.#at = now;
    if (!this.#playing) return;
    this.#offset = Math.min(LENGTH_NS, this.#offset + Math.round(passed));
    for (; this.#next * STEP_NS <= this.#offset; this.#next++) {
      this.#play(this.#next / HERTZ, START + BigInt(this.#next * STEP_NS));
    }
  }

  /** Changes how it goes on from here. */
  set({ playing = this.#playing, speed = this.#speed }: { playing?: boolean; speed?: number }): void {
    this.advance();
    this.#playing = playing;
    this.#speed = speed;
  }

  /** Jumps. The message of that very moment, if there is one, is still to come. */
  seek(time: bigint): void {
    this.#at = performance.now();
    this.#offset = Number(time - START);
    this.#next = Math.ceil(this.#offset / STEP_NS);
  }
}
