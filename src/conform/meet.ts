/**
 * Meeting a server: what it says of itself, and how it can be told that it has answered.
 *
 * @module
 */
import type { Subprotocol } from "../protocol/constants.ts";
import { FoxgloveError } from "../util/errors.ts";
import { type Barrier, BARRIERS, SILENCE } from "./barrier.ts";
import type { Greeting, JsonObject } from "./case.ts";
import { greetingOf, readGreeting, readServerInfo } from "./greeting.ts";
import { Mismatch } from "./mismatch.ts";
import type { Offer } from "./needs.ts";
import type { Received } from "./peer.ts";
import { answersWrong, openPeer, type Reach, takes, unreachable } from "./reach.ts";
import type { Setting } from "./scene.ts";
import { find, isOp } from "./steps/messages.ts";
import { messageInWords } from "./words.ts";
import type { WebSocketPeer } from "./web_socket_peer.ts";

/** What was found out about a server when it was met. */
export interface Met extends Offer {
  setting: Setting;
  /** What went over the wire meanwhile. */
  wire: readonly string[];
  /** Why only some cases make sense, and which. */
  limit?: Limit;
}

/** Which cases can be played with a server that does not get far. */
export interface Limit {
  /** Beginnings of their names. */
  only: readonly string[];
  /** Why not the others. */
  reason: string;
}

/** Of a server that says that it accepts, and says it so that a WebSocket refuses. */
const REFUSED: Limit = { only: ["handshake/"], reason: "no WebSocket takes the server's answer to a handshake" };

/** What is known of a server that could not be met. */
const NOTHING: Omit<Offer, "protocol"> = {
  greeting: { serverInfo: { op: "serverInfo" }, capabilities: [], channels: [], services: [] },
  parameters: new Set(),
};

/**
 * Finds out which harmless request the server answers, and what it says of itself.
 *
 * @throws {FoxgloveError} With code `"connection"` when it takes no connection meanwhile.
 */
export async function meet(reach: Reach, protocol: Subprotocol): Promise<Met> {
  try {
    if (await takes(reach, protocol)) return await greet(reach, protocol);
    if (!await answersWrong(reach, protocol)) throw await unreachable(reach, [protocol]);
    return limited(reach, protocol, REFUSED);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const { expected, got } = error;
    const asked = BARRIERS.map(({ name }) => name).join(", ");
    const message =
      `Cannot begin with ${reach.url}: instead of ${expected} came ${got}; it was asked no more than ${asked}`;
    throw new FoxgloveError(message, { code: "connection" });
  }
}

function limited(reach: Reach, protocol: Subprotocol, limit: Limit, wire: readonly string[] = []): Met {
  return { ...NOTHING, protocol, wire, limit, setting: { ...reach, protocol, barrier: SILENCE } };
}

async function greet(reach: Reach, protocol: Subprotocol): Promise<Met> {
  const silent = await whySilent(reach, protocol);
  if (silent !== undefined) return silent;
  const barrier = await findBarrier(reach, protocol);
  const peer = await openPeer(reach, protocol, barrier);
  try {
    const greeting = greetingOf(await readGreeting(peer));
    const wire = peer.wire;
    return {
      protocol,
      greeting,
      parameters: await parameterNames(peer, greeting),
      wire,
      setting: { ...reach, protocol, barrier },
    };
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const reason = `what the server says first cannot be read: expected ${error.expected}, got ${error.got}`;
    return limited(reach, protocol, { only: ["handshake/", "connection/"], reason }, peer.wire);
  } finally {
    await peer.close();
  }
}

/** A server that does not greet cannot be asked anything. */
async function whySilent(reach: Reach, protocol: Subprotocol): Promise<Met | undefined> {
  const peer = await openPeer(reach, protocol);
  const messages = await readServerInfo(peer);
  await peer.close();
  if (messages.some((message) => isOp(message, "serverInfo"))) return undefined;
  const said = messages.length === 0 ? "says nothing" : `says ${messageInWords(messages[0]!)}`;
  const reason = `the server sends no serverInfo: it ${said}`;
  return limited(reach, protocol, { only: ["handshake/", "connection/server-info-first"], reason });
}

async function parameterNames(peer: WebSocketPeer, { capabilities }: Greeting): Promise<ReadonlySet<unknown>> {
  if (!capabilities.includes("parameters")) return new Set();
  const id = "conform/all";
  peer.send({ op: "getParameters", parameterNames: [], id });
  const isAnswer = (message: Received) => isOp(message, "parameterValues") && message.id === id;
  const values = await find(peer, '"parameterValues"', isAnswer).catch(() => undefined) as JsonObject | undefined;
  const list = Array.isArray(values?.parameters) ? values.parameters : [];
  return new Set(list.map((parameter) => parameter?.name));
}

/** The best of those that work. They are tried at once: one that does not work takes its time. */
async function findBarrier(reach: Reach, protocol: Subprotocol): Promise<Barrier> {
  const peers = await Promise.all(BARRIERS.map((barrier) => openPeer(reach, protocol, barrier)));
  try {
    const answers = peers.map(isAnswered);
    for (const [index, barrier] of BARRIERS.entries()) {
      if (await answers[index]) return barrier;
    }
    return SILENCE;
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
  }
}

async function isAnswered(peer: WebSocketPeer): Promise<boolean> {
  await readServerInfo(peer);
  return await peer.settle().then(() => true, () => false);
}
