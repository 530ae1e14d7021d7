/** The flags that every server of the benchmark understands, ours and the others'. */
import { parseArgs } from "node:util";

/** What a server is asked to do; see README.md. */
export interface ServerFlags {
  /** TCP port; 0 picks one. */
  port: number;
  /** Bytes of a payload. */
  size: number;
  /** Sending starts when so many clients have subscribed to `/t`. */
  clients: number;
  /** Messages in a turn of the event loop. */
  k: number;
  /** Publish only while every client's queue holds fewer bytes. */
  hwm: number;
  /** Messages per second; 0: as fast as it goes. */
  rate: number;
  /** Seconds until the server ends by itself; 0: never. */
  life: number;
}

const DEFAULTS: ServerFlags = { port: 8765, size: 100, clients: 1, k: 1, hwm: 1 << 20, rate: 0, life: 0 };

/** Reads the flags of this program. @throws {TypeError} when one is unknown or no number. */
export function serverFlags(): ServerFlags {
  const names = Object.keys(DEFAULTS);
  const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: "string" }])) });
  const given = Object.entries(values).map(([name, value]) => [name, toNumber(name, value)]);
  return { ...DEFAULTS, ...Object.fromEntries(given) };
}

/** The same flags as arguments for a program. */
export function flagArguments(flags: Partial<ServerFlags>): string[] {
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

function toNumber(name: string, value: unknown): number {
  const number = Number(value);
  if (value === "" || !(number >= 0)) throw new TypeError(`Cannot use --${name} "${value}": it takes a number`);
  return number;
}
