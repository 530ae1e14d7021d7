import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { Parameter } from "../../src/protocol/messages.ts";
import type { ParameterData } from "../../src/protocol/parameter_data.ts";
import type { ParameterRequest } from "../../src/server/parameters.ts";
import { FoxgloveServer, type ServerOptions } from "../../src/server/server.ts";
import { deferred } from "../../src/util/async.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { test } from "../support/test.ts";
import { WireClient } from "../support/wire_client.ts";

/** A server with some parameters and a client that has taken the greeting. */
async function start(options: ServerOptions = {}) {
  const server = new FoxgloveServer(options);
  server.parameters.declare("int", { value: 1 });
  server.parameters.declare("float", { value: 1, type: "float64" });
  server.parameters.declare("text", { value: "a" });
  const client = await WireClient.greeted(server);
  return { server, client };
}

function get(client: WireClient, parameterNames: string[], id?: string): void {
  client.send({ op: "getParameters", parameterNames, ...(id === undefined ? {} : { id }) });
}

/** Sends JSON as it is, so that nothing of the codec helps. */
function set(client: WireClient, parameters: unknown[], id?: string): void {
  client.send(JSON.stringify({ op: "setParameters", parameters, id }));
}

function subscribe(client: WireClient, ...parameterNames: string[]): void {
  client.send({ op: "subscribeParameterUpdates", parameterNames });
}

function unsubscribe(client: WireClient, ...parameterNames: string[]): void {
  client.send({ op: "unsubscribeParameterUpdates", parameterNames });
}

/** What came, in short: `"id: name=value type"`, or the status. */
async function answers(client: WireClient): Promise<string[]> {
  return (await client.settle()).map((message) => {
    if (message.op === "status") return `${message.level}: ${message.message}`;
    if (message.op !== "parameterValues") return message.op;
    return `${message.id ?? "-"}: ${(message.parameters as Parameter[]).map(short).join(", ")}`;
  });
}

function short({ name, value, type }: Parameter): string {
  const shown = typeof value === "number" ? String(value) : JSON.stringify(value);
  return value === undefined ? name : `${name}=${shown}${type === undefined ? "" : ` ${type}`}`;
}

test("a capability's first handler registered while clients are connected: the first parameter declares both capabilities, in one serverInfo", async () => {
  const server = new FoxgloveServer();
  const client = await WireClient.greeted(server);
  assertEquals(server.parameters.get("a"), undefined);
  assertEquals(await client.settle(), []);
  server.parameters.set("a", 1);
  server.parameters.set("b", 1);
  const info = await client.expect("serverInfo");
  assertEquals(info.capabilities, ["parameters", "parametersSubscribe"]);
  assertEquals(await client.settle(), []);
  await server.close();
});

test("a store that was asked for by option is declared from the start, and empty it answers with nothing", async () => {
  const server = new FoxgloveServer({ parameters: {} });
  const client = new WireClient(server);
  assertEquals((await client.expect("serverInfo")).capabilities, ["parameters", "parametersSubscribe"]);
  await client.expect("advertise");
  get(client, [], "x");
  assertEquals(await answers(client), ["x: "]);
  await server.close();
});

test("getParameters: values with the request's id; unknown names are left out; [] is all", async () => {
  const { server, client } = await start();
  get(client, [], "1");
  get(client, ["float", "nope", "int", "float"], "2");
  get(client, ["nope"]);
  assertEquals(await answers(client), [
    '1: int=1, float=1 float64, text="a"',
    "2: float=1 float64, int=1",
    "-: ",
  ]);
  client.send('{"op":"getParameters","parameterNames":["int",5],"id":"3"}');
  client.send('{"op":"getParameters","parameterNames":[5],"id":"4"}');
  const [first, ...others] = await answers(client);
  assert(first?.startsWith("error: Invalid message: "), first);
  assert(others[1]?.startsWith("error: Invalid message: "), others[1]);
  assertEquals([others[0], others[2]], ["3: int=1", "4: "]);
  await server.close();
});

