/** Counts what a client receives, and how often. */

/** What is known of a message when it arrives. */
export interface Arrival {
  topic: string;
  schema: string;
  bytes: number;
  value: unknown;
}

/** One channel as a person wants to see it. */
export interface Row {
  topic: string;
  schema: string;
  /** Messages per second, lately. */
  hertz: number;
  /** Bytes of messages per second, lately. */
  bytesPerSecond: number;
  /** Messages since the start. */
  messages: number;
  /** The last message; `undefined` before the first. */
  value: unknown;
}

/** How much came in, or went out. */
export interface Totals {
  messages: number;
  /** Channels with at least one message. */
  channels: number;
}

/** What "lately" means, in milliseconds. */
export const WINDOW_MS = 5_000;

interface Entry {
  readonly row: Row;
  /** The messages of the window. */
  recent: { at: number; bytes: number }[];
}

/** The rows of a table of channels; times are milliseconds of one clock. */
export class Tally {
  readonly #entries = new Map<string, Entry>();
  readonly #start: number;

  constructor(now: number) {
    this.#start = now;
  }

  /** Gives a channel its row before its first message. */
  know(topic: string, schema: string): void {
    this.#entry(topic, schema);
  }

  /** Counts a message. */
  add({ topic, schema, bytes, value }: Arrival, now: number): void {
    const { row, recent } = this.#entry(topic, schema);
    row.messages++;
    row.value = value;
    recent.push({ at: now, bytes });
  }

  /** The channels by topic, with the rates of this moment. */
  rows(now: number): Row[] {
    const seen = Math.min(WINDOW_MS, now - this.#start);
    const rows = Array.from(this.#entries.values(), (entry) => {
      entry.recent = entry.recent.filter(({ at }) => at > now - WINDOW_MS);
      return { ...entry.row, ...rates(entry.recent, seen) };
    });
    return rows.sort((a, b) => a.topic < b.topic ? -1 : 1);
  }

  /** What came since the start. */
  get totals(): Totals {
    return totalsOf(Array.from(this.#entries.values(), ({ row }) => row.messages));
  }

  #entry(topic: string, schema: string): Entry {
    const known = this.#entries.get(topic);
    if (known !== undefined) return known;
    const row = { topic, schema, hertz: 0, bytesPerSecond: 0, messages: 0, value: undefined };
    const entry: Entry = { row, recent: [] };
    this.#entries.set(topic, entry);
    return entry;
  }
}

/** Sums the messages of each channel. */
export function totalsOf(counts: readonly number[]): Totals {
  return {
    messages: counts.reduce((sum, count) => sum + count, 0),
    channels: counts.filter((count) => count > 0).length,
  };
}

/** Rates of the messages that came in the last `seen` milliseconds. */
function rates(recent: Entry["recent"], seen: number): Pick<Row, "hertz" | "bytesPerSecond"> {
  const bytes = recent.reduce((sum, message) => sum + message.bytes, 0);
  const hertz = frequency(recent, seen);
  return { hertz, bytesPerSecond: recent.length === 0 ? 0 : hertz * bytes / recent.length };
}

/** From the first to the last message where these are far apart: counting the window would be off by one, and waver. */
function frequency(recent: Entry["recent"], seen: number): number {
  const span = (recent.at(-1)?.at ?? 0) - (recent[0]?.at ?? 0);
  if (span > seen / 2) return (recent.length - 1) * 1000 / span;
  // A burst in the first moment is no high rate: there was no time yet to see it end.
  return recent.length * 1000 / Math.max(seen, 1000);
}
