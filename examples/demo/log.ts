/** Log lines on `/log`, in the form that every viewer knows: `foxglove.Log`. */
import type { ChannelSchema } from "@foxwire/foxwire/server";

/** Levels of `foxglove.Log`. */
export const LEVELS = { debug: 1, info: 2, warning: 3, error: 4 } as const;

/** How grave a line is. */
export type Level = keyof typeof LEVELS;

/** Writes a line. */
export type Log = (level: Level, message: string) => void;

/** A message of `foxglove.Log`. */
export interface LogMessage {
  timestamp: { sec: number; nsec: number };
  level: number;
  message: string;
  /** What wrote the line. */
  name: string;
  file: string;
  line: number;
}

/** The published schema, without the members that are optional. */
export const LOG_SCHEMA: ChannelSchema = {
  name: "foxglove.Log",
  encoding: "jsonschema",
  data: {
    title: "foxglove.Log",
    description: "A log message",
    type: "object",
    properties: {
      timestamp: {
        title: "time",
        type: "object",
        properties: {
          sec: { type: "integer", minimum: 0 },
          nsec: { type: "integer", minimum: 0, maximum: 999_999_999 },
        },
      },
      level: {
        title: "foxglove.LogLevel",
        oneOf: ["UNKNOWN", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL"].map((title, level) => ({
          title,
          const: level,
        })),
      },
      message: { type: "string" },
      name: { type: "string" },
      file: { type: "string" },
      line: { type: "integer", minimum: 0 },
    },
    required: ["timestamp", "level", "message", "name", "file", "line"],
  },
};

/** A line as it goes out, written at `millis` since 1970. */
export function logMessage(level: Level, message: string, millis: number): LogMessage {
  const timestamp = { sec: Math.floor(millis / 1000), nsec: Math.floor(millis % 1000) * 1_000_000 };
  return { timestamp, level: LEVELS[level], message, name: "demo", file: "examples/demo/narrator.ts", line: 0 };
}
