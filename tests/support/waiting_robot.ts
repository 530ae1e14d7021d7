/**
 * A server with everything, whose handlers never answer: whoever uses it leaves with all of it in flight. It counts what
 * begins and what ends.
 */
import { FoxgloveServer } from "../../src/server/server.ts";
import { messageData, playbackRequest, serviceCall } from "./raw_bytes.ts";
import { Mortals } from "./garbage.ts";
import { ManualClock } from "./manual_clock.ts";
import { nextEvent } from "./wire_client.ts";

const never = () => new Promise<never>(() => {});

/** Events of which the second undoes the first. */
const PAIRS = [["connect", "disconnect"], ["subscribe", "unsubscribe"], ["advertise", "unadvertise"]] as const;

/** Everything that a client can want; nothing of it is ever answered, but that it has begun. */
export const EVERYTHING: (object | Uint8Array)[] = [
  { op: "subscribe", subscriptions: [{ id: 1, channelId: 1 }, { id: 2, channelId: 2 }] },
  { op: "advertise", channels: [{ id: 1, topic: "/cmd", encoding: "json", schemaName: "" }] },
  messageData(1, "{}"),
  serviceCall(1, 1, "json", "{}"),
  { op: "fetchAsset", uri: "bytes", requestId: 1 },
  { op: "fetchAsset", uri: "stream", requestId: 2 },
  { op: "fetchAsset", uri: "stream", requestId: 3 },
  { op: "subscribeParameterUpdates", parameterNames: [] },
  { op: "setParameters", parameters: [{ name: "gain", value: 2 }], id: "a" },
  { op: "getParameters", parameterNames: [], id: "b" },
  { op: "subscribeConnectionGraph" },
  playbackRequest({ seekTime: 5n, requestId: "p" }),
];

/** The server and its books. */
export class WaitingRobot {
  /** Time stands still: a timer that is not stopped is there in the end. */
  readonly clock = new ManualClock();
  readonly server = new FoxgloveServer({
    clientPublish: true,
    connectionGraph: true,
    supportedEncodings: ["json"],
    clock: this.clock,
  });
  readonly mortals = new Mortals();
  /** How often what was begun, less how often it was ended. */
  readonly open: Record<string, number> = {};
  /** How often each thing was begun. */
  readonly begun: Record<string, number> = {};
  readonly errors: unknown[] = [];

  constructor() {
    this.#countEvents();
    this.#serve();
  }

  /** Publishes on all channels. */
  publish(): void {
    for (const channel of this.#channels) channel.publish({ pose: this.begun.connect });
  }

  /** Resolves when nobody is connected. */
  async empty(): Promise<void> {
    while (this.server.clients.size > 0) await nextEvent(this.server, "disconnect");
  }

  readonly #channels = [
    this.server.channel("/pose", { encoding: "json" }),
    this.server.channel("/map", { encoding: "json", latch: true }),
  ];

  #countEvents(): void {
    const { server } = this;
    for (const [begin, end] of PAIRS) {
      server.on(begin, () => this.#count(begin, 1));
      server.on(end, () => this.#count(begin, -1));
    }
    server.on("connect", ({ client }) => this.mortals.add("clients", client));
    server.on("message", () => this.#count("message", 1));
    server.on("error", ({ error }) => this.errors.push(error));
    server.graph.on("subscribe", () => this.#count("graph", 1));
    server.graph.on("unsubscribe", () => this.#count("graph", -1));
    server.parameters.on("subscribe", () => this.#count("parameters", 1));
    server.parameters.on("unsubscribe", () => this.#count("parameters", -1));
  }

  #serve(): void {
    const { server } = this;
    const wait = (what: string) => (...args: unknown[]) => {
      this.#watch(what, (args.at(-1) as { signal: AbortSignal }).signal);
      return never();
    };
    server.service("/wait", {}, wait("call"));
    server.asset((uri, { signal }) => {
      this.#watch(`asset ${uri}`, signal);
      return uri === "bytes" ? never() : this.#endlessStream();
    });
    server.parameters.declare("gain", { value: 1, validate: wait("validator") });
    const handlers = { play: wait("play"), pause: wait("pause"), seek: wait("seek"), setSpeed: wait("setSpeed") };
    server.playback({ startTime: 0n, endTime: 10n, ...handlers });
  }

  #endlessStream(): ReadableStream<Uint8Array> {
    this.#count("stream", 1);
    return new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(100)),
      pull: never,
      cancel: () => this.#count("stream", -1),
    });
  }

  #watch(what: string, signal: AbortSignal): void {
    this.#count(what, 1);
    this.mortals.add("signals", signal);
    signal.addEventListener("abort", () => this.#count(what, -1));
  }

  #count(what: string, by: number): void {
    if (by > 0) this.begun[what] = (this.begun[what] ?? 0) + by;
    this.open[what] = (this.open[what] ?? 0) + by;
  }
}
