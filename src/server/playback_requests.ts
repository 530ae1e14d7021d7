/**
 * What clients ask of playback, and what they hear of it.
 *
 * @module
 */
import type { ClientMessage, MessageOf, ServerInfo } from "../protocol/messages.ts";
import { within } from "../util/async.ts";
import type { FoxgloveError } from "../util/errors.ts";
import type { Events } from "../util/events.ts";
import { type Clock, toSecNsec } from "../util/time.ts";
import { failureText, isPromiseLike } from "./failures.ts";
import type { ServerLimits } from "./limits.ts";
import {
  checkSource,
  PlaybackController,
  type PlaybackRequest,
  type PlaybackSource,
  type PlaybackUpdate,
} from "./playback.ts";
import { inOrder, RequestQueue } from "./request_queue.ts";
import type { ServerEvents } from "./server_events.ts";
import type { Session } from "./session.ts";

type Wanted = MessageOf<ClientMessage<true>, "playbackControlRequest">;
type State = Required<PlaybackUpdate>;

/** What playback needs of its server. */
export interface PlaybackHost {
  readonly sessions: ReadonlySet<Session>;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly events: Events<ServerEvents>;
  /** Tells all clients the time. */
  time(timestamp: bigint): void;
}

/** What a request may need, in order: the old place is left before the new one is gone to. */
const STEPS = ["pause", "setSpeed", "seek", "play"] as const;

/** A request that is served or waits for its turn. */
interface Job {
  readonly session: Session;
  readonly wanted: Wanted;
  readonly abort: AbortController;
  readonly request: PlaybackRequest;
  /** What is being done. */
  step: typeof STEPS[number];
  /** The answer has gone out. */
  answered: boolean;
  /** The answer says that it plays, and it does not yet. */
  promised: boolean;
}

const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/** Ids that are longer, in characters, go back to their client alone: they must not fill the queues of others. */
const SHARED_ID_CHARS = 256;

/** Keeps the state of playback and answers the requests of every client, one after the other. */
export class PlaybackRequests {
  readonly #host: PlaybackHost;
  readonly #queue = new RequestQueue();
  readonly #jobs = new Map<Session, Set<Job>>();
  #source: PlaybackSource | undefined;
  #state: State = { status: "paused", currentTime: 0n, speed: 1 };
  /** What clients were told last. */
  #told: Readonly<State> = this.#state;

  constructor(host: PlaybackHost) {
    this.#host = host;
  }

