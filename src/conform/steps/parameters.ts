/**
 * Parameters: asking, setting, and leaving them as they were.
 *
 * @module
 */
import type { JsonMessage, JsonObject, Scene } from "../case.ts";
import { Skip } from "../mismatch.ts";
import { parameterOffer } from "../offers.ts";
import type { Peer } from "../peer.ts";
import { check } from "./check.ts";
import { findOp, hasId } from "./messages.ts";

/** A parameter as it is on the wire. */
export interface Parameter extends JsonObject {
  name: string;
}

/** A `getParameters`; no names stand for all. */
export function getting(parameterNames: readonly unknown[], id?: string): object {
  return { op: "getParameters", parameterNames, ...(id === undefined ? {} : { id }) };
}

/** A `setParameters`. */
export function setting(parameters: readonly unknown[], id?: string): object {
  return { op: "setParameters", parameters, ...(id === undefined ? {} : { id }) };
}

/** A `subscribeParameterUpdates`; no names stand for all. */
export function watching(...parameterNames: unknown[]): object {
  return { op: "subscribeParameterUpdates", parameterNames };
}

/** An `unsubscribeParameterUpdates`; no names stand for all. */
export function unwatching(...parameterNames: unknown[]): object {
  return { op: "unsubscribeParameterUpdates", parameterNames };
}

let requests = 0;

/** Sends a request that has this id, and gives the parameters of its answer. */
async function answered(peer: Peer, request: (id: string) => object): Promise<Parameter[]> {
  const id = `foxwire-conform-${++requests}`;
  peer.send(request(id));
  return parametersOf(await findOp(peer, "parameterValues", (message) => message.id === id));
}

/** Gets parameters; no names stand for all. */
export function get(peer: Peer, ...names: string[]): Promise<Parameter[]> {
  return answered(peer, (id) => getting(names, id));
}

/** Sets parameters, and gives the answer. */
export function set(peer: Peer, ...parameters: object[]): Promise<Parameter[]> {
  return answered(peer, (id) => setting(parameters, id));
}

/** The parameters of a `parameterValues`. */
export function parametersOf(message: JsonMessage): Parameter[] {
  const { parameters } = message;
  check(Array.isArray(parameters), 'a list "parameters" in parameterValues', message);
  return parameters;
}

/** One parameter. @throws {Skip} when there is none of this name. */
export async function parameterOf(peer: Peer, name: string): Promise<Parameter> {
  const [found] = await get(peer, name);
  if (found?.name !== name) throw new Skip(`no parameter "${name}"`, parameterOffer(name));
  return found;
}

/** The next update that tells of a parameter: what nobody asked for has no id. */
export async function nextUpdate(peer: Peer, name: string): Promise<Parameter> {
  const has = (message: JsonMessage) => !hasId(message) && parametersOf(message).some((each) => each.name === name);
  return parametersOf(await findOp(peer, "parameterValues", has)).find((each) => each.name === name)!;
}

/** Runs something, and sets parameters back to what they were before; those that were not there are deleted. */
export async function restoring(
  scene: Scene,
  names: readonly string[],
  run: (peer: Peer, before: Parameter[]) => Promise<void>,
): Promise<void> {
  const peer = await scene.connect();
  const before = await get(peer, ...names);
  const missing = names.find((name) => name !== NEW_NAME && !before.some((parameter) => parameter.name === name));
  if (missing !== undefined) throw new Skip(`no parameter "${missing}"`, parameterOffer(missing));
  await scene.settingBack(() => run(peer, before), async () => {
    // On a connection of its own: the other one may be what has failed.
    const restorer = await scene.connect();
    const there = new Map(before.map((parameter) => [parameter.name, parameter]));
    await restorer.ask(setting(names.map((name) => there.get(name) ?? { name })));
  });
}

/** A name that no parameter has. */
export const UNKNOWN_NAME = "foxwire_conform_unknown";

/** The name of a parameter that cases create and delete. */
export const NEW_NAME = "foxwire_conform_new";
