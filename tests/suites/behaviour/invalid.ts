/** Rows of "Server: messages": what does not follow the protocol. Every bad form gets its own answer; nothing dies of it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { FoxgloveServer } from "../../../src/server/server.ts";
import {
  bytes,
  f32,
  messageData,
  playbackRequest,
  readAsset,
  serviceCall,
  u32,
  u64,
  u8,
} from "../../support/raw_bytes.ts";
import { errorText, type RawClient, type Received } from "../../support/raw_client.ts";
import { BAD_MEMBERS, type BadMember } from "./invalid_members.ts";
import type { On, Scene } from "./scene.ts";

/** Declares the tests. */
export function invalidRows(on: On): void {
  texts(on);
  members(on);
  binaries(on);
  brokenRequests(on);
}

const EVERYTHING = { clientPublish: true, connectionGraph: true, parameters: {} };

/** Adds what is left to have every capability. */
function addAll(server: FoxgloveServer): void {
  server.channel("/a", { encoding: "json" });
  server.service("/echo", {}, (_request, { data }) => data);
  server.asset(() => undefined);
  server.playback({ startTime: 0n, endTime: 10n, play() {}, pause() {}, seek() {}, setSpeed() {} });
}

async function greeted({ server, client }: Scene): Promise<RawClient> {
  addAll(server);
  return await client();
}

/** The text of the only answer, which is an error status that begins as it must. */
function invalidText(answers: Received[]): string {
  assertEquals(answers.length, 1, JSON.stringify(answers));
  const text = errorText(answers[0]);
  assertMatch(text, /^Invalid message: [A-Z].*[^.]$/);
  return text;
}

/** The connection still does its work, and the server has counted what was wrong. */
async function livesOn(viewer: RawClient, server: FoxgloveServer, invalid: number): Promise<void> {
  assertEquals([...server.clients][0]?.stats().invalidMessages, invalid);
  assertEquals(await viewer.ask({ op: "subscribe", subscriptions: [{ id: 900, channelId: 1 }] }), []);
  assertEquals(server.stats().subscriptions, 1);
}

function texts(on: On): void {
  const tables: Record<string, [text: string, received: string][]> = {
    "text that is no JSON": [
      ["", '""'],
      ["garbage", '"garbage"'],
      ['{"op":"subscribe"', '{\\"op'],
      ["{'op':'subscribe'}", "{'op'"],
      ["\ufeff{}", "\ufeff"],
      [`["${"x".repeat(1000)}`, "…"],
    ],
    "text that is no object": [
      ["null", "null"],
      ["true", "boolean true"],
      ["1.5", "number 1.5"],
      ['"op"', 'string "op"'],
      ["[]", "array"],
      ['[{"op":"subscribe","subscriptions":[]}]', "array"],
    ],
    "text with no op": [
      ["{}", "op is missing"],
      ['{"Op":"subscribe"}', "op is missing"],
      ['{"op":null}', "op is null"],
      ['{"op":7}', "op is number 7"],
      ['{"op":["subscribe"]}', "op is array"],
    ],
    "text with an unknown op": [
      ['{"op":""}', 'op ""'],
      ['{"op":"fly"}', 'op "fly"'],
      ['{"op":"Subscribe"}', 'op "Subscribe"'],
      // What the server says itself, what is binary, and what every object has.
      ['{"op":"serverInfo"}', 'op "serverInfo"'],
      ['{"op":"messageData","channelId":1}', 'op "messageData"'],
      ['{"op":"__proto__"}', 'op "__proto__"'],
      ['{"op":"constructor"}', 'op "constructor"'],
      [`{"op":"${"x".repeat(1000)}"}`, "…"],
    ],
  };
  for (const [row, table] of Object.entries(tables)) {
    on(`${row}: E Invalid message naming what was received`, async (scene) => {
      const viewer = await greeted(scene);
      for (const [text, received] of table) assertStringIncludes(invalidText(await viewer.ask(text)), received);
      await livesOn(viewer, scene.server, table.length);
    }, EVERYTHING);
  }
}

function members(on: On): void {
  for (const [op, table] of Object.entries(BAD_MEMBERS)) {
    on(`${op}, a member missing, of a wrong type or out of range: E Invalid message`, async (scene) => {
      const viewer = await greeted(scene);
      for (const bad of table) await expectNamed(viewer, op, bad);
      await livesOn(viewer, scene.server, table.length);
    }, EVERYTHING);
  }

  on("unknown members are ignored, and null for an optional one is as good as none", async (scene) => {
    const viewer = await greeted(scene);
    const subscriptions = [{ id: 1, channelId: 1, extra: {} }];
    const odd = [
      { op: "subscribe", subscriptions, extra: 1 },
      { op: "advertise", channels: [{ id: 1, topic: "/b", encoding: "x", schemaName: "", schema: null, extra: 1 }] },
      { op: "setParameters", parameters: [{ name: "a", value: 1, type: null, extra: 1 }], id: null },
      { op: "subscribeConnectionGraph", extra: 1 },
    ];
    const [graph, ...rest] = await viewer.ask(...odd);
    assertEquals([(graph as { op?: string }).op, rest], ["connectionGraphUpdate", []]);
    assertEquals(scene.server.parameters.get("a"), 1);
  }, EVERYTHING);
}

