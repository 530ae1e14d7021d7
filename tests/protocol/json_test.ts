/** JSON messages: what is refused and how it is said, and what is forgiven. */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "../support/test.ts";
import { decodeClientMessage, decodeServerMessage, encodeServerMessage } from "../../src/protocol/codec.ts";
import { type BrokenRequest, ProtocolError } from "../../src/protocol/errors.ts";
import type { ServerMessage } from "../../src/protocol/messages.ts";
import { protocolError, show } from "./support.ts";

type Decode = (text: string) => unknown;

/** A text, and what the error says; everything else has to be decoded from the op on. */
type Refused = [text: string, error: string, request?: BrokenRequest];

const NO_MESSAGE: Refused[] = [
  ["", 'Cannot decode text message: "" is not JSON'],
  ["{", 'Cannot decode text message: "{" is not JSON'],
  ["x".repeat(50), `Cannot decode text message: "${"x".repeat(40)}…" is not JSON`],
  ["[]", "Cannot decode text message: got array, need an object"],
  ["null", "Cannot decode text message: got null, need an object"],
  ["5", "Cannot decode text message: got number 5, need an object"],
  ['"op"', 'Cannot decode text message: got string "op", need an object'],
  ["true", "Cannot decode text message: got boolean true, need an object"],
  ["{}", "Cannot decode text message: op is missing, need a string"],
  ['{"op":1}', "Cannot decode text message: op is number 1, need a string"],
  ['{"op":null}', "Cannot decode text message: op is null, need a string"],
];

const U32 = "an integer from 0 to 4294967295";
const SAFE = "an integer from 0 to 9007199254740991";

const FROM_CLIENT: Refused[] = [
  // A client forgives these, see interop.md; a server does not.
  ["NaN", 'Cannot decode text message: "NaN" is not JSON'],
  ['\ufeff{"op":"subscribe"}', 'Cannot decode text message: "\ufeff{\\"op\\":\\"subscribe\\"}" is not JSON'],
  ['{"op":"subscribe"}', "Cannot decode subscribe: subscriptions is missing, need an array"],
  ['{"op":"subscribe","subscriptions":null}', "Cannot decode subscribe: subscriptions is null, need an array"],
  ['{"op":"subscribe","subscriptions":{}}', "Cannot decode subscribe: subscriptions is object, need an array"],
  ['{"op":"unsubscribe","subscriptionIds":7}', "Cannot decode unsubscribe: subscriptionIds is number 7, need an array"],
  ['{"op":"advertise","channels":"x"}', 'Cannot decode advertise: channels is string "x", need an array'],
  ['{"op":"unadvertise"}', "Cannot decode unadvertise: channelIds is missing, need an array"],
  ['{"op":"getParameters"}', "Cannot decode getParameters: parameterNames is missing, need an array"],
  ['{"op":"getParameters","parameterNames":[],"id":1}', "Cannot decode getParameters: id is number 1, need a string"],
  ['{"op":"setParameters","id":"a"}', "Cannot decode setParameters: parameters is missing, need an array"],
  [
    '{"op":"subscribeParameterUpdates","parameterNames":false}',
    "Cannot decode subscribeParameterUpdates: parameterNames is boolean false, need an array",
  ],
  [
    '{"op":"unsubscribeParameterUpdates"}',
    "Cannot decode unsubscribeParameterUpdates: parameterNames is missing, need an array",
  ],
  ['{"op":"fetchAsset","requestId":7}', "Cannot decode fetchAsset: uri is missing, need a string", {
    kind: "fetchAsset",
    requestId: 7,
  }],
  ['{"op":"fetchAsset","uri":"a","requestId":"7"}', `Cannot decode fetchAsset: requestId is string "7", need ${U32}`],
  ['{"op":"fetchAsset","uri":[],"requestId":-7}', "Cannot decode fetchAsset: uri is array, need a string"],
];

