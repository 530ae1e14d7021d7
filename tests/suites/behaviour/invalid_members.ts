/** Every way in which a member of a client's JSON message can be wrong, by op. */

/** The message but its op, and what its answer must name: the field, and what was received. */
export type BadMember = [rest: object, field: string, received: string];

/** Forms that are no list. */
function noList(member: string, others: object = {}): BadMember[] {
  return [
    [others, member, "missing"],
    [{ ...others, [member]: null }, member, "null"],
    [{ ...others, [member]: {} }, member, "object"],
    [{ ...others, [member]: "1" }, member, 'string "1"'],
    [{ ...others, [member]: 1 }, member, "number 1"],
  ];
}

/** Values that are no id, and how an answer shows them. */
const NO_IDS: [value: unknown, received: string][] = [
  [undefined, "missing"],
  [null, "null"],
  ["1", 'string "1"'],
  [true, "boolean true"],
  [[1], "array"],
  [{}, "object"],
  [-1, "number -1"],
  [1.5, "number 1.5"],
];
const NO_U32: typeof NO_IDS = [...NO_IDS, [2 ** 32, "number 4294967296"]];
const NO_SAFE_INTEGER: typeof NO_IDS = [...NO_IDS, [2 ** 53, "number 9007199254740992"]];
const NO_TEXTS: typeof NO_IDS = [
  [undefined, "missing"],
  [null, "null"],
  [5, "number 5"],
  [false, "boolean false"],
  [["a"], "array"],
  [{}, "object"],
];
const NO_OPTIONAL_TEXTS = NO_TEXTS.slice(2);

/** Entries that are no object. */
const NO_OBJECTS: typeof NO_IDS = [[null, "null"], [1, "number 1"], ["x", 'string "x"'], [[], "array"]];

/** A list with one bad entry. */
function entries(list: string, bad: typeof NO_IDS, others: object = {}): BadMember[] {
  return bad.filter(([value]) => value !== undefined)
    .map(([value, received]) => [{ ...others, [list]: [value] }, `${list}[0]`, received]);
}

/** A list whose only entry has one bad member. */
function inEntry(list: string, good: object, [member, bad]: [member: string, bad: typeof NO_IDS]): BadMember[] {
  return bad.map(([value, received]) => [{ [list]: [{ ...good, [member]: value }] }, `${list}[0].${member}`, received]);
}

/** One bad member of the message itself. */
function own(good: object, [member, bad]: [member: string, bad: typeof NO_IDS]): BadMember[] {
  return bad.map(([value, received]) => [{ ...good, [member]: value }, member, received]);
}

const SUBSCRIPTION = { id: 1, channelId: 1 };
const CHANNEL = { id: 1, topic: "/x", encoding: "json", schemaName: "" };
const PARAMETER = { name: "p", value: 1 };

/** Values that a parameter of a type cannot have. */
const BAD_VALUES: [parameter: object, received: string][] = [
  [{ value: null }, "null"],
  [{ value: [1, null] }, "null"],
  [{ value: { a: [null] } }, "null"],
  [{ value: "text", type: "float64" }, 'string "text"'],
  [{ value: 1, type: "float64_array" }, "number 1"],
  [{ value: [1, "2"], type: "float64_array" }, 'string "2"'],
  [{ value: 5, type: "byte_array" }, "number 5"],
  [{ value: "AQI", type: "byte_array" }, 'string "AQI"'],
  [{ value: "A_==", type: "byte_array" }, 'string "A_=="'],
];

/** What must be refused, by op. */
export const BAD_MEMBERS: Record<string, BadMember[]> = {
  subscribe: [
    ...noList("subscriptions"),
    ...entries("subscriptions", NO_OBJECTS),
    ...inEntry("subscriptions", SUBSCRIPTION, ["id", NO_U32]),
    ...inEntry("subscriptions", SUBSCRIPTION, ["channelId", NO_SAFE_INTEGER]),
  ],
  unsubscribe: [...noList("subscriptionIds"), ...entries("subscriptionIds", NO_U32)],
  advertise: [
    ...noList("channels"),
    ...entries("channels", NO_OBJECTS),
    ...inEntry("channels", CHANNEL, ["id", NO_U32]),
    ...inEntry("channels", CHANNEL, ["topic", NO_TEXTS]),
    ...inEntry("channels", CHANNEL, ["encoding", NO_TEXTS]),
    ...inEntry("channels", CHANNEL, ["schemaName", NO_TEXTS]),
    ...inEntry("channels", CHANNEL, ["schema", NO_OPTIONAL_TEXTS]),
    ...inEntry("channels", CHANNEL, ["schemaEncoding", NO_OPTIONAL_TEXTS]),
  ],
  unadvertise: [...noList("channelIds"), ...entries("channelIds", NO_U32)],
  getParameters: [...noList("parameterNames"), ...own({ parameterNames: [] }, ["id", NO_OPTIONAL_TEXTS])],
  setParameters: [
    ...noList("parameters"),
    ...own({ parameters: [PARAMETER] }, ["id", NO_OPTIONAL_TEXTS]),
    ...entries("parameters", NO_OBJECTS),
    ...inEntry("parameters", PARAMETER, ["name", NO_TEXTS]),
    ...inEntry("parameters", PARAMETER, ["type", NO_OPTIONAL_TEXTS]),
    ...BAD_VALUES.map(([bad, received]): BadMember => [
      { parameters: [{ name: "p", ...bad }] },
      "parameters[0].value",
      received,
    ]),
  ],
  subscribeParameterUpdates: [...noList("parameterNames"), ...entries("parameterNames", NO_TEXTS)],
  unsubscribeParameterUpdates: [...noList("parameterNames"), ...entries("parameterNames", NO_TEXTS)],
  fetchAsset: [
    ...own({ uri: "package://x" }, ["requestId", NO_U32]),
    ...own({ requestId: 1 }, ["uri", NO_TEXTS]),
  ],
};
