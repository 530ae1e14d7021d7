/**
 * Cases of setting parameters. Each leaves them as they were.
 *
 * @module
 */
import type { ConformCase, Scene } from "../case.ts";
import { same } from "../steps/check.ts";
import { isOp } from "../steps/messages.ts";
import { get, NEW_NAME, type Parameter, parameterOf, restoring, set, setting } from "../steps/parameters.ts";
import { choice, foxwire, sdk, spec } from "../steps/sources.ts";

const NEEDS = { capabilities: ["parameters"] } as const;
const named = (parameter: string) => ({ ...NEEDS, parameter });

/** Sets one parameter, and fails unless it is then what was wanted. */
const takes = (wanted: Parameter) => (scene: Scene): Promise<void> =>
  // Where there is no "int", it is not a server that is made to be tried.
  restoring(scene, ["int", wanted.name], async (peer) => {
    await set(peer, wanted);
    same(await get(peer, wanted.name), [wanted], `the parameter "${wanted.name}" when it was set`);
  });

/** Sets one parameter, and fails unless it is refused: it is what it was before. */
const refuses = (wanted: Parameter) => (scene: Scene): Promise<void> =>
  restoring(scene, [wanted.name], async (peer, before) => {
    await peer.ask(setting([wanted], "refused"));
    same(await get(peer, wanted.name), before, `the parameter "${wanted.name}" when setting it was refused`);
  });

/** Sets one parameter, and fails unless a status of level error says that it was refused. */
const complains = (wanted: Parameter) => (scene: Scene): Promise<void> =>
  restoring(scene, [wanted.name], async (peer) => {
    peer.send(setting([wanted]));
    await peer.expectStatus("error");
  });

