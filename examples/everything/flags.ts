/** The command line of the server with everything. */
import { parseArgs } from "node:util";

/** What the command line asks for. */
export interface Flags {
  port: number;
  host: string;
  help: boolean;
}

/** A command line that makes no sense; the message is for the person who wrote it. */
export class UsageError extends Error {}

export const HELP = `Serves everything that the Foxglove WebSocket protocol has, under fixed names.

  deno task everything [flags]    or: bun examples/everything.ts, node examples/everything.ts

  --port N       port to listen on; 0 picks a free one (8765)
  --host NAME    address to listen on; 0.0.0.0 lets other machines in (127.0.0.1)
  --help         shows this`;

const OPTIONS = {
  port: { type: "string", default: "8765" },
  host: { type: "string", default: "127.0.0.1" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Reads the arguments. @throws {UsageError} with one sentence that says what is wrong. */
export function readFlags(args: string[]): Flags {
  const { port, host, help } = parse(args);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new UsageError(`--port takes a whole number from 0 to 65535, not "${port}"`);
  }
  if (host === "") throw new UsageError(`--host takes a name or an address, not ""`);
  return { port: Number(port), host, help };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS }).values;
  } catch (error) {
    // The first sentence says what is wrong, on all runtimes; what follows speaks of programs in general.
    const [sentence = ""] = (error as Error).message.split(/\.\s|\.?$|\n/);
    // Of a flag without its value it speaks of options that are ambiguous.
    const [, flag] = /^Option '--(\w+)/.exec(sentence) ?? [];
    throw new UsageError(flag === undefined ? `${sentence}; --help shows the flags` : `--${flag} takes a value`);
  }
}