  /** Serves a source from now on, to those that are connected too. */
  start(source: PlaybackSource): PlaybackController {
    if (this.#source !== undefined) throw new TypeError("Cannot add playback: the server has a source already");
    const { startTime, endTime } = source;
    checkSource(source);
    if (startTime < 0n || startTime > endTime || endTime > MAX_U64) {
      throw new RangeError(`Invalid range of playback: ${startTime} to ${endTime} ns`);
    }
    this.#source = source;
    this.#state = { status: "paused", currentTime: startTime, speed: 1 };
    this.#told = { ...this.#state };
    for (const session of this.#host.sessions) {
      if (!this.serves(session)) continue;
      session.sendServerInfo();
      this.greet(session);
    }
    return new PlaybackController({
      state: () => this.#state,
      update: (update) => this.#update(update),
      jump: (time) => this.#jump(this.#clamp(time), undefined),
    });
  }

  /** Whether a client has playback: the oldest subprotocol has none. */
  serves(session: Session): boolean {
    return this.#source !== undefined && session.protocol !== "foxglove.websocket.v1";
  }

  /** What a client is told of the server, with what playback adds. */
  describe(session: Session, info: ServerInfo): ServerInfo {
    const others = info.capabilities.filter((name) => name !== "playbackControl");
    if (session.protocol === "foxglove.websocket.v1") return { ...info, capabilities: others };
    if (this.#source === undefined) return info;
    const { startTime, endTime } = this.#source;
    const capabilities = [...new Set([...others, "time", "playbackControl"])];
    return { ...info, capabilities, dataStartTime: toSecNsec(startTime), dataEndTime: toSecNsec(endTime) };
  }

  /** Tells a client how playback goes on now. */
  greet(session: Session): void {
    if (!this.serves(session)) return;
    this.#told = { ...this.#told, currentTime: this.#state.currentTime };
    this.#send(session, { didSeek: false, requestId: "" });
  }

  /** Answers `playbackControlRequest`. */
  request(session: Session, wanted: Wanted): void {
    if (!session.host.allows(session, "control", "")) {
      return session.status("error", "Client may not control playback");
    }
    const jobs = this.#jobs.get(session) ?? new Set<Job>();
    if (jobs.size >= this.#host.limits.playbackRequests) {
      return session.status("error", "Too many playback requests");
    }
    const job = this.#jobOf(session, wanted);
    this.#jobs.set(session, jobs.add(job));
    this.#queue.run(() => this.#serve(job));
  }

  /** Forgets a client that is leaving: its requests fail, as far as it can still hear of it. */
  release(session: Session, reason: FoxgloveError): void {
    const jobs = this.#jobs.get(session) ?? new Set<Job>();
    this.#jobs.delete(session);
    for (const _ of jobs) session.status("error", `Playback control failed: ${reason.message}`);
    for (const { abort } of jobs) abort.abort(reason);
  }

  #jobOf(session: Session, wanted: Wanted): Job {
    const abort = new AbortController();
    const arrived = () => {
      if (job.step === "seek") this.#arrived(job);
    };
    const request = { client: session, signal: abort.signal, arrived };
    const job: Job = { session, wanted, abort, request, step: "pause", answered: false, promised: false };
    return job;
  }

  #serve(job: Job): void | Promise<void> {
    const { abort: { signal } } = job;
    if (signal.aborted) return;
    const failed = (error: unknown) => this.#failed(job, error);
    try {
      const pending = inOrder(STEPS, (step) => this.#take(job, step));
      if (pending === undefined) return this.#done(job);
      const { clock, limits: { playbackMs: timeoutMs } } = this.#host;
      const limited = within(pending, () => `answer of playback to "${job.step}"`, { clock, timeoutMs, signal });
      return limited.then(() => this.#done(job)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** One step; of a request that was given up the rest is not done. */
  #take(job: Job, step: typeof STEPS[number]): void | Promise<void> {
    if (job.abort.signal.aborted) return;
    job.step = step;
    return this.#steps[step](job);
  }

  readonly #steps: Readonly<Record<typeof STEPS[number], (job: Job) => void | Promise<void>>> = {
    pause: ({ wanted, request }) => {
      if (wanted.command !== "pause" || !this.#moves) return;
      return after(this.#source!.pause(request), () => {
        if (this.#moves) this.#state.status = "paused";
      });
    },
    setSpeed: ({ wanted: { speed }, request }) => {
      // On the wire it is an f32.
      if (Math.fround(this.#state.speed) === speed) return;
      return after(this.#source!.setSpeed(speed, request), () => this.#state.speed = speed);
    },
    seek: (job) => {
      const { wanted: { seekTime }, request } = job;
      if (seekTime === undefined) return;
      return after(this.#source!.seek(this.#clamp(seekTime), request), () => this.#arrived(job));
    },
    play: (job) => {
      if (job.wanted.command !== "play" || (this.#moves && !job.promised)) return;
      if (job.wanted.seekTime === undefined && this.#state.currentTime >= this.#source!.endTime) {
        this.#state.status = "ended";
        return;
      }
      // Before the call: the source may have something else to say in it.
      this.#state.status = "playing";
      job.promised = true;
      return after(this.#source!.play(job.request), () => job.promised = false);
    },
  };

  /** The source is at the new place: nothing of the old one may follow. */
  #arrived(job: Job): void {
    const { wanted: { command, seekTime = 0n } } = job;
    if (job.answered || job.abort.signal.aborted) return;
    job.promised = command === "play" && !this.#moves;
    if (job.promised) this.#state.status = "playing";
    this.#jump(this.#clamp(seekTime), job);
  }

  #jump(time: bigint, job: Job | undefined): void {
    this.#state.currentTime = time;
    if (this.#state.status === "ended") this.#state.status = "paused";
    for (const session of this.#host.sessions) session.discardData();
    this.#tell({ didSeek: true, job });
  }

  #done(job: Job): void {
    this.#end(job);
    if (!job.answered) this.#tell({ didSeek: false, job });
    else this.#tellChange();
  }

  /** The client learns what went wrong, and from the answer how things are. */
  #failed(job: Job, error: unknown): void {
    const { session, abort, step } = job;
    const hasLeft = abort.signal.aborted;
    this.#end(job);
    abort.abort(error);
    if (job.promised && this.#moves) this.#state.status = "paused";
    if (hasLeft) return void this.#tellChange();
    session.status("error", `Playback control failed: ${failureText(error)}`);
    if (!job.answered) this.#tell({ didSeek: false, job });
    else this.#tellChange();
    this.#host.events.emit("error", { error, during: `playback "${step}"` });
  }

  #end(job: Job): void {
    const jobs = this.#jobs.get(job.session);
    jobs?.delete(job);
    if (jobs?.size === 0) this.#jobs.delete(job.session);
  }

  /** Whether it plays, or would if it had the data. */
  get #moves(): boolean {
    return this.#state.status === "playing" || this.#state.status === "buffering";
  }

  #clamp(time: bigint): bigint {
    const { startTime, endTime } = this.#source!;
    return time < startTime ? startTime : time > endTime ? endTime : time;
  }

  #update({ status = this.#state.status, speed = this.#state.speed, currentTime }: PlaybackUpdate): void {
    const end = status === "ended" ? this.#source!.endTime : this.#state.currentTime;
    this.#state = { status, speed, currentTime: this.#clamp(currentTime ?? end) };
    if (!this.#tellChange() && currentTime !== undefined) this.#host.time(this.#state.currentTime);
  }

  /** Tells of what has changed and was told to nobody yet. @returns Whether there was anything. */
  #tellChange(): boolean {
    const { status, speed } = this.#state;
    if (status === this.#told.status && speed === this.#told.speed) return false;
    this.#tell({ didSeek: false, job: undefined });
    return true;
  }

  /** Tells all clients how playback goes on; `job`: in answer to it. */
  #tell({ didSeek, job }: { didSeek: boolean; job: Job | undefined }): void {
    this.#told = { ...this.#state };
    if (job !== undefined) job.answered = true;
    const id = job?.wanted.requestId ?? "";
    const sharedId = id.length > SHARED_ID_CHARS ? "" : id;
    for (const session of this.#host.sessions) {
      if (!this.serves(session)) continue;
      // It ends, or stands still, behind what was published before; after a jump nothing of that is left.
      session.flushData();
      this.#send(session, { didSeek, requestId: session === job?.session ? id : sharedId });
    }
  }

  #send(session: Session, told: { didSeek: boolean; requestId: string }): void {
    session.send({ op: "playbackState", ...this.#told, ...told });
  }
}

/** Goes on when a handler is done: at once, if it does not wait. */
function after(handled: void | Promise<void>, next: () => void): void | Promise<void> {
  if (isPromiseLike(handled)) return Promise.resolve(handled).then(next);
  next();
}