test("every kind of value goes to clients as wire.md says", async () => {
  const { server, client } = await start();
  const values: Record<string, ParameterData> = {
    bytes: new Uint8Array([0, 1, 2, 3]),
    list: [1, 2.5],
    ints: [1, 2],
    nested: { a: [1, { b: true }] },
    nan: NaN,
    large: 2 ** 60,
    bool: false,
  };
  for (const [name, value] of Object.entries(values)) server.parameters.set(name, value);
  get(client, Object.keys(values));
  assertEquals(client.inbox, []);
  assertEquals(await answers(client), [
    '-: bytes="AAECAw==" byte_array, list=[1,2.5] float64_array, ints=[1,2], nested={"a":[1,{"b":true}]}, ' +
    "nan=NaN float64, large=1152921504606847000 float64, bool=false",
  ]);
  assertEquals(Object.fromEntries(server.parameters.entries()), { int: 1, float: 1, text: "a", ...values });
  await server.close();
});

test("setParameters: reply with the values now in force if the request had an id", async () => {
  const { server, client } = await start();
  set(client, [{ name: "int", value: 5 }, { name: "text", value: "b" }, { name: "int", value: 6 }], "x");
  set(client, [{ name: "int", value: 7 }]);
  assertEquals(await answers(client), ['x: int=6, text="b"']);
  assertEquals(server.parameters.get("int"), 7);
  await server.close();
});

test("setParameters: types are kept, also when a value comes back without type or as an integer", async () => {
  const { server, client } = await start();
  server.parameters.set("list", [1, 2.5]);
  server.parameters.set("bytes", new Uint8Array([1]));
  set(client, [
    { name: "float", value: 2 },
    { name: "list", value: [3, 4] },
    { name: "bytes", value: "AQID" },
    { name: "int", value: 3, type: "float64" },
  ], "x");
  set(client, [{ name: "float", value: null, type: "float64" }], "y");
  assertEquals(await answers(client), [
    'x: float=2 float64, list=[3,4] float64_array, bytes="AQID" byte_array, int=3',
    "y: float=NaN float64",
  ]);
  assertEquals(server.parameters.get("bytes"), new Uint8Array([1, 2, 3]));
  await server.close();
});

const REJECTED: [wanted: Record<string, unknown>, reason: string][] = [
  [{ name: "int", value: 1.5 }, "it is an integer, not 1.5"],
  [{ name: "int", value: null, type: "float64" }, "it is an integer, not NaN"],
  [{ name: "int", value: "1" }, "it is a number, not a string"],
  [{ name: "text", value: 1 }, "it is a string, not a number"],
  [{ name: "text", value: "AQID", type: "byte_array" }, "it is a string, not a byte array"],
  [{ name: "float", value: [1] }, "it is a number, not an array"],
  [{ name: "list", value: { a: 1 } }, "it is an array, not an object"],
  [{ name: "list", value: [1, "2"] }, 'value has string "2" at index 1, need a number for type "float64_array"'],
  [{ name: "bytes", value: "?" }, 'value is string "?", need padded base64 for type "byte_array"'],
  [{ name: "bytes", value: 1 }, 'value is number 1, need padded base64 for type "byte_array"'],
  [{ name: "fixed", value: "b" }, "it is read-only"],
  [{ name: "fixed" }, "it is read-only"],
  [{ name: "checked", value: -1 }, "it must be positive"],
];

for (const [wanted, reason] of REJECTED) {
  test(`setParameters: ${JSON.stringify(wanted)} keeps its old value and raises: ${reason}`, async () => {
    const { server, client } = await start();
    server.parameters.set("list", [1, 2.5]);
    server.parameters.set("bytes", new Uint8Array([1]));
    server.parameters.declare("fixed", { value: "a", readOnly: true });
    server.parameters.declare("checked", {
      value: 1,
      validate: ({ value }) => (value as number) > 0 ? undefined : "it must be positive",
    });
    const before = server.parameters.entries();
    set(client, [wanted, { name: "other", value: 1 }]);
    assertEquals(await answers(client), [`error: Parameter ${wanted.name} was not set: ${reason}`]);
    assertEquals(server.parameters.entries(), [...before, ["other", 1]]);
    set(client, [wanted], "x");
    const reply = (await answers(client))[1];
    assert(reply?.startsWith(`x: ${wanted.name}=`), reply);
    await server.close();
  });
}

test("setParameters: a malformed entry is answered for itself, `value: null` without float64 among them", async () => {
  const { server, client } = await start();
  set(client, [{ name: "int", value: null }, { value: 1 }, { name: "text", value: "b" }], "x");
  const all = await answers(client);
  assert(all[0]?.startsWith("error: Invalid message: "), all[0]);
  assert(all[1]?.startsWith("error: Invalid message: "), all[1]);
  assertEquals(all.slice(2), ['x: text="b"']);
  await server.close();
});

