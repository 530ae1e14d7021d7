/**
 * What a server says before anything is asked.
 *
 * @module
 */
import type { Greeting, JsonMessage, JsonObject } from "./case.ts";
import type { Peer, Received } from "./peer.ts";
import { isOp } from "./steps/messages.ts";

/** How long a server may take between its `serverInfo` and the first `advertise`, which some send by another queue. */
const ADVERTISE_MS = 500;

/**
 * Reads up to `serverInfo`, before which no client says anything; what a server that sends none sends instead, as long as
 * an answer may take.
 */
export async function readServerInfo(peer: Peer): Promise<Received[]> {
  const messages: Received[] = [];
  const end = performance.now() + peer.answerMs;
  while (!messages.some((message) => isOp(message, "serverInfo")) && performance.now() < end) {
    const message = await peer.next('"serverInfo"').catch(() => undefined);
    if (message === undefined) break;
    messages.push(message);
  }
  return messages;
}

/** Reads everything up to the answer of a first request. */
export async function readGreeting(peer: Peer): Promise<Received[]> {
  const messages = [...await readServerInfo(peer), ...await peer.settle()];
  const end = performance.now() + ADVERTISE_MS;
  while (!messages.some((message) => isOp(message, "advertise")) && performance.now() < end) {
    messages.push(...await peer.settle());
  }
  return messages;
}

/** What the messages of a greeting say. */
export function greetingOf(messages: readonly Received[]): Greeting {
  const ops = (op: string) => messages.filter((message) => isOp(message, op)) as JsonMessage[];
  const serverInfo = ops("serverInfo")[0] ?? { op: "serverInfo" };
  return {
    serverInfo,
    capabilities: listIn(serverInfo, "capabilities") as string[],
    channels: channelsOf(ops("advertise")),
    services: ops("advertiseServices").flatMap((message) => objectsIn(message, "services")),
  };
}

/** With the schemas of the table that `foxglove.sdk.v1.1` has. */
function channelsOf(advertisements: readonly JsonMessage[]): JsonObject[] {
  const table = new Map<unknown, JsonObject>();
  return advertisements.flatMap((message) => {
    for (const schema of objectsIn(message, "schemas")) table.set(schema.id, schema);
    return objectsIn(message, "channels").map((channel) => withSchema(channel, table.get(channel.schemaId)));
  });
}

function withSchema(channel: JsonObject, schema: JsonObject | undefined): JsonObject {
  if (channel.schemaName !== undefined) return channel;
  if (schema === undefined) return { ...channel, schemaName: "", schema: "" };
  return { ...channel, schemaName: schema.name, schema: schema.data, schemaEncoding: schema.encoding };
}

/** Cases look at whether it is a list, and of objects. */
function objectsIn(message: JsonObject, member: string): JsonObject[] {
  return listIn(message, member).filter((entry) => typeof entry === "object" && entry !== null) as JsonObject[];
}

function listIn(message: JsonObject, member: string): unknown[] {
  const list = message[member];
  return Array.isArray(list) ? list : [];
}
