/**
 * Cases of too much: what a server bounds, and that it lives on.
 *
 * @module
 */
import { serviceCall } from "../bytes.ts";
import type { ConformCase, Scene } from "../case.ts";
import type { Peer, Sendable } from "../peer.ts";
import { unknownService } from "../steps/calls.ts";
import { check, none, same } from "../steps/check.ts";
import { advertise, simpleChannel } from "../steps/echo.ts";
import { complaintsIn, findOp, LEVELS, numbers } from "../steps/messages.ts";
import { getting, setting, UNKNOWN_NAME } from "../steps/parameters.ts";
import { choice, foxwire, sdk } from "../steps/sources.ts";
import { liveChannel, nextData, subscribe, unknownChannel, unsubscribe } from "../steps/subscriptions.ts";

const MIB = 1024 * 1024;

/** So many channels may a client have, and so many names may a request have. */
const CLIENT_CHANNELS = 1_000;
const PARAMETER_NAMES = 10_000;
const UNKNOWN_IDS = 10_000;

const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

/** A text message of a size that means nothing. */
const idle = (bytes: number) => `{"op":"foxwireConform","padding":"${"x".repeat(bytes - 36)}"}`;

/** Sends, and fails unless the server then answers the same client and another one. */
const survives = (what: string, send: (scene: Scene) => Sendable[]) => async (scene: Scene): Promise<void> => {
  const [peer, other] = [await scene.connect(), await scene.connect()];
  peer.send(...send(scene));
  await peer.expectAlive(what);
  await other.expectAlive(`${what} of another client`);
};

/** Sends, and fails unless the server then answers others: to be closed is an answer to too much. */
const othersSurvive = (what: string, send: (scene: Scene) => Sendable[]) => async (scene: Scene): Promise<void> => {
  const [peer, other] = [await scene.connect(), await scene.connect()];
  peer.send(...send(scene));
  await peer.settle().catch(() => {});
  await other.expectAlive(`${what} of another client`);
  await (await scene.connect()).expectAlive(`${what} of another client`);
};

/** Subscriptions to as many channels that do not exist. */
function unknownSubscriptions(scene: Scene): Sendable[] {
  const unknown = unknownChannel(scene);
  return [subscribe(...numbers(UNKNOWN_IDS).map((id): [number, number] => [id, unknown + id]))];
}

/** Fails unless a value that nests so deep is answered with an error, and nothing else. */
async function expectTooDeep(peer: Peer, levels: number): Promise<void> {
  const answers = await peer.ask(
    `{"op":"setParameters","parameters":[{"name":"${UNKNOWN_NAME}","value":${nested(levels)}}]}`,
  );
  same(complaintsIn(answers).map(({ level }) => level), [LEVELS.error], `levels of the answers to ${levels} levels`);
}

