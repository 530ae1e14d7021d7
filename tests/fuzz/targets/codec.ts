/** The codec against plain checks: both read the same in every message, right or wrong. */
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
} from "../../../src/protocol/codec.ts";
import { ProtocolError } from "../../../src/protocol/errors.ts";
import { SchemaTableReader } from "../../../src/protocol/schema_table.ts";
import type { Random } from "../../support/random.ts";
import { hexOf, Mismatch, type Play, type Raw, shown, type Target } from "../case.ts";
import { ClientTraffic } from "../traffic/client_traffic.ts";
import { type Corpus, corpusFor } from "../traffic/corpus.ts";
import { randomBytes } from "../traffic/mutate.ts";
import { readClient } from "../readers/read_client.ts";
import { BAD, type Reading } from "../readers/read_json.ts";
import { readServer, type Schemas } from "../readers/read_server.ts";
import { same } from "../models/same.ts";
import { ServerTraffic } from "../traffic/server_traffic.ts";

/** What one of the two sides says, and whether it is read with a table of schemas. */
interface Step {
  side: "client" | "server";
  table: boolean;
  raw: Raw;
}

/** Without a table: what is encoded names no schema. */
const CODECS = {
  client: { decode: decodeClientMessage, encode: encodeClientMessage as (message: never) => Raw },
  server: {
    decode: (raw: Raw) => decodeServerMessage(raw),
    encode: (message: never) => encodeServerMessage(message) as Raw,
  },
};

const CLIENT_HINTS = { channelIds: [1, 2, 3], serviceIds: [1, 2, 3] };
const WAITING = { subscriptionIds: [1], callIds: [1], assetIds: [1], parameterIds: [1], playbackIds: [1] };
const SERVER_HINTS = { protocol: "foxglove.sdk.v1.1", prefix: "9-", ...WAITING };

class CodecPlay implements Play<Step> {
  readonly #client: ClientTraffic;
  readonly #server: ServerTraffic;
  readonly #pending: Step[] = [];
  readonly #table = new SchemaTableReader();
  readonly #schemas: Schemas = new Map();

  constructor({ client, server }: Corpus) {
    this.#client = new ClientTraffic(client);
    this.#server = new ServerTraffic(server);
  }

  next(random: Random): Step {
    while (this.#pending.length === 0) this.#make(random);
    return this.#pending.shift()!;
  }

  play(step: Step): Promise<number> {
    const { side, table, raw } = step;
    const decoded = outcomeOf(() => {
      return side === "client" ? decodeClientMessage(raw) : decodeServerMessage(raw, table ? this.#table : undefined);
    });
    const expected = side === "client" ? readClient(raw) : readServer(raw, table ? this.#schemas : undefined);
    const difference = differenceOf(decoded, expected);
    if (difference !== undefined) throw new Mismatch(`${difference}, of ${shown(raw)}`);
    if (isWhole(expected) && !hasHalves(raw)) checkRoundTrip(decoded, CODECS[side]);
    return Promise.resolve(1);
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  #make(random: Random): void {
    const side = random.chance(0.5) ? "client" : "server";
    const table = random.chance(0.5);
    const raws = side === "client" ? this.#client.next(random, CLIENT_HINTS) : this.#server.next(random, SERVER_HINTS);
    for (const raw of raws) this.#pending.push({ side, table, raw: random.chance(0.2) ? shifted(random, raw) : raw });
  }
}

/** The same bytes in the middle of others. */
function shifted(random: Random, raw: Raw): Raw {
  if (typeof raw === "string") return raw;
  const around = randomBytes(random, 7 + raw.length + 3);
  around.set(raw, 7);
  return around.subarray(7, 7 + raw.length);
}

function outcomeOf(decode: () => unknown): unknown {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

function differenceOf(decoded: unknown, expected: Reading): string | undefined {
  const kind = kindOf(decoded);
  if (kind !== expected.kind) return `Decoded as ${kind} (${decoded}), expected ${expected.kind}`;
  if (expected.kind === "invalid" && !same((decoded as ProtocolError).request, expected.request)) {
    return `Request is ${textOf((decoded as ProtocolError).request)}, expected ${textOf(expected.request)}`;
  }
  if (expected.kind !== "message" || same(decoded, { op: expected.op, ...expected.members })) return undefined;
  return `Decoded as ${textOf(decoded)}, expected ${textOf(expected.members)}`;
}

function kindOf(decoded: unknown): Reading["kind"] {
  if (decoded === undefined) return "nothing";
  if (!(decoded instanceof ProtocolError)) return "message";
  return decoded.code === "unknown_op" ? "unknown" : "invalid";
}

function textOf(value: unknown): string {
  const text = JSON.stringify(value, (_key, member) => {
    if (typeof member === "bigint") return `${member}n`;
    if (member === BAD || member instanceof ProtocolError) return "<bad>";
    return member instanceof Uint8Array ? hexOf(member) : member;
  });
  return shown(text ?? "nothing");
}

function isWhole(reading: Reading): boolean {
  if (reading.kind !== "message") return false;
  return !Object.values(reading.members).some((member) => Array.isArray(member) && member.includes(BAD));
}

/** Half surrogate pairs become U+FFFD on the way out: two names may be one then. */
function hasHalves(raw: Raw): boolean {
  return typeof raw === "string" && (/\\u[dD]/.test(raw) || !raw.isWellFormed());
}

/** What was read can be written, and is read as the same again. */
function checkRoundTrip(decoded: unknown, { decode, encode }: typeof CODECS[Step["side"]]): void {
  const once = encode(decoded as never);
  const twice = encode(decode(once) as never);
  if (!same(once, twice)) throw new Mismatch(`Encoded as ${shown(once)}, and that again as ${shown(twice)}`);
}

/** The codec of both directions. */
export const codec: Target<number, Step> = {
  name: "codec",
  steps: 500,
  setup: (random) => random.below(2 ** 31),
  start: (seed) => Promise.resolve(new CodecPlay(corpusFor(seed))),
};
