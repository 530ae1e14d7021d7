/**
 * Cases of the greeting: what a server says before it is asked.
 *
 * @module
 */
import type { ConformCase, JsonMessage, Scene } from "../case.ts";
import { check, none, same, shown } from "../steps/check.ts";
import { isJson, isOp } from "../steps/messages.ts";
import { foxwire, sdk, spec } from "../steps/sources.ts";

const SERVER_INFO = spec("Server Info");

/** Fails unless a member of serverInfo, if it is there, is what it has to be. */
const infoMember = (member: string, what: string, is: (value: unknown) => boolean) => (scene: Scene): Promise<void> => {
  const value = scene.greeting.serverInfo[member];
  if (value !== undefined && value !== null) check(is(value), `${member} to be ${what}`, value);
  return Promise.resolve();
};

/** The JSON messages of a greeting that was just read. */
async function greeted(scene: Scene): Promise<JsonMessage[]> {
  const { greeting } = await scene.connect();
  return greeting.filter(isJson);
}

const isText = (value: unknown): value is string => typeof value === "string";
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

/** The cases. */
export const CONNECTION: readonly ConformCase[] = [
  {
    name: "connection/server-info-first",
    level: "must",
    rule: "The first message to a client is serverInfo",
    source: spec("Server Info: the message is sent to the client on connection"),
    async run(scene) {
      const first = await (await scene.connect({ ungreeted: true })).next('"serverInfo"');
      check(isOp(first, "serverInfo"), '"serverInfo" as the first message', first);
    },
  },
  {
    name: "connection/name",
    level: "must",
    rule: "serverInfo has a name, which is a string",
    source: SERVER_INFO,
    run: ({ greeting }) => Promise.resolve(check(isText(greeting.serverInfo.name), "a string", greeting.serverInfo)),
  },
  {
    name: "connection/capabilities",
    level: "must",
    rule: "serverInfo has a list of capabilities, even if it is empty: viewers do not start without it",
    source: SERVER_INFO,
    run: ({ greeting: { serverInfo } }) =>
      Promise.resolve(check(isTexts(serverInfo.capabilities), "capabilities: a list of strings", serverInfo)),
  },
  {
    name: "connection/capabilities-once",
    level: "should",
    rule: "No capability is listed twice",
    source: sdk("Capability: a set"),
    run: ({ greeting: { capabilities } }) =>
      Promise.resolve(same(capabilities, [...new Set(capabilities)], "capabilities")),
  },
  {
    name: "connection/supported-encodings",
    level: "must",
    rule: "supportedEncodings, if it is there, is a list of strings",
    source: SERVER_INFO,
    run: infoMember("supportedEncodings", "a list of strings", isTexts),
  },
  {
    name: "connection/metadata",
    level: "must",
    rule: "metadata, if it is there, is an object whose values are strings",
    source: SERVER_INFO,
    run: infoMember("metadata", "an object of strings", (value) => isTexts(Object.values(value as object))),
  },
  {
    name: "connection/session-id",
    level: "must",
    rule: "sessionId, if it is there, is a string",
    source: SERVER_INFO,
    run: infoMember("sessionId", "a string", isText),
  },
  {
    name: "connection/session-id-same",
    level: "should",
    rule:
      "The session id is the same for all connections: a client that connects again sees by it that it is the same server",
    source: spec("Server Info: sessionId allows the client to understand if the connection is a re-connection"),
    async run(scene) {
      const [info] = await greeted(scene);
      same(info?.sessionId, scene.greeting.serverInfo.sessionId, "sessionId of a later connection");
    },
  },
  {
    name: "connection/no-null",
    level: "should",
    rule: "Optional members of serverInfo are left out when they are unset, not sent as null",
    source: sdk("ServerInfo: members that are none are skipped"),
    run({ greeting: { serverInfo } }) {
      none(Object.keys(serverInfo).filter((member) => serverInfo[member] === null), "members that are null");
      return Promise.resolve();
    },
  },
  {
    name: "connection/advertise",
    level: "should",
    rule: "Channels are advertised without being asked for; a server without any sends an empty list",
    source: sdk("on_connect: advertise follows serverInfo"),
    async run(scene) {
      const messages = await greeted(scene);
      check(messages.some(({ op }) => op === "advertise"), '"advertise" after serverInfo', messages);
    },
  },
  {
    name: "connection/each-client",
    level: "must",
    rule: "Each client is told of all channels and services, however many came before it",
    source: spec("Advertise: and Advertise Services"),
    async run(scene) {
      const counts = [];
      for (let i = 0; i < 3; i++) counts.push(entriesIn(await greeted(scene)));
      const [first] = counts;
      for (const count of counts) same(count, first, "numbers of channels and services that a client is told of");
    },
  },
  {
    name: "connection/order",
    level: "extra",
    rule: "serverInfo is followed by the channels, and those by the services",
    source: foxwire("The course of a connection"),
    async run(scene) {
      const ops = (await greeted(scene)).map(({ op }) => op).filter((op) => GREETING_OPS.includes(op));
      const sorted = [...ops].sort((a, b) => GREETING_OPS.indexOf(a) - GREETING_OPS.indexOf(b));
      same(ops, sorted, "order of the greeting");
    },
  },
  {
    name: "connection/no-complaint",
    level: "should",
    rule: "A client that has only connected is told of no mistake",
    source: foxwire("The course of a connection"),
    async run(scene) {
      const statuses = (await greeted(scene)).filter(({ op, level, id }) => op === "status" && level !== 0 && !id);
      none(statuses, `statuses of level warning or error: ${shown(statuses)}`);
    },
  },
];

const GREETING_OPS = ["serverInfo", "advertise", "advertiseServices"];

/** How many channels and services are announced. Those of other clients may come and go: they are left out. */
function entriesIn(messages: readonly JsonMessage[]): Record<string, boolean> {
  const lengths = (op: string, list: string) =>
    messages.filter((message) => message.op === op).some((message) => (message[list] as unknown[] | undefined)?.length);
  return { channels: lengths("advertise", "channels"), services: lengths("advertiseServices", "services") };
}
