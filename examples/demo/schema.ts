/** JSON schemas as Lichtblick and Foxglove read them: an object at the top, one definition per name. */
import type { ChannelSchema } from "@foxwire/foxwire/server";

/** One member of a message. */
export interface Property {
  type: "number" | "array";
  description?: string;
  items?: Property;
}

/** A member that can be plotted. */
export function number(description: string): Property {
  return { type: "number", description };
}

/** The schema of an object with these members, all of them required. */
export function jsonSchema(name: string, properties: Record<string, Property>): ChannelSchema {
  const data = { title: name, type: "object", properties, required: Object.keys(properties) };
  return { name, encoding: "jsonschema", data };
}
