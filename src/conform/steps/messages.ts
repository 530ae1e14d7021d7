/**
 * Messages of the server: which they are, and waiting for one.
 *
 * @module
 */
import type { JsonMessage } from "../case.ts";
import { Mismatch } from "../mismatch.ts";
import type { Peer, Received } from "../peer.ts";
import { kindInWords, othersInWords } from "../words.ts";

/** Opcodes of the server. */
export const OPCODES = { data: 1, time: 2, response: 3, asset: 4, playback: 5 } as const;

/** Levels of a status. */
export const LEVELS = { info: 0, warning: 1, error: 2 } as const;

/** Answers may be so much later when other messages come meanwhile: what comes once per second is waited for, too. */
const PATIENCE = 3;

export function isJson(message: Received): message is JsonMessage {
  return !(message instanceof Uint8Array);
}

export function isOp(message: Received, op: string): message is JsonMessage {
  return isJson(message) && message.op === op;
}

export function isBinary(message: Received, opcode: number): message is Uint8Array {
  return message instanceof Uint8Array && message[0] === opcode;
}

/** Whether a message has an id: `null` counts as none, which other cases mind. */
export function hasId(message: JsonMessage): boolean {
  return message.id !== undefined && message.id !== null;
}

/** Statuses that answer something: those with an id tell of a state, to nobody in particular. */
export function statusesIn(messages: readonly Received[]): JsonMessage[] {
  return messages.filter((message) => isOp(message, "status") && !hasId(message)) as JsonMessage[];
}

/** Warnings and errors. */
export function complaintsIn(messages: readonly Received[]): JsonMessage[] {
  return statusesIn(messages).filter(({ level }) => level !== LEVELS.info);
}

/** The first message that `is` takes; all before it are passed over, whatever they are. */
export async function find(peer: Peer, what: string, is: (message: Received) => boolean): Promise<Received> {
  const end = performance.now() + PATIENCE * peer.answerMs;
  for (let others = 1;; others++) {
    const message = await peer.next(what);
    if (is(message)) return message;
    if (performance.now() > end) throw new Mismatch(what, othersInWords(others, message));
  }
}

/** The first JSON message of an op that `is` takes. */
export async function findOp(
  peer: Peer,
  op: string,
  is: (message: JsonMessage) => boolean = () => true,
): Promise<JsonMessage> {
  return await find(peer, `"${op}"`, (message) => isOp(message, op) && is(message)) as JsonMessage;
}

/** The first binary message of an opcode that `is` takes. */
export async function findBinary(
  peer: Peer,
  opcode: number,
  is: (message: Uint8Array) => boolean = () => true,
  what: string = kindInWords(opcode),
): Promise<Uint8Array> {
  return await find(peer, what, (message) => isBinary(message, opcode) && is(message)) as Uint8Array;
}

/** 0, 1, 2 and so on, so many of them. */
export const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** As many as asked for. */
export async function times<T>(count: number, next: () => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  while (all.length < count) all.push(await next());
  return all;
}
