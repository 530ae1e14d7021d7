/**
 * Publishing as a client, seen by what the server publishes again: what is published on `/x` comes on `/echo/x`.
 *
 * @module
 */
import { messageData, readData } from "../bytes.ts";
import type { Greeting, JsonMessage, JsonObject, Scene } from "../case.ts";
import { Skip } from "../mismatch.ts";
import { OTHER_OFFERS } from "../offers.ts";
import type { Peer, Received } from "../peer.ts";
import { advertisedIn, entriesOf } from "./channels.ts";
import { find, findOp, isBinary, OPCODES } from "./messages.ts";
import { nextData, subscribe } from "./subscriptions.ts";

/** A topic that nobody else uses. */
export const topicOf = (what: string): string => `/foxwire_conform/${what}`;

/** A channel of a client, as it advertises it; schemaless JSON unless it says otherwise. */
export function channelFor(id: number, topic: string, others: JsonObject = {}): JsonObject {
  return { id, topic, encoding: "json", schemaName: "", ...others };
}

/** An encoding in which clients may publish, and call services that declare none. */
export function encodingOf({ greeting }: Scene): string {
  const { supportedEncodings } = greeting.serverInfo;
  return (supportedEncodings as string[] | undefined)?.[0] ?? "json";
}

/** A channel of a client as any server should take it. */
export function simpleChannel(scene: Scene, id: number, what: string): JsonObject {
  return channelFor(id, topicOf(what), { encoding: encodingOf(scene) });
}

/** An `advertise` of a client. */
export function advertise(...channels: unknown[]): object {
  return { op: "advertise", channels };
}

/** An `unadvertise` of a client. */
export function unadvertise(...channelIds: unknown[]): object {
  return { op: "unadvertise", channelIds };
}

/** Whether a server publishes again what clients publish, by run. */
const ECHOES = new WeakMap<Greeting, Promise<boolean>>();

/** Publishes once, and looks whether a client that connects then is told of the echo. */
async function seesEcho(scene: Scene): Promise<boolean> {
  const publisher = await scene.connect();
  await publisher.ask(advertise(simpleChannel(scene, 1, "probe")));
  const { greeting } = await scene.connect();
  await publisher.ask(unadvertise(1));
  return greeting.some((message) => hasTopic(message, `/echo${topicOf("probe")}`));
}

/** @throws {Skip} when the server does not publish again what clients publish. */
async function expectEchoes(scene: Scene): Promise<void> {
  const seen = ECHOES.get(scene.greeting) ?? seesEcho(scene);
  ECHOES.set(scene.greeting, seen);
  if (!await seen) throw new Skip('the server does not publish again on "/echo/…"', OTHER_OFFERS.echoes);
}

/** Who publishes what, and who reads it; what is left out is made. */
export interface EchoOptions {
  publisher?: Peer;
  reader?: Peer;
  /** What to advertise; `id` is 1 unless it says otherwise. */
  channel: JsonObject & { topic: string };
}

/** A channel of a client, and the one on which the server publishes it again. */
export interface Echo {
  publisher: Peer;
  reader: Peer;
  /** Of the client's channel. */
  id: number;
  /** The server's channel, as it was sent to the reader. */
  channel: JsonObject & { id: number };
  /** The message that the channel came with. */
  advert: JsonMessage;
}

/** Advertises a channel as a client, and waits for its echo. @throws {Skip} when the server has no echoes. */
export async function echoed(scene: Scene, options: EchoOptions): Promise<Echo> {
  await expectEchoes(scene);
  const reader = options.reader ?? await scene.connect();
  const publisher = options.publisher ?? await scene.connect();
  const { topic, ...others } = options.channel;
  const { id = 1 } = others as { id?: number };
  publisher.send(advertise(channelFor(id, topic, others)));
  const advert = await findOp(reader, "advertise", (message) => hasTopic(message, `/echo${topic}`));
  const channel = advertisedIn([advert]).find((channel) => channel.topic === `/echo${topic}`) as Echo["channel"];
  return { publisher, reader, id, channel, advert };
}

function hasTopic(message: Received, topic: string): boolean {
  return entriesOf([message], "advertise", "channels").some((channel) => channel.topic === topic);
}

/** The subscription under which echoes are read. */
export const ECHO_SUBSCRIPTION = 70;

/** Subscribes to an echo, and waits until that is done. */
export async function listen({ reader, channel }: Echo, id = ECHO_SUBSCRIPTION): Promise<void> {
  await reader.ask(subscribe([id, channel.id]));
}

/** Publishes as a client, and gives what comes again. */
export async function publishAndRead(echo: Echo, payload: Uint8Array, id = ECHO_SUBSCRIPTION): Promise<Uint8Array> {
  echo.publisher.send(messageData(echo.id, payload));
  return (await nextData(echo.reader, id)).payload;
}

/**
 * Publishes as a client, and gives what comes again on the topic: where the server takes the echo away, on the channel that
 * has the topic then.
 */
export async function publishAndFollow(echo: Echo, payload: Uint8Array): Promise<Uint8Array> {
  const { topic, id } = echo.channel;
  const heirs: Echo["channel"][] = [];
  const isData = (message: Received) => isBinary(message, OPCODES.data);
  const isEnd = (message: Received) => entriesOf([message], "unadvertise", "channelIds").includes(id as never);
  const isHeir = (message: Received) => {
    heirs.push(...advertisedIn([message]).filter((channel) => channel.topic === topic) as Echo["channel"][]);
    return heirs.length > 0;
  };
  echo.publisher.send(messageData(echo.id, payload));
  const what = `messageData on ${topic}, or its unadvertise`;
  const message = await find(echo.reader, what, (message) => (isHeir(message), isData(message) || isEnd(message)));
  if (message instanceof Uint8Array) return readData(message).payload;
  if (heirs.length === 0) await find(echo.reader, `an advertise of ${topic}`, isHeir);
  const heir = { ...echo, channel: heirs.at(-1)! };
  await listen(heir);
  return await publishAndRead(heir, payload);
}
