/**
 * What a server has: channels that come and go, their ids and schemas.
 *
 * @module
 */
import { check, same } from "../../steps/check.ts";
import { choice, foxwire, protocol, spec } from "../../steps/sources.ts";
import type { ClientCase } from "../case.ts";
import { serverData } from "../binary.ts";
import type { Channel } from "../server_end.ts";
import { CONFORM, type Stage } from "../stage.ts";

const ADVERTISE = spec("Advertise");
const TABLE = protocol("The schema table of foxglove.sdk.v1.1");

const IDS: readonly { name: string; id: number; level: "must" | "should" }[] = [
  { name: "zero", id: 0, level: "must" },
  { name: "over-32-bits", id: 2 ** 32 + 5, level: "must" },
  { name: "largest", id: Number.MAX_SAFE_INTEGER, level: "should" },
];

const ids: ClientCase[] = IDS.map(({ name, id, level }) => ({
  name: `channels/id-${name}`,
  level,
  rule: `A channel may have id ${id}, and is subscribed to by it`,
  source: choice("Framing: ids of channels are integers from 0 below 2^53"),
  async run(stage) {
    // An id that a client would come to by cutting this one is taken.
    const decoy = { id: id === 5 ? 6 : 5, topic: "/decoy" };
    const channel = { ...CONFORM, id };
    const end = await stage.greeted({ channels: [decoy, channel] });
    await stage.subscribe(end, channel);
    await stage.alive(end, `a channel with id ${id}`);
  },
}));

/** Advertises one channel and waits for what the driver says of it. */
async function described(stage: Stage, ...channels: Channel[]) {
  await stage.greeted({ channels });
  const reports = [];
  for (const { topic } of channels) {
    reports.push(
      await stage.reported("channel", `{"got":"channel","topic":"${topic}",…}`, (report) => report.topic === topic),
    );
  }
  return reports;
}

const SCHEMA_A = { name: "A", encoding: "jsonschema", data: '{"type":"object","title":"A"}' };
const SCHEMA_B = { name: "B", encoding: "jsonschema", data: '{"type":"object","title":"B"}' };

/** The channel that a driver reports, after something was sent. */
async function reportedSchema(stage: Stage, topic: string) {
  const report = await stage.reported(
    "channel",
    `{"got":"channel","topic":"${topic}",…}`,
    (report) => report.topic === topic,
  );
  return [report.schemaName, report.schema];
}

