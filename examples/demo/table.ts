/** Draws the table of channels as lines of text: pure functions of the rows and the width. */
import { LEVELS } from "./log.ts";
import type { Row } from "./tally.ts";

const GAP = "  ";
const MIN_VALUE_WIDTH = 12;

/** A column: its heading, its cell, and on which side the text stands. */
interface Column {
  heading: string;
  cell: (row: Row) => string;
  right?: boolean;
  /** A width that it keeps although its texts are shorter now, so that the table stands still. */
  minWidth?: number;
  /** Left out where the table would be too narrow for the values. */
  optional?: boolean;
}

const COLUMNS: readonly Column[] = [
  { heading: "topic", cell: (row) => row.topic },
  { heading: "schema", cell: (row) => row.schema, optional: true },
  { heading: "Hz", cell: (row) => row.hertz.toFixed(1), right: true, minWidth: 5 },
  { heading: "B/s", cell: bytesCell, right: true, minWidth: 5, optional: true },
];

function bytesCell({ bytesPerSecond }: Row): string {
  return shortNumber(Math.round(bytesPerSecond));
}

/** The heading and a line for each row, none wider than `width`. */
export function tableLines(rows: readonly Row[], width: number): string[] {
  const columns = columnsFor(rows, width);
  const heading = joinCells(columns, ({ heading }) => heading) + GAP + "last value";
  const lines = rows.map((row) => joinCells(columns, ({ cell }) => cell(row)) + GAP + valueText(row));
  return [heading, ...lines].map((line) => fit(line, width));
}

/** The columns that leave room for a value, each with its width. */
function columnsFor(rows: readonly Row[], width: number): (Column & { width: number })[] {
  const all = COLUMNS.map((column) => ({
    ...column,
    width: Math.max(column.minWidth ?? 0, widest([column.heading, ...rows.map(column.cell)])),
  }));
  const taken = all.reduce((sum, column) => sum + column.width + GAP.length, 0);
  return taken + MIN_VALUE_WIDTH <= width ? all : all.filter(({ optional }) => !optional);
}

function joinCells(columns: readonly (Column & { width: number })[], text: (column: Column) => string): string {
  return columns.map((column) => {
    const cell = text(column);
    return column.right ? cell.padStart(column.width) : cell.padEnd(column.width);
  }).join(GAP);
}

/** A line for each row that stands for itself, for output that is not a terminal. */
export function plainLines(rows: readonly Row[], seconds: number, width: number): string[] {
  const topics = widest(rows.map(({ topic }) => topic));
  const schemas = widest(rows.map(({ schema }) => schema));
  return rows.map((row) => {
    const rates = `${row.hertz.toFixed(1).padStart(6)} Hz ${
      shortNumber(Math.round(row.bytesPerSecond)).padStart(6)
    } B/s`;
    const name = row.topic.padEnd(topics) + GAP + row.schema.padEnd(schemas);
    return fit(`${String(seconds).padStart(4)} s${GAP}${name}${rates}${GAP}${valueText(row)}`, width);
  });
}

function widest(texts: string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}

/** The last message of a row in one line. */
export function valueText({ schema, value }: Row): string {
  if (value === undefined) return "–";
  return printable(schema === "foxglove.Log" && isObject(value) ? logText(value) : compact(value));
}

/** Most lines are information: only others say what they are. */
function logText({ level, message }: Record<string, unknown>): string {
  const [name] = Object.entries(LEVELS).find(([, number]) => number === level) ?? [];
  return name === undefined || name === "info" ? String(message) : `${name}: ${message}`;
}

/** A decoded message in few characters: `total 12.5  cores 10 15`. */
export function compact(value: unknown): string {
  if (typeof value === "number") return shortNumber(value);
  if (Array.isArray(value)) return value.map(compact).join(" ");
  if (!isObject(value)) return String(value);
  return Object.entries(value).map(([key, member]) => {
    return isObject(member) ? `${key} {${compact(member)}}` : `${key} ${compact(member)}`;
  }).join(GAP);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** From which number on to write it in which unit; five digits are still easier to read than a unit. */
const UNITS = [
  { from: 1e12, scale: 1e12, unit: "T" },
  { from: 1e9, scale: 1e9, unit: "G" },
  { from: 1e6, scale: 1e6, unit: "M" },
  { from: 1e5, scale: 1e3, unit: "k" },
] as const;

/** A number in few characters: three digits of it, or five where it is whole. */
export function shortNumber(value: number): string {
  const { scale, unit } = UNITS.find(({ from }) => Math.abs(value) >= from) ?? { scale: 1, unit: "" };
  const scaled = value / scale;
  return `${Math.abs(scaled) >= 100 ? Math.round(scaled) : Number(scaled.toPrecision(3))}${unit}`;
}

/** Cuts a line to `width`; what is lost shows as "…". */
export function fit(line: string, width: number): string {
  const characters = [...line];
  if (characters.length <= width) return line.trimEnd();
  return characters.slice(0, Math.max(0, width - 1)).join("") + (width > 0 ? "…" : "");
}

/** Control characters would move the cursor. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}
