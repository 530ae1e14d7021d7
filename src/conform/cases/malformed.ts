/**
 * Cases of messages that do not follow the protocol: each is answered, and the connection lives on.
 *
 * @module
 */
import { bytes, f32, messageData, playbackRequest, readAsset, serviceCall, u32, u64, u8 } from "../bytes.ts";
import type { Capability } from "../../protocol/constants.ts";
import type { ConformCase, Level, Needs, Scene } from "../case.ts";
import { Mismatch } from "../mismatch.ts";
import type { Peer, Received, Sendable } from "../peer.ts";
import { none, shown } from "../steps/check.ts";
import { complaintsIn, isBinary, isOp, LEVELS, OPCODES, statusesIn } from "../steps/messages.ts";
import { choice, foxwire, sdk, spec } from "../steps/sources.ts";
import { messageInWords } from "../words.ts";

/** A kind of message that makes no sense, in all its forms. */
interface Malformed {
  name: string;
  /** As the subject of a sentence. */
  what: string;
  /** Without it the server may say that it does not support the request at all. */
  capability?: Capability;
  needs?: Needs;
  messages: readonly Sendable[];
  /** What the text of the answer names, in Foxwire's form. */
  named?: RegExp;
}

const NO_IDS = [undefined, null, "1", true, [1], {}, -1, 1.5, 2 ** 32];
const NO_TEXTS = [undefined, null, 5, false, ["a"], {}];
const NO_LISTS = [undefined, null, 1, "a", {}];
const NO_OBJECTS = [null, 1, "x", []];

/** A good message, with each bad value for one of its members. */
function each(good: object, member: string, bad: readonly unknown[]): object[] {
  return bad.map((value) => ({ ...good, [member]: value }));
}

/** A message with a list of one entry, which has each bad value for one of its members, or is one. */
function eachIn(op: string, list: string, good: object, members: Record<string, readonly unknown[]>): object[] {
  const entries = Object.entries(members).flatMap(([member, bad]) => each(good, member, bad));
  return [...each({ op }, list, NO_LISTS), ...[...entries, ...NO_OBJECTS].map((entry) => ({ op, [list]: [entry] }))];
}

const CHANNEL = { id: 1, topic: "/conform/malformed", encoding: "json", schemaName: "" };
const NOT_UTF8 = new Uint8Array([0xff, 0xfe, 0xfd]);

const MALFORMED_MESSAGES: readonly Malformed[] = [
  {
    name: "no-json",
    what: "A text message that is no JSON",
    messages: ["", "garbage", '{"op":"subscribe"', "{'op':'subscribe'}", '{"op":"subscribe","subscriptions":[]}}'],
  },
  {
    name: "no-object",
    what: "A text message that is JSON, but no object",
    messages: ["null", "true", "1.5", '"op"', "[]", '[{"op":"subscribe","subscriptions":[]}]'],
  },
  {
    name: "no-op",
    what: "A message without an op that is a string",
    messages: [{}, { Op: "x" }, { op: null }, { op: 7 }],
  },
  {
    name: "unknown-op",
    what: "A message with an op that the server does not know",
    messages: ["", "fly", "Subscribe", "serverInfo", "__proto__", "constructor"].map((op) => ({ op })),
    named: /op/,
  },
  {
    name: "subscribe",
    what: "A subscribe with a member missing, of a wrong type, or out of range",
    messages: eachIn("subscribe", "subscriptions", { id: 1, channelId: 1 }, {
      id: NO_IDS,
      channelId: [undefined, null, "1", true, {}, -1, 1.5],
    }),
    named: /subscri|id|channelId/,
  },
  {
    name: "unsubscribe",
    what: "An unsubscribe with a member missing, of a wrong type, or out of range",
    messages: [
      ...each({ op: "unsubscribe" }, "subscriptionIds", NO_LISTS),
      ...NO_IDS.slice(1).map((id) => ({ op: "unsubscribe", subscriptionIds: [id] })),
    ],
    named: /subscriptionIds/,
  },
  {
    name: "advertise",
    what: "An advertise with a member missing, of a wrong type, or out of range",
    capability: "clientPublish",
    messages: eachIn("advertise", "channels", CHANNEL, {
      id: NO_IDS,
      topic: NO_TEXTS,
      encoding: NO_TEXTS,
      schemaName: NO_TEXTS.slice(2),
    }),
    named: /channels/,
  },
  {
    name: "unadvertise",
    what: "An unadvertise with a member missing, of a wrong type, or out of range",
    capability: "clientPublish",
    messages: each({ op: "unadvertise" }, "channelIds", [...NO_LISTS, ["1"], [-1], [null]]),
    named: /channelIds/,
  },
  {
    name: "get-parameters",
    what: "A getParameters with a member missing or of a wrong type",
    capability: "parameters",
    messages: [
      ...each({ op: "getParameters" }, "parameterNames", [...NO_LISTS, [1], [null]]),
      { op: "getParameters", parameterNames: [], id: 5 },
    ],
    named: /parameterNames|id/,
  },
  {
    name: "set-parameters",
    what: "A setParameters with a member missing or of a wrong type",
    capability: "parameters",
    messages: eachIn("setParameters", "parameters", { name: "conform/malformed" }, { name: NO_TEXTS }),
    named: /parameters/,
  },
  {
    name: "watch-parameters",
    what: "A subscribeParameterUpdates or unsubscribeParameterUpdates with a member missing or of a wrong type",
    capability: "parametersSubscribe",
    messages: ["subscribeParameterUpdates", "unsubscribeParameterUpdates"].flatMap((op) =>
      each({ op }, "parameterNames", [...NO_LISTS, [1], [null]])
    ),
    named: /parameterNames/,
  },
  {
    name: "fetch-asset",
    what: "A fetchAsset whose requestId is missing or none",
    capability: "assets",
    messages: each({ op: "fetchAsset", uri: "package://conform" }, "requestId", NO_IDS),
    named: /requestId/,
  },
  {
    name: "opcode",
    what: "A binary message with an opcode that the server does not know",
    messages: [u8(0), u8(4, 1, 2, 3), u8(255), bytes(u8(0x7b), "}")],
    named: /opcode/,
  },
  {
    name: "message-data",
    what: "A messageData that ends too early",
    capability: "clientPublish",
    messages: [u8(1), u8(1, 0), u8(1, 0, 0, 0)],
    named: /messageData/,
  },
  {
    name: "service-call",
    what: "A service call that ends before its call id",
    capability: "services",
    messages: [u8(2), u8(2, 1), bytes(u8(2), u32(1)), bytes(u8(2), u32(1), u8(1, 0, 0))],
    named: /serviceCallRequest/,
  },
  {
    name: "playback-control",
    what: "A playbackControlRequest that ends too early, is too long, or has a text that is not UTF-8",
    capability: "playbackControl",
    needs: { protocols: ["foxglove.sdk.v1", "foxglove.sdk.v1.1"] },
    messages: [
      u8(3),
      bytes(u8(3, 0), f32(1)),
      playbackRequest({}).slice(0, -1),
      bytes(u8(3, 0), f32(1), u8(0), u64(0n), u32(9), "too"),
      bytes(u8(3, 0), f32(1), u8(0), u64(0n), u32(3), NOT_UTF8),
    ],
    named: /playbackControlRequest/,
  },
];

