/** The demo's command line. */
import { parseArgs } from "node:util";

/** What the command line asks for. */
export interface Flags {
  port: number;
  host: string;
  /** When to end; `undefined`: at Ctrl-C. */
  seconds: number | undefined;
  /** Whether our own client connects and shows what it receives. */
  watch: boolean;
  help: boolean;
}

/** A command line that makes no sense; the message is for the person who wrote it. */
export class UsageError extends Error {}

export const HELP = `Serves live figures of this machine on a Foxglove WebSocket, and shows what a client receives.

  deno task demo [flags]          or: bun examples/demo.ts, node examples/demo.ts

  --port N       port to listen on; 0 picks a free one (8765)
  --host NAME    address to listen on; 0.0.0.0 lets other machines in (127.0.0.1)
  --seconds N    ends by itself after N seconds
  --no-watch     serves without a client of its own
  --help         shows this

Viewers: Foxglove (https://foxglove.dev) and Lichtblick (https://github.com/lichtblick-suite/lichtblick).
There: Open connection > Foxglove WebSocket > the address that the demo prints.`;

const OPTIONS = {
  port: { type: "string", default: "8765" },
  host: { type: "string", default: "127.0.0.1" },
  seconds: { type: "string" },
  "no-watch": { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Reads the arguments. @throws {UsageError} with one sentence that says what is wrong. */
export function readFlags(args: string[]): Flags {
  const { port, host, seconds, help, "no-watch": noWatch } = parse(args);
  return {
    port: readNumber("port", port, (value) => Number.isInteger(value) && value <= 65_535),
    host: host === "" ? refuse("host", host) : host,
    seconds: seconds === undefined
      ? undefined
      : readNumber("seconds", seconds, (value) => value > 0 && value <= MAX_SECONDS),
    watch: !noWatch,
    help,
  };
}

/** Timers of all runtimes end here: 2^31 ms, some 24 days. */
const MAX_SECONDS = 2_147_483;

/** What follows a flag. */
const VALUES = {
  port: "a whole number from 0 to 65535",
  host: "a name or an address",
  seconds: `a number above 0, at most ${MAX_SECONDS}`,
} as const;

type ValueFlag = keyof typeof VALUES;

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS }).values;
  } catch (error) {
    // The first sentence says what is wrong, on all runtimes; what follows speaks of programs in general.
    const [sentence = ""] = (error as Error).message.split(/\.\s|\.?$|\n/);
    const flag = Object.keys(VALUES).find((name) => sentence.startsWith(`Option '--${name}`));
    // Of a flag without its value it speaks of options that are ambiguous: a minus could be the next one.
    if (flag !== undefined) refuse(flag as ValueFlag);
    throw new UsageError(`${sentence}; --help shows the flags`);
  }
}

function readNumber(flag: ValueFlag, text: string, isValid: (value: number) => boolean): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  return isValid(value) ? value : refuse(flag, text);
}

function refuse(flag: ValueFlag, text?: string): never {
  throw new UsageError(`--${flag} takes ${VALUES[flag]}${text === undefined ? "" : `, not "${text}"`}`);
}
