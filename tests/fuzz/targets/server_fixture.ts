/** The server that is fuzzed: one of everything, with handlers that answer, throw, take their time, or never answer. */
import type { AssetBody } from "../../../src/server/asset.ts";
import type { Channel } from "../../../src/server/channel.ts";
import type { Permissions } from "../../../src/server/permissions.ts";
import type { PlaybackController } from "../../../src/server/playback.ts";
import { FoxgloveServer, type ServerOptions } from "../../../src/server/server.ts";
import type { Service, ServiceHandler, ServiceOptions } from "../../../src/server/service.ts";
import type { Clock } from "../../../src/util/time.ts";
import { bytes } from "../../support/raw_bytes.ts";
import { MAX_SPEED, PlaybackModel } from "../models/playback_model.ts";

/** `bare` has nothing but channels, `tight` everything and hardly any room for it, `guarded` does not let clients do all. */
export type ServerKind = "full" | "tight" | "guarded" | "bare";

/** What own code throws on purpose. */
export class Planned extends Error {}

export const SESSION = "session 0";
/** What a handler takes that takes its time, and how long it may. */
export const SLOW_MS = 100;
export const LIMIT_MS = 1_000;

/** Limits in which a fuzz run is sure to end up. */
export const LIMITS = {
  full: { serviceMs: LIMIT_MS, assetMs: LIMIT_MS, coalesceMicros: 0 },
  guarded: { serviceMs: LIMIT_MS, assetMs: LIMIT_MS, coalesceMicros: 0 },
  bare: { coalesceMicros: 0 },
  tight: {
    serviceMs: LIMIT_MS,
    assetMs: LIMIT_MS,
    coalesceMicros: 0,
    messageBytes: 3_000,
    subscriptions: 3,
    clientChannels: 3,
    clientChannelBytes: 120,
    parameterNames: 4,
    parameterNameBytes: 20,
    clientParameters: 2,
    clientParameterBytes: 60,
    serviceCalls: 3,
    assetRequests: 3,
  },
};

const COMMON = { name: "fuzz", sessionId: SESSION };

type Right = keyof Required<Permissions>;

/** What clients of a `guarded` server may not do with these names. */
const FORBIDDEN: Record<Right, readonly string[]> = {
  see: ["/two", "/more 2", "/b"],
  subscribe: ["/one", "/more 1"],
  publish: ["/a"],
  call: ["/fail"],
  get: ["serial", "new 2"],
  set: ["mode", "new 1"],
  fetch: ["file:1", "slow:1"],
  control: [],
};

/** Whether a client may do something with what has this name. */
export function allows(kind: ServerKind, right: Right, name: string): boolean {
  return kind !== "guarded" || !FORBIDDEN[right].includes(name);
}

/** Whether the client of this number may control playback. */
export function allowsControl(kind: ServerKind, client: number): boolean {
  return kind !== "guarded" || client % 2 === 0;
}

function permissions(kind: ServerKind): Permissions {
  const rights = Object.keys(FORBIDDEN) as Right[];
  const filters = rights.map((right) => [right, (_client: unknown, name: string) => allows(kind, right, name)]);
  return { ...Object.fromEntries(filters), control: ({ id }) => allowsControl(kind, id) };
}

/** What own code says no to. */
export function validate(name: string, value: unknown): string | undefined {
  if (name === "new 3") return "it is not wanted";
  return name === "flag" && value === undefined ? "it stays" : undefined;
}

const EVERYTHING: ServerOptions = {
  ...COMMON,
  clientPublish: true,
  connectionGraph: true,
  capabilities: ["time"],
  parameters: { validate: ({ name, value }) => validate(name, value) },
};

const OPTIONS: Record<ServerKind, ServerOptions> = {
  full: EVERYTHING,
  tight: { ...EVERYTHING, supportedEncodings: ["json", "cdr"] },
  guarded: { ...EVERYTHING, permissions: permissions("guarded") },
  bare: COMMON,
};

/** The kinds of channels that there are, as options and as they are on the wire. */
export const CHANNELS = [
  {
    options: { encoding: "json", schema: { name: "S", encoding: "jsonschema", data: '{"type":"object"}' } },
    wire: { encoding: "json", schemaName: "S", schemaEncoding: "jsonschema", schema: '{"type":"object"}' },
    latch: false,
  },
  {
    options: { encoding: "raw", metadata: { unit: "m" } },
    wire: { encoding: "raw", schemaName: "", schema: "", metadata: { unit: "m" } },
    latch: false,
  },
  {
    options: {
      encoding: "protobuf",
      latch: true,
      schema: { name: "P", encoding: "protobuf", data: new Uint8Array([1, 2, 3]) },
    },
    wire: { encoding: "protobuf", schemaName: "P", schemaEncoding: "protobuf", schema: "AQID" },
    latch: true,
  },
] as const;

