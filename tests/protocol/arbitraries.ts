/** Every message of both directions, as fast-check makes them up. */
import fc, { type Arbitrary } from "fast-check";
import { PLAYBACK_COMMANDS, PLAYBACK_STATUSES, STATUS_LEVELS } from "../../src/protocol/constants.ts";
import type {
  ClientMessage,
  MessageOf,
  Parameter,
  ParameterValue,
  ServerMessage,
} from "../../src/protocol/messages.ts";
import { base64Encode } from "../../src/util/bytes.ts";

/** An arbitrary per op, so that a new op without one does not compile. */
type PerOp<M extends { op: string }> = { [Op in M["op"]]: Arbitrary<Omit<MessageOf<M, Op>, "op">> };

// Keys that objects without a null prototype have already.
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string(),
  fc.constantFrom("__proto__", "constructor", "toString", '"\\u0000\n', "\\ud83e", "é🤖"),
);
const u32 = fc.oneof(fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff), fc.nat(0xffff_ffff));
const safe = fc.oneof(fc.constantFrom(0, Number.MAX_SAFE_INTEGER, 2 ** 32), fc.maxSafeNat());
const u64 = fc.oneof(
  fc.constantFrom(0n, 0xffff_ffffn, 0x1_0000_0000n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const bytes = fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ maxLength: 40 }));
const texts = fc.array(text, { maxLength: 4 });
const textMap = fc.dictionary(text, text, { maxKeys: 4 });
const time = fc.record({ sec: u32, nsec: fc.nat(999_999_999) });
// JSON.stringify loses the sign of -0.
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

const { value } = fc.letrec<{ value: ParameterValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    finite,
    fc.boolean(),
    text,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(text, tie("value"), { maxKeys: 4 }),
  ),
}));

const parameter: Arbitrary<Parameter> = fc.oneof(
  fc.record({ name: text }),
  fc.record({ name: text, value }),
  fc.record({ name: text, type: fc.constant("float64"), value: fc.double().map((number) => number + 0) }),
  fc.record({
    name: text,
    type: fc.constant("float64_array"),
    value: fc.array(fc.double().map((number) => number + 0), { maxLength: 4 }),
  }),
  fc.record({ name: text, type: fc.constant("byte_array"), value: bytes.map(base64Encode) }),
  fc.record({ name: text, type: text.map((type) => `${type}?`), value }),
);
const parameters = fc.array(parameter, { maxLength: 4 });

const clientChannel = fc.record(
  { id: u32, topic: text, encoding: text, schemaName: text, schema: text, schemaEncoding: text },
  { requiredKeys: ["id", "topic", "encoding", "schemaName"] },
);

/** A channel with a schema, one without, and one whose schema is empty. */
export const serverChannel = fc.oneof(
  fc.record(
    { id: safe, topic: text, encoding: text, schemaName: text, schema: text, schemaEncoding: text, metadata: textMap },
    { requiredKeys: ["id", "topic", "encoding", "schemaName", "schema", "schemaEncoding"] },
  ),
  fc.record(
    { id: safe, topic: text, encoding: text, schemaName: fc.constant(""), schema: fc.constant(""), metadata: textMap },
    { requiredKeys: ["id", "topic", "encoding", "schemaName", "schema"] },
  ),
);

const messageSchema = fc.record({ encoding: text, schemaName: text, schemaEncoding: text, schema: text });
const service = fc.tuple(
  fc.record({ id: u32, name: text, type: text }),
  fc.oneof(fc.record({ request: messageSchema }), fc.record({ requestSchema: text })),
  fc.oneof(fc.record({ response: messageSchema }), fc.record({ responseSchema: text })),
).map(([common, request, response]) => ({ ...common, ...request, ...response }));

const serviceCall = fc.record({ serviceId: u32, callId: u32, encoding: text, data: bytes });

