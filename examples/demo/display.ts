/** Shows the table: drawn anew in place on a terminal, as plain lines anywhere else. */
import { fit, plainLines, tableLines } from "./table.ts";
import { type Row, totalsOf } from "./tally.ts";

/** Where to write; `process.stdout` is one. */
export interface Output {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  write(text: string): unknown;
}

/** What there is to see at one moment. */
export interface View {
  rows: readonly Row[];
  /** Whole seconds since the start. */
  seconds: number;
  /** Whether the client has lost its connection and tries to make another. */
  lost?: boolean;
}

/** A way to show views. */
export interface Display {
  /** Milliseconds between two views. */
  readonly everyMs: number;
  show(view: View): void;
  /** Shows the last view, which stays. */
  end(view: View): void;
}

/** Width and height where the output does not say: lines of a log file, and the smallest usual terminal. */
const PLAIN_WIDTH = 120;
const TERMINAL = { columns: 80, rows: 24 };

const CLEAR_SCREEN = "\x1b[H\x1b[2J";
const CLEAR_BELOW = "\x1b[J";
const CLEAR_LINE_END = "\x1b[K";
const LOST = "connection lost, trying again";
const BOLD = "\x1b[1m";
const NORMAL = "\x1b[0m";

/**
 * The display that suits an output.
 *
 * @param intro Lines that were written before: they come again when a terminal must be cleared.
 */
export function openDisplay(output: Output, env: Record<string, string | undefined>, intro: string): Display {
  if (output.isTTY !== true || env.TERM === "dumb") return new PlainDisplay(output);
  return new TerminalDisplay(output, { intro, styled: (env.NO_COLOR ?? "") === "" });
}

/** One line for each channel and second. */
export class PlainDisplay implements Display {
  readonly everyMs = 1_000;
  readonly #output: Output;
  #shown = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  show({ rows, seconds, lost }: View): void {
    this.#shown = seconds;
    if (lost) return void this.#output.write(`${String(seconds).padStart(4)} s  ${LOST}\n`);
    this.#output.write(plainLines(rows, seconds, PLAIN_WIDTH).map((line) => `${line}\n`).join(""));
  }

  end(view: View): void {
    if (view.seconds > this.#shown) this.show(view);
  }
}

/** A table that stays in its place. The cursor waits below it and is never hidden: so it needs no bringing back. */
export class TerminalDisplay implements Display {
  readonly everyMs = 250;
  readonly #output: Output;
  readonly #intro: string;
  readonly #styled: boolean;
  /** Lines of the frame on the screen; the cursor is below the last. */
  #height = 0;
  #size = "";

  constructor(output: Output, { intro, styled }: { intro: string; styled: boolean }) {
    this.#output = output;
    this.#intro = intro;
    this.#styled = styled;
  }

  show(view: View): void {
    this.#draw(view, footer(view));
  }

  end(view: View): void {
    this.#draw(view, undefined);
  }

  #draw({ rows }: View, footer: string | undefined): void {
    // Some terminals say 0 when they do not know.
    const columns = this.#output.columns || TERMINAL.columns;
    const height = this.#output.rows || TERMINAL.rows;
    const lines = frame(tableLines(rows, columns), footer && fit(footer, columns), height - 1);
    this.#output.write(this.#toStart(`${columns}x${height}`) + this.#styledLines(lines) + CLEAR_BELOW);
    this.#height = lines.length;
  }

  /** Moves to the first line of the frame. A terminal of another size has broken its lines anew: nobody knows where. */
  #toStart(size: string): string {
    const resized = this.#size !== "" && this.#size !== size;
    this.#size = size;
    if (resized) return CLEAR_SCREEN + this.#intro;
    return this.#height === 0 ? "" : `\x1b[${this.#height}A\r`;
  }

  #styledLines(lines: readonly string[]): string {
    return lines.map((line, index) => `${this.#style(line, index)}${CLEAR_LINE_END}\n`).join("");
  }

  #style(line: string, index: number): string {
    return this.#styled && index === 0 ? BOLD + line + NORMAL : line;
  }
}

function footer({ rows, seconds, lost }: View): string {
  const { messages } = totalsOf(rows.map((row) => row.messages));
  if (lost) return `${messages} messages in ${seconds} s, then ${LOST}. Ctrl-C ends.`;
  return `${messages} messages in ${seconds} s. Ctrl-C ends.`;
}

/** The lines of the table that fit into `height` together with the footer and an empty line before it. */
function frame(table: readonly string[], footer: string | undefined, height: number): string[] {
  const below = footer === undefined ? [""] : ["", footer];
  const room = Math.max(1, height - below.length);
  if (table.length <= room) return [...table, ...below];
  const shown = table.slice(0, Math.max(1, room - 1));
  return [...shown, `… ${table.length - shown.length} more`, ...below].slice(0, Math.max(1, height));
}
