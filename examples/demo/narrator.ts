/** Says on `/log` what happens: who comes and goes, when the CPU is busy, how things stand. */
import type { FoxgloveServer, ServerClient } from "@foxwire/foxwire/server";
import type { Reading } from "./figures.ts";
import type { Log } from "./log.ts";

const SUMMARY_MS = 5_000;
const BUSY_PERCENT = 85;
const CALM_PERCENT = 60;
const LATE_MS = 50;

/** Speaks until its {@link stop}. */
export class Narrator {
  readonly #log: Log;
  readonly #server: FoxgloveServer;
  readonly #summary: ReturnType<typeof setInterval>;
  #busy = false;

  constructor(server: FoxgloveServer, log: Log) {
    this.#server = server;
    this.#log = log;
    server.on("connect", ({ client }) => log("info", `${nameOf(client)} connected with ${client.protocol}`));
    server.on("disconnect", ({ client, code }) => log("info", `${nameOf(client)} left with code ${code}`));
    server.on("subscribe", ({ client, channel }) => log("info", `${nameOf(client)} subscribed to ${channel.topic}`));
    server.on("error", ({ error, during }) => log("error", `${during}: ${error}`));
    this.#summary = setInterval(() => this.#summarize(), SUMMARY_MS);
  }

  /** Looks at a message of a figure for something worth a line. */
  observe(topic: string, reading: Reading): void {
    const { total, lag } = reading;
    if (topic === "/cpu" && typeof total === "number") this.#observeCpu(total);
    if (topic === "/event_loop" && typeof lag === "number" && lag > LATE_MS) {
      this.#log("warning", `Event loop was ${Math.round(lag)} ms late`);
    }
  }

  /** Says nothing more by itself. */
  stop(): void {
    clearInterval(this.#summary);
  }

  #observeCpu(percent: number): void {
    // Two thresholds: a machine that is about as busy as one of them must not fill the log.
    if (percent < BUSY_PERCENT && !this.#busy || percent > CALM_PERCENT && this.#busy) return;
    this.#busy = !this.#busy;
    if (this.#busy) this.#log("warning", `CPU is busy: ${Math.round(percent)} %`);
    else this.#log("info", `CPU is calm again: ${Math.round(percent)} %`);
  }

  #summarize(): void {
    const { clients, subscriptions, droppedMessages } = this.#server.stats();
    if (clients === 0) return;
    const who = clients === 1 ? "1 client" : `${clients} clients`;
    this.#log("info", `${who}, ${subscriptions} subscriptions, ${droppedMessages} drops`);
  }
}

function nameOf({ id, address }: ServerClient): string {
  return address === undefined ? `Client ${id}` : `Client ${id} (${address})`;
}
