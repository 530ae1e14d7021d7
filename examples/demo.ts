/**
 * Live figures of this machine: a server with a channel for each of them, and a client that shows what it receives.
 *
 *   deno task demo                  (or: bun examples/demo.ts, node examples/demo.ts)
 *
 * You see the address to give to Foxglove or Lichtblick, then a table of topics with their rates and last values that
 * changes in place, and after Ctrl-C the number of messages. `--help` lists the flags.
 */
import process from "node:process";
import { FoxgloveError, serve } from "@foxwire/foxwire/server";
import { openDisplay } from "./demo/display.ts";
import { HELP, readFlags, UsageError } from "./demo/flags.ts";
import { introduction } from "./demo/introduction.ts";
import { Station } from "./demo/station.ts";
import { watch } from "./demo/watch.ts";

async function main(args: string[]): Promise<void> {
  const flags = readFlags(args);
  if (flags.help) return console.log(HELP);
  const server = await serve({ name: "Foxwire demo", host: flags.host, port: flags.port });
  const signal = endSignal(flags.seconds);
  const station = new Station(server, flags.watch ? {} : { onLog: (level, text) => console.log(`${level}: ${text}`) });
  const intro = introduction(server, station.channels);
  process.stdout.write(intro);
  const visit = flags.watch
    ? watch(server.url, openDisplay(process.stdout, process.env, intro), signal)
    : aborted(signal);
  const received = await visit.finally(() => {
    station.stop();
    return server.close();
  });
  const { messages, channels } = received ?? station.totals;
  // Without its own client it sends nothing when nobody has come.
  if (flags.watch || messages > 0) console.log(`${messages} messages on ${channels} channels`);
}

/** Aborts at Ctrl-C or another request to end, after `seconds`, and when nobody reads the output any more. */
function endSignal(seconds: number | undefined): AbortSignal {
  const controller = new AbortController();
  const timer = seconds === undefined ? undefined : setTimeout(() => controller.abort(), seconds * 1000);
  const end = () => {
    clearTimeout(timer);
    controller.abort();
  };
  process.on("SIGINT", end).on("SIGTERM", end);
  process.stdout.on("error", end);
  return controller.signal;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));
}

/** Says in one sentence what the person can mend; anything else is a bug, and shows where it happened. */
function fail(error: unknown): void {
  process.exitCode = 1;
  if (!(error instanceof UsageError || error instanceof FoxgloveError)) return console.error(error);
  const inUse = "code" in error && error.code === "address_in_use";
  console.error(inUse ? `${error.message}; --port chooses another` : error.message);
}

await main(process.argv.slice(2)).catch(fail);
