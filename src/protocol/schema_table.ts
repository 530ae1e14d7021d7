/**
 * The schema table of `foxglove.sdk.v1.1`, one per connection and side: a server defines each schema once and then
 * names it by id.
 *
 * @module
 */

/** What identifies a schema: all three, byte for byte. */
export interface SchemaDefinition {
  /** Name of the message type. */
  name: string;
  /** Schema encoding. */
  encoding: string;
  /** Text as it is on the wire: base64 for binary schema encodings. */
  data: string;
}

/** A {@link SchemaDefinition} with the id that it has in a table. */
export interface NumberedSchema extends SchemaDefinition {
  /** Integer from 1. */
  id: number;
}

/**
 * The server's table: gives out ids and knows what the peer has had. Make one per `foxglove.sdk.v1.1` connection and
 * pass it to every `encodeServerMessage()` for that connection, in the order in which the messages are sent.
 *
 * @example
 * ```ts
 * import { encodeServerMessage, SchemaTableWriter } from "@foxwire/foxwire";
 * import { assertEquals } from "@std/assert";
 *
 * const schemas = new SchemaTableWriter();
 * const channel = { topic: "/a", encoding: "json", schemaName: "A", schema: "{}", schemaEncoding: "jsonschema" };
 * const first = encodeServerMessage({ op: "advertise", channels: [{ id: 1, ...channel }] }, schemas);
 * const second = encodeServerMessage({ op: "advertise", channels: [{ id: 2, ...channel }] }, schemas);
 * assertEquals(JSON.parse(first as string).schemas.length, 1);
 * assertEquals(JSON.parse(second as string).schemas, undefined);
 * ```
 */
export class SchemaTableWriter {
  // By data first: its keys are the texts that the channels hold anyway. Longer ones would cost every connection.
  readonly #byData = new Map<string, Map<string, number>>();
  #lastId = 0;

  /** Forgets everything, as every `serverInfo` does (`encodeServerMessage()` sees to it). */
  reset(): void {
    this.#byData.clear();
    this.#lastId = 0;
  }

  /** The id of a schema, given out when there is none; `isNew`: the peer has to be told what it stands for. */
  number({ name, encoding, data }: SchemaDefinition): { id: number; isNew: boolean } {
    const ids = this.#byData.get(data) ?? new Map<string, number>();
    const key = JSON.stringify([name, encoding]);
    const known = ids.get(key);
    if (known !== undefined) return { id: known, isNew: false };
    const id = ++this.#lastId;
    this.#byData.set(data, ids.set(key, id));
    return { id, isNew: true };
  }
}

/**
 * The client's table: what the server has defined so far. Make one per `foxglove.sdk.v1.1` connection and pass it to
 * every `decodeServerMessage()` of that connection; channels then come with their schemas.
 *
 * @example
 * ```ts
 * import { decodeServerMessage, SchemaTableReader } from "@foxwire/foxwire";
 * import { assertEquals } from "@std/assert";
 *
 * const message = decodeServerMessage(
 *   `{"op":"advertise","schemas":[{"id":1,"name":"A","encoding":"jsonschema","data":"{}"}],
 *     "channels":[{"id":7,"topic":"/a","encoding":"json","schemaId":1}]}`,
 *   new SchemaTableReader(),
 * );
 * assertEquals(message, {
 *   op: "advertise",
 *   channels: [{ id: 7, topic: "/a", encoding: "json", schemaName: "A", schema: "{}", schemaEncoding: "jsonschema" }],
 * });
 * ```
 */
export class SchemaTableReader {
  readonly #byId = new Map<number, SchemaDefinition>();

  /** Forgets everything, as every `serverInfo` does (`decodeServerMessage()` sees to it). */
  reset(): void {
    this.#byId.clear();
  }

  /** Takes a definition; one with the same id is replaced. Ids may have gaps: servers have lost definitions. */
  define({ id, name, encoding, data }: NumberedSchema): void {
    this.#byId.set(id, { name, encoding, data });
  }

  /** Forgets one id, whose new definition could not be read. */
  forget(id: number): void {
    this.#byId.delete(id);
  }

  /** What an id stands for now. */
  get(id: number): SchemaDefinition | undefined {
    return this.#byId.get(id);
  }
}
