/**
 * The server under test: one channel `/t`, encoding `raw`, on the public API, the same file on Deno, Bun and Node.
 *
 * `deno run -A bench/server.ts [--port 8765] [--size 100] [--clients 1] [--k 1] [--hwm 1048576] [--rate 0] [--life 0]`
 *
 * The flags are explained in flags.ts. With `--rate` the first 8 bytes of a payload are CLOCK_MONOTONIC in nanoseconds.
 */
import { serve } from "@foxwire/foxwire/server";
import { serverFlags } from "./flags.ts";
import { runLoad } from "./load.ts";

/** The same in every message: what is measured is not the clock. */
const LOG_TIME = 1_700_000_000_000_000_000n;

const flags = serverFlags();
const server = await serve({ name: "bench", port: flags.port });
const channel = server.channel("/t", { encoding: "raw" });

await runLoad({
  url: server.url,
  subscribers: () => channel.subscribers,
  queuedBytes() {
    let most = 0;
    for (const { queuedBytes } of server.clients) if (queuedBytes > most) most = queuedBytes;
    return most;
  },
  publish: (payload) => channel.publish(payload, { logTime: LOG_TIME }),
  dropped: () => server.stats().droppedMessages,
  close: () => server.close(),
}, flags);
