/**
 * What went over the wire while a case ran, for those who have to find out why it failed.
 *
 * @module
 */
import type { Sendable } from "./peer.ts";

/** Messages that are kept: the last ones. */
const KEPT = 20;
/** Longer ones are cut. */
const SHOWN_CHARACTERS = 240;
const SHOWN_BYTES = 24;

/** The last messages of a case, of all its connections. What flows, such as `time`, stands there once. */
export class WireLog {
  readonly #entries: Entry[] = [];
  #left = 0;

  /** Remembers something. @param by The number of the connection, from 1. */
  add(by: number, direction: "->" | "<-" | "--", message: Sendable): void {
    const kind = `${by} ${direction} ${message instanceof Uint8Array ? message[0] : ""}`;
    const text = `${by} ${direction} ${shownMessage(message)}`;
    const last = this.#entries.at(-1);
    if (last !== undefined && last.kind === kind && message instanceof Uint8Array) {
      last.text = text;
      last.count++;
    } else this.#push({ kind, text, count: 1 });
  }

  /** `"1 -> {…}"` is what client 1 sent, `"1 <- {…}"` what it received, `"1 -- …"` what happened to it. */
  lines(): string[] {
    const lines = this.#entries.map(({ text, count }) => count === 1 ? text : `${text} (the last of ${count})`);
    return this.#left === 0 ? lines : [`(${this.#left} messages before)`, ...lines];
  }

  #push(entry: Entry): void {
    if (this.#entries.length === KEPT) this.#left += this.#entries.shift()!.count;
    this.#entries.push(entry);
  }
}

/** Binary messages of one kind in a row, or one other message. */
interface Entry {
  readonly kind: string;
  text: string;
  count: number;
}

function shownMessage(message: Sendable): string {
  if (message instanceof Uint8Array) return shownBytes(message);
  const text = typeof message === "string" ? message : JSON.stringify(message);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)` : text;
}

function shownBytes(message: Uint8Array): string {
  const hex = [...message.subarray(0, SHOWN_BYTES)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `${message.length} bytes: ${hex}${message.length > SHOWN_BYTES ? " …" : ""}`;
}
