/** The client's side of the demo: subscribes to every channel and shows what arrives, until it is told to stop. */
import { connect, type FoxgloveClient } from "@foxwire/foxwire/client";
import type { Display, View } from "./display.ts";
import { Tally, type Totals } from "./tally.ts";

/**
 * Connects to `url`, watches until `signal` aborts, and leaves. A connection that is lost meanwhile the client makes anew,
 * and the display says so.
 *
 * @returns What it received.
 * @throws {FoxgloveError} when there is no connection, or the server wants none any more.
 */
export async function watch(url: string, display: Display, signal: AbortSignal): Promise<Totals> {
  const client = await connect(url);
  closeOnAbort(client, signal);
  const start = performance.now();
  const tally = new Tally(start);
  const messages = client.subscribe(() => true);
  const view = (): View => {
    const now = performance.now();
    for (const { topic, schema } of messages.channels) tally.know(topic, schema?.name ?? "");
    const lost = client.state.status === "reconnecting";
    return { rows: tally.rows(now), seconds: Math.round((now - start) / 1000), lost };
  };
  const timer = setInterval(() => display.show(view()), display.everyMs);
  try {
    for await (const { channel: { topic, schema }, data, value } of messages) {
      tally.add({ topic, schema: schema?.name ?? "", bytes: data.length, value }, performance.now());
    }
  } finally {
    clearInterval(timer);
    display.end(view());
  }
  return tally.totals;
}

function closeOnAbort(client: FoxgloveClient, signal: AbortSignal): void {
  const close = () => void client.close();
  if (signal.aborted) close();
  else signal.addEventListener("abort", close, { once: true });
}
