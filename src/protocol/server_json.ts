/**
 * The JSON messages of the server, member by member; both directions in one table.
 *
 * @module
 */
import { type SERVER_OPCODES, STATUS_LEVELS } from "./constants.ts";
import {
  asText,
  batch,
  dispensable,
  type Field,
  forgiven,
  indexOf,
  isObject,
  type JsonObject,
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
  Parameter,
  ServerMessage,
  ServiceMessageSchema,
} from "./messages.ts";
import { parameter } from "./parameters.ts";

type BinaryOp = keyof typeof SERVER_OPCODES;
type Graph = ConnectionGraphUpdate;

/** A text that is empty where a server leaves it out. */
const text = forgiven(string, "");
/** The same, and what is no text, such as a JSON Schema that was not made one, stands for its JSON. */
const anyText = forgiven(asText, "");
/** An array that is empty where a server leaves it out. */
const entries = <T>(of: Field<T>): Field<T[]> => forgiven(list(of), []);

/** What counts as left out if it is bad: a connection is not to fail for it. */
const sparing = <T>(field: Field<T>) => optional(dispensable(field, undefined as T));

const messageSchema: Field<ServiceMessageSchema> = object<ServiceMessageSchema>({
  encoding: text,
  schemaName: text,
  schemaEncoding: text,
  schema: text,
});

const allOfService = object<AdvertisedService>({
  id: u32,
  name: string,
  type: text,
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
  encoding: text,
  schemaName: text,
  schema: anyText,
  schemaEncoding: optional(string),
  metadata: optional(stringMap),
});

/** A parameter whose bytes may come without the padding of base64. */
const serverParameter: Field<Parameter> = {
  read: (json, at) => parameter.read(isObject(json) && json.type === "byte_array" ? padded(json) : json, at),
  write: parameter.write,
};

function padded({ value, ...rest }: JsonObject): JsonObject {
  return { ...rest, value: typeof value === "string" ? value + "=".repeat(-value.length & 3) : value };
}

/** Every JSON op of the server. What servers leave out although they must not is listed in docs/interop.md. The `advertise` of `foxglove.sdk.v1.1` is in advertise_table.ts. */
export const SERVER_JSON: JsonOps = jsonOps<ServerMessage<true>, ServerMessage, BinaryOp>({
  serverInfo: {
    name: anyText,
    capabilities: dispensable(list(string), []),
    supportedEncodings: sparing(list(string)),
    metadata: sparing(stringMap),
    sessionId: optional(asText),
    dataStartTime: sparing(secNsec),
    dataEndTime: sparing(secNsec),
  },
  status: { level: indexOf(STATUS_LEVELS), message: string, id: optional(string) },
  removeStatus: { statusIds: list(string) },
  advertise: { channels: batch(inlineChannel) },
  unadvertise: { channelIds: batch(safeInteger) },
  parameterValues: { parameters: batch(serverParameter), id: optional(string) },
  advertiseServices: { services: batch(service) },
  unadvertiseServices: { serviceIds: batch(u32) },
  connectionGraphUpdate: {
    publishedTopics: entries(object<Graph["publishedTopics"][number]>({ name: string, publisherIds: entries(string) })),
    subscribedTopics: entries(
      object<Graph["subscribedTopics"][number]>({ name: string, subscriberIds: entries(string) }),
    ),
    advertisedServices: entries(
      object<Graph["advertisedServices"][number]>({ name: string, providerIds: entries(string) }),
    ),
    removedTopics: entries(string),
    removedServices: entries(string),
  },
  serviceCallFailure: { serviceId: u32, callId: u32, message: string },
});