/** The rules of one kind: it is survived, answered, and answered well. */
function rulesOf(kind: Malformed): ConformCase[] {
  const { name, what, capability, messages, named = /./ } = kind;
  const needs: Needs = { ...kind.needs, ...(capability === undefined ? {} : { capabilities: [capability] }) };
  const rule = (suffix: string, level: Level, rule: string): Omit<ConformCase, "run"> => ({
    name: `malformed/${name}${suffix}`,
    level,
    rule: `${what} ${rule}`,
    source: level === "extra"
      ? foxwire("What does not follow the protocol")
      : sdk("handle_message: errors are sent as statuses"),
    needs,
  });
  return [
    { ...rule("-lives", "must", "does not end the connection"), run: (scene) => survives(scene, messages) },
    { ...rule("", "should", "is answered by a status of level error"), run: (scene) => answered(scene, messages, /./) },
    {
      ...rule(
        "-text",
        "extra",
        'is answered by one error whose text begins with "Invalid message: " and says what is wrong',
      ),
      run: (scene) => answered(scene, messages, new RegExp(`^Invalid message: .*(${named.source})`), 1),
    },
  ];
}

async function survives(scene: Scene, messages: readonly Sendable[]): Promise<void> {
  const peer = await scene.connect();
  for (const message of messages) {
    peer.send(message);
    await peer.expectAlive(messageInWords(message, "client"));
  }
}

/** Fails unless each message has an answer. @param count How many; default: at least one. */
async function answered(scene: Scene, messages: readonly Sendable[], text: RegExp, count?: number): Promise<void> {
  const peer = await scene.connect();
  for (const message of messages) {
    const errors = errorsIn(await peer.ask(message));
    if (errors.length === 0) {
      throw new Mismatch(`a status of level error for ${messageInWords(message, "client")}`, "none");
    }
    if (count !== undefined && errors.length !== count) {
      throw new Mismatch(`${count} status for ${messageInWords(message, "client")}`, shown(errors));
    }
    if (!text.test(errors[0]!)) {
      throw new Mismatch(`a text like ${text} for ${messageInWords(message, "client")}`, errors[0]!);
    }
  }
}

function errorsIn(messages: readonly Received[]): string[] {
  return statusesIn(messages).filter(({ level }) => level === LEVELS.error).map(({ message }) => `${message}`);
}