/** The cases. */
export const LIMITS: readonly ConformCase[] = [
  {
    name: "limits/message-size",
    level: "extra",
    rule: "A message above what the server takes, here 17 MiB, closes the connection with 1009",
    source: foxwire("Limits: messageBytes"),
    async run(scene) {
      const peer = await scene.connect();
      peer.send(idle(17 * MIB));
      const { code } = await peer.expectClose();
      same(code, 1009, "close code");
    },
  },
  {
    name: "limits/message-size-others",
    level: "should",
    rule: "A message that is too large for the server harms no other client",
    source: sdk("Server: drops the connection"),
    async run(scene) {
      const [channel, peer, other] = [await liveChannel(scene), await scene.connect(), await scene.connect()];
      other.send(subscribe([1, channel]));
      peer.send(idle(17 * MIB));
      await nextData(other, 1);
      await other.expectAlive("a message of 17 MiB of another client");
    },
  },
  {
    name: "limits/message-size-below",
    level: "should",
    rule: "A message of 8 MiB is taken",
    source: sdk("Server: messages up to 64 MiB"),
    run: survives("a message of 8 MiB", () => [idle(8 * MIB)]),
  },
  {
    name: "limits/nesting",
    level: "should",
    rule: "JSON that nests 50 000 levels deep does not end the connection",
    source: sdk("handle_message: serde_json has a limit"),
    run: survives("JSON of 50 000 levels", () => [`{"op":"foxwireConform","value":${nested(50_000)}}`]),
  },
  {
    name: "limits/nesting-huge",
    level: "should",
    rule: "JSON that nests a million levels deep does not end the server",
    source: sdk("handle_message: serde_json has a limit"),
    run: othersSurvive("JSON of 1 000 000 levels", () => [`{"op":"subscribe","subscriptions":${nested(1_000_000)}}`]),
  },
  {
    name: "limits/nesting-value",
    level: "extra",
    rule: "A parameter's value that nests deeper than 128 levels is refused by a status of level error",
    source: choice("Parameters"),
    needs: { capabilities: ["parameters"], parameter: "int" },
    async run(scene) {
      const peer = await scene.connect();
      for (const levels of [129, 20_000]) await expectTooDeep(peer, levels);
    },
  },
  {
    name: "limits/unknown-subscriptions",
    level: "should",
    rule: "10 000 subscriptions to unknown channels in one message harm no other client",
    source: sdk("send_control_msg: closes a client for which too much waits"),
    run: othersSurvive("10 000 unknown channels", unknownSubscriptions),
  },
  {
    name: "limits/unknown-subscriptions-answered",
    level: "extra",
    rule: "Who has subscribed to 10 000 unknown channels in one message stays connected",
    source: foxwire("Limits: controlBytes"),
    run: survives("10 000 unknown channels", unknownSubscriptions),
  },
  {
    name: "limits/unknown-unsubscriptions",
    level: "should",
    rule: "10 000 unknown ids in an unsubscribe harm no other client",
    source: sdk("on_unsubscribe"),
    run: othersSurvive("10 000 unknown subscription ids", () => [unsubscribe(...numbers(UNKNOWN_IDS))]),
  },
  {
    name: "limits/bad-entries",
    level: "extra",
    rule:
      "Of a list with 100 000 bad entries the first ones are answered, and not each: that would be work for nothing",
    source: foxwire("What does not follow the protocol: after 1000 bad ones the rest is not read"),
    async run(scene) {
      const peer = await scene.connect();
      const { length } = complaintsIn(await peer.ask({ op: "subscribe", subscriptions: numbers(100_000) }));
      check(length > 0 && length <= 1_001, "1 to 1001 statuses", `${length} of them`);
    },
  },
  {
    name: "limits/unknown-calls",
    level: "should",
    rule: "1 000 calls of unknown services do not end the connection",
    source: sdk("on_service_call"),
    needs: { capabilities: ["services"] },
    run: survives(
      "1 000 calls of unknown services",
      (scene) => numbers(1_000).map((id) => serviceCall(unknownService(scene), id, "json", "{}")),
    ),
  },
  {
    name: "limits/client-channels",
    level: "extra",
    rule: `A client may advertise ${CLIENT_CHANNELS} channels; one more is refused by a status of level error`,
    source: foxwire("Limits: clientChannels"),
    // Not on a robot for which each of them is work.
    needs: { capabilities: ["clientPublish"], topic: "/counter" },
    async run(scene) {
      const peer = await scene.connect();
      const channels = numbers(CLIENT_CHANNELS).map((id) => simpleChannel(scene, id, `many/${id}`));
      none(complaintsIn(await peer.ask(advertise(...channels))), "warning or error");
      peer.send(advertise(simpleChannel(scene, CLIENT_CHANNELS, "one-too-many")));
      await peer.expectStatus("error");
    },
  },
  {
    name: "limits/parameter-names",
    level: "extra",
    rule: `A request may have ${PARAMETER_NAMES} names; one more is refused by a status of level error`,
    source: foxwire("Limits: parameterNames"),
    needs: { capabilities: ["parameters"] },
    async run(scene) {
      const peer = await scene.connect();
      const names = numbers(PARAMETER_NAMES + 1).map((index) => `${UNKNOWN_NAME}_${index}`);
      peer.send(getting(names.slice(1), "as many as may be"));
      await findOp(peer, "parameterValues", ({ id }) => id === "as many as may be");
      peer.send(getting(names, "too many"));
      await peer.expectStatus("error");
    },
  },
  {
    name: "limits/parameter-values",
    level: "should",
    rule: "A setParameters with 1 MiB of text does not end the connection",
    source: sdk("on_set_parameters"),
    needs: { capabilities: ["parameters"], parameter: "read_only" },
    run: survives("1 MiB of text", () => [setting([{ name: "read_only", value: "x".repeat(MIB) }])]),
  },
  {
    name: "limits/clients",
    level: "should",
    rule: "50 clients at once are served",
    source: sdk("Server: no limit"),
    async run(scene) {
      const channel = await liveChannel(scene);
      const peers = await Promise.all(numbers(50).map(() => scene.connect()));
      for (const [id, peer] of peers.entries()) peer.send(subscribe([id, channel]));
      for (const [id, peer] of peers.entries()) await nextData(peer, id);
    },
  },
  {
    name: "limits/reconnects",
    level: "should",
    rule: "20 clients that come and go one after the other are served, and so is one that stays",
    source: sdk("on_disconnect"),
    async run(scene) {
      const [channel, staying] = [await liveChannel(scene), await scene.connect()];
      for (const id of numbers(20)) {
        const peer = await scene.connect();
        peer.send(subscribe([id, channel]));
        await peer.close();
      }
      staying.send(subscribe([1, channel]));
      await nextData(staying, 1);
    },
  },
];
