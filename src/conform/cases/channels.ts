/**
 * Cases of what a server says of its channels when a client connects.
 *
 * @module
 */
import type { ConformCase, JsonObject, Scene } from "../case.ts";
import { Skip } from "../mismatch.ts";
import { advertisedIn, base64Bytes, nameOf, readFileSet } from "../steps/channels.ts";
import { OTHER_OFFERS, topicOffer } from "../offers.ts";
import { check, eachOnce, same } from "../steps/check.ts";
import { protocol, sdk, spec, viewers } from "../steps/sources.ts";

/** Protocols in which channels carry their schemas themselves. */
const INLINE = ["foxglove.websocket.v1", "foxglove.sdk.v1"] as const;

/** Encodings of messages that nobody can read without a schema. */
const NEED_SCHEMA = new Set(["protobuf", "flatbuffer", "ros1", "cdr"]);

/** Schema encodings whose schemas are binary. */
const BINARY = new Set(["protobuf", "flatbuffer"]);

/** The schema encodings that go with an encoding. */
const PAIRS: Record<string, readonly string[]> = {
  json: ["jsonschema"],
  protobuf: ["protobuf"],
  flatbuffer: ["flatbuffer"],
  ros1: ["ros1msg"],
  cdr: ["ros2msg", "ros2idl", "omgidl"],
};

/** Each channel as it was sent. @throws {Skip} when there is none. */
async function wired(scene: Scene): Promise<JsonObject[]> {
  const channels = advertisedIn((await scene.connect()).greeting);
  if (channels.length === 0) throw new Skip("the server has no channels", OTHER_OFFERS.channels);
  return channels;
}

/** Each channel with its schema, which under sdk.v1.1 comes from the table. @throws {Skip} when there is none of a kind. */
function described(
  { greeting }: Scene,
  what: string,
  is: (channel: JsonObject) => boolean,
  offer = topicOffer("/pose"),
): readonly JsonObject[] {
  const channels = greeting.channels.filter(is);
  if (channels.length === 0) throw new Skip(`the server has no channel ${what}`, offer);
  return channels;
}

/** Runs a check on each channel as it was sent. */
const onEach = (look: (channel: JsonObject) => void) => async (scene: Scene): Promise<void> => {
  (await wired(scene)).forEach(look);
};

function expectText(channel: JsonObject, member: string): void {
  check(typeof channel[member] === "string", `a string "${member}" in ${nameOf(channel)}`, channel);
}

const isText = (value: unknown): value is string => typeof value === "string";
const schemaEncodingOf = ({ schemaEncoding, encoding }: JsonObject) => schemaEncoding ?? encoding;
const isSchemaless = ({ schemaName, schema }: JsonObject) => !schemaName && !schema;

/** A json schema whose top level is an object. */
function expectJsonSchema(channel: JsonObject): void {
  let schema: unknown;
  try {
    schema = JSON.parse(channel.schema as string);
  } catch (error) {
    check(false, `a schema that is JSON in ${nameOf(channel)}`, `${error}: ${channel.schema}`);
  }
  const { type } = (schema ?? {}) as JsonObject;
  check(type === "object", `a schema of "type": "object" in ${nameOf(channel)}`, channel.schema);
}

function expectFileSet(channel: JsonObject): void {
  const set = readFileSet(base64Bytes(channel.schema, `the schema of ${nameOf(channel)}`));
  const has = set.messages.includes(channel.schemaName as string);
  check(has, `the message "${channel.schemaName}" in the schema of ${nameOf(channel)}`, set.messages);
  const missing = set.imports.filter((file) => !set.files.includes(file));
  same(missing, [], `imports that are not in the schema of ${nameOf(channel)}`);
}