const FROM_SERVER: Refused[] = [
  ["NaN", "Cannot decode text message: got null, need an object"],
  ['{"op":"status"', 'Cannot decode text message: "{\\"op\\":\\"status\\"" is not JSON'],
  ['{"op":"status","level":3,"message":""}', "Cannot decode status: level is number 3, need an integer from 0 to 2"],
  [
    '{"op":"status","level":"info","message":""}',
    'Cannot decode status: level is string "info", need an integer from 0 to 2',
  ],
  ['{"op":"removeStatus","statusIds":[null]}', "Cannot decode removeStatus: statusIds[0] is null, need a string"],
  ['{"op":"advertise"}', "Cannot decode advertise: channels is missing, need an array"],
  ['{"op":"unadvertise","channelIds":{}}', "Cannot decode unadvertise: channelIds is object, need an array"],
  ['{"op":"parameterValues"}', "Cannot decode parameterValues: parameters is missing, need an array"],
  ['{"op":"parameterValues","id":"get-1"}', "Cannot decode parameterValues: parameters is missing, need an array", {
    kind: "parameters",
    id: "get-1",
  }],
  ['{"op":"parameterValues","id":1}', "Cannot decode parameterValues: parameters is missing, need an array"],
  ['{"op":"advertiseServices"}', "Cannot decode advertiseServices: services is missing, need an array"],
  ['{"op":"unadvertiseServices"}', "Cannot decode unadvertiseServices: serviceIds is missing, need an array"],
  [
    '{"op":"connectionGraphUpdate","publishedTopics":[{"publisherIds":[]}]}',
    "Cannot decode connectionGraphUpdate: publishedTopics[0].name is missing, need a string",
  ],
  [
    '{"op":"connectionGraphUpdate","publishedTopics":[],"subscribedTopics":[],"advertisedServices":[],"removedTopics":[1]}',
    "Cannot decode connectionGraphUpdate: removedTopics[0] is number 1, need a string",
  ],
  [
    '{"op":"serviceCallFailure","serviceId":1,"callId":2}',
    "Cannot decode serviceCallFailure: message is missing, need a string",
    { kind: "serviceCall", serviceId: 1, callId: 2 },
  ],
  [
    '{"op":"serviceCallFailure","serviceId":1,"message":""}',
    `Cannot decode serviceCallFailure: callId is missing, need ${U32}`,
  ],
];

function refusedTests(side: string, decode: Decode, cases: Refused[]) {
  for (const [text, message, request] of cases) {
    test(`the text ${text} of a ${side} is told: ${message}`, () => {
      const error = protocolError(() => decode(text));
      assertEquals([error.message, error.code, error.request], [message, "invalid_message", request]);
    });
  }
}

refusedTests("client", decodeClientMessage, [...NO_MESSAGE, ...FROM_CLIENT]);
refusedTests("server", (text) => decodeServerMessage(text), [...NO_MESSAGE, ...FROM_SERVER]);

test("an op that is not known is told apart from a broken message", () => {
  for (const op of ["publish", "", "__proto__", "constructor", "toString", "hasOwnProperty"]) {
    for (const decode of [decodeClientMessage, (text: string) => decodeServerMessage(text)]) {
      const error = protocolError(() => decode(JSON.stringify({ op })));
      assertEquals(error.message, `Cannot decode text message: unknown op "${op}"`);
      assertEquals(error.code, "unknown_op");
    }
  }
});

test("an op that has a binary form alone is no text message, and the other direction's ops are not known", () => {
  for (const op of ["messageData", "serviceCallRequest", "serverInfo"]) {
    assertEquals(protocolError(() => decodeClientMessage(JSON.stringify({ op }))).code, "unknown_op");
  }
  for (const op of ["messageData", "time", "subscribe"]) {
    assertEquals(protocolError(() => decodeServerMessage(JSON.stringify({ op }))).code, "unknown_op");
  }
});

test("a megabyte of an op does not come back in the error", () => {
  const error = protocolError(() => decodeClientMessage(JSON.stringify({ op: "x".repeat(1_000_000) })));
  assert(error.message.length < 100, error.message);
});

