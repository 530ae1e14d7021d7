/**
 * Whether a server has what a case needs.
 *
 * @module
 */
import type { Subprotocol } from "../protocol/constants.ts";
import type { Greeting, JsonObject, Needs } from "./case.ts";
import type { Lack } from "./mismatch.ts";
import { CAPABILITY_OFFERS, parameterOffer, serviceOffer, topicOffer } from "./offers.ts";

/** What a server has. */
export interface Offer {
  protocol: Subprotocol;
  greeting: Greeting;
  /** Names of its parameters. */
  parameters: ReadonlySet<unknown>;
}

/** Why a case makes no sense with a server; nothing when it does. */
export function missing(needs: Needs = {}, { protocol, greeting, parameters }: Offer): Lack | undefined {
  const { capabilities = [], protocols = [protocol], rawSocket, topic, service, parameter } = needs;
  const undeclared = capabilities.find((capability) => !greeting.capabilities.includes(capability));
  if (undeclared !== undefined) {
    const reason = `the server does not declare the capability "${undeclared}"`;
    return { reason, offer: CAPABILITY_OFFERS[undeclared] };
  }
  if (!protocols.includes(protocol)) return { reason: `does not concern ${protocol}` };
  if (rawSocket && !hasRawSockets()) return { reason: "this runtime has no raw sockets" };
  if (topic !== undefined && !has(greeting.channels, "topic", topic)) return noSuch("channel", topic, topicOffer);
  if (service !== undefined && !has(greeting.services, "name", service)) {
    return noSuch("service", service, serviceOffer);
  }
  if (parameter !== undefined && !parameters.has(parameter)) return noSuch("parameter", parameter, parameterOffer);
  return undefined;
}

function noSuch(kind: string, name: string, offer: (name: string) => string): Lack {
  return { reason: `the server has no ${kind} "${name}"`, offer: offer(name) };
}

function has(list: readonly JsonObject[], member: string, value: string): boolean {
  return list.some((entry) => entry[member] === value);
}

/** Node, Deno and Bun all have this; browsers and workers have not. */
export function hasRawSockets(): boolean {
  return "process" in globalThis && !("document" in globalThis);
}
