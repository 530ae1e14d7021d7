/** A value as one line of text for the message of a failed assertion. */

const MAX_DEPTH = 6;
const MAX_ITEMS = 100;

/** `value` the way source code would write it, cut where it is deep or long. */
export function format(value: unknown, depth = 0): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[Function ${value.name}]`;
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  return depth > MAX_DEPTH ? "…" : formatObject(value, depth + 1);
}

function formatObject(value: object, depth: number): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Date || value instanceof RegExp || value instanceof URL) return String(value);
  if (value instanceof ArrayBuffer) return `ArrayBuffer ${formatList([...new Uint8Array(value)], depth)}`;
  if (Array.isArray(value)) return formatList(value, depth);
  if (ArrayBuffer.isView(value) || value instanceof Map || value instanceof Set) {
    return `${value.constructor.name} ${formatList([...value as unknown as Iterable<unknown>], depth)}`;
  }
  return formatMembers(value, depth);
}

function formatList(items: unknown[], depth: number): string {
  const shown = items.slice(0, MAX_ITEMS).map((item) => format(item, depth));
  if (items.length > MAX_ITEMS) shown.push(`… ${items.length - MAX_ITEMS} more`);
  return `[${shown.join(", ")}]`;
}

function formatMembers(value: object, depth: number): string {
  const name = value.constructor?.name ?? "null prototype";
  const members = Object.entries(value).map(([key, member]) => `${key}: ${format(member, depth)}`);
  return `${name === "Object" ? "" : `${name} `}{ ${members.join(", ")} }`;
}
