/**
 * Cases of the schema table, which `foxglove.sdk.v1.1` has in `advertise`.
 *
 * @module
 */
import type { ConformCase, JsonMessage, JsonObject, Scene } from "../case.ts";
import { Skip } from "../mismatch.ts";
import { topicOffer } from "../offers.ts";
import type { Peer } from "../peer.ts";
import { entriesOf, nameOf, unadvertised } from "../steps/channels.ts";
import { check, eachOnce, same } from "../steps/check.ts";
import { type Echo, echoed, topicOf, unadvertise } from "../steps/echo.ts";
import { isOp } from "../steps/messages.ts";
import { protocol } from "../steps/sources.ts";

const NEEDS = { protocols: ["foxglove.sdk.v1.1"] } as const;
const SOURCE = protocol("The schema table of foxglove.sdk.v1.1");
const INLINE_MEMBERS = ["schemaName", "schema", "schemaEncoding"];
const JSON_SCHEMA = { schemaEncoding: "jsonschema", schema: '{"type":"object","title":"Conform"}' };

/** The `advertise` messages of a new connection. */
async function adverts(scene: Scene): Promise<JsonMessage[]> {
  const { greeting } = await scene.connect();
  return greeting.filter((message) => isOp(message, "advertise")) as JsonMessage[];
}

/** The definitions of a new connection. @throws {Skip} when there is none. */
async function definitions(scene: Scene): Promise<JsonObject[]> {
  const all = entriesOf(await adverts(scene), "advertise", "schemas");
  if (all.length === 0) throw new Skip("no channel has a schema", topicOffer("/pose"));
  return all;
}

/** An echo of a json channel with a schema of this name. */
function echoOf(scene: Scene, reader: Peer, what: string, schema: JsonObject): Promise<Echo> {
  return echoed(scene, { reader, channel: { topic: topicOf(what), ...JSON_SCHEMA, ...schema } });
}

/** The id of the schema of the channel that an `advertise` is about. */
function schemaIdIn({ channel }: Echo): unknown {
  return channel.schemaId;
}

