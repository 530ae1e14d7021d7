/**
 * Cases of statuses: how they look, whom they reach, and how they read.
 *
 * @module
 */
import { messageData } from "../bytes.ts";
import type { ConformCase, JsonMessage, Needs, Scene } from "../case.ts";
import { Skip } from "../mismatch.ts";
import { OTHER_OFFERS } from "../offers.ts";
import type { Peer, Received, Sendable } from "../peer.ts";
import { check, none, same } from "../steps/check.ts";
import { advertise, simpleChannel, unadvertise } from "../steps/echo.ts";
import { complaintsIn, findOp, isOp, statusesIn } from "../steps/messages.ts";
import { setting } from "../steps/parameters.ts";
import { foxwire, sdk, spec } from "../steps/sources.ts";
import { channelOf, subscribe, unknownChannel, unsubscribe } from "../steps/subscriptions.ts";

/** The status that the reference server shows to each new client for five seconds. */
const HELLO = "hello";

function expectShape({ level, message, id }: JsonMessage): void {
  check(level === 0 || level === 1 || level === 2, "a level 0, 1 or 2", level);
  check(typeof message === "string", "a string as message", message);
  check(id === undefined || id === null || typeof id === "string", "a string as id, or none", id);
}

/** The reference server's status, and who is shown it. @throws {Skip} when this server shows none. */
async function hello(scene: Scene): Promise<{ peer: Peer; messages: Received[]; status: JsonMessage }> {
  const peer = await scene.connect();
  const messages = [...peer.greeting, ...await peer.settle()];
  const status = messages.find((message) => isOp(message, "status") && message.id === HELLO);
  if (status === undefined) throw new Skip(`no status with the id "${HELLO}"`, OTHER_OFFERS.hello);
  return { peer, messages, status: status as JsonMessage };
}

/** A text that answers something, word by word. */
interface Text {
  name: string;
  level: "warning" | "error";
  /** The text, in which `1` and so on are the ids that were sent. */
  text: string | ((scene: Scene) => string);
  send(scene: Scene): Sendable[];
  by: "sdk" | "foxwire";
  needs?: Needs;
}

const PUBLISH: Needs = { capabilities: ["clientPublish"] };
const COUNTER: Needs = { topic: "/counter" };
const FREE_ID = 0x0bad_1d00;
const simple = (scene: Scene, id: number) => simpleChannel(scene, id, "text");
const counterOf = (scene: Scene) => channelOf(scene, "/counter");

const TEXTS: readonly Text[] = [
  {
    name: "unknown-channel",
    level: "error",
    text: (scene) => `Unknown channel ID: ${unknownChannel(scene)}`,
    send: (scene) => [subscribe([1, unknownChannel(scene)])],
    by: "sdk",
  },
  {
    name: "subscribed-already",
    level: "warning",
    text: (scene) => `Client is already subscribed to channel: ${counterOf(scene)}; ignoring subscription`,
    send: (scene) => [subscribe([1, counterOf(scene)]), subscribe([2, counterOf(scene)])],
    by: "sdk",
    needs: COUNTER,
  },
  {
    name: "subscription-id-used",
    level: "error",
    text: "Subscription ID was already used: 1; ignoring subscription",
    send: (scene) => [subscribe([1, counterOf(scene)], [1, channelOf(scene, "/latched")])],
    by: "sdk",
    needs: COUNTER,
  },
  {
    name: "not-subscribed",
    level: "warning",
    text: `Client is not subscribed with ID: ${FREE_ID}; ignoring unsubscription`,
    send: () => [unsubscribe(FREE_ID)],
    by: "foxwire",
  },
  {
    name: "advertised-already",
    level: "warning",
    text: "Client is already advertising channel: 1; ignoring advertisement",
    send: (scene) => [advertise(simple(scene, 1), simple(scene, 1))],
    by: "sdk",
    needs: PUBLISH,
  },
  {
    name: "not-advertised",
    level: "warning",
    text: `Client is not advertising channel: ${FREE_ID}; ignoring unadvertisement`,
    send: () => [unadvertise(FREE_ID)],
    by: "sdk",
    needs: PUBLISH,
  },
  {
    name: "publishes-unknown",
    level: "error",
    text: `Unknown channel ID: ${FREE_ID}`,
    send: () => [messageData(FREE_ID, "{}")],
    by: "sdk",
    needs: PUBLISH,
  },
  {
    name: "unsupported-encoding",
    level: "error",
    text: "Unsupported encoding: foxwire-conform; ignoring advertisement of channel 1",
    send: (scene) => [advertise({ ...simple(scene, 1), encoding: "foxwire-conform" })],
    by: "foxwire",
    needs: PUBLISH,
  },
  {
    name: "read-only",
    level: "error",
    text: "Parameter read_only was not set: it is read-only",
    send: () => [setting([{ name: "read_only", value: "other" }])],
    by: "foxwire",
    needs: { capabilities: ["parameters"], parameter: "read_only" },
  },
];

