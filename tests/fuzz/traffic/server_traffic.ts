/** What a server may say, and what none should: of few ids and few names, so that they meet. */
import { bytes, f32, text, u32, u64, u8 } from "../../support/raw_bytes.ts";
import type { Random } from "../../support/random.ts";
import type { Raw } from "../case.ts";
import { PARAMETER_NAMES, VALUES } from "./client_traffic.ts";
import { mutate, pickOf, randomBytes } from "./mutate.ts";

/** What the client has and waits for. */
export interface ServerHints {
  readonly protocol: string;
  readonly subscriptionIds: readonly number[];
  readonly callIds: readonly number[];
  readonly assetIds: readonly number[];
  readonly parameterIds: readonly number[];
  readonly playbackIds: readonly number[];
  /** With which the ids of its playback requests begin. */
  readonly prefix: string;
}

type Make = (random: Random, hints: ServerHints) => Raw;

export const CHANNEL_TOPICS = ["/a", "/b", "/c", "/d", ""];
export const SERVICE_NAMES = ["/s1", "/s2", "/s3"];
export const CAPABILITIES = [
  ...["clientPublish", "parameters", "parametersSubscribe", "time", "services", "connectionGraph", "assets"],
  "playbackControl",
];
const ENCODINGS = ["json", "protobuf", "cdr", "raw", ""];
const SCHEMA_DATA = ["", "{}", "AQID", "no base64!", "AQI", "x".repeat(300)];
const STATUS_IDS = ["a", "b", "drops:/a", "", "__proto__"];

const json = (object: object): string => JSON.stringify(object);
const list = <T>(random: Random, make: () => T) => Array.from({ length: pickOf(random, [0, 1, 1, 2, 2, 4]) }, make);
const smallId = (random: Random) => random.below(6);
const names = (random: Random) => list(random, () => pickOf(random, ["n1", "n2", "client-1", "é"]));

function metadata(random: Random): { metadata?: object } {
  return random.chance(0.2) ? { metadata: { ["__proto__"]: "x", unit: "m" } } : {};
}

function channel(random: Random, { protocol }: ServerHints): object {
  const base = { id: smallId(random), topic: pickOf(random, CHANNEL_TOPICS), encoding: pickOf(random, ENCODINGS) };
  if (protocol === "foxglove.sdk.v1.1" && random.chance(0.8)) {
    return { ...base, ...(random.chance(0.5) ? { schemaId: smallId(random) } : {}), ...metadata(random) };
  }
  const schemaEncoding = pickOf(random, [undefined, undefined, "jsonschema", "protobuf", "flatbuffer", ""]);
  const named = random.chance(0.5)
    ? { schemaName: "", schema: "" }
    : { schemaName: "S", schema: pickOf(random, SCHEMA_DATA) };
  return { ...base, ...named, schemaEncoding, ...metadata(random) };
}

function advertise(random: Random, hints: ServerHints): string {
  const define = () => ({
    id: smallId(random),
    name: "S",
    encoding: pickOf(random, ENCODINGS),
    data: pickOf(random, SCHEMA_DATA),
  });
  const schemas = random.chance(0.5) ? { schemas: list(random, define) } : {};
  return json({ op: "advertise", ...schemas, channels: list(random, () => channel(random, hints)) });
}

/** What a server says of itself. Most can do most. */
export function serverInfo(random: Random): string {
  const capabilities = CAPABILITIES.filter(() => random.chance(0.9));
  return json({
    op: "serverInfo",
    name: "fuzz",
    capabilities,
    supportedEncodings: random.chance(0.3) ? ["json", "raw"] : undefined,
    sessionId: pickOf(random, [undefined, "one", "one", "one", "two"]),
    dataStartTime: random.chance(0.2) ? { sec: 1, nsec: 2 } : undefined,
    ...metadata(random),
  });
}

function service(random: Random): object {
  const side = () => ({
    encoding: pickOf(random, ["json", "json", "raw"]),
    schemaName: "",
    schemaEncoding: "",
    schema: "",
  });
  const request = random.chance(0.5) ? { request: side() } : { requestSchema: "" };
  const response = random.chance(0.5) ? { response: side() } : { responseSchema: "" };
  return { id: 1 + random.below(4), name: pickOf(random, SERVICE_NAMES), type: "t", ...request, ...response };
}

function parameters(random: Random): object[] {
  return list(random, () => {
    const [value, type] = pickOf(random, VALUES);
    return { name: pickOf(random, PARAMETER_NAMES), ...(random.chance(0.2) ? {} : { value, type }) };
  });
}

/** An id that somebody waits for, most of the time. */
function waiting(random: Random, ids: readonly number[]): number {
  return random.chance(0.7) ? random.pick(ids) ?? 1 : random.below(30);
}

/** A number, or what a careless reader takes for it. */
function almost(random: Random, id: number): string {
  return random.chance(0.95)
    ? `${id}`
    : pickOf(random, [` ${id}`, `0${id}`, `${id}e0`, `+${id}`, `${id}.0`, `${id} `, `${-id}`, ""]);
}

function answerId(random: Random, { parameterIds }: ServerHints): { id?: string } {
  return random.chance(0.6)
    ? { id: `${pickOf(random, ["get-", "set-"])}${almost(random, waiting(random, parameterIds))}` }
    : {};
}

