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

/** The last messages of a case, of all its connections. */
export class WireLog {
  readonly #lines: string[] = [];
  #left = 0;

  /** Remembers something. @param by The number of the connection, from 1. */
  add(by: number, direction: "->" | "<-" | "--", message: Sendable): void {
    if (this.#lines.length === KEPT) {
      this.#lines.shift();
      this.#left++;
    }
    this.#lines.push(`${by} ${direction} ${shownMessage(message)}`);
  }

  /** `"1 -> {…}"` is what client 1 sent, `"1 <- {…}"` what it received, `"1 -- …"` what happened to it. */
  lines(): string[] {
    return this.#left === 0 ? [...this.#lines] : [`(${this.#left} messages before)`, ...this.#lines];
  }
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
