/** All that is fuzzed. */
import type { Target } from "../case.ts";
import { client } from "./client.ts";
import { codec } from "./codec.ts";
import { frames } from "./frames.ts";
import { server } from "./server.ts";

export const TARGETS: readonly Target[] = [server, client, codec, frames] as Target<
  never,
  never
>[] as unknown as Target[];