/** The cases. */
export const SCHEMA_TABLE: readonly ConformCase[] = [
  {
    name: "schemas/channel-members",
    level: "must",
    rule: "A channel of sdk.v1.1 never has schemaName, schema or schemaEncoding",
    source: SOURCE,
    needs: NEEDS,
    async run(scene) {
      for (const channel of entriesOf(await adverts(scene), "advertise", "channels")) {
        same(INLINE_MEMBERS.filter((member) => member in channel), [], `inline schema members in ${nameOf(channel)}`);
      }
    },
  },
  {
    name: "schemas/definition-members",
    level: "must",
    rule: "A definition has an integer id and the strings name, encoding and data",
    source: SOURCE,
    needs: NEEDS,
    async run(scene) {
      for (const schema of await definitions(scene)) {
        const texts = [schema.name, schema.encoding, schema.data].every((text) => typeof text === "string");
        check(texts && Number.isSafeInteger(schema.id), "a definition with id, name, encoding and data", schema);
      }
    },
  },
  {
    name: "schemas/defined-before-use",
    level: "must",
    rule: "A schemaId is defined in the advertise that first uses it, or in one before",
    source: SOURCE,
    needs: NEEDS,
    async run(scene) {
      const known = new Set<unknown>();
      for (const advert of await adverts(scene)) {
        for (const { id } of entriesOf([advert], "advertise", "schemas")) known.add(id);
        const unknown = entriesOf([advert], "advertise", "channels")
          .filter(({ schemaId }) => schemaId !== undefined && !known.has(schemaId));
        same(unknown.map(nameOf), [], "channels whose schemaId has no definition yet");
      }
    },
  },
  {
    name: "schemas/id-order",
    level: "must",
    rule: "Schema ids are 1, 2, 3 and so on in the order of their definitions, on each connection anew",
    source: SOURCE,
    needs: NEEDS,
    async run(scene) {
      const ids = (await definitions(scene)).map(({ id }) => id);
      same(ids, ids.map((_, index) => index + 1), "ids of the definitions");
    },
  },
  {
    name: "schemas/once",
    level: "must",
    rule: "A schema is defined once per connection: no two definitions are equal in name, encoding and data",
    source: SOURCE,
    needs: NEEDS,
    async run(scene) {
      const all = (await definitions(scene)).map(({ name, encoding, data }) => JSON.stringify([name, encoding, data]));
      eachOnce(all, "definitions");
    },
  },
  {
    name: "schemas/left-out",
    level: "must",
    rule: "An advertise that defines nothing has no member schemas: neither null nor an empty list",
    source: SOURCE,
    needs: NEEDS,
    async run(scene) {
      for (const advert of await adverts(scene)) {
        const empty = "schemas" in advert && !((advert.schemas as unknown[] | null)?.length);
        check(!empty, "definitions in schemas, or no such member", advert);
      }
    },
  },
  {
    name: "schemas/left-out-later",
    level: "must",
    rule: "A channel without a schema that comes later comes without a member schemas, too",
    source: SOURCE,
    needs: { ...NEEDS, capabilities: ["clientPublish"] },
    async run(scene) {
      const { advert } = await echoed(scene, { channel: { topic: topicOf("schema-none") } });
      check(!("schemas" in advert), "an advertise without schemas", advert);
    },
  },
  {
    name: "schemas/schemaless",
    level: "must",
    rule: "A channel without a schema has no schemaId",
    source: SOURCE,
    needs: { ...NEEDS, topic: "/bytes" },
    async run(scene) {
      const channels = entriesOf(await adverts(scene), "advertise", "channels");
      const bytes = channels.find(({ topic }) => topic === "/bytes")!;
      check(!("schemaId" in bytes), "no schemaId in the schemaless channel /bytes", bytes);
    },
  },
  {
    name: "schemas/known-later",
    level: "must",
    rule: "A schema that the connection has had already is not defined again, also when its first channel has gone",
    source: SOURCE,
    needs: { ...NEEDS, capabilities: ["clientPublish"] },
    async run(scene) {
      const reader = await scene.connect();
      const schema = { schemaName: "ConformKnown" };
      const first = await echoOf(scene, reader, "schema-first", schema);
      first.publisher.send(unadvertise(first.id));
      await unadvertised(reader, first.channel.id);
      const second = await echoOf(scene, reader, "schema-second", schema);
      same(entriesOf([second.advert], "advertise", "schemas"), [], "definitions of a schema that is known");
      same(schemaIdIn(second), schemaIdIn(first), "schemaId of two channels with the same schema");
    },
  },
  {
    name: "schemas/same-name",
    level: "must",
    rule: "Two schemas with the same name and other data are two schemas",
    source: SOURCE,
    needs: { ...NEEDS, capabilities: ["clientPublish"] },
    async run(scene) {
      const reader = await scene.connect();
      const schemaName = "ConformTwin";
      const first = await echoOf(scene, reader, "schema-twin-one", { schemaName });
      const second = await echoOf(scene, reader, "schema-twin-two", { schemaName, schema: '{"type":"object"}' });
      check(schemaIdIn(second) !== schemaIdIn(first), "another schemaId than the other schema has", second.advert);
      const data = entriesOf([second.advert], "advertise", "schemas").map((schema) => schema.data);
      same(data, ['{"type":"object"}'], "data of the definitions");
    },
  },
  {
    name: "schemas/new-later",
    level: "must",
    rule: "A schema that is new gets the next id, and its definition comes with its first channel",
    source: SOURCE,
    needs: { ...NEEDS, capabilities: ["clientPublish"] },
    async run(scene) {
      const reader = await scene.connect();
      const { length } = entriesOf(reader.greeting, "advertise", "schemas");
      const name = "ConformNew";
      const { advert } = await echoOf(scene, reader, "schema-new", { schemaName: name });
      const { schemaEncoding: encoding, schema: data } = JSON_SCHEMA;
      const defined = entriesOf([advert], "advertise", "schemas");
      same(defined, [{ id: length + 1, name, encoding, data }], "definition of a new schema");
    },
  },
];
