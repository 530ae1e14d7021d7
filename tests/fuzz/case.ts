/** What a fuzz run does, step by step: it can be written down as JSON, played again, and made smaller. */
import type { Random } from "../support/random.ts";

/** A message as a transport delivers it. */
export type Raw = string | Uint8Array;

/** One run, which begins with nothing and plays its steps one after the other. */
export interface Play<Step> {
  /** A step that makes sense now. */
  next(random: Random): Step;
  /** Does a step, and looks at all that comes of it. @returns How many inputs it was. @throws at the first that is wrong. */
  play(step: Step): Promise<number>;
  /** Everybody leaves. @throws when something stays behind. */
  finish(): Promise<void>;
  /** Frees what is held, whatever has happened. */
  dispose?(): Promise<void>;
}

/** Something that is fuzzed. */
export interface Target<Setup = unknown, Step = unknown> {
  readonly name: string;
  /** Steps of one run. */
  readonly steps: number;
  /** How a run begins. */
  setup(random: Random): Setup;
  start(setup: Setup): Promise<Play<Step>>;
  /** Looks at what many runs together have left behind; called now and then. */
  inspect?(): Promise<void>;
}

/** A run as it is kept. */
export interface Case {
  target: string;
  /** What was wrong when it was found. */
  found: string;
  setup: unknown;
  steps: unknown[];
}

/** An answer is not what it should be. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
}

/** A case as text. Bytes are `{"hex":"…"}`; a text is well-formed as `JSON.stringify` escapes half surrogate pairs. */
export function caseText(value: unknown): string {
  return JSON.stringify(value, (_key, member) => member instanceof Uint8Array ? { hex: hexOf(member) } : member);
}

/** What {@link caseText} has written. */
export function readCase<T>(text: string): T {
  return JSON.parse(text, (_key, member) => typeof member?.hex === "string" ? bytesOf(member.hex) : member);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Bytes as hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** A value as a message shows it, cut short. */
export function shown(value: unknown): string {
  const text = typeof value === "string" ? value : caseText(value) ?? "nothing";
  return text.length <= 400 ? text : `${text.slice(0, 400)}… (${text.length} characters)`;
}
