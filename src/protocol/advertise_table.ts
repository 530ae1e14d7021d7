/**
 * The server's `advertise` in `foxglove.sdk.v1.1`: the one message that names schemas by id.
 *
 * @module
 */
import {
  batch,
  type Field,
  forgiven,
  type JsonObject,
  members,
  object,
  optional,
  safeInteger,
  string,
  stringMap,
} from "./fields.ts";
import { ProtocolError } from "./errors.ts";
import type { AdvertisedChannel, Entry } from "./messages.ts";
import { SERVER_JSON } from "./server_json.ts";
import type { NumberedSchema, SchemaTableReader, SchemaTableWriter } from "./schema_table.ts";

/** A channel on the wire. The schema members are those of the other subprotocols, in case a server sends them. */
interface TableChannel extends Omit<AdvertisedChannel, "schemaName" | "schema" | "unresolvedSchemaId"> {
  schemaId?: number;
  schemaName?: string;
  schema?: string;
}

const definition: Field<NumberedSchema> = object<NumberedSchema>({
  id: safeInteger,
  name: string,
  encoding: string,
  data: string,
});

const channel: Field<TableChannel> = object<TableChannel>({
  id: safeInteger,
  topic: string,
  encoding: forgiven(string, ""),
  schemaId: optional(safeInteger),
  schemaName: optional(string),
  schema: optional(string),
  schemaEncoding: optional(string),
  metadata: optional(stringMap),
});

const definitions = members<{ schemas?: Entry<NumberedSchema>[] }, { schemas?: NumberedSchema[] }>({
  schemas: optional(batch(definition)),
});
const channels = members<{ channels: Entry<TableChannel>[] }, { channels: TableChannel[] }>({
  channels: batch(channel),
});

const PREFIX = "advertise: ";

/** The members of an `advertise`, with the definitions that the peer has not had yet. */
export function writeAdvertise(message: { channels: AdvertisedChannel[] }, table: SchemaTableWriter): JsonObject {
  // Everything is checked before the first id is given out: ids whose definition never leaves would be lost on the peer.
  const inline = SERVER_JSON.advertise!.write(message, PREFIX).channels as AdvertisedChannel[];
  const schemas: NumberedSchema[] = [];
  const channels = inline.map(({ schemaName: name, schema: data, schemaEncoding: encoding, ...channel }) => {
    if (encoding === undefined && name === "" && data === "") return channel;
    const definition = { name, encoding: encoding ?? "", data };
    const { id, isNew } = table.number(definition);
    if (isNew) schemas.push({ id, ...definition });
    return { ...channel, schemaId: id };
  });
  return schemas.length === 0 ? { channels } : { schemas, channels };
}

/**
 * The channels of an `advertise` with their schemas. A definition that cannot be read comes as an error in front of
 * the channels; those that name it are unresolved.
 */
export function readAdvertise(json: JsonObject, table: SchemaTableReader): Entry<AdvertisedChannel>[] {
  const errors = readDefinitions(json, table);
  const entries = channels.read(json, PREFIX).channels;
  return [...errors, ...entries.map((entry) => entry instanceof ProtocolError ? entry : resolve(entry, table))];
}

function readDefinitions(json: JsonObject, table: SchemaTableReader): ProtocolError[] {
  const errors: ProtocolError[] = [];
  const { schemas = [] } = definitions.read(json, PREFIX);
  schemas.forEach((entry, i) => {
    if (!(entry instanceof ProtocolError)) return table.define(entry);
    errors.push(entry);
    // What the id stood for before is certainly not what is meant now.
    table.forget((json.schemas as ({ id?: number } | null)[])[i]?.id as number);
  });
  return errors;
}

/** A channel with `schemaName` has its schema inside, whatever else it says: so do other readers take it. */
function resolve({ schemaId, ...channel }: TableChannel, table: SchemaTableReader): AdvertisedChannel {
  const inline = { schemaName: "", schema: "", ...channel };
  if (schemaId === undefined || channel.schemaName !== undefined) return inline;
  const found = table.get(schemaId);
  if (found === undefined) return { ...inline, unresolvedSchemaId: schemaId };
  return { ...inline, schemaName: found.name, schema: found.data, schemaEncoding: found.encoding };
}
