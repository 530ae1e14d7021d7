/**
 * Received values as error texts show them.
 *
 * @module
 */

const MAX_QUOTED = 40;

/** A text in quotes, on one line, and cut short: what a peer sent may be megabytes. */
export function quote(text: string): string {
  return JSON.stringify(text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}…`);
}

/** Type of a value and, where it is short, the value: `number 1.5`, `string "1"`, `array`. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return "array";
  if (typeof value === "string") return `string ${quote(value)}`;
  if (typeof value === "object" || typeof value === "function") return typeof value;
  return `${typeof value} ${String(value)}`;
}