test("setParameters: a new name creates a parameter, a number without type that is no integer as float64", async () => {
  const { server, client } = await start();
  set(client, [
    { name: "a", value: 1 },
    { name: "b", value: 1.5 },
    { name: "c", value: "AQ==", type: "byte_array" },
    { name: "d", value: 5, type: "int8" },
  ], "x");
  assertEquals(await answers(client), ['x: a=1, b=1.5 float64, c="AQ==" byte_array, d=5 int8']);
  assertEquals(server.parameters.names(), ["int", "float", "text", "a", "b", "c", "d"]);
  await server.close();
});

test("setParameters: a new name is refused where the store says no, by option or by its validator", async () => {
  const closed = await start({ parameters: { clientsCreate: false } });
  set(closed.client, [{ name: "a", value: 1 }, { name: "int", value: 2 }], "x");
  assertEquals(await answers(closed.client), [
    "error: Parameter a was not set: clients cannot create parameters",
    "x: a, int=2",
  ]);
  await closed.server.close();

  const asked: unknown[] = [];
  const validate = ({ name, value, previous, client }: ParameterRequest) => {
    asked.push([name, value, previous, client.id]);
    return name.startsWith("/") ? "names have no slash" : undefined;
  };
  const picky = await start({ parameters: { validate } });
  set(picky.client, [{ name: "/a", value: 1 }, { name: "b", value: 1 }, { name: "int" }]);
  assertEquals(await answers(picky.client), ["error: Parameter /a was not set: names have no slash"]);
  assertEquals(asked, [["/a", 1, undefined, 1], ["b", 1, undefined, 1], ["int", undefined, 1, 1]]);
  await picky.server.close();
});

test("setParameters: a deleted parameter goes out as `{name}`, in the reply too", async () => {
  const { server, client } = await start();
  const other = await WireClient.greeted(server);
  subscribe(other);
  set(client, [{ name: "int" }, { name: "nope" }], "x");
  set(client, [{ name: "int" }], "y");
  get(client, ["int"], "z");
  assertEquals(await answers(client), ["x: int, nope", "y: int", "z: "]);
  assertEquals(await answers(other), ["-: int"]);
  assertEquals(client.raw.at(-2), '{"op":"parameterValues","parameters":[],"id":"z"}');
  assert(!server.parameters.has("int"));
  await server.close();
});

test("a parameter that a client has deleted comes back with the type and the validator it had", async () => {
  const { server, client } = await start({ parameters: { clientsCreate: false } });
  server.parameters.declare("gain", {
    value: 1,
    type: "float64",
    validate: ({ value }) => value === 0 ? "not 0" : undefined,
  });
  set(client, [{ name: "gain" }, { name: "gain", value: 0 }, { name: "gain", value: 2 }], "x");
  set(client, [{ name: "gain" }]);
  assertEquals(await answers(client), ["error: Parameter gain was not set: not 0", "x: gain=2 float64"]);
  assertEquals(server.parameters.delete("gain"), false);
  set(client, [{ name: "gain", value: 2 }]);
  assertEquals(await answers(client), ["error: Parameter gain was not set: clients cannot create parameters"]);
  await server.close();
});

test("setParameters: every subscriber other than a requester that got a reply gets one update", async () => {
  const { server, client } = await start();
  const other = await WireClient.greeted(server);
  const third = await WireClient.greeted(server);
  subscribe(client);
  subscribe(other, "int", "text");
  await client.settle();
  await other.settle();
  set(client, [{ name: "int", value: 5 }, { name: "float", value: 5 }, { name: "text", value: 5 }], "x");
  const rejected = "error: Parameter text was not set: it is a string, not a number";
  assertEquals(await answers(client), [rejected, 'x: int=5, float=5 float64, text="a"']);
  assertEquals(await answers(other), ["-: int=5"]);
  set(client, [{ name: "int", value: 6 }, { name: "float", value: 6 }]);
  assertEquals(await answers(client), ["-: int=6, float=6 float64"]);
  assertEquals(await answers(other), ["-: int=6"]);
  assertEquals(await answers(third), []);
  await server.close();
});

test("subscribeParameterUpdates: no value is sent on subscribing; [] is all, present and future", async () => {
  const { server, client } = await start();
  subscribe(client);
  assertEquals(await answers(client), []);
  server.parameters.set("int", 2);
  server.parameters.set("new", true);
  assertEquals(await answers(client), ["-: int=2, new=true"]);
  server.parameters.delete("new");
  assertEquals(await answers(client), ["-: new"]);
  await server.close();
});

