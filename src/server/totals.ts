/**
 * Figures of a server over all its clients, those that have left too.
 *
 * @module
 */
import type { ClientStats } from "./server_client.ts";
import type { ServerStats } from "./server_options.ts";

type Counted = Pick<ServerStats, "sentMessages" | "sentBytes" | "droppedMessages" | "droppedBytes">;

/** Sums the figures of clients. */
export class Totals {
  readonly #past: Counted = { sentMessages: 0, sentBytes: 0, droppedMessages: 0, droppedBytes: 0 };

  /** A client has left. */
  left(stats: ClientStats): void {
    addCounts(this.#past, stats);
  }

  /** What clients count together, `present` being those that are there. */
  of(present: readonly ClientStats[]): Omit<ServerStats, "channels"> {
    const totals = { clients: present.length, subscriptions: 0, queuedBytes: 0, ...this.#past };
    for (const stats of present) {
      totals.subscriptions += stats.subscriptions.length;
      totals.queuedBytes += stats.queuedBytes;
      addCounts(totals, stats);
    }
    return totals;
  }
}

function addCounts(totals: Counted, stats: Counted): void {
  totals.sentMessages += stats.sentMessages;
  totals.sentBytes += stats.sentBytes;
  totals.droppedMessages += stats.droppedMessages;
  totals.droppedBytes += stats.droppedBytes;
}
