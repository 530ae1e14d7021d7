/** Playback as docs/behaviour.md has it, for a source whose handlers answer at once. */
import { bytes, f32, text, u64, u8 } from "../../support/raw_bytes.ts";

const STATUSES = ["playing", "paused", "buffering", "ended"];

/** What a client asks for. */
export interface PlaybackWish {
  command: "play" | "pause";
  speed: number;
  seekTime?: bigint;
  requestId: string;
}

/** What a request comes to: the frame for its client, the one for the others, and why not all of it was done. */
export interface PlaybackAnswer {
  own: Uint8Array;
  others: Uint8Array;
  failure?: string;
}

/** The speed above which the source fails. */
export const MAX_SPEED = 1_000;

/** Where playback is. */
export class PlaybackModel {
  readonly start = 100n;
  readonly end = 1_000n;
  time = 100n;
  status = "paused";
  speed = 1;

  /** What a client is told of it; `requestId` of longer than 256 characters goes to its client alone. */
  frame(didSeek: boolean, requestId: string): Uint8Array {
    const status = STATUSES.indexOf(this.status);
    return bytes(u8(5, status), u64(this.time), f32(this.speed), u8(didSeek ? 1 : 0), text(requestId));
  }

  request(wish: PlaybackWish): PlaybackAnswer {
    const { command, speed, seekTime } = wish;
    if (command === "pause" && this.#moves) this.status = "paused";
    if (speed !== this.speed && speed > MAX_SPEED) {
      return { ...this.#answer(wish, false), failure: "Playback control failed: too fast" };
    }
    this.speed = speed;
    if (seekTime !== undefined) this.#seek(seekTime);
    if (command === "play" && !this.#moves) {
      this.status = seekTime === undefined && this.time >= this.end ? "ended" : "playing";
    }
    return this.#answer(wish, seekTime !== undefined);
  }

  get #moves(): boolean {
    return this.status === "playing" || this.status === "buffering";
  }

  #seek(time: bigint): void {
    this.time = time < this.start ? this.start : time > this.end ? this.end : time;
    if (this.status === "ended") this.status = "paused";
  }

  #answer({ requestId }: PlaybackWish, didSeek: boolean): PlaybackAnswer {
    const shared = requestId.length > 256 ? "" : requestId;
    return { own: this.frame(didSeek, requestId), others: this.frame(didSeek, shared) };
  }
}