test("updates from own code: all of one turn at once, each with the last value, and none for a value that stays", async () => {
  const { server, client } = await start();
  const other = await WireClient.greeted(server);
  subscribe(client, "int", "text", "soon");
  await client.settle();
  server.parameters.set("int", 2);
  server.parameters.set("float", 2);
  server.parameters.set("int", 3);
  server.parameters.set("text", "a");
  server.parameters.set("soon", {});
  assertEquals(await answers(client), ["-: int=3, soon={}"]);
  assertEquals(await answers(other), []);
  await server.close();
});

test("a client whose reply shows what own code has set in the same turn does not hear of it again", async () => {
  const { server, client } = await start();
  server.parameters.on("change", ({ name, client }) => {
    if (name === "int" && client !== undefined) server.parameters.set("int", 100);
  });
  subscribe(client);
  set(client, [{ name: "int", value: 5 }], "x");
  assertEquals(await answers(client), ["x: int=100"]);
  await server.close();
});

test("unsubscribeParameterUpdates: names, or all with []; one name after all leaves the others", async () => {
  const { server, client } = await start();
  const change = (value: number) => {
    for (const name of ["int", "float", "later"]) server.parameters.set(name, value);
  };
  subscribe(client);
  unsubscribe(client, "int", "nope");
  await client.settle();
  change(2);
  assertEquals(await answers(client), ["-: float=2 float64, later=2"]);
  subscribe(client, "int");
  unsubscribe(client, "later");
  await client.settle();
  change(3);
  assertEquals(await answers(client), ["-: int=3, float=3 float64"]);
  unsubscribe(client);
  subscribe(client, "int");
  client.send('{"op":"subscribeParameterUpdates","parameterNames":[5]}');
  await client.settle();
  change(4);
  assertEquals(await answers(client), ["-: int=4"]);
  // A change that still waits for its turn is not sent after the end.
  change(5);
  client.send({ op: "unsubscribeParameterUpdates", parameterNames: [] });
  server.parameters.set("int", 6);
  await client.settle();
  change(7);
  assertEquals(await answers(client), []);
  await server.close();
});