/** The cases. */
export const CHANNELS: readonly ConformCase[] = [
  {
    name: "channels/ids",
    level: "must",
    rule: "Each channel has an id that is an integer from 0 to 2^53 - 1",
    source: spec("Advertise"),
    run: onEach((channel) => {
      check(Number.isSafeInteger(channel.id) && channel.id as number >= 0, "a channel id from 0 to 2^53 - 1", channel);
    }),
  },
  {
    name: "channels/unique-ids",
    level: "must",
    rule: "No two channels of a connection have the same id",
    source: spec("Advertise: clients use this unique id"),
    async run(scene) {
      const ids = (await wired(scene)).map(({ id }) => id);
      eachOnce(ids, "ids");
    },
  },
  {
    name: "channels/texts",
    level: "must",
    rule: "Each channel has a topic and an encoding, both of them strings",
    source: spec("Advertise"),
    run: onEach((channel) => ["topic", "encoding"].forEach((member) => expectText(channel, member))),
  },
  {
    name: "channels/schema-members",
    level: "must",
    rule: "Each channel has schemaName and schema, which are empty strings when it has no schema",
    source: spec("Advertise"),
    needs: { protocols: INLINE },
    run: onEach((channel) => ["schemaName", "schema"].forEach((member) => expectText(channel, member))),
  },
  {
    name: "channels/no-null",
    level: "should",
    rule: "Optional members are left out when they are unset, not sent as null",
    source: sdk("advertise_channels"),
    run: onEach((channel) => {
      const nulls = Object.keys(channel).filter((member) => channel[member] === null);
      same(nulls, [], `members of ${nameOf(channel)} that are null`);
    }),
  },
  {
    name: "channels/schemaless",
    level: "should",
    rule: "A channel without a schema has no schemaEncoding: with an empty string viewers hide the channel",
    source: sdk("advertise_channels"),
    needs: { protocols: INLINE },
    run: onEach((channel) => {
      check(channel.schemaEncoding !== "", `no empty "schemaEncoding" in ${nameOf(channel)}`, channel);
    }),
  },
  {
    name: "channels/metadata",
    level: "should",
    rule: "The metadata of a channel, if it has any, is an object of strings",
    source: sdk("advertise_channels"),
    run: onEach((channel) => {
      const texts = Object.values(channel.metadata ?? {}).every(isText);
      check(texts, `strings alone in the metadata of ${nameOf(channel)}`, channel.metadata);
    }),
  },
  {
    name: "channels/schema-needed",
    level: "should",
    rule: "Channels of protobuf, flatbuffer, ros1 and cdr have a schema: nobody can read them without",
    source: sdk("advertise_channels: such channels are not advertised"),
    run({ greeting }) {
      const without = greeting.channels.filter((channel) => NEED_SCHEMA.has(channel.encoding as string))
        .filter(isSchemaless);
      same(without.map(nameOf), [], "channels without the schema that they need");
      return Promise.resolve();
    },
  },
  {
    name: "channels/schema-pairs",
    level: "should",
    rule: "The schema encoding is one that goes with the encoding: jsonschema with json, ros2msg with cdr, and so on",
    source: viewers("schema encodings"),
    run(scene) {
      const known = described(
        scene,
        "of a known encoding with a schema",
        (channel) => channel.schemaEncoding !== undefined && (channel.encoding as string) in PAIRS,
      );
      for (const channel of known) {
        const pairs = PAIRS[channel.encoding as string]!;
        const goes = pairs.includes(channel.schemaEncoding as string) || isSchemaless(channel);
        check(goes, `a schemaEncoding among ${pairs.join(", ")} in ${nameOf(channel)}`, channel.schemaEncoding);
      }
      return Promise.resolve();
    },
  },
  {
    name: "channels/schema-encoding",
    level: "should",
    rule: "A channel with a schema says in which encoding that is",
    source: sdk("advertise_channels"),
    run(scene) {
      const withSchema = described(scene, "with a schema", (channel) => !isSchemaless(channel));
      const silent = withSchema.filter(({ schemaEncoding }) => !isText(schemaEncoding));
      same(silent.map(nameOf), [], "channels with a schema and without schemaEncoding");
      return Promise.resolve();
    },
  },
  {
    name: "channels/binary-schemas",
    level: "must",
    rule: "Schemas of protobuf and flatbuffer are base64 of the standard alphabet with padding",
    source: protocol("Channels and schemas"),
    run(scene) {
      const binary = described(
        scene,
        "with a binary schema",
        (channel) => BINARY.has(schemaEncodingOf(channel) as string),
      );
      for (const channel of binary) base64Bytes(channel.schema, `the schema of ${nameOf(channel)}`);
      return Promise.resolve();
    },
  },
  {
    name: "channels/protobuf-schemas",
    level: "must",
    rule: "A protobuf schema is a FileDescriptorSet with the message that schemaName says, and all imports",
    source: protocol("Channels and schemas"),
    run(scene) {
      described(scene, "of protobuf", (channel) => schemaEncodingOf(channel) === "protobuf").forEach(expectFileSet);
      return Promise.resolve();
    },
  },
  {
    name: "channels/json-schemas",
    level: "should",
    rule: 'The schema of a json channel, if it has one, is a JSON Schema with "type": "object" at its top',
    source: viewers("viewers refuse others"),
    run(scene) {
      const json = described(
        scene,
        "of json with a schema",
        (channel) => channel.encoding === "json" && !isSchemaless(channel) && channel.schemaEncoding === "jsonschema",
        "a channel of json with a JSON Schema",
      );
      json.forEach(expectJsonSchema);
      return Promise.resolve();
    },
  },
  {
    name: "channels/same-for-all",
    level: "should",
    rule: "Two clients that connect one after the other are told of the same channels under the same topics",
    source: spec("Advertise"),
    async run(scene) {
      const topics = async () => (await wired(scene)).map(({ topic }) => String(topic)).sort();
      // Those that clients have made come and go.
      const lasting = (all: string[]) => all.filter((topic) => !topic.startsWith("/echo/"));
      same(lasting(await topics()), lasting(await topics()), "topics");
    },
  },
];
