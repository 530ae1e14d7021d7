/**
 * Playback.
 *
 * @module
 */
import { playbackRequest, readPlayback } from "../bytes.ts";
import type { JsonObject, Scene } from "../case.ts";
import type { Peer, Received } from "../peer.ts";
import { check } from "./check.ts";
import { findBinary, isBinary, OPCODES } from "./messages.ts";

/** What is asked for. */
export type Wanted = Parameters<typeof playbackRequest>[0];

/** How playback stands. */
export type State = ReturnType<typeof readPlayback>;

export const COMMANDS = { play: 0, pause: 1 } as const;
export const STATUSES = { playing: 0, paused: 1, buffering: 2, ended: 3 } as const;

export const SECOND = 1_000_000_000n;

/** A time of `serverInfo`, in nanoseconds. */
export function nanoseconds(time: unknown): bigint {
  const { sec, nsec } = (time ?? {}) as JsonObject;
  const right = Number.isInteger(sec) && Number.isInteger(nsec) && (nsec as number) >= 0 && (nsec as number) < 1e9;
  check(right, 'a time {"sec", "nsec"} in serverInfo', time);
  return BigInt(sec as number) * SECOND + BigInt(nsec as number);
}

/** Begin and end of the data, as the server says. */
export function rangeOf({ greeting }: Scene): { start: bigint; end: bigint } {
  const { dataStartTime, dataEndTime } = greeting.serverInfo;
  return { start: nanoseconds(dataStartTime), end: nanoseconds(dataEndTime) };
}

let requests = 0;

/** Asks for something, and gives the state that answers it. */
export async function ask(peer: Peer, wanted: Wanted): Promise<State> {
  const requestId = wanted.requestId ?? `foxwire-conform-${++requests}`;
  peer.send(playbackRequest({ ...wanted, requestId }));
  return await stateOf(peer, requestId);
}

/** The state with the id of a request. */
export async function stateOf(peer: Peer, requestId: string): Promise<State> {
  const is = (message: Uint8Array) => readPlayback(message).requestId === requestId;
  return readPlayback(await findBinary(peer, OPCODES.playback, is, `playbackState with request id "${requestId}"`));
}

/** The next state of this status. */
export async function stateWith(peer: Peer, status: number): Promise<State> {
  const is = (message: Uint8Array) => readPlayback(message).status === status;
  return readPlayback(await findBinary(peer, OPCODES.playback, is, `playbackState with status ${status}`));
}

/** States among messages. */
export function statesIn(messages: readonly Received[]): State[] {
  return messages.filter((message) => isBinary(message, OPCODES.playback)).map((m) => readPlayback(m as Uint8Array));
}

/** All that comes while the server tells the time twice. */
export async function whileToldTwice(peer: Peer): Promise<Received[]> {
  const messages: Received[] = [];
  for (let told = 0; told < 2; told += isBinary(messages.at(-1)!, OPCODES.time) ? 1 : 0) {
    messages.push(await peer.next("time"));
  }
  return messages;
}

/** What a case needs: a connection, and begin and end of the data. */
export interface Stage {
  peer: Peer;
  start: bigint;
  end: bigint;
}

/** Lets playback stand at the start, runs something, and lets it stand there again. */
export async function playing(scene: Scene, run: (stage: Stage) => Promise<void>): Promise<void> {
  const { start, end } = rangeOf(scene);
  const rest = { command: COMMANDS.pause, speed: 1, seekTime: start };
  const peer = await scene.connect();
  await ask(peer, rest);
  const setBack = async () => void await ask(await scene.connect(), rest);
  await scene.settingBack(() => run({ peer, start, end }), setBack);
}
