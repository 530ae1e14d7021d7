/**
 * A server with everything that the protocol has, under fixed names: to try viewers with, and to write and test clients
 * against.
 *
 *   deno task everything            (or: bun examples/everything.ts, node examples/everything.ts)
 *
 * You see `Listening on ws://127.0.0.1:8765`. The files in `everything/` show one capability each, and say what it has.
 * `--help` lists the flags.
 */
import process from "node:process";
import { FoxgloveError, serve } from "@foxwire/foxwire/server";
import { addEverything, OPTIONS } from "./everything/all.ts";
import { HELP, readFlags, UsageError } from "./everything/flags.ts";

async function main(args: string[]): Promise<void> {
  const { host, port, help } = readFlags(args);
  if (help) return console.log(HELP);
  const server = await serve({ ...OPTIONS, host, port });
  const stop = new AbortController();
  addEverything(server, stop.signal);
  // A service that fails is among what it has: that is told in one line.
  server.on("error", ({ error, during }) => console.error(`${during}: ${error}`));
  const end = () => {
    stop.abort();
    server.close().catch(fail);
  };
  process.once("SIGINT", end).once("SIGTERM", end);
  console.log(`Listening on ${server.url}`);
}

/** Exit code 2: the command line makes no sense; 1: anything else. */
function fail(error: unknown): void {
  process.exitCode = error instanceof UsageError ? 2 : 1;
  const expected = error instanceof UsageError || error instanceof FoxgloveError;
  console.error(expected ? error.message : error);
}

await main(process.argv.slice(2)).catch(fail);