function graph(random: Random): string {
  const topic = () => pickOf(random, CHANNEL_TOPICS);
  return json({
    op: "connectionGraphUpdate",
    publishedTopics: list(random, () => ({ name: topic(), publisherIds: names(random) })),
    subscribedTopics: list(random, () => ({ name: topic(), subscriberIds: names(random) })),
    advertisedServices: list(random, () => ({ name: pickOf(random, SERVICE_NAMES), providerIds: names(random) })),
    removedTopics: list(random, topic),
    removedServices: list(random, () => pickOf(random, SERVICE_NAMES)),
  });
}

function status(random: Random, hints: ServerHints): string {
  const message = pickOf(random, ["text", "é🤖", `Unknown channel ID: ${smallId(random)}`, "Subscription 4294967295"]);
  const id = random.chance(0.6) ? pickOf(random, STATUS_IDS) : undefined;
  return json({ op: "status", level: random.below(3), message: `${message}`, id, hints: hints.prefix });
}

function data(random: Random, { subscriptionIds }: ServerHints): Uint8Array {
  const id = waiting(random, subscriptionIds);
  const payload = random.chance(0.5)
    ? bytes(pickOf(random, ["{}", '{"a":1}', "{"]))
    : randomBytes(random, random.below(30));
  return bytes(u8(1), u32(id), u64(BigInt(random.below(2 ** 31))), payload);
}

function call(random: Random, { callIds }: ServerHints): [serviceId: number, callId: number] {
  return [1 + random.below(4), waiting(random, callIds)];
}

function callResponse(random: Random, hints: ServerHints): Uint8Array {
  const [serviceId, callId] = call(random, hints);
  const payload = pickOf(random, ["{}", '{"ok":true}', "", "{", "null", '{"x":NaN,"y":"NaN"}', "\ufeff1\0"]);
  return bytes(u8(3), u32(serviceId), u32(callId), text(pickOf(random, ["json", "json", "raw", ""])), payload);
}

function callFailure(random: Random, hints: ServerHints): string {
  const [serviceId, callId] = call(random, hints);
  return json({ op: "serviceCallFailure", serviceId, callId, message: "failed é" });
}

function asset(random: Random, { assetIds }: ServerHints): Uint8Array {
  const id = waiting(random, assetIds);
  const failed = random.chance(0.4);
  return bytes(
    u8(4),
    u32(id),
    u8(failed ? 1 : 0),
    text(failed ? "no such é" : ""),
    randomBytes(random, random.below(20)),
  );
}

function playback(random: Random, { prefix, playbackIds }: ServerHints): Uint8Array {
  const own = `${prefix}${almost(random, waiting(random, playbackIds))}`;
  const id = pickOf(random, ["", "other-1", own, own, own]);
  const speed = pickOf(random, [1, 0, -1, 2.5]);
  return bytes(
    u8(5, random.below(4)),
    u64(BigInt(random.below(1000))),
    f32(speed),
    u8(random.below(4) === 0 ? 1 : 0),
    text(id),
  );
}

const MAKERS: readonly Make[] = [
  advertise,
  advertise,
  (random) => json({ op: "unadvertise", channelIds: list(random, () => smallId(random)) }),
  (random) => json({ op: "advertiseServices", services: list(random, () => service(random)) }),
  (random) => json({ op: "advertiseServices", services: list(random, () => service(random)) }),
  (random) => json({ op: "unadvertiseServices", serviceIds: list(random, () => 1 + random.below(4)) }),
  (random, hints) => json({ op: "parameterValues", parameters: parameters(random), ...answerId(random, hints) }),
  (random, hints) => json({ op: "parameterValues", parameters: parameters(random), ...answerId(random, hints) }),
  graph,
  status,
  (random) => json({ op: "removeStatus", statusIds: list(random, () => pickOf(random, STATUS_IDS)) }),
  serverInfo,
  data,
  data,
  data,
  (random) => bytes(u8(2), u64(BigInt(random.below(2 ** 31)))),
  callResponse,
  callResponse,
  callFailure,
  asset,
  asset,
  playback,
  playback,
];

/** A message that is right in itself. */
export function serverMessage(random: Random, hints: ServerHints): Raw {
  return pickOf(random, MAKERS)(random, hints);
}

/** How much of the traffic is not as it was made. */
const MUTATED = 0.5;

/** Messages of a server, right and wrong, each built on what was said before. */
export class ServerTraffic {
  readonly #corpus: readonly Raw[];
  readonly #said: Raw[] = [];

  constructor(corpus: readonly Raw[]) {
    this.#corpus = corpus;
  }

  /** One message, or two that were one. */
  next(random: Random, hints: ServerHints): Raw[] {
    const raw = this.#base(random, hints);
    this.#said[random.below(24)] = raw;
    return random.chance(MUTATED) ? mutate(random, raw, this.#said.filter((said) => said !== undefined)) : [raw];
  }

  #base(random: Random, hints: ServerHints): Raw {
    const chance = random.next();
    if (chance < 0.01) return randomBytes(random, random.below(60));
    if (chance < 0.07) return pickOf(random, this.#corpus);
    return serverMessage(random, hints);
  }
}