test("names per request: 10 000 are taken, one more is refused with the request, and the connection lives", async () => {
  const { server, client } = await start();
  const names = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`);
  const all = (count: number) => {
    get(client, names(count), "get");
    subscribe(client, ...names(count));
    unsubscribe(client, ...names(count));
    set(client, names(count).map((name) => ({ name })), "set");
  };
  all(10_000);
  assertEquals((await answers(client)).map((answer) => answer.slice(0, 5)), ["get: ", "set: "]);
  all(10_001);
  const refused = "error: Too many parameter names: the limit is 10000";
  assertEquals(await answers(client), [refused, refused, refused, refused]);
  await server.close();
});

test("a client has updates of at most as many names as the limit says, however often it asks for the same", async () => {
  const { server, client } = await start({ limits: { parameterNames: 3 } });
  subscribe(client, "int", "float");
  subscribe(client, "int", "float");
  subscribe(client, "float", "text");
  subscribe(client, "int", "more");
  assertEquals(await answers(client), ["error: Too many parameter names: the limit is 3"]);
  unsubscribe(client, "text");
  subscribe(client, "more");
  assertEquals(await answers(client), []);
  await server.close();
});

test("disconnect: parameter subscriptions are released with their event before the disconnect event, and nothing is kept", async () => {
  const { server, client } = await start();
  const events: string[] = [];
  server.on("disconnect", () => events.push("disconnect"));
  server.parameters.on("subscribe", ({ client, names }) => events.push(`subscribe ${client.id} ${names}`));
  server.parameters.on("unsubscribe", ({ client, names }) => events.push(`unsubscribe ${client.id} ${names}`));
  subscribe(client, "int", "float");
  unsubscribe(client, "int");
  await client.settle();
  client.transport.close();
  await client.closed;
  server.parameters.set("float", 5);
  assertEquals(events, ["subscribe 1 int,float", "unsubscribe 1 int", "unsubscribe 1 ", "disconnect"]);
  await server.close();
});

test("change events tell of own code and of clients, values in the program's form", async () => {
  const { server, client } = await start();
  const events: unknown[] = [];
  const listener = server.parameters.on("change", ({ name, value, previous, client }) => {
    events.push([name, value, previous, client?.id]);
  });
  server.parameters.set("bytes", new Uint8Array([1]));
  server.parameters.set("bytes", new Uint8Array([1]));
  server.parameters.set("nan", NaN);
  server.parameters.set("nan", NaN);
  server.parameters.set("nan", Infinity);
  server.parameters.delete("nan");
  server.parameters.delete("nan");
  set(client, [{ name: "bytes", value: "AgM=" }, { name: "int", value: 1 }, { name: "text" }]);
  await client.settle();
  assertEquals(events, [
    ["bytes", new Uint8Array([1]), undefined, undefined],
    ["nan", NaN, undefined, undefined],
    ["nan", Infinity, NaN, undefined],
    ["nan", undefined, Infinity, undefined],
    ["bytes", new Uint8Array([2, 3]), new Uint8Array([1]), 1],
    ["text", undefined, "a", 1],
  ]);
  listener[Symbol.dispose]();
  server.parameters.set("int", 9);
  assertEquals(events.length, 6);
  await server.close();
});

test("own code sets what it likes, and a type is kept where the value allows", () => {
  const { parameters } = new FoxgloveServer();
  const types: string[] = [];
  const tell = (name: string, value: ParameterData, type?: string) => {
    parameters.set(name, value, type === undefined ? {} : { type });
    types.push(String(parameters.get(name)));
  };
  parameters.declare("a", { value: 1, type: "float64" });
  tell("a", 2);
  tell("a", "text");
  tell("a", 1);
  tell("a", 1.5);
  tell("a", new Uint8Array([1, 2]));
  tell("a", 5, "float64");
  assertEquals(types, ["2", "text", "1", "1.5", "1,2", "5"]);
  assertThrows(
    () => parameters.set("b", 1n as unknown as number),
    TypeError,
    'Cannot encode parameter "b": value is bigint 1',
  );
  assertThrows(() => parameters.set("b", "x", { type: "byte_array" }), TypeError, "need a Uint8Array");
  assertThrows(() => parameters.set("b", new Uint8Array(), { type: "float64" }), TypeError, "need a number");
  assertThrows(() => parameters.set("b", { at: new Date() as never }), TypeError, "contains Date");
  assertThrows(() => parameters.set("b", [new Uint8Array() as never]), TypeError, "contains Uint8Array");
  assert(!parameters.has("b"));
});

test("a float64 that own code sets to an integer goes out as float64", async () => {
  const { server, client } = await start();
  server.parameters.set("float", 7);
  server.parameters.set("int", 1.5);
  server.parameters.set("int", 2);
  get(client, ["float", "int"]);
  assertEquals(await answers(client), ["-: float=7 float64, int=2 float64"]);
  await server.close();
});

test("values are copied in and out: nobody else's change reaches the store", () => {
  const { parameters } = new FoxgloveServer();
  const bytes = new Uint8Array([1]);
  const list = [[1]];
  parameters.set("bytes", bytes);
  parameters.set("list", list);
  bytes[0] = 9;
  list[0]![0] = 9;
  (parameters.get("list") as number[][])[0]![0] = 8;
  (parameters.get("bytes") as Uint8Array)[0] = 8;
  assertEquals(parameters.entries(), [["bytes", new Uint8Array([1])], ["list", [[1]]]]);
});

test("a name or a member called __proto__ is one like any other", async () => {
  const { server, client } = await start();
  client.send('{"op":"setParameters","id":"x","parameters":[{"name":"__proto__","value":{"__proto__":1}}]}');
  assertEquals(await answers(client), ['x: __proto__={"__proto__":1}']);
  assertEquals(JSON.stringify(server.parameters.get("__proto__")), '{"__proto__":1}');
  await server.close();
});

/** A server with a parameter `slow` whose validator waits for the test; its clock is the test's. */
async function slowStart(options: ServerOptions = {}) {
  const clock = new ManualClock();
  const { server, client } = await start({ clock, ...options });
  const asked: { request: ParameterRequest; answer: (verdict?: string) => void; fail: (error: unknown) => void }[] = [];
  server.parameters.declare("slow", {
    value: 0,
    validate(request) {
      const { promise, resolve, reject } = deferred<string | undefined>();
      asked.push({ request, answer: resolve, fail: reject });
      return promise;
    },
  });
  return { server, client, clock, asked };
}

test("a validator may be async: parameter replies stay in the order of requests, others do not wait", async () => {
  const { server, client, asked } = await slowStart();
  const other = await WireClient.greeted(server);
  set(client, [{ name: "slow", value: 1 }, { name: "int", value: 2 }, { name: "slow", value: 3 }], "a");
  get(client, ["int"], "b");
  set(client, [{ name: "text", value: "b" }], "c");
  assertEquals(await answers(client), []);
  get(other, ["int"]);
  assertEquals(await answers(other), ["-: int=1"]);
  asked[0]!.answer();
  await client.settle();
  asked[1]!.answer("no");
  assertEquals([...await answers(client), ...await answers(client)], [
    "error: Parameter slow was not set: no",
    "a: slow=1, int=2",
    "b: int=2",
    'c: text="b"',
  ]);
  get(client, ["slow"], "d");
  assertEquals(await answers(client), ["d: slow=1"]);
  await server.close();
});

test("more than 32 parameter requests in flight: Too many parameter requests, not applied", async () => {
  const { server, client, asked } = await slowStart();
  set(client, [{ name: "slow", value: 1 }], "0");
  for (let i = 1; i < 32; i++) set(client, [{ name: "int", value: i }], String(i));
  assertEquals(await answers(client), []);
  set(client, [{ name: "int", value: 99 }], "32");
  get(client, [], "33");
  assertEquals(await answers(client), ["error: Too many parameter requests", "error: Too many parameter requests"]);
  asked[0]!.answer();
  await client.settle();
  assertEquals(server.parameters.get("int"), 31);
  set(client, [{ name: "int", value: 50 }], "34");
  assertEquals((await answers(client)).at(-1), "34: int=50");
  await server.close();
});

test("a user callback throws or rejects: the requester gets the reason, the error event reports it", async () => {
  const { server, client, asked } = await slowStart();
  const errors: string[] = [];
  server.on("error", ({ error, during }) => errors.push(`${during}: ${error}`));
  server.parameters.declare("bad", {
    value: 1,
    validate() {
      throw new Error("on purpose");
    },
  });
  set(client, [{ name: "bad", value: 2 }, { name: "slow", value: 2 }, { name: "int", value: 2 }], "x");
  await client.settle();
  asked[0]!.fail(new Error("later"));
  await client.settle();
  assertEquals(server.parameters.get("slow"), 0);
  assertEquals(server.parameters.get("int"), 2);
  server.parameters.on("change", () => {
    throw new Error("listener");
  });
  server.parameters.set("int", 3);
  assertEquals(errors, [
    'validator of parameter "bad": Error: on purpose',
    'validator of parameter "slow": Error: later',
    'listener of "change": Error: listener',
  ]);
  await server.close();
});

test("a validator that never answers harms only its own request: after its time limit the value is refused", async () => {
  const { server, client, clock } = await slowStart({ limits: { parameterMs: 500 } });
  server.on("error", () => {});
  set(client, [{ name: "slow", value: 1 }], "a");
  set(client, [{ name: "int", value: 2 }], "b");
  await client.settle();
  clock.advance(499);
  assertEquals(await answers(client), []);
  clock.advance(1);
  await client.settle();
  get(client, ["slow", "int"], "c");
  assertEquals(await answers(client), ["c: slow=0, int=2"]);
  assertStrictEquals(clock.delays, 0);
  await server.close();
});

test("a client that leaves while a validator is asked: its signal aborts, nothing is applied, nothing stays", async () => {
  const { server, client, clock, asked } = await slowStart();
  set(client, [{ name: "slow", value: 1 }, { name: "int", value: 2 }], "a");
  await client.settle();
  const { signal } = asked[0]!.request;
  assert(!signal.aborted);
  client.transport.close();
  await client.closed;
  assert(signal.aborted);
  asked[0]!.answer();
  const other = await WireClient.greeted(server);
  assertEquals(server.parameters.get("slow"), 0);
  assertStrictEquals(clock.delays, 0);
  await other.settle();
  await server.close();
});

test("what own code does while a validator is asked wins", async () => {
  const { server, client, asked } = await slowStart();
  set(client, [{ name: "slow", value: 1 }], "a");
  await client.settle();
  server.parameters.delete("slow");
  asked[0]!.answer();
  const all = [...await answers(client), ...await answers(client)];
  assertEquals(all, ["error: Parameter slow was not set: it has changed meanwhile", "a: slow"]);
  await server.close();
});

test("a callback may call any method of the server, close() too", async () => {
  const { server, client } = await start();
  server.parameters.declare("stop", { value: false, validate: () => void server.close() });
  set(client, [{ name: "stop", value: true }], "x");
  await client.closed;
  await server.close();
});