const json = { encoding: "json" };

/** The services by name. Those that declare an encoding take no other. */
export const SERVICES: Record<string, { options: ServiceOptions; encoding?: string }> = {
  "/measure": { options: { type: "t", request: json, response: json }, encoding: "json" },
  "/mirror": { options: {} },
  "/fail": { options: {} },
  "/silent": { options: {} },
  "/slow": { options: { request: json }, encoding: "json" },
  "/never": { options: {} },
};

/** A server and what its own code can do with it. */
export class ServerFixture {
  readonly server: FoxgloveServer;
  /** By id. */
  readonly channels = new Map<number, Channel<Uint8Array>>();
  readonly services = new Map<string, Service>();
  readonly playback: PlaybackController | undefined;
  readonly errors: { error: unknown; during: string }[] = [];
  readonly #ownClock: Clock;
  #made = 0;

  /** @param ownClock Of the handlers: what they wait for is not the server's. */
  constructor(kind: ServerKind, clocks: { clock: Clock; ownClock: Clock }) {
    this.#ownClock = clocks.ownClock;
    this.server = new FoxgloveServer({ ...OPTIONS[kind], limits: LIMITS[kind], clock: clocks.clock });
    this.server.on("error", (event) => this.errors.push(event));
    for (const topic of ["/zero", "/one", "/two"]) this.openChannel(topic);
    if (kind === "bare") return;
    this.#declareParameters();
    for (const name of Object.keys(SERVICES)) this.openService(name);
    this.server.asset((uri) => this.#asset(uri));
    this.playback = this.#play();
  }

  /** The next kind of channel. */
  openChannel(topic: string): Channel<Uint8Array> {
    const { options } = CHANNELS[this.#made++ % CHANNELS.length]!;
    const channel = this.server.channel<Uint8Array>(topic, options);
    this.channels.set(channel.id, channel);
    return channel;
  }

  openService(name: string): void {
    this.services.set(name, this.server.service(name, SERVICES[name]!.options, this.#handlers[name]!));
  }

  readonly #handlers: Record<string, ServiceHandler> = {
    "/measure": (value, { data }) => ({ type: typeof value, bytes: data.length }),
    "/mirror": (_value, { data }) => data,
    "/fail": () => {
      throw new Planned("planned é");
    },
    "/silent": () => undefined,
    "/slow": () => this.#later({ late: true }),
    "/never": () => new Promise(() => {}),
  };

  #declareParameters(): void {
    const { parameters } = this.server;
    parameters.declare("gain", { value: 1.5 });
    parameters.declare("count", { value: 1 });
    parameters.declare("serial", { value: "A-17", readOnly: true });
    parameters.declare("positive", {
      value: 1,
      validate: ({ value }) => value as number > 0 ? undefined : "it must be positive",
    });
    parameters.declare("moody", { value: 1, validate: moody });
    parameters.declare("map", { value: new Uint8Array([1, 2, 3]) });
    parameters.declare("list", { value: [1, 2] });
    parameters.declare("pose", { value: { x: 1, y: [1, 2] } });
    parameters.declare("flag", { value: true });
    parameters.declare("mode", { value: "auto" });
  }

  #asset(uri: string): AssetBody | undefined | Promise<AssetBody> {
    const [kind] = uri.split(":");
    return ASSETS.get(kind!)?.(uri, () => this.#later(bytes(uri)));
  }

  #play(): PlaybackController {
    const { start, end } = new PlaybackModel();
    return this.server.playback({
      startTime: start,
      endTime: end,
      play() {},
      pause() {},
      seek() {},
      setSpeed(speed) {
        if (speed > MAX_SPEED) throw new Planned("too fast");
      },
    });
  }

  #later<T>(value: T): Promise<T> {
    return new Promise((resolve) => void this.#ownClock.delay(SLOW_MS, () => resolve(value)));
  }
}

function moody(): never {
  throw new Planned("not today");
}

type Asset = (uri: string, later: () => Promise<Uint8Array>) => AssetBody | Promise<AssetBody>;

const ASSETS = new Map<string, Asset>([
  ["file", (uri) => bytes(uri)],
  ["throw", (uri) => {
    throw new Planned(`planned ${uri}`);
  }],
  ["slow", (_uri, later) => later()],
  ["never", () => new Promise(() => {})],
  ["stream", (uri) => streamOf(bytes(uri), bytes("!"))],
  ["broken", (uri) => streamOf(bytes(uri), undefined)],
]);

/** The chunks of a stream; `undefined` breaks it. */
function streamOf(...chunks: (Uint8Array | undefined)[]): ReadableStream<Uint8Array> {
  const left = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const chunk = left.shift();
      if (chunk !== undefined) controller.enqueue(chunk);
      else if (chunks.includes(undefined)) controller.error(new Planned("planned break"));
      else controller.close();
    },
  });
}
