/** What a server and a user do to a client. */
import type { Random } from "../../support/random.ts";
import type { Raw } from "../case.ts";
import { lengthOf, pickOf, randomBytes } from "../traffic/mutate.ts";
import { CHANNEL_TOPICS, SERVICE_NAMES } from "../traffic/server_traffic.ts";

/** One thing that is done. */
export type Step =
  | { do: "say"; raws: Raw[] }
  | { do: "greet"; raws: Raw[] }
  | { do: "drop"; code: number | undefined }
  | { do: "wait"; ms: number }
  | { do: "subscribe"; topic: string }
  | { do: "subscribe to one"; id: number }
  | { do: "subscribe to some"; odd: boolean }
  | { do: "watch parameters"; names: string[] }
  | { do: "watch graph" }
  | { do: "watch time" }
  | { do: "read"; feed: number }
  | { do: "close"; feed: number }
  | { do: "call"; name: string; raw: boolean }
  | { do: "fetch" }
  | { do: "get" }
  | { do: "set" }
  | { do: "play" }
  | { do: "seek" }
  | { do: "publisher"; topic: string; encoding: string }
  | { do: "publish"; publisher: number; data: Uint8Array }
  | { do: "close publisher"; publisher: number };

/** Makes a step of the user, who has so many feeds and publishers. */
type ApiStep = (random: Random, feeds: number, publishers: number) => Step;

/** All that a user may do. */
export const API_STEPS: readonly ApiStep[] = [
  (random) => ({ do: "wait", ms: pickOf(random, [5, 10, 60, 300, 1_100]) }),
  (random) => ({ do: "subscribe", topic: pickOf(random, CHANNEL_TOPICS) }),
  (random) => ({ do: "subscribe to one", id: random.below(6) }),
  (random) => ({ do: "subscribe to some", odd: random.chance(0.5) }),
  (random) => ({ do: "watch parameters", names: pickOf(random, [[], ["gain"], ["gain", "__proto__"]]) }),
  () => ({ do: "watch graph" }),
  () => ({ do: "watch time" }),
  ...Array.from({ length: 3 }, (): ApiStep => (random, feeds) => ({ do: "read", feed: random.below(feeds) })),
  ...Array.from({ length: 4 }, (): ApiStep => (random, feeds) => ({ do: "close", feed: random.below(feeds) })),
  ...Array.from({ length: 3 }, (): ApiStep => (random) => (
    { do: "call", name: pickOf(random, SERVICE_NAMES), raw: random.chance(0.3) }
  )),
  () => ({ do: "fetch" }),
  () => ({ do: "fetch" }),
  () => ({ do: "get" }),
  () => ({ do: "set" }),
  () => ({ do: "play" }),
  () => ({ do: "seek" }),
  (random) => ({ do: "publisher", topic: "/p", encoding: pickOf(random, ["json", "raw", "cdr"]) }),
  (random, _feeds, publishers) => (
    { do: "publish", publisher: random.below(publishers), data: randomBytes(random, lengthOf(random, 100)) }
  ),
  (random, _feeds, publishers) => ({ do: "close publisher", publisher: random.below(publishers) }),
];
