/**
 * Whether a server has what a case needs.
 *
 * @module
 */
import type { Subprotocol } from "../protocol/constants.ts";
import type { Greeting, JsonObject, Needs } from "./case.ts";

/** What a server has. */
export interface Offer {
  protocol: Subprotocol;
  greeting: Greeting;
  /** Names of its parameters. */
  parameters: ReadonlySet<unknown>;
}

/** Why a case makes no sense with a server; nothing when it does. */
export function missing(needs: Needs = {}, { protocol, greeting, parameters }: Offer): string | undefined {
  const { capabilities = [], protocols = [protocol], rawSocket, topic, service, parameter } = needs;
  const undeclared = capabilities.find((capability) => !greeting.capabilities.includes(capability));
  if (undeclared !== undefined) return `the server does not declare the capability "${undeclared}"`;
  if (!protocols.includes(protocol)) return `does not concern ${protocol}`;
  if (rawSocket && !hasRawSockets()) return "this runtime has no raw sockets";
  if (topic !== undefined && !has(greeting.channels, "topic", topic)) return `the server has no channel "${topic}"`;
  if (service !== undefined && !has(greeting.services, "name", service)) {
    return `the server has no service "${service}"`;
  }
  if (parameter !== undefined && !parameters.has(parameter)) return `the server has no parameter "${parameter}"`;
  return undefined;
}

function has(list: readonly JsonObject[], member: string, value: string): boolean {
  return list.some((entry) => entry[member] === value);
}

/** Node, Deno and Bun all have this; browsers and workers have not. */
export function hasRawSockets(): boolean {
  return "process" in globalThis && !("document" in globalThis);
}
