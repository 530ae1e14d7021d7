/** Playback and time of the model: a recording of a minute, which stands at its start at first. */
import { Buffer } from "node:buffer";
import { f32, Reader, reversed, text, u64, u8 } from "./bytes.ts";
import type { Channel } from "./channels.ts";
import type { Client } from "./client.ts";
import type { FaultName } from "./faults.ts";
import { Invalid, type Json } from "./invalid.ts";
import type { Feature, Model } from "./model.ts";

const START_S = 1_700_000_000;
const START = BigInt(START_S) * 1_000_000_000n;
const END = START + 60_000_000_000n;
const STATUS = { playing: 0, paused: 1, buffering: 2, ended: 3 } as const;

const STEP_MS = 20;
const TIME_MS = 40;

interface Request {
  command: number;
  speed: number;
  seek: bigint | undefined;
  requestId: string;
}

export class Playback implements Feature {
  readonly ops = {};
  readonly opcodes = { 3: (client: Client, message: Reader) => this.#request(client, message) };
  readonly #model: Model;
  readonly #channel: Channel;
  #status: keyof typeof STATUS = "paused";
  #time = START;
  #speed = 1;
  #started = false;
  #ticks = 0;

  constructor(model: Model) {
    this.#model = model;
    const schema = { name: "Playback", encoding: "jsonschema", data: '{"type":"object","title":"Playback"}' };
    this.#channel = model.channels.add({ topic: "/playback", encoding: "json", schema });
    model.every(STEP_MS, () => this.#step());
    model.every(TIME_MS, () => this.#sendTime());
  }

  #has(fault: FaultName): boolean {
    return this.#model.faults.has(fault);
  }

  capabilities(client: Client): string[] {
    const time = this.#has("playback/time-not-declared") ? [] : ["time"];
    return this.#plays(client) ? [...time, "playbackControl"] : time;
  }

  describe(client: Client): Json {
    if (!this.#plays(client)) return this.#has("playback/range-in-old-protocol") ? RANGE : {};
    if (this.#has("playback/no-range")) return {};
    if (this.#has("playback/range-in-seconds")) return { dataStartTime: START_S, dataEndTime: START_S + 60 };
    if (this.#has("playback/range-reversed")) {
      return { dataStartTime: RANGE.dataEndTime, dataEndTime: RANGE.dataStartTime };
    }
    return RANGE;
  }

  greet(client: Client): void {
    if (this.#plays(client) && !this.#has("playback/no-state-at-first")) this.#tell([client]);
  }

  /** The oldest subprotocol has no playback. */
  #plays({ protocol }: Client): boolean {
    return protocol !== "foxglove.websocket.v1" || this.#has("playback/in-old-protocol");
  }

  #step(): void {
    if (this.#has("playback/ended-again-and-again") && this.#status === "ended") this.#tell(this.#model.clients);
    if (this.#status !== "playing" && !(this.#has("playback/data-while-paused") && this.#started)) return;
    this.#started = true;
    const passed = BigInt(Math.round(STEP_MS * 1_000_000 * (this.#has("playback/speed-ignored") ? 1 : this.#speed)));
    const next = this.#time + passed;
    this.#time = next > END ? END : next;
    this.#publish();
    if (this.#time < END) return;
    if (!this.#has("playback/end-not-told")) this.#status = "ended";
    this.#tell(this.#model.clients);
  }

  #publish(): void {
    const seconds = Number(this.#time - START) / 1e9;
    this.#model.channels.publish(this.#channel, Buffer.from(JSON.stringify({ t: seconds })), this.#time);
  }

  #sendTime(): void {
    if (this.#has("time/not-sent")) return;
    const clock = this.#has("time/wall-clock") ? BigInt(Date.now()) * 1_000_000n : this.#time;
    const back = this.#has("time/goes-back") && this.#ticks++ % 2 === 0 ? clock - 10_000_000_000n : clock;
    const time = this.#has("time/in-ms") ? back / 1_000_000n : back;
    const bytes = this.#has("time/big-endian") ? reversed(u64(time)) : u64(time);
    for (const client of this.#model.clients) {
      if (this.#has("time/first-client-only") && client !== this.#model.clients.values().next().value) continue;
      if (this.#has("time/in-seconds")) client.binary(2, u64(time / 1_000_000_000n).subarray(0, 4));
      else if (this.#has("time/as-json")) client.json({ op: "time", timestamp: `${time}` });
      else client.binary(2, bytes);
    }
  }

  #request(client: Client, message: Reader): void {
    if (!this.#plays(client)) return client.status("error", "Server does not support playbackControl capability");
    const request = this.#read(message);
    if (this.#has("playback/unanswered")) return void this.#apply(request);
    if (request.requestId === "" && this.#has("playback/no-id-ignored")) return;
    const before = this.#time;
    const jumped = this.#apply(request);
    const { requestId } = request;
    const to = this.#has("playback/answer-to-requester-only") ? [client] : this.#model.clients;
    const didSeek = jumped && !this.#has("playback/did-seek-not-set");
    this.#tell(to, { didSeek, requestId: this.#has("playback/no-request-id") ? "" : requestId });
    if (this.#has("playback/answered-twice")) this.#tell(to, { didSeek, requestId });
    if (!jumped || !this.#has("playback/old-data-after-seek")) return;
    this.#model.channels.publish(this.#channel, Buffer.from('{"t":0}'), before);
  }

  /** @throws {Invalid} when it makes no sense. */
  #read(whole: Reader): Request {
    const message = this.#has("playback/cut-short-accepted")
      ? new Reader(Buffer.concat([whole.rest(), Buffer.alloc(18)]))
      : whole;
    const [command, speed, hasSeek, time, requestId] = [
      message.u8(),
      message.f32(),
      message.u8(),
      message.u64(),
      message.text(),
    ];
    if (command > 1 && !this.#has("playback/any-command")) throw new Invalid(`command is ${command}`);
    if (hasSeek > 1 && !this.#has("playback/any-has-seek")) throw new Invalid(`hasSeek is ${hasSeek}`);
    if (!(Number.isFinite(speed) && speed > 0) && !this.#has("playback/any-speed")) {
      throw new Invalid(`speed is ${speed}`);
    }
    const seeks = this.#has("playback/seek-of-0-is-none")
      ? time !== 0n
      : hasSeek > 0 || this.#has("playback/always-seeks");
    return { command, speed, seek: seeks ? time : undefined, requestId };
  }

  /** Whether it jumps. */
  #apply({ command, speed, seek }: Request): boolean {
    this.#speed = speed;
    if (seek !== undefined && !this.#has("playback/seek-ignored")) {
      this.#time = this.#has("playback/seek-not-clamped") ? seek : seek < START ? START : seek > END ? END : seek;
    }
    const playing = command === 0 || seek !== undefined && this.#has("playback/seek-plays");
    if (this.#status === "ended" && this.#has("playback/stuck-at-the-end")) return false;
    if (this.#time === END && playing && this.#has("playback/restarts-at-end")) this.#time = START;
    const atEnd = this.#time === END && playing;
    if (atEnd) this.#status = "ended";
    if (!atEnd) this.#status = playing || this.#has("playback/pause-ignored") ? "playing" : "paused";
    return seek !== undefined;
  }

  #tell(clients: Iterable<Client>, { didSeek = false, requestId = "" } = {}): void {
    const known = this.#has("playback/id-cut") ? requestId.slice(0, 36) : requestId;
    const id = this.#has("playback/id-without-length") ? Buffer.from(known) : text(known);
    const time = this.#has("playback/offset-for-time") ? this.#time - START : this.#time;
    const speed = f32(this.#has("playback/speed-not-told") ? 1 : this.#speed);
    const status = STATUS[this.#status] + (this.#has("playback/status-from-1") ? 1 : 0);
    for (const client of clients) {
      if (this.#plays(client)) client.binary(5, u8(status), u64(time), speed, u8(didSeek ? 1 : 0), id);
    }
  }
}

const RANGE = {
  dataStartTime: { sec: START_S, nsec: 0 },
  dataEndTime: { sec: START_S + 60, nsec: 0 },
};