export const channels: readonly ClientCase[] = [
  {
    name: "channels/empty-advertise",
    level: "must",
    rule: "An advertise without channels says that there are none yet",
    source: ADVERTISE,
    async run(stage) {
      const end = await stage.greeted({ channels: [] });
      end.advertise(CONFORM);
      await stage.subscribe(end);
      await stage.alive(end, "an empty advertise");
    },
  },
  {
    name: "channels/several-messages",
    level: "must",
    rule: "Channels of all advertise messages are there: a second one adds to the first",
    source: ADVERTISE,
    async run(stage) {
      const end = await stage.greeted({ channels: [{ id: 11, topic: "/first" }] });
      end.advertise(CONFORM);
      end.advertise({ id: 12, topic: "/third" });
      await end.ping("all of them have come");
      await stage.subscribe(end);
      await stage.alive(end, "three advertise messages");
    },
  },
  {
    name: "channels/many",
    level: "must",
    rule: "A server may have thousands of channels",
    source: ADVERTISE,
    async run(stage) {
      const others = Array.from({ length: 3000 }, (_, i) => ({ id: 100 + i, topic: `/many/${i}` }));
      const end = await stage.greeted({ channels: [...others, CONFORM] });
      await stage.subscribe(end);
      await stage.alive(end, "3000 channels");
    },
  },
  ...ids,
  {
    name: "channels/described",
    level: "must",
    rule: "A channel has the topic, the encoding and the schema that were advertised",
    source: ADVERTISE,
    driven: true,
    async run(stage) {
      const [report] = await described(stage, { id: 3, topic: "/a", encoding: "json", schema: SCHEMA_A });
      const { encoding, schemaName, schemaEncoding, schema } = report!;
      same([encoding, schemaName, schemaEncoding, schema], ["json", "A", "jsonschema", SCHEMA_A.data], "/a");
    },
  },
  {
    name: "channels/schemaless",
    level: "should",
    rule: "A channel may have no schema",
    source: spec("Advertise: schemaName may be empty"),
    async run(stage) {
      const channel = { id: 3, topic: CONFORM.topic };
      const end = await stage.greeted({ channels: [channel] });
      await stage.subscribe(end, channel);
      await stage.alive(end, "a channel without a schema");
    },
  },
  {
    name: "channels/subscribed-before",
    level: "should",
    rule: "A topic that is wanted is subscribed to when it appears, however late",
    source: foxwire("Subscriptions"),
    async run(stage) {
      const end = await stage.greeted({ channels: [] });
      stage.tell({ do: "subscribe", topic: CONFORM.topic });
      await stage.quiet();
      end.advertise(CONFORM);
      await stage.subscription(end, CONFORM.id, CONFORM.topic);
      await stage.alive(end, "a channel that came late");
    },
  },
  {
    name: "channels/away-and-back",
    level: "should",
    rule: "A topic that went and comes back, by another id, is subscribed to again",
    source: foxwire("Subscriptions"),
    async run(stage) {
      const { end, id } = await stage.subscribed();
      end.send({ op: "unadvertise", channelIds: [CONFORM.id] });
      // What was under way when the channel went.
      end.send(serverData(id, '{"late":true}'));
      const again = { ...CONFORM, id: 40 };
      end.advertise(again);
      await stage.subscription(end, again.id, again.topic);
      await stage.alive(end, "an unadvertise of the channel that it is subscribed to");
    },
  },
  {
    name: "schemas/shared",
    level: "must",
    rule: "A schema is defined once, and used by all channels with its id, also by later ones",
    source: TABLE,
    protocol: "foxglove.sdk.v1.1",
    driven: true,
    async run(stage) {
      const end = await stage.greeted({ channels: [{ id: 2, topic: "/a", schema: SCHEMA_A }] });
      end.advertise({ id: 3, topic: "/later", schema: SCHEMA_A });
      same(await reportedSchema(stage, "/a"), ["A", SCHEMA_A.data], "schema of /a");
      same(await reportedSchema(stage, "/later"), ["A", SCHEMA_A.data], "schema of /later");
    },
  },
  {
    name: "schemas/table-restarts",
    level: "must",
    rule: "serverInfo empties the schema table: the same id may then be another schema",
    source: TABLE,
    protocol: "foxglove.sdk.v1.1",
    driven: true,
    async run(stage) {
      const end = await stage.greeted({ channels: [{ id: 2, topic: "/a", schema: SCHEMA_A }] });
      same(await reportedSchema(stage, "/a"), ["A", SCHEMA_A.data], "schema of /a");
      end.send(end.serverInfo());
      const [advertise] = [end.advertisement({ id: 3, topic: "/b", schema: SCHEMA_B })];
      check(JSON.stringify(advertise).includes('"schemaId":1'), "schema id 1 again", advertise);
      end.send(advertise);
      same(await reportedSchema(stage, "/b"), ["B", SCHEMA_B.data], "schema of /b");
    },
  },
  {
    name: "schemas/unknown-id",
    level: "should",
    rule: "A channel with a schema id that was never defined is kept, and ends nothing",
    source: choice("The schema table of foxglove.sdk.v1.1: a definition can be lost"),
    protocol: "foxglove.sdk.v1.1",
    async run(stage) {
      const { end } = await stage.subscribed();
      end.send({ op: "advertise", channels: [{ id: 50, topic: "/lost", encoding: "json", schemaId: 4711 }] });
      await stage.alive(end, "a channel with an unknown schema id");
    },
  },
];
