/**
 * Calling services.
 *
 * @module
 */
import { readServiceResponse, serviceCall } from "../bytes.ts";
import type { JsonObject, Scene } from "../case.ts";
import { Skip } from "../mismatch.ts";
import { serviceOffer } from "../offers.ts";
import type { Peer, Received } from "../peer.ts";
import { check, shown } from "./check.ts";
import { find, isBinary, isOp, OPCODES } from "./messages.ts";

/** The answer to a call: a response, or the text of a failure. */
export type Answer =
  & { serviceId: number; callId: number }
  & ({ encoding: string; payload: Uint8Array } | { failure: unknown });

/** The service of a name. @throws {Skip} when there is none. */
export function serviceOf({ greeting }: Scene, name: string): number {
  const service = greeting.services.find((service) => service.name === name);
  if (service === undefined) throw new Skip(`no service "${name}"`, serviceOffer(name));
  return service.id as number;
}

/** An id that no service has. */
export function unknownService({ greeting }: Scene): number {
  return Math.max(0, ...greeting.services.map(({ id }) => id as number)) + 1_000_003;
}

/** The next answer to any call. */
export async function nextAnswer(peer: Peer): Promise<Answer> {
  return answerOf(await find(peer, "an answer to a service call", isAnswer));
}

/** Answers to calls, among messages. */
export function answersIn(messages: readonly Received[]): Answer[] {
  return messages.filter(isAnswer).map(answerOf);
}

function isAnswer(message: Received): boolean {
  return isBinary(message, OPCODES.response) || isOp(message, "serviceCallFailure");
}

function answerOf(message: Received): Answer {
  if (message instanceof Uint8Array) return readServiceResponse(message);
  const { serviceId, callId, message: failure } = message as JsonObject;
  return { serviceId: serviceId as number, callId: callId as number, failure };
}

/** Calls, and gives the response. @throws {Mismatch} when it is a failure or belongs to another call. */
export async function call(peer: Peer, [serviceId, callId]: [number, number], encoding: string, payload: Uint8Array) {
  peer.send(serviceCall(serviceId, callId, encoding, payload));
  const answer = await nextAnswer(peer);
  check("payload" in answer, `a response to call ${callId} of service ${serviceId}`, answer);
  expectIds(answer, serviceId, callId);
  return answer;
}

/** Calls, and gives the text of the failure. @throws {Mismatch} when it is a response or belongs to another call. */
export async function failedCall(peer: Peer, [serviceId, callId]: [number, number], encoding = "json", payload = "{}") {
  peer.send(serviceCall(serviceId, callId, encoding, payload));
  return expectFailure(await nextAnswer(peer), serviceId, callId);
}

/** Fails unless an answer is the failure of this call. @returns Its text. */
export function expectFailure(answer: Answer, serviceId: number, callId: number): string {
  const failed = "failure" in answer;
  check(failed, `a serviceCallFailure for call ${callId} of service ${serviceId}`, answer);
  expectIds(answer, serviceId, callId);
  const { failure } = answer;
  check(typeof failure === "string" && failure !== "", "a message in the serviceCallFailure", answer);
  return failure;
}

function expectIds(answer: Answer, serviceId: number, callId: number): void {
  const right = answer.serviceId === serviceId && answer.callId === callId;
  check(right, `an answer with service id ${serviceId} and call id ${callId}`, shown(answer));
}
