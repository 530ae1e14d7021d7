/** When the servers of the benchmark publish, and what they print: the same for ours and for the others. */
import process from "node:process";
import { setImmediate, setTimeout } from "node:timers";
import { monotonicStamp, type Stamp } from "./clock.ts";
import type { ServerFlags } from "./flags.ts";

/** A server, as far as the load generator knows it. */
export interface LoadedServer {
  /** `ws://…` */
  readonly url: string;
  /** How many messages one {@link publish} stands for. Default 1. */
  readonly messagesPerPublish?: number;
  /** How many clients have subscribed. */
  subscribers(): number;
  /** Bytes that wait for the client with the longest queue. */
  queuedBytes(): number;
  publish(payload: Uint8Array): void;
  /** Messages that were lost so far. */
  dropped(): number;
  close(): Promise<unknown>;
}

/** Sending has an end when nobody reads any more. */
const DRAIN_LIMIT_MS = 5_000;

/**
 * Prints the address, publishes as the flags say, and ends the program after its life or at SIGTERM. Its last line says
 * how many messages were published and dropped, as JSON; what was published has then been handed to the kernel.
 */
export async function runLoad(server: LoadedServer, flags: ServerFlags): Promise<void> {
  const payload = new Uint8Array(flags.size);
  const stamp = flags.rate > 0 ? await monotonicStamp() : undefined;
  let isOver = false;
  process.once("SIGTERM", () => isOver = true);
  if (flags.life > 0) setTimeout(() => isOver = true, flags.life * 1000);
  console.log(`Listening on ${server.url}`);
  await until(() => isOver || server.subscribers() >= flags.clients);

  const load = stamp === undefined ? flatOut(server, flags, payload) : rated(server, flags, payload, stamp);
  const published = isOver ? 0 : await eachTurn(load, () => isOver);
  await until(() => server.queuedBytes() === 0, DRAIN_LIMIT_MS);
  console.log(JSON.stringify({ published, dropped: server.dropped() }));
  await server.close();
  process.exit(0);
}

/** What is done in a turn of the event loop. @returns How many messages were published. */
type Turn = () => number;

/** Calls `turn` once in each turn of the event loop. @returns The sum of what it returned. */
function eachTurn(turn: Turn, isOver: () => boolean): Promise<number> {
  return new Promise((resolve) => {
    let sum = 0;
    const next = () => {
      if (isOver()) return resolve(sum);
      sum += turn();
      setImmediate(next);
    };
    next();
  });
}

function flatOut(server: LoadedServer, { k, hwm }: ServerFlags, payload: Uint8Array): Turn {
  const { messagesPerPublish = 1 } = server;
  return () => {
    let published = 0;
    while (published < k && server.queuedBytes() < hwm) {
      server.publish(payload);
      published += messagesPerPublish;
    }
    return published;
  };
}

/** Publishes what is due: the event loop turns all the time, like that of a program which is busy with other things. */
function rated(server: LoadedServer, { rate }: ServerFlags, payload: Uint8Array, stamp: Stamp): Turn {
  const start = performance.now();
  let published = 0;
  return () => {
    const before = published;
    for (const due = (performance.now() - start) / 1000 * rate; published < due; published++) {
      stamp(payload);
      server.publish(payload);
    }
    return published - before;
  };
}

async function until(condition: () => boolean, limitMs = Infinity): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 2));
}