/** The case of a text. */
function textCase({ name, level, text, send, by, needs }: Text): ConformCase {
  return {
    name: `texts/${name}`,
    level: "extra",
    rule: "Statuses read as people and programs know them from the SDK and from Foxwire",
    source: by === "sdk"
      ? sdk("handle_message: its texts, word by word")
      : foxwire("What does not follow the protocol: word by word"),
    ...(needs === undefined ? {} : { needs }),
    async run(scene) {
      const peer = await scene.connect();
      peer.send(...send(scene));
      const status = await peer.expectStatus(level);
      same(status.message, typeof text === "string" ? text : text(scene), "text of the status");
    },
  };
}

/** The cases. */
export const STATUS: readonly ConformCase[] = [
  {
    name: "status/shape",
    level: "must",
    rule: "A status has a level 0, 1 or 2, a message that is a string, and an id that is a string, or none",
    source: spec("Status"),
    async run(scene) {
      const peer = await scene.connect();
      const unknown = unknownChannel(scene);
      const answers = await peer.ask(subscribe([1, unknown], [2, unknown]), unsubscribe(3), "not JSON");
      const statuses = [...peer.greeting, ...answers].filter((message) => isOp(message, "status")) as JsonMessage[];
      if (statuses.length === 0) throw new Skip("no status was seen");
      statuses.forEach(expectShape);
    },
  },
  {
    name: "status/no-null",
    level: "should",
    rule: "The id of a status that has none is left out, not sent as null",
    source: sdk("Status"),
    async run(scene) {
      const peer = await scene.connect();
      const answers = statusesIn(await peer.ask(subscribe([1, unknownChannel(scene)])));
      if (answers.length === 0) throw new Skip("no status was seen");
      same(answers.filter(({ id }) => id === null), [], "statuses with an id of null");
    },
  },
  {
    name: "status/about-one",
    level: "should",
    rule: "What one client does wrong is told to that client, and to no other",
    source: sdk("send_error"),
    async run(scene) {
      const [one, other] = [await scene.connect(), await scene.connect()];
      await one.ask(subscribe([1, unknownChannel(scene)]));
      none(complaintsIn(await other.settle()), "warning or error for a client that has done nothing");
    },
  },
  {
    name: "status/each",
    level: "should",
    rule: "Each of several mistakes is told, in their order",
    source: sdk("on_subscribe"),
    async run(scene) {
      const [peer, unknown] = [await scene.connect(), unknownChannel(scene)];
      const answers = await peer.ask(subscribe([1, unknown]), subscribe([2, unknown + 1]), subscribe([3, unknown + 2]));
      same(complaintsIn(answers).length, 3, "count of statuses for three mistakes");
    },
  },
  {
    name: "status/hello",
    level: "extra",
    rule: "A status may have an id, under which it is replaced or removed later",
    source: foxwire("What to offer it: the status hello for each new client"),
    async run(scene) {
      const { status } = await hello(scene);
      same(status, { op: "status", level: 0, message: "hello", id: HELLO }, "status of the reference server");
    },
  },
  {
    name: "status/removed",
    level: "extra",
    rule: "removeStatus names the ids of statuses that hold no more",
    source: foxwire("What to offer it: the status hello is removed after five seconds"),
    async run(scene) {
      const { peer, messages } = await hello(scene);
      const removed = messages.find((message) => isOp(message, "removeStatus")) ?? await findOp(peer, "removeStatus");
      same(removed, { op: "removeStatus", statusIds: [HELLO] }, "what removes the status");
    },
  },
  ...TEXTS.map(textCase),
];