/** Fails unless a call whose ids can be read, and nothing else, gets its failure. */
async function expectFailure(peer: Peer, call: Uint8Array, callId: number): Promise<void> {
  peer.send(call);
  await peer.answer(
    `a serviceCallFailure with call id ${callId}`,
    (message) => isOp(message, "serviceCallFailure") && message.callId === callId || errorsIn([message]).length > 0,
  );
  await peer.expectAlive("a call that ends too early");
}

/** The cases. */
export const MALFORMED: readonly ConformCase[] = [
  ...MALFORMED_MESSAGES.flatMap(rulesOf),
  {
    name: "malformed/empty-binary",
    level: "must",
    rule: "An empty binary message does not end the connection",
    source: foxwire("What does not follow the protocol"),
    run: (scene) => survives(scene, [new Uint8Array(0)]),
  },
  {
    name: "malformed/empty-binary-ignored",
    level: "extra",
    rule: "An empty binary message is ignored",
    source: foxwire("What does not follow the protocol"),
    async run(scene) {
      const peer = await scene.connect();
      none(complaintsIn(await peer.ask(new Uint8Array(0))), "warning or error");
    },
  },
  {
    name: "malformed/json-in-binary",
    level: "must",
    rule: "JSON in a binary message is a message with an unknown opcode, and does not end the connection",
    source: spec("Binary messages: the first byte is the opcode"),
    run: (scene) => survives(scene, [bytes(JSON.stringify({ op: "subscribe", subscriptions: [] }))]),
  },
  {
    name: "malformed/binary-in-text",
    level: "must",
    rule: "A binary message that is sent as text does not end the connection",
    source: spec("JSON messages"),
    run: (scene) => survives(scene, ["\u0001\u0001\u0000\u0000\u0000payload"]),
  },
  {
    name: "malformed/unknown-members",
    level: "must",
    rule: "Members that the server does not know are ignored: newer clients exist",
    source: choice("Framing: unknown JSON members are ignored"),
    async run(scene) {
      const peer = await scene.connect();
      none(
        complaintsIn(await peer.ask({ op: "subscribe", subscriptions: [], extra: { deep: [1] } })),
        "warning or error",
      );
    },
  },
  {
    name: "malformed/one-answer-each",
    level: "extra",
    rule: "Each malformed message in a row is answered for itself, in their order",
    source: foxwire("What does not follow the protocol"),
    async run(scene) {
      const peer = await scene.connect();
      const ops = Array.from({ length: 20 }, (_, i) => `conform-${i}-`);
      const errors = errorsIn(await peer.ask(...ops.map((op) => ({ op }))));
      const wrong = ops.filter((op, i) => !errors[i]?.includes(op));
      none(wrong, `unanswered message among ${shown(errors)}`);
    },
  },
  {
    name: "malformed/call-answered",
    level: "should",
    rule: "A service call that breaks off behind its call id is answered for that call id, or by an error at least",
    source: foxwire("What does not follow the protocol"),
    needs: { capabilities: ["services"] },
    async run(scene) {
      const peer = await scene.connect();
      await expectFailure(peer, serviceCall(1, 77, "json", "").slice(0, 10), 77);
      await expectFailure(peer, bytes(u8(2), u32(1), u32(78), u32(1000), "json"), 78);
      await expectFailure(peer, bytes(u8(2), u32(1), u32(79), u32(3), NOT_UTF8), 79);
    },
  },
  {
    name: "malformed/call-failure",
    level: "extra",
    rule: "A service call that breaks off behind its call id gets its serviceCallFailure",
    source: foxwire("What does not follow the protocol"),
    needs: { capabilities: ["services"] },
    async run(scene) {
      const answers = await (await scene.connect()).ask(bytes(u8(2), u32(1), u32(78), u32(1000), "json"));
      const failures = answers.filter((message) => isOp(message, "serviceCallFailure") && message.callId === 78);
      if (failures.length !== 1) throw new Mismatch("a serviceCallFailure with call id 78", shown(answers));
    },
  },
  {
    name: "malformed/asset-answered",
    level: "extra",
    rule: "A fetchAsset with a good requestId and no uri gets its answer, with status 1",
    source: foxwire("What does not follow the protocol"),
    needs: { capabilities: ["assets"] },
    async run(scene) {
      const answers = await (await scene.connect()).ask({ op: "fetchAsset", requestId: 55 });
      const assets = answers.filter((message) => isBinary(message, OPCODES.asset)).map((m) =>
        readAsset(m as Uint8Array)
      );
      const failed = assets.some(({ requestId, status }) => requestId === 55 && status === 1);
      if (!failed) throw new Mismatch("a fetchAssetResponse of status 1 for request 55", shown(answers));
    },
  },
  {
    name: "malformed/data-harmless",
    level: "must",
    rule: "Messages on channels that were never advertised do not end the connection",
    source: spec("Client Message Data"),
    run: (scene) => survives(scene, [messageData(0xffff_fffe, "x"), messageData(0, new Uint8Array(0))]),
  },
];
