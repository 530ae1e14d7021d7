/**
 * The server of `endurance.ts`: 100 channels published at 100 Hz, and handlers that never answer. For each line on its
 * standard input it prints what it costs.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Channel, serve } from "@foxwire/foxwire/server";

const never = () => new Promise<never>(() => {});

/** What a server costs. */
export interface Cost {
  /** Resident memory after a collection, in bytes. */
  rss: number;
  /** Used heap after a collection, in bytes. */
  heap: number;
  /** Milliseconds of CPU since it started. */
  cpuMs: number;
  clients: number;
}

async function main(): Promise<void> {
  const server = await serve({ port: 0, clientPublish: true, connectionGraph: true, supportedEncodings: ["json"] });
  server.service("/wait", {}, never);
  server.asset(() => new ReadableStream({ pull: never }));
  server.parameters.declare("gain", { value: 1, validate: never });
  server.playback({ startTime: 0n, endTime: 10n, play: never, pause: never, seek: never, setSpeed: never });
  const channels = Array.from({ length: 100 }, (_, i) => server.channel(`/topic/${i}`, { encoding: "json" }));
  // With `--bare` all is the same but the call: what is left is the price of publishing to nobody.
  const isBare = process.argv.includes("--bare");
  const publish = (channel: Channel, message: object) => isBare ? message : channel.publish(message);
  const timer = setInterval(() => channels.forEach((channel, i) => publish(channel, { i, pose: [1, 2, 3] })), 10);
  const collect = collector();
  createInterface({ input: process.stdin }).on("line", () => {
    const { user, system } = process.cpuUsage();
    collect();
    const { rss, heapUsed: heap } = process.memoryUsage();
    const cost: Cost = { rss, heap, cpuMs: (user + system) / 1000, clients: server.clients.size };
    console.log(JSON.stringify(cost));
  }).on("close", () => {
    clearInterval(timer);
    void server.close();
  });
  console.log(server.port);
}

function collector(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

await main();
