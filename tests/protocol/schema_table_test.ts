/** The schema table of foxglove.sdk.v1.1 where the recorded frames say nothing. */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "../support/test.ts";
import { decodeServerMessage, encodeServerMessage } from "../../src/protocol/codec.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import type { AdvertisedChannel, Entry } from "../../src/protocol/messages.ts";
import { SchemaTableReader, SchemaTableWriter } from "../../src/protocol/schema_table.ts";
import { protocolError } from "./support.ts";

const A = { schemaName: "A", schemaEncoding: "jsonschema", schema: "{}" };
const NONE = { schemaName: "", schema: "" };

function channel(id: number, schema: object): AdvertisedChannel {
  return { id, topic: `/${id}`, encoding: "json", ...schema } as AdvertisedChannel;
}

function write(table: SchemaTableWriter, ...channels: AdvertisedChannel[]): Record<string, unknown[]> {
  return JSON.parse(encodeServerMessage({ op: "advertise", channels }, table) as string);
}

function read(table: SchemaTableReader, advertise: object): Entry<AdvertisedChannel>[] {
  const message = decodeServerMessage(JSON.stringify({ op: "advertise", ...advertise }), table);
  assert(message?.op === "advertise");
  return message.channels;
}

/** Errors as their texts. */
function shown(entries: Entry<AdvertisedChannel>[]): unknown[] {
  return entries.map((entry) => entry instanceof ProtocolError ? entry.message : entry);
}

test("schemas that differ in one of name, encoding and data get ids of their own, from 1", () => {
  const table = new SchemaTableWriter();
  const variants = [A, { ...A, schemaName: "B" }, { ...A, schemaEncoding: "x" }, { ...A, schema: "{ }" }, A];
  const { schemas, channels } = write(table, ...variants.map((schema, i) => channel(i, schema)));
  assertEquals(schemas, [
    { id: 1, name: "A", encoding: "jsonschema", data: "{}" },
    { id: 2, name: "B", encoding: "jsonschema", data: "{}" },
    { id: 3, name: "A", encoding: "x", data: "{}" },
    { id: 4, name: "A", encoding: "jsonschema", data: "{ }" },
  ]);
  assertEquals(channels![4], { id: 4, topic: "/4", encoding: "json", schemaId: 1 });
});

test("`schemas` is left out when there is nothing new, also of an advertise without channels", () => {
  const table = new SchemaTableWriter();
  assertEquals<unknown>(write(table), { op: "advertise", channels: [] });
  assertEquals<unknown>(write(table, channel(1, NONE)).schemas, undefined);
  assertEquals(write(table, channel(2, A)).schemas?.length, 1);
  assertEquals<unknown>(write(table, channel(3, A)).schemas, undefined);
});

test("a channel that has a schema name but no schema encoding does not lose the name", () => {
  const { schemas } = write(new SchemaTableWriter(), channel(1, { schemaName: "A", schema: "" }));
  assertEquals(schemas, [{ id: 1, name: "A", encoding: "", data: "" }]);
});

test("serverInfo empties the table of the writer, and every writer has its own", () => {
  const [table, other] = [new SchemaTableWriter(), new SchemaTableWriter()];
  write(table, channel(1, A));
  assertEquals(write(other, channel(1, A)).schemas?.length, 1);
  encodeServerMessage({ op: "serverInfo", name: "x", capabilities: [] }, table);
  assertEquals(write(table, channel(2, { ...A, schemaName: "B" })).schemas, [
    { id: 1, name: "B", encoding: "jsonschema", data: "{}" },
  ]);
});

test("an advertise that cannot be encoded defines nothing", () => {
  const table = new SchemaTableWriter();
  assertThrows(() => write(table, channel(1, A), channel(-1, A)), TypeError, "channels[1].id is number -1");
  assertEquals(write(table, channel(1, A)).schemas, [{ id: 1, name: "A", encoding: "jsonschema", data: "{}" }]);
});

const DEFINITION = { id: 7, name: "A", encoding: "jsonschema", data: "{}" };
const NAMED = { id: 1, topic: "/1", encoding: "json", schemaId: 7 };
const UNRESOLVED = { ...channel(1, NONE), unresolvedSchemaId: 7 };

test("an id keeps its definition until it is defined anew, and read channels keep theirs", () => {
  const table = new SchemaTableReader();
  const before = read(table, { schemas: [DEFINITION], channels: [NAMED] });
  const after = read(table, { schemas: [{ ...DEFINITION, name: "B" }], channels: [NAMED] });
  assertEquals(before, [channel(1, A)]);
  assertEquals(after, [channel(1, { ...A, schemaName: "B" })]);
});

test("definitions are taken without channels that use them", () => {
  const table = new SchemaTableReader();
  assertEquals(read(table, { schemas: [DEFINITION], channels: [] }), []);
  assertEquals(read(table, { schemas: null, channels: [NAMED] }), [channel(1, A)]);
});

test("serverInfo empties the table of the reader, even one that cannot be read", () => {
  for (const text of ['{"op":"serverInfo","name":"x","capabilities":[]}', '{"op":"serverInfo"}']) {
    const table = new SchemaTableReader();
    read(table, { schemas: [DEFINITION], channels: [] });
    try {
      decodeServerMessage(text, table);
    } catch (error) {
      assert(error instanceof ProtocolError);
    }
    assertEquals(read(table, { channels: [NAMED] }), [UNRESOLVED]);
  }
});

test("a definition that cannot be read is an error before the channels, and its id stands for nothing", () => {
  const table = new SchemaTableReader();
  read(table, { schemas: [DEFINITION], channels: [] });
  const entries = read(table, {
    schemas: [{ ...DEFINITION, data: 5 }, null, { ...DEFINITION, id: 8 }],
    channels: [
      NAMED,
      { ...NAMED, id: 2, topic: "/2", schemaId: 8 },
    ],
  });
  assertEquals(shown(entries), [
    "Cannot decode advertise: schemas[0].data is number 5, need a string",
    "Cannot decode advertise: schemas[1] is null, need an object",
    UNRESOLVED,
    channel(2, A),
  ]);
});

test("a channel that cannot be read is an error in its place", () => {
  const entries = read(new SchemaTableReader(), {
    channels: [{ ...NAMED, schemaId: "7" }, { ...NAMED, schemaId: null }],
  });
  assertEquals(shown(entries), [
    'Cannot decode advertise: channels[0].schemaId is string "7", need an integer from 0 to 9007199254740991',
    channel(1, NONE),
  ]);
});

test("an advertise with inline schemas is read with a table, too, and goes before an id", () => {
  const table = new SchemaTableReader();
  assertEquals(read(table, { channels: [channel(1, A), channel(2, NONE)] }), [channel(1, A), channel(2, NONE)]);
  const both = read(table, { schemas: [DEFINITION], channels: [{ ...NAMED, ...A, schemaName: "B" }] });
  assertEquals(both, [channel(1, { ...A, schemaName: "B" })]);
});

test("an advertise whose members are no arrays is an error as a whole", () => {
  const decode = (text: string) => protocolError(() => decodeServerMessage(text, new SchemaTableReader())).message;
  assertStrictEquals(
    decode('{"op":"advertise","schemas":{},"channels":[]}'),
    "Cannot decode advertise: schemas is object, need an array",
  );
  assertStrictEquals(
    decode('{"op":"advertise","schemas":[]}'),
    "Cannot decode advertise: channels is missing, need an array",
  );
});
