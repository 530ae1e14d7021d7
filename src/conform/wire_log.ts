/**
 * What went over the wire while a case ran, for those who have to find out why it failed.
 *
 * @module
 */
import type { Frame } from "./frames.ts";
import type { Sendable } from "./peer.ts";
import { frameInWords, headInWords, messageOf, piecesOf } from "./wire_words.ts";
import { counted, hex, messageInWords } from "./words.ts";

/** Messages that are kept: the last ones. */
const KEPT = 30;

/** Opcode of what says nothing of a case, and comes all the time. */
const TIME = 2;

/** Towards the server, from the server, or what happened to a connection. */
type Direction = "->" | "<-" | "--";

/** The last messages of a case, of all its connections. What flows, such as `time`, stands there once. */
export class WireLog {
  readonly #entries: Entry[] = [];
  #left = 0;
  #over = false;
  /** Messages after the failure. */
  #after = 0;

  /** Remembers a message. @param by The number of the connection, from 1. */
  add(by: number, direction: Exclude<Direction, "--">, message: Sendable): void {
    if (!(message instanceof Uint8Array)) return this.#add(by, direction, messageInWords(message));
    const side = direction === "->" ? "client" : "server";
    const shown = `${messageInWords(message, side)} [${hex(message)}]`;
    // Of channel data, those of one subscription.
    this.#add(by, direction, shown, `${by} ${direction} ${message.subarray(0, message[0] === 1 ? 5 : 1)}`);
  }

  /** Remembers a frame: as a message, where it is one as any other. */
  addFrame(by: number, direction: Exclude<Direction, "--">, frame: Frame): void {
    const side = direction === "->" ? "client" : "server";
    const message = messageOf(frame, side);
    if (message === undefined) this.note(by, frameInWords(frame, side), direction);
    else this.add(by, direction, message);
  }

  /** Remembers bytes as they are written to a socket. */
  addBytes(by: number, direction: Exclude<Direction, "--">, data: Uint8Array): void {
    const { head, frames, rest } = piecesOf(data);
    if (head !== undefined) this.note(by, headInWords(head), direction);
    for (const frame of frames) this.addFrame(by, direction, frame);
    if (rest !== undefined) this.note(by, rest, direction);
  }

  /** Remembers what happened to a connection, or what is no message. */
  note(by: number, text: string, direction: Direction = "--"): void {
    this.#add(by, direction, text);
  }

  /** The rule is broken, which is seen now: what comes after this is not shown. */
  cut(): void {
    this.#over = true;
  }

  /** `"1 -> {…}"` is what client 1 sent, `"1 <- {…}"` what it received, `"1 -- …"` what happened to it. */
  lines(): string[] {
    const lines = this.#entries.map(({ text, count }) => count === 1 ? text : `${text} (the last of ${count})`);
    if (this.#left > 0) lines.unshift(`(${counted(this.#left, "message")} before)`);
    if (this.#after > 0) {
      lines.push(`(here it failed; ${counted(this.#after, "message")} after it set the server back)`);
    }
    return lines;
  }

  #add(by: number, direction: Direction, shown: string, kind?: string): void {
    if (this.#over) {
      this.#after += direction === "--" ? 0 : 1;
      return;
    }
    const text = `${by} ${direction} ${shown}`;
    const known = kind === undefined ? undefined : this.#flowing(kind);
    if (known !== undefined) this.#entries.splice(this.#entries.indexOf(known), 1);
    this.#push({ kind, text, count: (known?.count ?? 0) + 1 });
  }

  /** The entry of a kind among the binary messages that came after the last other thing; of `time` wherever it is. */
  #flowing(kind: string): Entry | undefined {
    const since = kind.endsWith(` <- ${TIME}`) ? -1 : this.#entries.findLastIndex((entry) => entry.kind === undefined);
    return this.#entries.find((entry, index) => index > since && entry.kind === kind);
  }

  #push(entry: Entry): void {
    if (this.#entries.length === KEPT) this.#left += this.#entries.shift()!.count;
    this.#entries.push(entry);
  }
}

/** Binary messages of one kind, with nothing but binary ones between them; or something else. */
interface Entry {
  readonly kind: string | undefined;
  text: string;
  count: number;
}