/** One batch of each kind with good and bad entries, and the errors in the places of the bad ones. */
const BATCHES: [Decode, op: string, member: string, entries: unknown[], errors: (string | undefined)[]][] = [
  [decodeClientMessage, "subscribe", "subscriptions", [
    { id: 1, channelId: 2 },
    { id: "1", channelId: 2 },
    { id: 1 },
    { id: 4294967296, channelId: 2 },
    { id: 0, channelId: 9007199254740992 },
    { id: 4294967295, channelId: 9007199254740991 },
    5,
    [],
    null,
  ], [
    undefined,
    `subscriptions[1].id is string "1", need ${U32}`,
    `subscriptions[2].channelId is missing, need ${SAFE}`,
    `subscriptions[3].id is number 4294967296, need ${U32}`,
    `subscriptions[4].channelId is number 9007199254740992, need ${SAFE}`,
    undefined,
    "subscriptions[6] is number 5, need an object",
    "subscriptions[7] is array, need an object",
    "subscriptions[8] is null, need an object",
  ]],
  [decodeClientMessage, "unsubscribe", "subscriptionIds", [0, -1, 1.5, null, true, 4294967295], [
    undefined,
    `subscriptionIds[1] is number -1, need ${U32}`,
    `subscriptionIds[2] is number 1.5, need ${U32}`,
    `subscriptionIds[3] is null, need ${U32}`,
    `subscriptionIds[4] is boolean true, need ${U32}`,
    undefined,
  ]],
  [decodeClientMessage, "advertise", "channels", [
    { id: 1, topic: "/a", encoding: "json", schemaName: "" },
    { id: 1, topic: 5, encoding: "json", schemaName: "" },
    { id: 1, topic: "/a", encoding: "json", schemaName: "", schema: {} },
    { id: 2, topic: "/b", encoding: "cdr", schemaName: "B", schema: "int8 x", schemaEncoding: "ros2msg" },
  ], [
    undefined,
    "channels[1].topic is number 5, need a string",
    "channels[2].schema is object, need a string",
    undefined,
  ]],
  [decodeClientMessage, "unadvertise", "channelIds", [1, "2"], [undefined, `channelIds[1] is string "2", need ${U32}`]],
  [decodeClientMessage, "getParameters", "parameterNames", ["a", 1], [
    undefined,
    "parameterNames[1] is number 1, need a string",
  ]],
  [decodeClientMessage, "setParameters", "parameters", [{ name: "a", value: 1 }, { value: 1 }], [
    undefined,
    "parameters[1].name is missing, need a string",
  ]],
  [decodeClientMessage, "subscribeParameterUpdates", "parameterNames", [{}, "a"], [
    "parameterNames[0] is object, need a string",
    undefined,
  ]],
  [decodeServerMessage as Decode, "advertise", "channels", [
    { id: 1, topic: "/a", encoding: "json", schemaName: "", schema: "" },
    { id: 1, topic: 5, encoding: "json", schemaName: "A" },
    { id: 9007199254740991, topic: "/a", encoding: "json", schemaName: "", schema: "", metadata: { a: "b" } },
    { id: 1, topic: "/a", encoding: "json", schemaName: "", schema: "", metadata: [] },
  ], [
    undefined,
    "channels[1].topic is number 5, need a string",
    undefined,
    "channels[3].metadata is array, need an object",
  ]],
  [decodeServerMessage as Decode, "unadvertise", "channelIds", [9007199254740991, -1], [
    undefined,
    `channelIds[1] is number -1, need ${SAFE}`,
  ]],
  [decodeServerMessage as Decode, "parameterValues", "parameters", [7, { name: "a" }], [
    "parameters[0] is number 7, need an object",
    undefined,
  ]],
  [decodeServerMessage as Decode, "advertiseServices", "services", [
    { id: 1, name: "/s", type: "t", requestSchema: "", responseSchema: "" },
    { id: 2, name: "/s", type: "t", request: { encoding: 1 }, responseSchema: "" },
    { id: 2, type: "t" },
  ], [
    undefined,
    "services[1].request.encoding is number 1, need a string",
    "services[2].name is missing, need a string",
  ]],
  [decodeServerMessage as Decode, "unadvertiseServices", "serviceIds", [1, 4294967296], [
    undefined,
    `serviceIds[1] is number 4294967296, need ${U32}`,
  ]],
];

for (const [decode, op, member, entries, errors] of BATCHES) {
  test(`bad ${member} of ${op} are errors in their places, and the good ones are read`, () => {
    const message = decode(JSON.stringify({ op, [member]: entries })) as Record<string, unknown[]>;
    const expected = entries.map((entry, i) => errors[i] === undefined ? entry : `Cannot decode ${op}: ${errors[i]}`);
    assertEquals(
      message[member]!.map((entry) => entry instanceof ProtocolError ? entry.message : entry),
      expected,
    );
  });
}

