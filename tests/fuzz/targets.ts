/** All that is fuzzed. */
import type { Target } from "./case.ts";
import { client } from "./client_target.ts";
import { codec } from "./codec_target.ts";
import { frames } from "./frames_target.ts";
import { server } from "./server_target.ts";

export const TARGETS: readonly Target[] = [server, client, codec, frames] as Target<
  never,
  never
>[] as unknown as Target[];
