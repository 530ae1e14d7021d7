/**
 * Cases of asking for parameters.
 *
 * @module
 */
import type { ConformCase, JsonObject, Scene } from "../case.ts";
import { Skip } from "../mismatch.ts";
import { base64Bytes } from "../steps/channels.ts";
import { CAPABILITY_OFFERS } from "../offers.ts";
import { check, eachOnce, same } from "../steps/check.ts";
import { findOp, hasId, isOp } from "../steps/messages.ts";
import { get, getting, type Parameter, parameterOf, parametersOf, UNKNOWN_NAME } from "../steps/parameters.ts";
import { foxwire, sdk, spec } from "../steps/sources.ts";

const NEEDS = { capabilities: ["parameters"] } as const;
const named = (parameter: string) => ({ ...NEEDS, parameter });
const ID = 'a request, "quoted" \u{1f916}';

/** All parameters. @throws {Skip} when there is none. */
async function all(scene: Scene): Promise<Parameter[]> {
  const parameters = await get(await scene.connect());
  if (parameters.length === 0) throw new Skip("the server has no parameters", CAPABILITY_OFFERS.parameters);
  return parameters;
}

const isNumber = (value: unknown) => typeof value === "number" || value === null;

/** What a value has to be, by its type. */
const TYPES: Record<string, (value: unknown) => boolean> = {
  byte_array: (value) => typeof value === "string",
  float64: isNumber,
  float64_array: (value) => Array.isArray(value) && value.every(isNumber),
};

/** Whether a value is one that parameters may have: no `null` in it. */
function isValue(value: unknown): boolean {
  if (typeof value !== "object") return true;
  return value !== null && Object.values(value).every(isValue);
}

function expectTyped(parameter: Parameter): void {
  const { type, value } = parameter;
  if (type === undefined) return check(isValue(value), "a value without null in a parameter without a type", parameter);
  const isOfType = TYPES[type as string];
  check(isOfType !== undefined, `a type among ${Object.keys(TYPES).join(", ")}, or none`, parameter);
  check(isOfType(value), `a value of type ${type}`, parameter);
}

/** A parameter of the reference server, and what it has to be. */
function expectFixture(name: string, expected: JsonObject): Pick<ConformCase, "needs" | "run"> {
  return {
    needs: named(name),
    async run(scene) {
      same(await parameterOf(await scene.connect(), name), { name, ...expected }, `the parameter "${name}"`);
    },
  };
}

