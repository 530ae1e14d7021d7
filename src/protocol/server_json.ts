/**
 * The JSON messages of the server, member by member; both directions in one table.
 *
 * @module
 */
import { type SERVER_OPCODES, STATUS_LEVELS } from "./constants.ts";
import {
  batch,
  type Field,
  indexOf,
  list,
  object,
  optional,
  safeInteger,
  secNsec,
  string,
  stringMap,
  u32,
} from "./fields.ts";
import { type JsonOps, jsonOps } from "./json_codec.ts";
import type {
  AdvertisedChannel,
  AdvertisedService,
  ConnectionGraphUpdate,
  ServerMessage,
  ServiceMessageSchema,
} from "./messages.ts";
import { parameter } from "./parameters.ts";

type BinaryOp = keyof typeof SERVER_OPCODES;
type Graph = ConnectionGraphUpdate;

const messageSchema: Field<ServiceMessageSchema> = object<ServiceMessageSchema>({
  encoding: string,
  schemaName: string,
  schemaEncoding: string,
  schema: string,
});

const allOfService = object<AdvertisedService>({
  id: u32,
  name: string,
  type: string,
  request: optional(messageSchema),
  response: optional(messageSchema),
  requestSchema: optional(string),
  responseSchema: optional(string),
});

/** Everything is read; of each side one form is written, the legacy one where there is no other. */
const service: Field<AdvertisedService> = {
  read: allOfService.read,
  write({ requestSchema = "", responseSchema = "", ...service }, at) {
    const legacy: { requestSchema?: string; responseSchema?: string } = {};
    if (service.request === undefined) legacy.requestSchema = requestSchema;
    if (service.response === undefined) legacy.responseSchema = responseSchema;
    return allOfService.write({ ...service, ...legacy }, at);
  },
};

/** A channel with its schema inside, as in `foxglove.websocket.v1` and `foxglove.sdk.v1`. */
const inlineChannel: Field<AdvertisedChannel> = object<Omit<AdvertisedChannel, "unresolvedSchemaId">>({
  id: safeInteger,
  topic: string,
  encoding: string,
  schemaName: string,
  schema: string,
  schemaEncoding: optional(string),
  metadata: optional(stringMap),
});

/** Every JSON op of the server. The `advertise` of `foxglove.sdk.v1.1` is in advertise_table.ts. */
export const SERVER_JSON: JsonOps = jsonOps<ServerMessage<true>, ServerMessage, BinaryOp>({
  serverInfo: {
    name: string,
    capabilities: list(string),
    supportedEncodings: optional(list(string)),
    metadata: optional(stringMap),
    sessionId: optional(string),
    dataStartTime: optional(secNsec),
    dataEndTime: optional(secNsec),
  },
  status: { level: indexOf(STATUS_LEVELS), message: string, id: optional(string) },
  removeStatus: { statusIds: list(string) },
  advertise: { channels: batch(inlineChannel) },
  unadvertise: { channelIds: batch(safeInteger) },
  parameterValues: { parameters: batch(parameter), id: optional(string) },
  advertiseServices: { services: batch(service) },
  unadvertiseServices: { serviceIds: batch(u32) },
  connectionGraphUpdate: {
    publishedTopics: list(object<Graph["publishedTopics"][number]>({ name: string, publisherIds: list(string) })),
    subscribedTopics: list(object<Graph["subscribedTopics"][number]>({ name: string, subscriberIds: list(string) })),
    advertisedServices: list(object<Graph["advertisedServices"][number]>({ name: string, providerIds: list(string) })),
    removedTopics: list(string),
    removedServices: list(string),
  },
  serviceCallFailure: { serviceId: u32, callId: u32, message: string },
});