test("a batch of bad entries is not read to its end", () => {
  const decode = (count: number) =>
    decodeClientMessage(JSON.stringify({ op: "unsubscribe", subscriptionIds: [7, ...Array(count).fill("x"), 8] }));
  const message = decode(1_000);
  assert(message?.op === "unsubscribe");
  assertStrictEquals(message.subscriptionIds.length, 1_002);
  assertStrictEquals(
    String(message.subscriptionIds[1_001]),
    "ProtocolError: Cannot decode unsubscribe: subscriptionIds has 1000 bad entries before index 1001, no more are read",
  );
  assertStrictEquals((decode(999) as typeof message).subscriptionIds[1_000], 8);
  assertStrictEquals((decode(1_000_000) as typeof message).subscriptionIds.length, 1_002);
});

test("`1.0` and `-0` are the integers that they mean", () => {
  const message = decodeClientMessage('{"op":"unsubscribe","subscriptionIds":[1.0,-0]}');
  assertStrictEquals(show(message), '{ "op": "unsubscribe", "subscriptionIds": [1, 0] }');
});

test("unknown members and unknown capabilities are ignored", () => {
  const text =
    '{"op":"serverInfo","name":"x","capabilities":["time","telepathy"],"mood":{"good":[true]},"__proto__":{"a":1}}';
  assertEquals(decodeServerMessage(text), { op: "serverInfo", name: "x", capabilities: ["time", "telepathy"] });
});

test("`null` for an optional member counts as absent", () => {
  assertEquals(
    decodeServerMessage(
      '{"op":"serverInfo","name":"x","capabilities":[],"supportedEncodings":null,"metadata":null,"sessionId":null,"dataStartTime":null,"dataEndTime":null}',
    ),
    { op: "serverInfo", name: "x", capabilities: [] },
  );
  assertEquals(
    decodeClientMessage(
      '{"op":"advertise","channels":[{"id":1,"topic":"/a","encoding":"json","schemaName":"","schema":null,"schemaEncoding":null}]}',
    ),
    { op: "advertise", channels: [{ id: 1, topic: "/a", encoding: "json", schemaName: "" }] },
  );
  assertEquals(decodeClientMessage('{"op":"getParameters","parameterNames":[],"id":null}'), {
    op: "getParameters",
    parameterNames: [],
  });
});

test("a bad member of serverInfo that is not needed counts as absent", () => {
  const bad = ['"metadata":[]', '"dataStartTime":{"sec":1}', '"dataEndTime":12.5', '"supportedEncodings":"json"'];
  for (const capabilities of ["{}", '"time"', '["time",1]', "null"]) {
    const text = `{"op":"serverInfo","name":"x","capabilities":${capabilities},"sessionId":7,${bad.join()}}`;
    assertEquals(decodeServerMessage(text), { op: "serverInfo", name: "x", capabilities: [], sessionId: "7" });
  }
});

test("an empty schema encoding is kept apart from none", () => {
  const channel = { id: 1, topic: "/a", encoding: "json", schemaName: "", schema: "", schemaEncoding: "" };
  const text = JSON.stringify({ op: "advertise", channels: [channel] });
  const message = decodeServerMessage(text) as ServerMessage;
  assertEquals<unknown>(message, { op: "advertise", channels: [channel] });
  assertStrictEquals(encodeServerMessage(message), text);
});

test("`__proto__`, `constructor` and `toString` are keys like any other where keys are data", () => {
  const metadata = '{"__proto__":"a","constructor":"b","toString":"c"}';
  const value = '{"__proto__":{"constructor":[1]},"toString":{"__proto__":"x"}}';
  const texts = [
    `{"op":"serverInfo","name":"x","capabilities":[],"metadata":${metadata}}`,
    `{"op":"advertise","channels":[{"id":1,"topic":"__proto__","encoding":"a","schemaName":"","schema":"","metadata":${metadata}}]}`,
    `{"op":"parameterValues","parameters":[{"name":"__proto__","value":${value}},{"name":"constructor","value":1}]}`,
  ];
  for (const text of texts) {
    const message = decodeServerMessage(text) as ServerMessage;
    assertStrictEquals(show(message), show(JSON.parse(text)));
    assertStrictEquals(encodeServerMessage(message), text);
  }
  assertStrictEquals(Object.keys(Object.prototype).length, 0);
});
