/** Messages that fast-check makes up: right, and of no sense. */
import fc, { type Arbitrary } from "fast-check";
import { encodeClientMessage, encodeServerMessage } from "../../../src/protocol/codec.ts";
import { clientMessage, serverMessage } from "../../protocol/arbitraries.ts";
import type { Raw } from "../case.ts";

const COUNT = 400;

/** Messages of both sides. The same for the same seed. */
export interface Corpus {
  readonly client: readonly Raw[];
  readonly server: readonly Raw[];
}

/** What fast-check makes of a seed. */
export function corpusOf(seed: number): Corpus {
  return {
    client: encoded(clientMessage, encodeClientMessage, seed),
    server: encoded(serverMessage, (message) => encodeServerMessage(message), seed),
  };
}

function encoded<T>(arbitrary: Arbitrary<T>, encode: (message: T) => Raw, seed: number): Raw[] {
  return fc.sample(arbitrary, { seed: seed | 0, numRuns: COUNT }).map(encode);
}

const corpora = new Map<number, Corpus>();

/** One of a few: making one takes longer than a run. */
export function corpusFor(seed: number): Corpus {
  const key = seed % 16;
  const corpus = corpora.get(key) ?? corpusOf(key);
  corpora.set(key, corpus);
  return corpus;
}
