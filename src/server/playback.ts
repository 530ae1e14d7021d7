/**
 * Playback of recorded data: what the server's user provides, and what it gets.
 *
 * @module
 */
import { PLAYBACK_STATUSES, type PlaybackStatus } from "../protocol/constants.ts";
import { quote } from "../protocol/describe.ts";
import { checkFunction } from "./checks.ts";
import type { ServerClient } from "./server_client.ts";

/** What a client has asked for, as the handlers of a {@link PlaybackSource} see it. */
export interface PlaybackRequest {
  /** Who asks. */
  client: ServerClient;
  /** Aborts when the client has left or the handlers took longer than 30 s (`limits.playbackMs`). */
  signal: AbortSignal;
  /**
   * For `seek`: what is published from now on is of the new place. What still waits for clients is of the old one: it is
   * discarded, and they are told of the jump. Without this call that happens when the handler has returned or resolved,
   * and discards what it has published itself.
   */
  arrived(): void;
}

/**
 * Recorded data with a begin and an end. Its handlers do what a client asks for, one request at a time; they may be
 * async. What they throw is told to the client as a status of level `error`, and raises the server's `error` event; what
 * was asked for has then not happened. A request that asks for several things calls `pause`, `setSpeed`, `seek` and
 * `play` in this order, and only those that change something.
 */
export interface PlaybackSource {
  /** Begin of the data in nanoseconds since 1970. */
  readonly startTime: bigint;
  /** End of the data in nanoseconds since 1970. */
  readonly endTime: bigint;
  /** Plays from where it is. */
  play(request: PlaybackRequest): void | Promise<void>;
  /** Stands still. */
  pause(request: PlaybackRequest): void | Promise<void>;
  /**
   * Jumps.
   *
   * @param time Nanoseconds since 1970, never outside the range.
   */
  seek(time: bigint, request: PlaybackRequest): void | Promise<void>;
  /**
   * Plays at another speed.
   *
   * @param speed Playback seconds per second, above 0.
   */
  setSpeed(speed: number, request: PlaybackRequest): void | Promise<void>;
}

/** What has changed without a client asking for it. */
export interface PlaybackUpdate {
  /** What it does now. */
  status?: PlaybackStatus;
  /** Where it is: nanoseconds since 1970, taken into the range. */
  currentTime?: bigint;
  /** Playback seconds per second. */
  speed?: number;
}

/** What a {@link PlaybackController} needs. */
export interface PlaybackHooks {
  state(): Readonly<Required<PlaybackUpdate>>;
  update(update: PlaybackUpdate): void;
  jump(time: bigint): void;
}

/**
 * The state of playback as clients see it; made by `server.playback()`. What clients ask for is in it already when a
 * handler has done it; the source tells what happens by itself.
 *
 * @example
 * ```ts
 * import { FoxgloveServer } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "recording" });
 * const [startTime, endTime] = [1_700_000_000_000_000_000n, 1_700_000_060_000_000_000n];
 * let position = startTime;
 * const playback = server.playback({
 *   startTime,
 *   endTime,
 *   play() {},
 *   pause() {},
 *   seek: (time) => void (position = time),
 *   setSpeed() {},
 * });
 *
 * // With each message that is played; and when there is none any more:
 * playback.update({ currentTime: position });
 * playback.ended();
 * console.assert(playback.status === "ended");
 * await server.close();
 * ```
 */
export class PlaybackController {
  readonly #hooks: PlaybackHooks;

  /** @ignore Made by `server.playback()`. */
  constructor(hooks: PlaybackHooks) {
    this.#hooks = hooks;
  }

  /** What it does; `"paused"` at first. */
  get status(): PlaybackStatus {
    return this.#hooks.state().status;
  }

  /** Where it is: nanoseconds since 1970. */
  get currentTime(): bigint {
    return this.#hooks.state().currentTime;
  }

  /** Playback seconds per second. */
  get speed(): number {
    return this.#hooks.state().speed;
  }

  /**
   * Tells clients what has changed. Where only `currentTime` is given they get it as the server's time, of which only the
   * latest is kept for a slow client: it may be called for every message.
   *
   * @throws {RangeError} when the speed is no finite number.
   * @throws {TypeError} when the status or the time is none.
   */
  update(update: PlaybackUpdate): void {
    const { status, speed, currentTime } = update;
    if (status !== undefined && !PLAYBACK_STATUSES.includes(status)) {
      throw new TypeError(`Invalid status of playback: ${quote(String(status))}`);
    }
    if (speed !== undefined && !Number.isFinite(speed)) throw new RangeError(`Invalid speed of playback: ${speed}`);
    if (currentTime !== undefined) checkTime(currentTime);
    this.#hooks.update(update);
  }

  /** It has played everything. Clients are told once. */
  ended(): void {
    this.#hooks.update({ status: "ended" });
  }

  /**
   * It has jumped by itself, as a player does that begins again. What still waits for clients is of the old place: it is
   * discarded, and they are told of the jump.
   *
   * @param time Nanoseconds since 1970, taken into the range.
   * @throws {TypeError} when the time is none.
   */
  jump(time: bigint): void {
    checkTime(time);
    this.#hooks.jump(time);
  }
}

/** Refuses a source before clients are told of it. */
export function checkSource(source: PlaybackSource): void {
  checkTime(source.startTime);
  checkTime(source.endTime);
  for (const name of ["play", "pause", "seek", "setSpeed"] as const) checkFunction(source[name], `playback: ${name}`);
}

/** Refuses a time before it is in the state: every later answer would fail on it. */
export function checkTime(time: unknown): void {
  if (typeof time === "bigint") return;
  throw new TypeError(`Invalid time of playback: ${String(time)} is no bigint of nanoseconds`);
}