/** The cases. */
export const PARAMETERS_SET: readonly ConformCase[] = [
  {
    name: "parameters/set-answer",
    level: "must",
    rule: "setParameters with an id is answered by parameterValues with that id",
    source: spec("Set Parameters: and Parameter Values"),
    needs: named("int"),
    run: (scene) => restoring(scene, ["int"], async (peer) => void await set(peer, { name: "int", value: 5 })),
  },
  {
    name: "parameters/set-answer-values",
    level: "should",
    rule: "The answer to setParameters has the values that are now in force",
    source: sdk("on_set_parameters"),
    needs: named("int"),
    run: (scene) =>
      restoring(scene, ["int"], async (peer) => {
        same(await set(peer, { name: "int", value: 6 }), [{ name: "int", value: 6 }], "parameters in the answer");
      }),
  },
  {
    name: "parameters/set-without-id",
    level: "must",
    rule: "setParameters without an id is applied as well",
    source: spec("Set Parameters"),
    needs: named("int"),
    run: (scene) =>
      restoring(scene, ["int"], async (peer) => {
        await peer.ask(setting([{ name: "int", value: 7 }]));
        same(await get(peer, "int"), [{ name: "int", value: 7 }], 'the parameter "int" when it was set');
      }),
  },
  {
    name: "parameters/set-no-answer",
    level: "extra",
    rule: "setParameters without an id is not answered",
    source: foxwire("Parameters: setParameters, where the specification says that the server may not send a response"),
    needs: named("int"),
    run: (scene) =>
      restoring(scene, ["int"], async (peer) => {
        const answers = await peer.ask(setting([{ name: "int", value: 8 }]));
        same(answers.filter((message) => isOp(message, "parameterValues")), [], "answers to who has not asked for one");
      }),
  },
  {
    name: "parameters/set-seen-by-others",
    level: "must",
    rule: "A value that one client has set is what another client gets",
    source: spec("Set Parameters"),
    needs: named("string"),
    run: (scene) =>
      restoring(scene, ["string"], async (peer) => {
        const wanted = { name: "string", value: 'other "text"\n\u{1f916}' };
        await set(peer, wanted);
        same(await get(await scene.connect(), "string"), [wanted], 'the parameter "string" for another client');
      }),
  },
  {
    name: "parameters/set-then-get",
    level: "must",
    rule: "A getParameters behind a setParameters of the same client sees what was set",
    source: spec("Set Parameters: and Get Parameters"),
    needs: named("int"),
    run: (scene) =>
      restoring(scene, ["int"], async (peer) => {
        peer.send(setting([{ name: "int", value: 41 }]), setting([{ name: "int", value: 42 }]));
        same(await get(peer, "int"), [{ name: "int", value: 42 }], 'the parameter "int"');
      }),
  },
  {
    name: "parameters/set-integer",
    level: "should",
    rule: "Integers up to 2^53 - 1 are kept exactly, without a type",
    source: sdk("Parameter"),
    needs: named("int"),
    run: takes({ name: "int", value: Number.MAX_SAFE_INTEGER }),
  },
  {
    name: "parameters/set-float",
    level: "must",
    rule: "A float64 stays one, also with a whole value",
    source: spec("Set Parameters: float64"),
    needs: named("float"),
    run: takes({ name: "float", value: 3, type: "float64" }),
  },
  {
    name: "parameters/set-float-exact",
    level: "should",
    rule: "A float64 keeps all its digits",
    source: spec("Set Parameters: float64"),
    needs: named("float"),
    run: takes({ name: "float", value: -1.2345678901234567e-100, type: "float64" }),
  },
  {
    name: "parameters/set-nan",
    level: "extra",
    rule: "null of type float64 is taken as NaN, which JSON cannot say, and given back as null",
    source: choice("Parameters"),
    needs: named("float"),
    run: takes({ name: "float", value: null, type: "float64" }),
  },
  {
    name: "parameters/set-bool",
    level: "must",
    rule: "A boolean can be set",
    source: spec("Set Parameters"),
    needs: named("bool"),
    run: takes({ name: "bool", value: false }),
  },
  {
    name: "parameters/set-bytes",
    level: "must",
    rule: "A byte_array can be set, of any length, with padding",
    source: spec("Set Parameters: byte_array"),
    needs: named("bytes"),
    run: takes({ name: "bytes", value: "+/8A/w==", type: "byte_array" }),
  },
  {
    name: "parameters/set-list",
    level: "must",
    rule: "A float64_array can be set",
    source: spec("Set Parameters: float64_array"),
    needs: named("list"),
    run: takes({ name: "list", value: [1, 0.5, -3e300], type: "float64_array" }),
  },
  {
    name: "parameters/set-empty-list",
    level: "should",
    rule: "A float64_array may be empty",
    source: spec("Set Parameters: float64_array"),
    needs: named("list"),
    run: takes({ name: "list", value: [], type: "float64_array" }),
  },
  {
    name: "parameters/set-nested",
    level: "should",
    rule: "Objects and lists that nest are kept as they are",
    source: sdk("Parameter"),
    needs: named("nested"),
    run: takes({ name: "nested", value: { a: [[], [{ "": {} }]], "ä": "\u0000", b: { c: -0.5 } } }),
  },
  {
    name: "parameters/set-several",
    level: "must",
    rule: "One setParameters may set several parameters, and has one answer",
    source: spec("Set Parameters"),
    needs: named("string"),
    run: (scene) =>
      restoring(scene, ["string", "bool"], async (peer) => {
        const wanted = [{ name: "string", value: "one" }, { name: "bool", value: false }];
        same(await set(peer, ...wanted), wanted, "parameters in the answer");
        same(await get(peer, "string", "bool"), wanted, "parameters when they were set");
      }),
  },
  {
    name: "parameters/set-delete",
    level: "must",
    rule: "A parameter that is set without a value is removed",
    source: spec("Set Parameters: if the value is not set, the parameter shall be unset (removed)"),
    needs: named("string"),
    run: (scene) =>
      restoring(scene, ["string"], async (peer) => {
        await set(peer, { name: "string" });
        same(await get(peer, "string"), [], 'parameters of the name "string" when it was removed');
      }),
  },
  {
    name: "parameters/set-delete-answer",
    level: "extra",
    rule: "In the answer a parameter that was removed has its name and no value",
    source: choice("Parameters"),
    needs: named("string"),
    run: (scene) =>
      restoring(scene, ["string"], async (peer) => {
        same(await set(peer, { name: "string" }), [{ name: "string" }], "parameters in the answer");
      }),
  },
  {
    name: "parameters/set-new",
    level: "extra",
    rule: "Setting a name that no parameter has creates one",
    source: foxwire("Parameters: with a name that does not exist"),
    needs: named("int"),
    run: takes({ name: NEW_NAME, value: "new" }),
  },
  {
    name: "parameters/read-only",
    level: "should",
    rule: "A parameter that cannot be set keeps its value",
    source: sdk("on_set_parameters: what is in force is the server's affair"),
    needs: named("read_only"),
    run: refuses({ name: "read_only", value: "other" }),
  },
  {
    name: "parameters/read-only-status",
    level: "extra",
    rule: "When a parameter was not set, a status of level error says so",
    source: foxwire("Parameters: read-only"),
    needs: named("read_only"),
    run: complains({ name: "read_only", value: "other" }),
  },
  {
    name: "parameters/read-only-answer",
    level: "should",
    rule: "The answer to a setParameters that was refused has the value that is still in force",
    source: sdk("on_set_parameters: the answer has the resulting values"),
    needs: named("read_only"),
    run: async (scene) => {
      const peer = await scene.connect();
      const before = await parameterOf(peer, "read_only");
      same(await set(peer, { name: "read_only", value: "other" }), [before], "parameters in the answer");
    },
  },
  {
    name: "parameters/read-only-rest",
    level: "should",
    rule: "A parameter that is refused spoils no other of the same message",
    source: foxwire("Parameters: setParameters"),
    needs: named("read_only"),
    run: (scene) =>
      restoring(scene, ["int"], async (peer) => {
        await set(peer, { name: "read_only", value: "other" }, { name: "int", value: 9 });
        same(await get(peer, "int"), [{ name: "int", value: 9 }], 'the parameter "int" behind a refused one');
      }),
  },
  {
    name: "parameters/set-wrong-kind",
    level: "extra",
    rule: "A value of another kind than the parameter has is refused by a status of level error",
    source: foxwire("Parameters: of another kind than it has"),
    needs: named("int"),
    run: complains({ name: "int", value: "text" }),
  },
  {
    name: "parameters/set-wrong-type",
    level: "extra",
    rule: "A value that contradicts its type is refused by a status of level error",
    source: choice("Parameters"),
    needs: named("bytes"),
    run: complains({ name: "bytes", value: "not base64!", type: "byte_array" }),
  },
  {
    name: "parameters/set-bad-entry-rest",
    level: "extra",
    rule: "An entry that is malformed is answered by an error, and the others of the same message apply",
    source: foxwire("What does not follow the protocol: the same in one entry of a list"),
    needs: named("int"),
    run: (scene) =>
      restoring(scene, ["int"], async (peer) => {
        peer.send(setting([{ name: 5, value: 1 }, { name: "int", value: 10 }]));
        await peer.expectStatus("error");
        same(await get(peer, "int"), [{ name: "int", value: 10 }], 'the parameter "int" behind a bad entry');
      }),
  },
  {
    name: "parameters/set-requester",
    level: "must",
    rule: "The answer to setParameters goes to the client that asked, and to no other",
    source: spec("Parameter Values"),
    needs: named("int"),
    run: (scene) =>
      restoring(scene, ["int"], async (peer) => {
        const other = await scene.connect();
        await set(peer, { name: "int", value: 11 });
        const got = (await other.settle()).filter((message) => isOp(message, "parameterValues"));
        const values = got.flatMap(({ parameters }) => parameters);
        same(values, [], "parameters that a client is told of which neither asked nor watches");
      }),
  },
];
