/** What a client may say that is in a hurry, forgetful, or wrong: of few ids and few names, so that they meet. */
import { bytes, messageData, playbackRequest, serviceCall } from "../../support/raw_bytes.ts";
import type { Random } from "../../support/random.ts";
import type { Raw } from "../case.ts";
import { mutate, pickOf, randomBytes } from "./mutate.ts";

/** What there is at the server. */
export interface ClientHints {
  readonly channelIds: readonly number[];
  readonly serviceIds: readonly number[];
}

/** Names of the parameters that the server has at first, and of others. */
export const PARAMETER_NAMES = [
  ...["gain", "count", "serial", "positive", "moody", "map", "list", "pose", "flag", "mode"],
  ...["new 1", "new 2", "new 3", "", "__proto__", "toString", "é🤖", "\ud800"],
];
export const TOPICS = ["/a", "/b", "/json", "", "__proto__", "é🤖", "/\udc00"];
const ENCODINGS = ["json", "json", "cdr", "raw", "", "é"];
const URIS = [
  ...[
    "file:1",
    "file:é🤖",
    "none",
    "",
    "throw:1",
    "slow:1",
    "slow:2",
    "never:1",
    "stream:1",
    "broken:1",
    "file:\ud800",
  ],
  `none ${"x".repeat(50)}`,
];
const IDS = [0, 1, 2, 3, 4, 5, 0x7fff_ffff, 0xffff_ffff];
const REQUEST_IDS = ["", "a", "b", "set-1", "é🤖", "\ud800", "x".repeat(256), "x".repeat(257)];
/** A value as JSON has it, and the type that is said of it. */
export type Value = readonly [value: unknown, type?: string];

const UNTYPED: readonly unknown[] = [
  ...[1, 2, -1, 0, 1.5, -0, 1e21, 2 ** 53, true, false, "text", "", "\ud800", null],
  ...[[], [1, 2], [1, 2.5], ["a"], {}, { x: 1 }, { x: { y: [1, "2"] } }, { ["__proto__"]: 1 }],
];
const TYPED: readonly Value[] = [
  ...[1, 1.5, null, "1", [1, 2]].map((value): Value => [value, "float64"]),
  ...[[1, 2], [1, null], [], ["1"], 1].map((value): Value => [value, "float64_array"]),
  ...["AQID", "", "AQI", "AQ==", 1].map((value): Value => [value, "byte_array"]),
  ...["text", 1, [1]].map((value): Value => [value, "other"]),
  [1, "__proto__"],
];
export const VALUES: readonly Value[] = [...UNTYPED.map((value): Value => [value]), ...TYPED];

type Make = (random: Random, hints: ClientHints) => Raw;

const id = (random: Random) => pickOf(random, IDS);
const some = <T>(random: Random, make: () => T) => Array.from({ length: pickOf(random, [0, 1, 1, 1, 2, 3, 5]) }, make);
const text = (json: object): string => JSON.stringify(json);

function channelId(random: Random, { channelIds }: ClientHints): number {
  return random.chance(0.85) ? random.pick(channelIds) ?? 1 : id(random);
}

function requestId(random: Random): { id?: string } {
  return random.chance(0.6) ? { id: pickOf(random, REQUEST_IDS) } : {};
}

function parameter(random: Random): object {
  const name = pickOf(random, PARAMETER_NAMES);
  const [value, type] = pickOf(random, VALUES);
  if (random.chance(0.2)) return { name };
  return type === undefined ? { name, value } : { name, value, type };
}

function channel(random: Random): object {
  const schema = random.chance(0.3) ? { schema: "x".repeat(random.below(60)), schemaEncoding: "jsonschema" } : {};
  return {
    id: id(random),
    topic: pickOf(random, TOPICS),
    encoding: pickOf(random, ENCODINGS),
    schemaName: "",
    ...schema,
  };
}

function names(random: Random): object {
  return { parameterNames: some(random, () => pickOf(random, PARAMETER_NAMES)) };
}

function call(random: Random, { serviceIds }: ClientHints): Uint8Array {
  const serviceId = random.chance(0.9) ? random.pick(serviceIds) ?? 1 : id(random);
  const payload = random.chance(0.8)
    ? pickOf(random, ["{}", "1", "null", "{", "", '{"a":[1,2]}'])
    : randomBytes(random, 5);
  return serviceCall(serviceId, random.below(5), pickOf(random, ENCODINGS), payload);
}

function playback(random: Random): Uint8Array {
  const seekTime = pickOf(random, [undefined, undefined, 0n, 100n, 500n, 1_000n, 2_000n, 2n ** 64n - 1n]);
  return playbackRequest({
    command: random.below(2),
    speed: pickOf(random, [1, 1, 0.5, 2, 1e30, 0.1, 2 ** -149]),
    ...(seekTime === undefined ? {} : { seekTime }),
    requestId: pickOf(random, REQUEST_IDS),
  });
}

const MAKERS: readonly Make[] = [
  (random, hints) =>
    text({
      op: "subscribe",
      subscriptions: some(random, () => ({ id: id(random), channelId: channelId(random, hints) })),
    }),
  (random, hints) =>
    text({ op: "subscribe", subscriptions: [{ id: id(random), channelId: channelId(random, hints) }] }),
  (random) => text({ op: "unsubscribe", subscriptionIds: some(random, () => id(random)) }),
  (random) => text({ op: "advertise", channels: some(random, () => channel(random)) }),
  (random) => text({ op: "unadvertise", channelIds: some(random, () => id(random)) }),
  (random) => messageData(id(random), randomBytes(random, random.below(20))),
  (random) => text({ op: "getParameters", ...names(random), ...requestId(random) }),
  (random) => text({ op: "setParameters", parameters: some(random, () => parameter(random)), ...requestId(random) }),
  (random) => text({ op: "setParameters", parameters: [parameter(random)], ...requestId(random) }),
  (random) => text({ op: "subscribeParameterUpdates", ...names(random) }),
  (random) => text({ op: "unsubscribeParameterUpdates", ...names(random) }),
  () => text({ op: "subscribeConnectionGraph" }),
  () => text({ op: "unsubscribeConnectionGraph" }),
  (random) => text({ op: "fetchAsset", uri: pickOf(random, URIS), requestId: random.below(5) }),
  (random) => text({ op: "fetchAsset", uri: pickOf(random, URIS), requestId: id(random) }),
  call,
  call,
  playback,
];

/** A message that is right in itself. */
export function clientMessage(random: Random, hints: ClientHints): Raw {
  return pickOf(random, MAKERS)(random, hints);
}

/** How much of the traffic is not as it was made. */
const MUTATED = 0.55;

/** Messages of a client, right and wrong, each built on what was said before. */
export class ClientTraffic {
  readonly #corpus: readonly Raw[];
  readonly #said: Raw[] = [];

  constructor(corpus: readonly Raw[]) {
    this.#corpus = corpus;
  }

  /** One message, or two that were one. */
  next(random: Random, hints: ClientHints): Raw[] {
    const raw = this.#base(random, hints);
    this.#said[random.below(24)] = raw;
    return random.chance(MUTATED) ? mutate(random, raw, this.#said.filter((said) => said !== undefined)) : [raw];
  }

  #base(random: Random, hints: ClientHints): Raw {
    const chance = random.next();
    if (chance < 0.01) return randomBytes(random, random.below(60));
    if (chance < 0.02) return new TextDecoder().decode(bytes(randomBytes(random, random.below(60))));
    if (chance < 0.08) return pickOf(random, this.#corpus);
    return clientMessage(random, hints);
  }
}
