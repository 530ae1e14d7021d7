/**
 * Cases of what clients publish.
 *
 * @module
 */
import { bytes, messageData } from "../bytes.ts";
import type { ConformCase, JsonObject, Scene } from "../case.ts";
import { Skip } from "../mismatch.ts";
import type { Peer } from "../peer.ts";
import { none, same, sameBytes } from "../steps/check.ts";
import {
  advertise,
  channelFor,
  type Echo,
  echoed,
  listen,
  publishAndRead,
  simpleChannel,
  topicOf,
  unadvertise,
} from "../steps/echo.ts";
import { complaintsIn, LEVELS, numbers } from "../steps/messages.ts";
import { choice, foxwire, sdk, spec } from "../steps/sources.ts";
import { nextData } from "../steps/subscriptions.ts";

const NEEDS = { capabilities: ["clientPublish"] } as const;
const MAX_U32 = 0xffff_ffff;

/** An echo that is listened to. */
async function heard(scene: Scene, channel: JsonObject & { topic: string }, others: Partial<Echo> = {}): Promise<Echo> {
  const echo = await echoed(scene, { ...others, channel });
  await listen(echo);
  return echo;
}

/** Fails unless a payload comes again as it was sent. */
async function expectEcho(echo: Echo, payload: Uint8Array, what: string): Promise<void> {
  sameBytes(await publishAndRead(echo, payload), payload, what);
}

/** What comes again on a new channel of a client. */
const payloadOf = (what: string, payload: Uint8Array) => async (scene: Scene): Promise<void> => {
  await expectEcho(await heard(scene, { topic: topicOf(what) }), payload, `the payload that was published`);
};

/** Fails when an `advertise` is complained of. */
async function expectTaken(peer: Peer, ...channels: unknown[]): Promise<void> {
  none(complaintsIn(await peer.ask(advertise(...channels))), "warning or error");
}

/** Each byte there is, so many times. */
const allBytes = (length: number) => Uint8Array.from({ length }, (_, index) => index % 256);