/** The cases. */
export const PARAMETERS: readonly ConformCase[] = [
  {
    name: "parameters/get-all",
    level: "must",
    rule: "getParameters with an empty list is answered by parameterValues with all parameters",
    source: spec("Get Parameters: leave empty to retrieve all currently set parameters"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      // Asked for by name: what the server has is otherwise known from what is tried here.
      await parameterOf(peer, "int");
      const names = (await get(peer)).map(({ name }) => name);
      check(names.includes("int"), 'all parameters, "int" among them', names);
    },
  },
  {
    name: "parameters/get-named",
    level: "must",
    rule: "getParameters with names is answered with these parameters and no others",
    source: spec("Get Parameters"),
    needs: NEEDS,
    async run(scene) {
      const [first, second] = await all(scene);
      const names = [first!.name, ...(second === undefined ? [] : [second.name])];
      const got = (await get(await scene.connect(), ...names)).map(({ name }) => name);
      same(got.toSorted(), names.toSorted(), "names in the answer");
    },
  },
  {
    name: "parameters/get-unknown",
    level: "must",
    rule: "Names that no parameter has are left out of the answer",
    source: spec("Get Parameters: and docs/protocol.md, Parameters"),
    needs: NEEDS,
    async run(scene) {
      const [first] = await all(scene);
      const got = await get(await scene.connect(), UNKNOWN_NAME, first!.name, `${UNKNOWN_NAME}_too`);
      same(got.map(({ name }) => name), [first!.name], "names in the answer");
    },
  },
  {
    name: "parameters/get-none",
    level: "should",
    rule: "getParameters is answered also when no parameter has any of the names: by an empty list",
    source: sdk("on_get_parameters"),
    needs: NEEDS,
    run: async (scene) => same(await get(await scene.connect(), UNKNOWN_NAME), [], "parameters in the answer"),
  },
  {
    name: "parameters/get-twice",
    level: "extra",
    rule: "A name that is asked for twice is answered once",
    source: foxwire("Parameters: getParameters"),
    needs: NEEDS,
    async run(scene) {
      const { name } = (await all(scene))[0]!;
      const got = await get(await scene.connect(), name, name);
      same(got.map((parameter) => parameter.name), [name], "names in the answer");
    },
  },
  {
    name: "parameters/get-id",
    level: "must",
    rule: "parameterValues has the id of the request, whatever text that is",
    source: spec("Parameter Values"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      peer.send(getting([], ID));
      await findOp(peer, "parameterValues", ({ id }) => id === ID);
    },
  },
  {
    name: "parameters/get-without-id",
    level: "must",
    rule: "parameterValues has no id when the request had none",
    source: spec("Parameter Values: id is only set when the request's id field was set"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      peer.send(getting([]));
      const answer = await peer.expect("parameterValues");
      check(!hasId(answer), "parameterValues without an id", answer);
    },
  },
  {
    name: "parameters/no-null",
    level: "should",
    rule: "Optional members are left out when they are unset, not sent as null",
    source: sdk("ParameterValues"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      peer.send(getting([]));
      const answer = await peer.expect("parameterValues");
      const nulls = [answer, ...parametersOf(answer)].filter(({ id, type }) => id === null || type === null);
      same(nulls, [], "messages and parameters with an id or type of null");
    },
  },
  {
    name: "parameters/get-null-id",
    level: "should",
    rule: "null for an optional member counts as left out",
    source: sdk("ServerInfo: members that are none are skipped"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      peer.send({ op: "getParameters", parameterNames: [], id: null });
      const { id = null } = await peer.expect("parameterValues");
      same(id, null, "id of the answer");
    },
  },
  {
    name: "parameters/get-order",
    level: "should",
    rule: "Requests of one client are answered in their order",
    source: foxwire("Order"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      const ids = Array.from({ length: 10 }, (_, index) => `order ${9 - index}`);
      peer.send(...ids.map((id) => getting([], id)));
      const got: unknown[] = [];
      for (const _ of ids) got.push((await findOp(peer, "parameterValues", hasId)).id);
      same(got, ids, "ids of the answers");
    },
  },
  {
    name: "parameters/get-many",
    level: "should",
    rule: "100 requests in one breath are all answered",
    source: sdk("on_get_parameters"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      peer.send(...Array.from({ length: 100 }, (_, index) => getting([UNKNOWN_NAME], `${index}`)));
      for (let index = 0; index < 100; index++) await findOp(peer, "parameterValues");
    },
  },
  {
    name: "parameters/get-bad-entry",
    level: "extra",
    rule: "A name that is no string is answered by an error, and the other names are answered",
    source: foxwire("What does not follow the protocol: the same in one entry of a list"),
    needs: NEEDS,
    async run(scene) {
      const { name } = (await all(scene))[0]!;
      const peer = await scene.connect();
      peer.send(getting([5, name], ID));
      await peer.expectStatus("error");
      const answer = await findOp(peer, "parameterValues", ({ id }) => id === ID);
      same(parametersOf(answer).map((parameter) => parameter.name), [name], "names in the answer");
    },
  },
  {
    name: "parameters/requester",
    level: "must",
    rule: "The answer goes to the client that asked, and to no other",
    source: spec("Parameter Values"),
    needs: NEEDS,
    async run(scene) {
      const [asking, other] = [await scene.connect(), await scene.connect()];
      await get(asking);
      const got = (await other.settle()).filter((message) => isOp(message, "parameterValues"));
      same(got, [], "parameterValues for who did not ask");
    },
  },
  {
    name: "parameters/types",
    level: "must",
    rule: "A value is what its type says: a number, a list of numbers, base64, or without a type anything but null",
    source: spec("Parameter Values"),
    needs: NEEDS,
    run: async (scene) => (await all(scene)).forEach(expectTyped),
  },
  {
    name: "parameters/base64",
    level: "must",
    rule: "The value of a byte_array is base64 of the standard alphabet with padding",
    source: spec("Parameter Values: base64 encoded string"),
    needs: NEEDS,
    async run(scene) {
      for (const { name, type, value } of await all(scene)) {
        if (type === "byte_array") base64Bytes(value, `the value of "${name}"`);
      }
    },
  },
  {
    name: "parameters/unique-names",
    level: "must",
    rule: "Each parameter comes once",
    source: spec("Get Parameters"),
    needs: NEEDS,
    async run(scene) {
      const names = (await all(scene)).map(({ name }) => name);
      eachOnce(names, "names");
    },
  },
  {
    name: "parameters/integer",
    level: "should",
    rule: "An integer has no type: with one it would be a float",
    source: sdk("Parameter"),
    needs: named("int"),
    async run(scene) {
      const { value, type } = await parameterOf(await scene.connect(), "int");
      check(Number.isInteger(value) && type === undefined, 'an integer without a type as "int"', { value, type });
    },
  },
  {
    name: "parameters/float",
    level: "should",
    rule: "A float has the type float64, also when its value is whole",
    source: spec("Parameter Values: float64"),
    needs: named("float"),
    async run(scene) {
      const { value, type } = await parameterOf(await scene.connect(), "float");
      check(isNumber(value) && type === "float64", 'a number of type float64 as "float"', { value, type });
    },
  },
  {
    name: "parameters/bool",
    level: "should",
    rule: "A boolean is a JSON boolean without a type",
    source: spec("Parameter Values"),
    ...expectFixture("bool", { value: true }),
  },
  {
    name: "parameters/bytes",
    level: "should",
    rule: "Bytes are base64 of type byte_array",
    source: spec("Parameter Values: byte_array"),
    ...expectFixture("bytes", { value: "AAECAwQFBgcICQoLDA0ODw==", type: "byte_array" }),
  },
  {
    name: "parameters/list",
    level: "should",
    rule: "A list of floats has the type float64_array",
    source: spec("Parameter Values: float64_array"),
    ...expectFixture("list", { value: [1, 2.5], type: "float64_array" }),
  },
  {
    name: "parameters/nested",
    level: "should",
    rule: "Lists and objects nest, and have no type",
    source: spec("Parameter Values: ParameterValue[] and { [key: string]: ParameterValue }"),
    ...expectFixture("nested", { value: { a: [1, { b: true }] } }),
  },
];