/** One answer, which names the op, the field and what was received; an answer to a request with an id may follow. */
async function expectNamed(viewer: RawClient, op: string, [rest, field, received]: BadMember): Promise<void> {
  const [first, ...others] = await viewer.ask({ op, ...rest });
  const text = invalidText([first!]);
  for (const part of [op, field, received]) assertStringIncludes(text, part);
  // Requests whose ids can still be read are answered besides: see brokenRequests().
  assert(others.every((other) => other instanceof Uint8Array), JSON.stringify(others));
}

function binaries(on: On): void {
  on("unknown binary opcode: E Invalid message", async (scene) => {
    const viewer = await greeted(scene);
    const opcodes = [0, 4, 5, 0x77, 0x7b, 0xff];
    for (const opcode of opcodes) {
      const shown = `unknown opcode 0x${opcode.toString(16).padStart(2, "0")}`;
      assertStringIncludes(invalidText(await viewer.ask(bytes(u8(opcode), "payload"))), shown);
    }
    await livesOn(viewer, scene.server, opcodes.length);
  }, EVERYTHING);

  on("empty binary message: ignored", async (scene) => {
    const viewer = await greeted(scene);
    assertEquals(await viewer.ask(u8(), u8(), u8()), []);
    await livesOn(viewer, scene.server, 0);
  }, EVERYTHING);

  const shortest = {
    messageData: messageData(1, ""),
    serviceCallRequest: serviceCall(1, 2, "", ""),
    playbackControlRequest: playbackRequest({}),
  };
  for (const [op, whole] of Object.entries(shortest)) {
    on(`truncated ${op}, at every length: E Invalid message`, async (scene) => {
      const viewer = await greeted(scene);
      for (let length = 1; length < whole.length; length++) {
        const [first] = await viewer.ask(whole.subarray(0, length));
        const text = invalidText([first!]);
        for (const part of [op, `${length} bytes`, `${whole.length}`]) assertStringIncludes(text, part);
      }
      await livesOn(viewer, scene.server, whole.length - 1);
    }, EVERYTHING);
  }

  const badTexts: [row: string, field: string, message: (length: number, text: Uint8Array) => Uint8Array][] = [
    ["serviceCallRequest", "encoding", (length, text) => bytes(u8(2), u32(1), u32(2), u32(length), text)],
    [
      "playbackControlRequest",
      "requestId",
      (length, text) => bytes(u8(3, 0), f32(1), u8(0), u64(0n), u32(length), text),
    ],
  ];
  for (const [op, field, message] of badTexts) {
    on(`${op}, length past the end or bad UTF-8: E Invalid message`, async (scene) => {
      const viewer = await greeted(scene);
      const bad = [
        message(5, bytes("json")),
        message(0xffff_ffff, bytes("json")),
        message(1, u8(0xff)),
        message(2, u8(0xc0, 0x80)),
        message(3, u8(0xed, 0xa0, 0x80)),
        message(1, bytes("é")),
      ];
      for (const frame of bad) {
        const [first] = await viewer.ask(frame);
        const text = invalidText([first!]);
        for (const part of [op, field]) assertStringIncludes(text, part);
      }
      await livesOn(viewer, scene.server, bad.length);
    }, EVERYTHING);
  }
}

function brokenRequests(on: On): void {
  const broken: Record<string, Uint8Array> = {
    "truncated behind the ids": bytes(u8(2), u32(7), u32(8)),
    "truncated in the length": bytes(u8(2), u32(7), u32(8), u8(1, 0, 0)),
    "length past the end": bytes(u8(2), u32(7), u32(8), u32(100), "json"),
    "bad UTF-8": bytes(u8(2), u32(7), u32(8), u32(1), u8(0xff)),
  };
  for (const [how, frame] of Object.entries(broken)) {
    on(`serviceCallRequest, ${how}: serviceCallFailure too`, async (scene) => {
      const viewer = await greeted(scene);
      const [first, ...rest] = await viewer.ask(frame);
      const message = errorText(first);
      assertEquals(rest, [{ op: "serviceCallFailure", serviceId: 7, callId: 8, message }]);
    }, EVERYTHING);
  }

  on("serviceCallRequest, truncated in the ids: no failure answer", async (scene) => {
    const viewer = await greeted(scene);
    for (const length of [1, 5, 8]) {
      assertEquals((await viewer.ask(serviceCall(7, 8, "", "").subarray(0, length))).length, 1);
    }
  }, EVERYTHING);

  on("fetchAsset, bad uri and a good id: fetchAssetResponse status 1 too", async (scene) => {
    const viewer = await greeted(scene);
    for (const uri of [undefined, null, 5, {}]) {
      const [first, second, ...rest] = await viewer.ask({ op: "fetchAsset", requestId: 4, uri });
      const answer = { requestId: 4, status: 1, error: errorText(first), data: new Uint8Array() };
      assertEquals([readAsset(second as Uint8Array), rest], [answer, []]);
    }
  }, EVERYTHING);

  on("fetchAsset, bad id: no failure answer", async (scene) => {
    const viewer = await greeted(scene);
    for (const requestId of [undefined, "4", -1, 2 ** 32]) {
      assertEquals((await viewer.ask({ op: "fetchAsset", uri: "x", requestId })).length, 1);
    }
  }, EVERYTHING);
}
