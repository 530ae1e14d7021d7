/**
 * Playback of recorded data, in the hands of a client.
 *
 * @module
 */
import type { PlaybackCommand } from "../protocol/constants.ts";
import type { BrokenRequest, ProtocolError } from "../protocol/errors.ts";
import type { PlaybackState } from "../protocol/messages.ts";
import type { WaitOptions } from "../util/async.ts";
import type { ConnectionError } from "../util/errors.ts";
import { fromSecNsec } from "../util/time.ts";
import { type RequestHost, Requests, requireToAsk } from "./requests.ts";

/** How playback is to go on, and how long to wait for the answer. */
export interface PlaybackOptions extends WaitOptions {
  /** Playback seconds per second, above 0. Default: as it is. */
  speed?: number;
  /** Where to go first: nanoseconds since 1970. Default: from where it is. */
  time?: bigint;
}

/** What a request says of every moment: a request carries the whole wanted state. */
interface Wanted {
  readonly command: PlaybackCommand;
  readonly speed: number;
}

/** What {@link Playback} needs of its client. */
export interface PlaybackHost {
  readonly state: PlaybackState | undefined;
  dataTime(which: "dataStartTime" | "dataEndTime"): bigint | undefined;
  request(change: Partial<Wanted> & { seekTime?: bigint }, options: WaitOptions): Promise<PlaybackState>;
}

/** What a client knows of playback and asks of it. */
export class PlaybackControl implements PlaybackHost {
  state: PlaybackState | undefined;
  readonly #host: RequestHost;
  readonly #requests: Requests<PlaybackState, undefined>;
  /** All clients see all answers: ids have to be different in each client. */
  readonly #prefix = `${Math.random().toString(36).slice(2)}-`;
  #wanted: Wanted | undefined;

  constructor(host: RequestHost) {
    this.#host = host;
    this.#requests = new Requests(host);
  }

  request(change: Partial<Wanted> & { seekTime?: bigint }, options: WaitOptions): Promise<PlaybackState> {
    // Two requests in a row: the second knows of the first, which is not answered yet.
    const base = this.#requests.pending.size > 0 ? this.#wanted : undefined;
    const wanted = { ...(base ?? wantedOf(this.state)), ...change };
    return this.#requests.run({
      what: "playbackState in answer to a request",
      context: undefined,
      start: (id) => {
        requireToAsk(this.#host, "playbackControl", "Cannot control playback");
        this.#host.send({ op: "playbackControlRequest", ...wanted, requestId: this.#prefix + id });
        this.#wanted = { command: wanted.command, speed: wanted.speed };
      },
    }, options);
  }

  received(state: PlaybackState): void {
    this.state = state;
    this.#take(state.requestId)?.resolve(state);
  }

  /** An answer has come that could not be read. */
  broken({ requestId }: BrokenRequest & { kind: "playback" }, error: ProtocolError): void {
    this.#take(requestId)?.reject(error);
  }

  dataTime(which: "dataStartTime" | "dataEndTime"): bigint | undefined {
    const time = this.#host.catalogue.serverInfo[which];
    return time && fromSecNsec(time);
  }

  /** Our pending request of this id; states with other ids are answers to other clients. */
  #take(requestId: string) {
    if (!requestId.startsWith(this.#prefix)) return undefined;
    const id = requestId.slice(this.#prefix.length);
    // `Number` takes " 1" and "1e0" for 1, which are no ids of ours.
    return this.#requests.take(/^[1-9]\d*$/.test(id) ? Number(id) : 0);
  }

  connectionLost(error: ConnectionError): void {
    this.state = undefined;
    this.#requests.release(error);
  }
}

/** The request that would leave things as they are. */
function wantedOf(state: PlaybackState | undefined): Wanted {
  if (state === undefined) return { command: "pause", speed: 1 };
  const { status, speed } = state;
  // A state may stand still or run backwards; a request must not say so.
  return { command: status === "paused" || status === "ended" ? "pause" : "play", speed: speed > 0 ? speed : 1 };
}

/**
 * The playback of a server that plays recorded data, as `client.playback` has it. Every method resolves to the state with
 * which the server answers. The client's event `playbackState` tells of all states, also of those that others asked for;
 * after one with `didSeek`, what was gathered before is of another time.
 *
 * What a method resolves to is what is in force, whether or not the server did as it was asked: one that cannot play or
 * seek answers with `status` and `didSeek` as they are, and may say why by the client's event `status`.
 *
 * All methods reject with a `FoxgloveError` of code `"capability"` when the server has no playback, with a `TimeoutError`
 * when it does not answer, and with a `TypeError` when a speed or a time cannot be one.
 *
 * @example
 * ```ts
 * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "recording" });
 * server.playback({ startTime: 0n, endTime: 60_000_000_000n, play() {}, pause() {}, seek() {}, setSpeed() {} });
 * const [serverEnd, clientEnd] = linkedTransports();
 * server.accept(serverEnd);
 *
 * const client = await connect(clientEnd);
 * const { status, currentTime } = await client.playback.play({ time: 10_000_000_000n, speed: 2 });
 * console.assert(status === "playing" && currentTime === 10_000_000_000n);
 * await client.close();
 * await server.close();
 * ```
 */
export class Playback {
  readonly #host: PlaybackHost;

  /** @ignore Made by a client. */
  constructor(host: PlaybackHost) {
    this.#host = host;
  }

  /** How playback goes on, as the server last told; `undefined` until it has. */
  get state(): PlaybackState | undefined {
    return this.#host.state;
  }

  /** First time of the data, in nanoseconds; `undefined` when the server does not declare it. */
  get startTime(): bigint | undefined {
    return this.#host.dataTime("dataStartTime");
  }

  /** Last time of the data, likewise. */
  get endTime(): bigint | undefined {
    return this.#host.dataTime("dataEndTime");
  }

  /** Plays. At the end of the data it takes a `time` to go on from. */
  play(options: PlaybackOptions = {}): Promise<PlaybackState> {
    return this.#request("play", options);
  }

  /** Stands still. */
  pause(options: PlaybackOptions = {}): Promise<PlaybackState> {
    return this.#request("pause", options);
  }

  /**
   * Jumps, and plays on if it was playing.
   *
   * @param time Nanoseconds since 1970; the server takes it into its range.
   */
  seek(time: bigint, options: WaitOptions = {}): Promise<PlaybackState> {
    return this.#host.request({ seekTime: time }, options);
  }

  /**
   * Changes the speed.
   *
   * @param speed Playback seconds per second, above 0.
   */
  setSpeed(speed: number, options: WaitOptions = {}): Promise<PlaybackState> {
    return this.#host.request({ speed }, options);
  }

  #request(command: PlaybackCommand, { speed, time, ...wait }: PlaybackOptions): Promise<PlaybackState> {
    const change = {
      command,
      ...(speed === undefined ? {} : { speed }),
      ...(time === undefined ? {} : { seekTime: time }),
    };
    return this.#host.request(change, wait);
  }
}
