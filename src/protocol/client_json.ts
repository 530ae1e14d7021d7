/**
 * The JSON messages of the client, member by member; both directions in one table.
 *
 * @module
 */
import type { CLIENT_OPCODES } from "./constants.ts";
import { batch, type Field, object, optional, safeInteger, string, u32 } from "./fields.ts";
import { type JsonOps, jsonOps } from "./json_codec.ts";
import type { ClientChannel, ClientMessage, Subscription } from "./messages.ts";
import { parameter } from "./parameters.ts";

type BinaryOp = keyof typeof CLIENT_OPCODES;

const subscription: Field<Subscription> = object<Subscription>({ id: u32, channelId: safeInteger });

const channel: Field<ClientChannel> = object<ClientChannel>({
  id: u32,
  topic: string,
  encoding: string,
  schemaName: string,
  schema: optional(string),
  schemaEncoding: optional(string),
});

/** Every JSON op of the client. */
export const CLIENT_JSON: JsonOps = jsonOps<ClientMessage<true>, ClientMessage, BinaryOp>({
  subscribe: { subscriptions: batch(subscription) },
  unsubscribe: { subscriptionIds: batch(u32) },
  advertise: { channels: batch(channel) },
  unadvertise: { channelIds: batch(u32) },
  getParameters: { parameterNames: batch(string), id: optional(string) },
  setParameters: { parameters: batch(parameter), id: optional(string) },
  subscribeParameterUpdates: { parameterNames: batch(string) },
  unsubscribeParameterUpdates: { parameterNames: batch(string) },
  subscribeConnectionGraph: {},
  unsubscribeConnectionGraph: {},
  fetchAsset: { uri: string, requestId: u32 },
});
