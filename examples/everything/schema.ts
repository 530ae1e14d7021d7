/** JSON schemas. */
import type { ChannelSchema } from "@foxwire/foxwire/server";

/** The schema of an object with these members, all of them required. */
export function objectSchema(name: string, properties: Record<string, { type: string }>): ChannelSchema {
  const data = { title: name, type: "object", properties, required: Object.keys(properties) };
  return { name, encoding: "jsonschema", data };
}
