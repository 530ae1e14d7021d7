/**
 * When to connect again: how long to wait, how often to try, and after which ends not to try at all.
 *
 * @module
 */
import { MAX_TIMER_MS } from "../util/time.ts";

/** How a client that has lost its connection makes another one. */
export interface ReconnectOptions {
  /** Longest wait before the first attempt, in milliseconds. Default 250; 0 makes the first at once, and no other. */
  minDelayMs?: number;
  /** Longest wait before any attempt, in milliseconds. Default 10 000. */
  maxDelayMs?: number;
  /** By how much each wait is longer than the last one. Default 2; 1 keeps them all at `minDelayMs`. */
  factor?: number;
  /** Which part of a wait is left to chance: 0 for none, 1 for all of it. Default 0.5: between half and all of it. */
  jitter?: number;
  /** Attempts in a row before the client gives up. Default `Infinity`. */
  attempts?: number;
  /** Milliseconds from the start of an attempt to `serverInfo`. Default {@link ClientLimits.connectMs}, 10 000. */
  connectTimeoutMs?: number;
  /** Close codes after which there is no attempt. Default: those of {@link FATAL_CLOSE_CODES}. */
  fatalCloseCodes?: Iterable<number>;
  /** For tests: the chance of the jitter, from 0 to 1. Default `Math.random`. */
  random?: () => number;
}

/** Options with nothing left out but the time limit, which is one of the client's limits. */
export type Reconnect = Required<Omit<ReconnectOptions, "connectTimeoutMs" | "fatalCloseCodes">> & {
  readonly fatalCloseCodes: ReadonlySet<number>;
};

/**
 * Close codes that would come again however often one tries, with the reason. All others are worth another try: 1000,
 * 1001 and 1005 are what a server says that stops, and may be started again; 1006 is a broken line; 1009 was about one
 * message, which is not sent again; 1011 to 1014 are troubles that pass, ours for a client that is too slow among them.
 * A refused upgrade is worth another try too, whatever its HTTP status: browsers do not tell it from a server that is not
 * there.
 */
export const FATAL_CLOSE_CODES: ReadonlyMap<number, string> = new Map([
  // Either side has closed so: connect() itself does when the server chooses a subprotocol that it has not offered.
  [1002, "the server speaks another protocol"],
  [1003, "the server does not take such messages"],
  // All that is sent after a reconnect is sent as before.
  [1007, "the server cannot read what it is sent"],
  [1008, "the server refuses this client"],
  [1010, "the server lacks an extension"],
  // Where a runtime tells it at all, a certificate is not trusted: somebody has to mend that.
  [1015, "TLS has failed"],
  // Registered with IANA.
  [3000, "the server wants a login"],
  [3003, "the server refuses this client"],
  // Not registered; many servers say HTTP's 401 and 403 this way.
  [4401, "the server wants a login"],
  [4403, "the server refuses this client"],
]);

const RANGES: readonly [
  name: "minDelayMs" | "maxDelayMs" | "factor" | "jitter" | "attempts",
  from: number,
  to: number,
][] = [
  ["minDelayMs", 0, MAX_TIMER_MS],
  ["maxDelayMs", 0, MAX_TIMER_MS],
  ["factor", 1, Infinity],
  ["jitter", 0, 1],
  ["attempts", 1, Infinity],
];

/** Fills in what is left out. @throws {RangeError} when a number makes no sense. */
export function reconnectOptions(options: ReconnectOptions): Reconnect {
  const filled = {
    // A server that is merely restarted is found soon, and a thousand viewers do not come in the same moment.
    minDelayMs: 250,
    // A person who has switched the robot on again does not wait longer than this.
    maxDelayMs: 10_000,
    factor: 2,
    jitter: 0.5,
    attempts: Infinity,
    random: Math.random,
    ...options,
    fatalCloseCodes: new Set(options.fatalCloseCodes ?? FATAL_CLOSE_CODES.keys()),
  };
  for (const [name, from, to] of RANGES) {
    const value = filled[name];
    if (value >= from && value <= to) continue;
    throw new RangeError(`Cannot reconnect: ${name} is ${value}, need ${from} to ${to}`);
  }
  return filled;
}

/** Says how long to wait before each attempt: longer and longer, until a connection has lasted. */
export class Backoff {
  readonly #options: Reconnect;
  #last = 0;
  #next: number;

  constructor(options: Reconnect) {
    this.#options = options;
    this.#next = options.minDelayMs;
  }

  /** Milliseconds to wait before the next attempt. */
  delay(): number {
    const { maxDelayMs, factor, jitter, random } = this.#options;
    this.#last = Math.min(this.#next, maxDelayMs);
    // From 0 they would never grow: an absent server would be asked without a pause.
    this.#next = Math.min(Math.max(this.#next, 1) * factor, maxDelayMs);
    return this.#last * (1 - jitter * random());
  }

  /**
   * A connection was lost after so many milliseconds. The waits start anew when it has lasted for longer than the wait
   * before it: a server that greets and falls over at once is not asked again and again in quick succession.
   */
  lasted(ms: number): void {
    if (ms >= this.#last) this.#next = this.#options.minDelayMs;
  }
}
