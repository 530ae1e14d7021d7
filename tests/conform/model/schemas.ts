/** How the model writes channels and their schemas: inline, or for `foxglove.sdk.v1.1` in a table for each connection. */
import { Buffer } from "node:buffer";
import type { Channel } from "./channels.ts";
import type { Client } from "./client.ts";
import type { FaultName } from "./faults.ts";
import type { Json } from "./invalid.ts";

/** What a channel's messages look like. Text, or bytes that are sent in base64. */
export interface Schema {
  name: string;
  encoding: string;
  data: string | Buffer;
}

/** Ids of the schemas that a connection has had. */
export type SchemaTable = Map<string, number>;

/** The members of an `advertise`. */
export function define(channels: readonly Channel[], client: Client, table: SchemaTable): Json {
  const has = (fault: FaultName) => client.faults.has(fault);
  const tabled = client.protocol === "foxglove.sdk.v1.1" ? !has("table/not-used") : has("table/in-every-protocol");
  if (!tabled) return { channels: channels.map((channel) => inline(channel, has)) };
  const schemas: Json[] = [];
  const described = channels.map((channel) => ({
    ...about(channel, has),
    ...schemaId(channel, { table, schemas, has }),
  }));
  const unneeded = has("table/empty-list") ? { schemas: [] } : has("table/null-list") ? { schemas: null } : {};
  return { ...(schemas.length === 0 ? unneeded : { schemas }), channels: described };
}

type Has = (fault: FaultName) => boolean;

function about({ id, topic, encoding }: Channel, has: Has): Json {
  const number = has("advertise/same-ids") ? 1 : id;
  return {
    id: has("advertise/ids-as-text") ? `${id}` : number,
    ...(has("advertise/no-topic") ? { name: topic } : { topic }),
    ...(has("advertise/no-encoding") ? {} : { encoding }),
    ...(has("advertise/numbers-in-metadata") ? { metadata: { rate: 10 } } : {}),
  };
}

function inline(channel: Channel, has: Has): Json {
  const { schema } = channel;
  const head = about(channel, has);
  if (schema !== undefined) {
    const encoding = has("advertise/no-schema-encoding") ? {} : { schemaEncoding: schema.encoding };
    return { ...head, schemaName: schema.name, ...encoding, schema: schemaText(schema, has) };
  }
  if (has("advertise/schemaless-without-members")) return head;
  const empty = has("advertise/schema-null") ? null : "";
  return {
    ...head,
    schemaName: "",
    schema: empty,
    ...(has("advertise/empty-schema-encoding") ? { schemaEncoding: "" } : {}),
  };
}

/** Bytes in base64, text as it is. */
function schemaText({ data }: Schema, has: Has): string {
  if (typeof data === "string") return has("advertise/base64-of-text") ? Buffer.from(data).toString("base64") : data;
  if (has("advertise/bytes-verbatim")) return data.toString("latin1");
  const padded = data.toString("base64");
  return has("advertise/unpadded-base64") ? padded.replaceAll("=", "") : padded;
}

function schemaId(
  channel: Channel,
  { table, schemas, has }: { table: SchemaTable; schemas: Json[]; has: Has },
): Json {
  const { schema } = channel;
  if (schema === undefined) return has("table/null-id") ? { schemaId: null } : {};
  const data = schemaText(schema, has);
  const key = has("table/by-name") ? schema.name : JSON.stringify([schema.name, schema.encoding, data]);
  const known = table.get(key);
  if (known !== undefined && !has("table/always-defined")) return { schemaId: known };
  const next = table.size + (has("table/ids-from-0") ? 0 : 1);
  const id = has("table/ids-begin-anew") && known === undefined ? schemas.length + 1 : known ?? next;
  table.set(key, id);
  const definition = {
    id: has("table/ids-as-text") ? `${id}` : id,
    name: schema.name,
    encoding: schema.encoding,
    data,
  };
  if (!has("table/not-defined")) schemas.push(definition);
  if (has("table/defined-twice")) schemas.push(definition);
  return has("table/inline-too") ? { schemaId: id, schemaName: schema.name, schema: data } : { schemaId: id };
}
