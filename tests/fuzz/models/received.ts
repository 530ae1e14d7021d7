/** What a server sends as its client's user gets it. */
import { hexOf } from "../case.ts";
import type { Members } from "../readers/read_json.ts";
import { valueText } from "./same.ts";

const IMPLIED: Record<string, string> = {
  json: "jsonschema",
  protobuf: "protobuf",
  flatbuffer: "flatbuffer",
  ros1: "ros1msg",
  cdr: "ros2msg",
};

/** A channel as a user sees it; `missing`: it has no schema although it should have one. */
export function channelOf(advertised: Members): Members {
  const { id, topic, encoding, schemaName, schema, schemaEncoding, unresolvedSchemaId, metadata = {} } = advertised;
  const base = { id, topic, encoding, metadata };
  if (unresolvedSchemaId !== undefined) return { ...base, schema: undefined, missing: true };
  if (!schemaEncoding && schemaName === "" && schema === "") return { ...base, schema: undefined, missing: false };
  const used =
    (schemaEncoding || (Object.hasOwn(IMPLIED, encoding as string) ? IMPLIED[encoding as string] : "")) as string;
  const data = schemaDataOf(schema as string, used);
  return data === undefined
    ? { ...base, schema: undefined, missing: true }
    : { ...base, schema: { name: schemaName, encoding: used, data }, missing: false };
}

function schemaDataOf(text: string, encoding: string): string | Uint8Array | undefined {
  return encoding === "protobuf" || encoding === "flatbuffer" ? base64Of(text) : text;
}

function base64Of(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** A parameter's value as a program has it. */
export function dataOf({ value, type }: Members): unknown {
  return type === "byte_array" && typeof value === "string" ? base64Of(value) : value;
}

/** A parameter as a watch gives it. */
export function updateText(parameter: Members): string {
  return valueText({ name: parameter.name, value: dataOf(parameter), type: parameter.type });
}

/** A message as its reader gets it. */
export function messageText({ id, topic }: Members, logTime: bigint, data: Uint8Array): string {
  return `${id} ${topic} ${logTime} ${hexOf(data)}`;
}