/** The cases. */
export const CLIENT_PUBLISH: readonly ConformCase[] = [
  {
    name: "publish/data",
    level: "must",
    rule: "What a client publishes arrives at the server byte for byte",
    source: spec("Client Message Data"),
    needs: NEEDS,
    run: payloadOf("data", allBytes(1000)),
  },
  {
    name: "publish/empty",
    level: "must",
    rule: "A client may publish an empty payload",
    source: spec("Client Message Data: remaining bytes"),
    needs: NEEDS,
    run: payloadOf("empty", new Uint8Array()),
  },
  {
    name: "publish/large",
    level: "should",
    rule: "A client may publish a payload of 1 MiB",
    source: sdk("Server: messages up to 64 MiB"),
    needs: NEEDS,
    run: payloadOf("large", allBytes(1024 * 1024)),
  },
  {
    name: "publish/in-order",
    level: "should",
    rule: "What a client publishes is taken in its order, none of it lost",
    source: sdk("on_message_data"),
    needs: NEEDS,
    async run(scene) {
      const echo = await heard(scene, { topic: topicOf("order") });
      const payloads = Array.from({ length: 100 }, (_, index) => bytes(`${index}`));
      echo.publisher.send(...payloads.map((payload) => messageData(echo.id, payload)));
      for (const payload of payloads) {
        sameBytes(
          (await nextData(echo.reader)).payload,
          payload,
          `message ${new TextDecoder().decode(payload)} of 100`,
        );
      }
    },
  },
  {
    name: "publish/at-once",
    level: "must",
    rule: "A client may publish right behind its advertise",
    source: spec("Client Advertise"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      // Several times, as packets come as they like.
      const pairs = numbers(20).flatMap((id) => [
        advertise(simpleChannel(scene, id, `at-once/${id}`)),
        messageData(id, "{}"),
      ]);
      none(complaintsIn(await peer.ask(...pairs)), "warning or error");
    },
  },
  {
    name: "publish/id-zero",
    level: "must",
    rule: "0 is a channel id like any other",
    source: spec("Client Message Data: channel id is a uint32"),
    needs: NEEDS,
    run: async (scene) => expectEcho(await heard(scene, { id: 0, topic: topicOf("zero") }), allBytes(3), "the payload"),
  },
  {
    name: "publish/id-max",
    level: "must",
    rule: "Channel ids of clients go up to 2^32 - 1",
    source: spec("Client Message Data: channel id is a uint32"),
    needs: NEEDS,
    run: async (scene) =>
      expectEcho(await heard(scene, { id: MAX_U32, topic: topicOf("max") }), allBytes(3), "the payload"),
  },
  {
    name: "publish/two-channels",
    level: "must",
    rule: "A message belongs to the channel whose id it has",
    source: spec("Client Message Data"),
    needs: NEEDS,
    async run(scene) {
      const one = await heard(scene, { id: 1, topic: topicOf("one") });
      const two = await echoed(scene, { ...one, channel: { id: 0x0100_0000, topic: topicOf("two") } });
      await listen(two, 71);
      sameBytes(await publishAndRead(two, bytes("two"), 71), bytes("two"), "the payload on the second channel");
      sameBytes(await publishAndRead(one, bytes("one")), bytes("one"), "the payload on the first channel");
    },
  },
  {
    name: "publish/ids-of-others",
    level: "must",
    rule: "Channel ids belong to a connection: two clients may use the same one for different topics",
    source: spec("Client Advertise: the id is chosen by the client"),
    needs: NEEDS,
    async run(scene) {
      const one = await heard(scene, { id: 5, topic: topicOf("mine") });
      const two = await heard(scene, { id: 5, topic: topicOf("yours") });
      await expectEcho(one, bytes("mine"), "the payload of the first client");
      await expectEcho(two, bytes("yours"), "the payload of the second client");
    },
  },
  {
    name: "publish/members",
    level: "must",
    rule: "A client's channel may have a schema and a schemaEncoding",
    source: spec("Client Advertise"),
    needs: NEEDS,
    async run(scene) {
      const schema = { schemaName: "Conform", schemaEncoding: "jsonschema", schema: '{"type":"object"}' };
      await expectTaken(await scene.connect(), { ...simpleChannel(scene, 1, "members"), ...schema });
    },
  },
  {
    name: "publish/members-kept",
    level: "should",
    rule: "Encoding and schema of a client's channel arrive as the client says them",
    source: spec("Client Advertise"),
    needs: { ...NEEDS, protocols: ["foxglove.websocket.v1", "foxglove.sdk.v1"] },
    async run(scene) {
      const schema = { schemaName: "Conform", schemaEncoding: "jsonschema", schema: '{"type":"object","title":"ä"}' };
      const { channel } = await echoed(scene, { channel: { topic: topicOf("kept"), ...schema } });
      const { encoding, schemaName, schemaEncoding, schema: text } = channel;
      same({ encoding, schemaName, schemaEncoding, schema: text }, { encoding: "json", ...schema }, "what is echoed");
    },
  },
  {
    name: "publish/null-members",
    level: "should",
    rule: "null for an optional member counts as left out",
    source: sdk("handle_message: serde reads Option"),
    needs: NEEDS,
    run: async (scene) =>
      expectTaken(await scene.connect(), { ...simpleChannel(scene, 1, "null"), schema: null, schemaEncoding: null }),
  },
  {
    name: "publish/unknown-members",
    level: "should",
    rule: "Members that a server does not know are ignored: newer clients send them",
    source: choice("Framing"),
    needs: NEEDS,
    run: async (scene) =>
      expectTaken(await scene.connect(), { ...simpleChannel(scene, 1, "unknown"), metadata: { a: "b" }, qos: [1] }),
  },
  {
    name: "publish/id-in-use",
    level: "should",
    rule: "An advertise under an id that is in use is ignored with a status of level warning",
    source: sdk("on_advertise"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      peer.send(advertise(simpleChannel(scene, 1, "in-use")), advertise(simpleChannel(scene, 1, "in-use-too")));
      await peer.expectStatus("warning");
    },
  },
  {
    name: "publish/id-in-use-first-stays",
    level: "should",
    rule: "When an id is advertised twice the first channel stays, and messages belong to it",
    source: sdk("on_advertise"),
    needs: NEEDS,
    async run(scene) {
      const echo = await heard(scene, { id: 1, topic: topicOf("stays") });
      await echo.publisher.ask(advertise(channelFor(1, topicOf("comes-not"))));
      await expectEcho(echo, bytes("still"), "the payload on the first channel");
    },
  },
  {
    name: "publish/unsupported-encoding",
    level: "extra",
    rule: "An advertise with an encoding that is not in supportedEncodings is refused by a status of level error",
    source: foxwire("Channels of clients: an encoding that is not in supportedEncodings"),
    needs: NEEDS,
    async run(scene) {
      if (scene.greeting.serverInfo.supportedEncodings === undefined) throw new Skip("no supportedEncodings");
      const peer = await scene.connect();
      peer.send(advertise({ ...simpleChannel(scene, 1, "unsupported"), encoding: "foxwire-conform" }));
      await peer.expectStatus("error");
    },
  },
  {
    name: "publish/bad-entry-rest",
    level: "extra",
    rule: "An entry that is malformed is answered by an error, and the others of the same message apply",
    source: foxwire("What does not follow the protocol: the same in one entry of a list"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      const answers = complaintsIn(await peer.ask(advertise({ id: 1 }, 7, simpleChannel(scene, 2, "good"))));
      same(answers.map(({ level }) => level), [LEVELS.error, LEVELS.error], "levels of the answers to two bad entries");
      none(complaintsIn(await peer.ask(messageData(2, "{}"))), "warning or error: the good channel is there");
    },
  },
  {
    name: "publish/not-advertised",
    level: "should",
    rule: "A message on a channel that is not advertised is answered by a status of level error",
    source: sdk("on_message_data"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      peer.send(messageData(99, "{}"));
      await peer.expectStatus("error");
    },
  },
  {
    name: "publish/channel-of-another",
    level: "should",
    rule: "A message on a channel that only another client has advertised is answered by a status of level error",
    source: sdk("on_message_data"),
    needs: NEEDS,
    async run(scene) {
      const [owner, other] = [await scene.connect(), await scene.connect()];
      await owner.ask(advertise(simpleChannel(scene, 3, "owner")));
      other.send(messageData(3, "{}"));
      await other.expectStatus("error");
    },
  },
  {
    name: "publish/unadvertised",
    level: "should",
    rule: "A message on a channel that was unadvertised is answered by a status of level error",
    source: sdk("on_unadvertise: and on_message_data"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      const gone = [advertise(simpleChannel(scene, 1, "gone")), unadvertise(1)];
      none(complaintsIn(await peer.ask(...gone)), "warning or error");
      peer.send(messageData(1, "{}"));
      await peer.expectStatus("error");
    },
  },
  {
    name: "publish/id-again",
    level: "must",
    rule: "The client may reuse ids that have been unadvertised",
    source: spec("Client Advertise"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      const again = [
        advertise(simpleChannel(scene, 1, "first")),
        unadvertise(1),
        advertise(simpleChannel(scene, 1, "again")),
      ];
      none(complaintsIn(await peer.ask(...again, messageData(1, "{}"))), "warning or error");
    },
  },
  {
    name: "publish/unadvertise-unknown",
    level: "should",
    rule: "An unadvertise of an id that is not advertised is answered by a status of level warning",
    source: sdk("on_unadvertise"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      peer.send(unadvertise(98));
      await peer.expectStatus("warning");
    },
  },
  {
    name: "publish/unadvertise-unknown-rest",
    level: "should",
    rule: "An unknown id in an unadvertise does not keep the other ids from ending",
    source: sdk("on_unadvertise"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      await peer.ask(advertise(simpleChannel(scene, 1, "rest")), unadvertise(98, 1));
      none(
        complaintsIn(await peer.ask(advertise(simpleChannel(scene, 1, "rest")))),
        "warning or error: the id is free",
      );
    },
  },
  {
    name: "publish/unadvertise-of-another",
    level: "must",
    rule: "A client cannot unadvertise a channel of another client",
    source: spec("Client Unadvertise: corresponding to previous Client Advertise"),
    needs: NEEDS,
    async run(scene) {
      const [owner, other] = [await scene.connect(), await scene.connect()];
      await owner.ask(advertise(simpleChannel(scene, 3, "kept")));
      await other.ask(unadvertise(3));
      none(complaintsIn(await owner.ask(messageData(3, "{}"))), "warning or error: the channel is still there");
    },
  },
];
