/** The server's side of the demo: publishes the figures and the log, each as long as somebody is subscribed to it. */
import type { Channel, FoxgloveServer } from "@foxwire/foxwire/server";
import { type Figure, figures, type Reading } from "./figures.ts";
import { type Level, LOG_SCHEMA, type LogMessage, logMessage } from "./log.ts";
import { Narrator } from "./narrator.ts";
import { type Totals, totalsOf } from "./tally.ts";

/** Options of a {@link Station}. */
export interface StationOptions {
  /** Default: those that this machine has. */
  figures?: Figure[];
  /** Called with every log line, whether or not anybody is subscribed to `/log`. */
  onLog?: (level: Level, message: string) => void;
}

/** Publishes on a server until its {@link stop}. */
export class Station {
  readonly #feeds = new Map<number, Feed>();
  readonly #log: Channel<LogMessage>;
  readonly #narrator: Narrator;
  readonly #options: StationOptions;
  /** Messages sent, by topic. */
  readonly #sent = new Map<string, number>();

  constructor(server: FoxgloveServer, options: StationOptions = {}) {
    this.#options = options;
    // The first channel: who subscribes to all of them then sees the lines that say so.
    this.#log = server.channel("/log", { encoding: "json", schema: LOG_SCHEMA });
    for (const figure of options.figures ?? figures()) this.#add(server, figure);
    this.#narrator = new Narrator(server, (level, message) => this.#write(level, message));
    server.on("subscribe", ({ channel }) => this.#feeds.get(channel.id)?.start());
    server.on("unsubscribe", ({ channel }) => {
      if (channel.subscribers === 0) this.#feeds.get(channel.id)?.stop();
    });
  }

  /** How many channels there are. */
  get channels(): number {
    return this.#feeds.size + 1;
  }

  /** What was sent, to all clients together. */
  get totals(): Totals {
    return totalsOf([...this.#sent.values()]);
  }

  /** Publishes nothing more. */
  stop(): void {
    for (const feed of this.#feeds.values()) feed.stop();
    this.#narrator.stop();
  }

  #add(server: FoxgloveServer, figure: Figure): void {
    const channel = server.channel<Reading>(figure.topic, { encoding: "json", schema: figure.schema });
    const feed = new Feed(figure, (reading) => {
      this.#publish(channel, reading);
      this.#narrator.observe(figure.topic, reading);
    });
    this.#feeds.set(channel.id, feed);
  }

  #write(level: Level, message: string): void {
    this.#publish(this.#log, logMessage(level, message, Date.now()));
    this.#options.onLog?.(level, message);
  }

  #publish<T>(channel: Channel<T>, message: T): void {
    if (channel.subscribers === 0) return;
    this.#sent.set(channel.topic, (this.#sent.get(channel.topic) ?? 0) + channel.subscribers);
    channel.publish(message);
  }
}

/** Measures one figure, again and again. */
class Feed {
  readonly #figure: Figure;
  readonly #publish: (reading: Reading) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(figure: Figure, publish: (reading: Reading) => void) {
    this.#figure = figure;
    this.#publish = publish;
  }

  start(): void {
    if (this.#timer === undefined) this.#schedule(this.#figure.measure(), performance.now());
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Publishes one period after `last`. The runtimes' intervals add up their delays: 10 Hz would be 9.9. */
  #schedule(measure: () => Reading, last: number): void {
    const now = performance.now();
    const due = Math.max(last + 1000 / this.#figure.hertz, now);
    this.#timer = setTimeout(() => {
      this.#schedule(measure, due);
      this.#publish(measure());
    }, due - now);
  }
}