const SERVER: PerOp<ServerMessage> = {
  serverInfo: fc.record({
    name: text,
    capabilities: texts,
    supportedEncodings: texts,
    metadata: textMap,
    sessionId: text,
    dataStartTime: time,
    dataEndTime: time,
  }, { requiredKeys: ["name", "capabilities"] }),
  status: fc.record({ level: fc.constantFrom(...STATUS_LEVELS), message: text, id: text }, {
    requiredKeys: ["level", "message"],
  }),
  removeStatus: fc.record({ statusIds: texts }),
  advertise: fc.record({ channels: fc.array(serverChannel, { maxLength: 4 }) }),
  unadvertise: fc.record({ channelIds: fc.array(safe) }),
  parameterValues: fc.record({ parameters, id: text }, { requiredKeys: ["parameters"] }),
  advertiseServices: fc.record({ services: fc.array(service, { maxLength: 3 }) }),
  unadvertiseServices: fc.record({ serviceIds: fc.array(u32) }),
  connectionGraphUpdate: fc.record({
    publishedTopics: fc.array(fc.record({ name: text, publisherIds: texts }), { maxLength: 3 }),
    subscribedTopics: fc.array(fc.record({ name: text, subscriberIds: texts }), { maxLength: 3 }),
    advertisedServices: fc.array(fc.record({ name: text, providerIds: texts }), { maxLength: 3 }),
    removedTopics: texts,
    removedServices: texts,
  }),
  serviceCallFailure: fc.record({ serviceId: u32, callId: u32, message: text }),
  messageData: fc.record({ subscriptionId: u32, logTime: u64, data: bytes }),
  time: fc.record({ timestamp: u64 }),
  serviceCallResponse: serviceCall,
  fetchAssetResponse: fc.oneof(fc.record({ requestId: u32, data: bytes }), fc.record({ requestId: u32, error: text })),
  playbackState: fc.record({
    status: fc.constantFrom(...PLAYBACK_STATUSES),
    currentTime: u64,
    speed: fc.float({ noNaN: true, noDefaultInfinity: true }),
    didSeek: fc.boolean(),
    requestId: text,
  }),
};

const CLIENT: PerOp<ClientMessage> = {
  subscribe: fc.record({ subscriptions: fc.array(fc.record({ id: u32, channelId: safe })) }),
  unsubscribe: fc.record({ subscriptionIds: fc.array(u32) }),
  advertise: fc.record({ channels: fc.array(clientChannel, { maxLength: 4 }) }),
  unadvertise: fc.record({ channelIds: fc.array(u32) }),
  getParameters: fc.record({ parameterNames: texts, id: text }, { requiredKeys: ["parameterNames"] }),
  setParameters: fc.record({ parameters, id: text }, { requiredKeys: ["parameters"] }),
  subscribeParameterUpdates: fc.record({ parameterNames: texts }),
  unsubscribeParameterUpdates: fc.record({ parameterNames: texts }),
  subscribeConnectionGraph: fc.record({}),
  unsubscribeConnectionGraph: fc.record({}),
  fetchAsset: fc.record({ uri: text, requestId: u32 }),
  messageData: fc.record({ channelId: u32, data: bytes }),
  serviceCallRequest: serviceCall,
  playbackControlRequest: fc.record({
    command: fc.constantFrom(...PLAYBACK_COMMANDS),
    // The smallest f32 above 0 and the largest.
    speed: fc.float({ min: 2 ** -149, max: Math.fround(3.4028234663852886e38), noNaN: true }),
    seekTime: u64,
    requestId: text,
  }, { requiredKeys: ["command", "speed", "requestId"] }),
};

function anyOf<M extends { op: string }>(perOp: PerOp<M>): Arbitrary<M> {
  const ops = Object.entries<Arbitrary<object>>(perOp);
  return fc.oneof(...ops.map(([op, members]) => members.map((message) => ({ op, ...message })))) as Arbitrary<never>;
}

/** Any message of a server. */
export const serverMessage: Arbitrary<ServerMessage> = anyOf(SERVER);

/** Any message of a client. */
export const clientMessage: Arbitrary<ClientMessage> = anyOf(CLIENT);

/** JSON as `JSON.parse` gives it. */
export const json: Arbitrary<unknown> = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)));
