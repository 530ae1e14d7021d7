/**
 * The driver of a client under test: a program that makes the client do what it is told in lines of JSON.
 *
 * @module
 */
import type { LineProcess, LineSink } from "../../runtime/line_process.ts";

/** A driver at work. */
export interface Driver {
  /** Tells it something. */
  write(line: string): void;
  /** Ends it. */
  stop(): Promise<void>;
  /** How it has ended by itself, in words; `undefined` while it runs. */
  readonly ended: string | undefined;
  /** Whether it could not even be started. */
  readonly unstartable?: boolean;
  /** The last that it wrote to its standard error, for people. */
  readonly errors: string;
}

/** Who hears of a driver. */
export interface DriverSink {
  /** A line that it wrote. */
  line(text: string): void;
  /** It has ended. */
  changed(): void;
}

/** Starts a driver for one scene. */
export type StartDriver = (url: string, sink: DriverSink) => Driver;

/** Lines of its standard error that are kept, and characters that are shown of them: the last ones. */
const KEPT_LINES = 20;
const SHOWN_ERRORS = 2000;

/** Milliseconds in which the last that a driver did may still be on its way: its connections end with it. */
const LAST_WORDS_MS = 1000;

/** Starts a program: `{url}` in an argument stands for the address, which is the last argument where there is none. */
export async function commandDriver(command: string): Promise<StartDriver> {
  // By need: browsers, which have no processes, load this module too.
  const { startLines } = await import("../../runtime/line_process.ts");
  const words = splitCommand(command);
  if (words.length === 0) throw new TypeError('The driver is no command: give one such as "python3 my_driver.py"');
  return (url, sink) => {
    const args = words.map((word) => word.replaceAll("{url}", url));
    const line = command.includes("{url}") ? args : [...args, url];
    return new CommandDriver((hear) => startLines(line, hear), sink);
  };
}

/** The words of a command line; quotes keep what has spaces together. */
export function splitCommand(command: string): string[] {
  const words = command.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
}

class CommandDriver implements Driver {
  ended: string | undefined;
  unstartable = false;
  readonly #process: LineProcess;
  readonly #errors: string[] = [];
  #lastWords: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(start: (sink: LineSink) => LineProcess, sink: DriverSink) {
    this.#process = start({
      line: (text) => sink.line(text),
      error: (text) => this.#hearError(text),
      ended: (how, started) => {
        this.unstartable ||= !started;
        if (!this.#stopped) this.#lastWords = setTimeout(() => this.#end(how, sink), started ? LAST_WORDS_MS : 0);
      },
    });
  }

  #end(how: string, sink: DriverSink): void {
    this.ended ??= `the driver ${how}${this.errors}`;
    sink.changed();
  }

  #hearError(line: string): void {
    if (line.trim() === "") return;
    this.#errors.push(line.length > SHOWN_ERRORS ? `${line.slice(0, SHOWN_ERRORS)}…` : line);
    const tooLong = () => this.#errors.join("\n").length > SHOWN_ERRORS;
    while (this.#errors.length > KEPT_LINES || this.#errors.length > 1 && tooLong()) this.#errors.shift();
  }

  get errors(): string {
    return this.#errors.length === 0 ? "" : `; standard error ends with: ${this.#errors.join("\n")}`;
  }

  write(line: string): void {
    this.#process.write(line);
  }

  stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#lastWords);
    return this.#process.stop();
  }
}
