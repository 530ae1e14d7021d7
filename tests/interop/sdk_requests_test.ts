/** Our client against the official SDK's server: services, parameters, assets, the connection graph, playback. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AssetError,
  ConnectionError,
  FoxgloveError,
  type ParameterUpdate,
  ServiceError,
  TimeoutError,
} from "@foxwire/foxwire/client";
import { connectToSdk, heard, sdkTest } from "../support/sdk_robot.ts";

const SERVICES = { capabilities: ["services"], encodings: ["json"] };

sdkTest("a service answers, with its encoding and its schemas", SERVICES, async ({ client }) => {
  assertEquals(await client.callService("/echo", { a: [1, "ü"] }), { a: [1, "ü"] });
  const service = [...client.services.values()].find(({ name }) => name === "/echo");
  assertEquals(service?.request, {
    encoding: "json",
    schemaName: "Object",
    schemaEncoding: "jsonschema",
    schema: '{"type":"object"}',
  });
  assertEquals(await client.callService("/empty"), undefined);
});

sdkTest("a service without schemas answers too", SERVICES, async ({ client }) => {
  assertEquals(await client.callService("/bare", { a: 1 }), { a: 1 });
  const decode = (data: Uint8Array, encoding: string) => [encoding, ...data];
  const bytes = await client.callService("/bare", new Uint8Array([0, 255]), { encoding: "json", decode });
  assertEquals(bytes, ["json", 0, 255]);
});

sdkTest("a service that fails says why", SERVICES, async ({ client }) => {
  const error = await assertRejects(() => client.callService("/fail"), ServiceError);
  assertEquals([error.service, error.reason], ["/fail", "ValueError: the arm is stuck"]);
  const refused = await assertRejects(
    () => client.callService("/echo", new Uint8Array(), { encoding: "xml" }),
    ServiceError,
  );
  assertEquals(refused.reason, "Unsupported encoding");
});

sdkTest("a service that is not there times out, and is called when it comes", SERVICES, async ({ robot, client }) => {
  await assertRejects(() => client.callService("/later", {}, { timeoutMs: 50 }), TimeoutError);
  const answer = client.callService("/later", { a: 1 });
  await robot.do("add_service", { name: "/later" });
  assertEquals(await answer, { a: 1 });
});

sdkTest("calls are answered in any order", SERVICES, async ({ robot, client }) => {
  const slow = client.callService("/slow", "slow");
  await robot.next("called");
  const quick = Array.from({ length: 20 }, (_, n) => client.callService("/echo", n));
  assertEquals(await Promise.all(quick), Array.from({ length: 20 }, (_, n) => n));
  await robot.do("release");
  assertEquals(await slow, "slow");
});

sdkTest("a call ends when its service goes", SERVICES, async ({ robot, client }) => {
  const gone = heard(client, "unadvertiseServices");
  const slow = assertRejects(() => client.callService("/slow"), ConnectionError);
  await robot.next("called");
  await robot.do("remove_services", { names: ["/slow"] });
  assertEquals((await slow).code, "service_gone");
  assertEquals((await gone.next()).services.map(({ name }) => name), ["/slow"]);
  await robot.do("release");
});

const PARAMETERS = { capabilities: ["parameters"] };

sdkTest("parameters of every type are read", PARAMETERS, async ({ client }) => {
  assertEquals([...await client.getParameters()], [
    ["whole", 7],
    ["gain", 2],
    ["name", "robot"],
    ["on", true],
    ["bytes", new Uint8Array([0, 255])],
    ["floats", [1, 2.5]],
    ["nested", { list: [1, 2], text: "a" }],
    ["nan", NaN],
  ]);
  assertEquals([...await client.getParameters(["gain", "none"])], [["gain", 2]]);
});

sdkTest("parameters are set with the types that they have", PARAMETERS, async ({ robot, client }) => {
  await client.getParameters();
  const set = { gain: 3, whole: 8, bytes: new Uint8Array([9]), floats: [4, 5], fresh: 1.5, on: false };
  assertEquals([...await client.setParameters(set)], Object.entries(set));
  const arrived = [];
  for (const _ of Object.keys(set)) arrived.push(Object.values(await robot.next("setParameter")));
  assertEquals(arrived, [
    ["gain", "3.0", "ParameterType.Float64"],
    ["whole", "8", "None"],
    ["bytes", "b'\\t'", "ParameterType.ByteArray"],
    ["floats", "[4.0, 5.0]", "ParameterType.Float64Array"],
    ["fresh", "1.5", "ParameterType.Float64"],
    ["on", "False", "None"],
  ]);
});

// docs/interop.md: the SDK does not tell those who watch it.
sdkTest("a deleted parameter is gone, which only the one who asked hears", PARAMETERS, async ({ robot, client }) => {
  const updates = client.parameterUpdates(["whole"]);
  assertEquals([...await client.setParameters({ whole: undefined })], []);
  assertEquals(await robot.next("setParameter"), { name: "whole", value: "None", type: "None" });
  assertEquals([...await client.getParameters(["whole"])], []);
  await robot.do("publish_parameters", { values: { whole: 9 } });
  assertEquals((await updates.next()).value?.value, 9);
});

// docs/interop.md: the SDK reads no null, and refuses all that comes with it by a status alone.
sdkTest("a parameter cannot be set to NaN: a status says so, no answer does", PARAMETERS, async ({ client }) => {
  const status = heard(client, "status");
  await assertRejects(() => client.setParameters({ nan: NaN, whole: 9 }, { timeoutMs: 100 }), TimeoutError);
  assertEquals(await status.next(), {
    level: "error",
    message: "Invalid message: Non-numeric value had type set to float64",
  });
  assertEquals([...await client.getParameters(["whole"])], [["whole", 7]]);
});

sdkTest("a parameter is watched, whoever sets it", PARAMETERS, async ({ robot, client, port, protocol }) => {
  const other = await connectToSdk(port, { subprotocols: [protocol] });
  const updates = client.parameterUpdates(["gain"]);
  assertEquals((await robot.next("subscribeParameters")).names, ["gain"]);
  await other.setParameters({ gain: 5, whole: 1 });
  assertEquals((await updates.next()).value, { name: "gain", value: 5, type: undefined });
  await robot.do("publish_parameters", { values: { whole: 2, gain: 6.5 } });
  assertEquals((await updates.next()).value, { name: "gain", value: 6.5, type: "float64" });
  updates.close();
  assertEquals((await robot.next("unsubscribeParameters")).names, ["gain"]);
  await other.close();
});

// docs/interop.md: the SDK takes no notice of a subscription to all.
sdkTest("all parameters are watched by their names", PARAMETERS, async ({ robot, client }) => {
  const updates = client.parameterUpdates();
  const all = ["bytes", "floats", "gain", "name", "nan", "nested", "on", "whole"];
  assertEquals((await robot.next("subscribeParameters")).names, all);
  await robot.do("publish_parameters", { values: { name: "again" } });
  const { value } = await updates.next() as { value: ParameterUpdate };
  assertEquals(value, { name: "name", value: "again", type: undefined });
  updates.close();
  assertEquals((await robot.next("unsubscribeParameters")).names, all);
});

sdkTest("assets come whole, empty or not, or with the reason", { assets: true }, async ({ client }) => {
  assertEquals(new TextDecoder().decode(await client.fetchAsset("package://arm/base.stl")), "solid base");
  assertEquals(await client.fetchAsset("package://empty"), new Uint8Array());
  const missing = await assertRejects(() => client.fetchAsset("package://none"), AssetError);
  assertEquals(missing.reason, "OSError: not found");
  const broken = await assertRejects(() => client.fetchAsset("package://broken"), AssetError);
  assertEquals([broken.uri, broken.reason], ["package://broken", "ValueError: the disk is broken"]);
});

const GRAPH = { capabilities: ["connectionGraph"] };

sdkTest("the connection graph is seen whole, then its changes", GRAPH, async ({ robot, client }) => {
  await robot.do("graph", { publishers: { "/a": ["n1"] }, subscribers: { "/a": ["n2", "n3"] }, providers: {} });
  const graph = client.connectionGraph();
  await robot.next("subscribeGraph");
  const edges = () =>
    [graph.publishers, graph.subscribers, graph.providers].map((nodes) =>
      [...nodes].map(([name, ids]) => `${name}: ${[...ids].sort()}`).sort()
    );
  await graph.next();
  assertEquals(edges(), [["/a: n1"], ["/a: n2,n3"], []]);
  await robot.do("graph", {
    publishers: { "/a": ["n1", "n4"], "/b": ["n1"] },
    subscribers: {},
    providers: { "/s": ["n1"] },
  });
  await graph.next();
  // docs/interop.md: the SDK does not say that a topic has lost its last subscriber while it is published.
  assertEquals(edges(), [["/a: n1,n4", "/b: n1"], ["/a: n2,n3"], ["/s: n1"]]);
  await robot.do("graph", { publishers: { "/b": ["n1"] }, subscribers: {}, providers: {} });
  await graph.next();
  assertEquals(edges(), [["/b: n1"], [], []]);
  graph.close();
  await robot.next("unsubscribeGraph");
});

const PLAYBACK = { playback: ["1000000000", "9000000000"] as [string, string] };

sdkTest("playback plays, pauses, jumps and changes its speed", PLAYBACK, async ({ robot, client }) => {
  assertEquals(client.serverInfo.dataStartTime, { sec: 1, nsec: 0 });
  assertEquals(client.serverInfo.dataEndTime, { sec: 9, nsec: 0 });
  const { status, currentTime } = await client.playback.play();
  assertEquals([status, currentTime], ["playing", 5_000_000_000n]);
  assertEquals(await robot.next("playback"), { command: "Play", speed: 1, seek: null });
  const sought = await client.playback.seek(3_000_000_000n);
  assertEquals([sought.status, sought.currentTime, sought.didSeek], ["playing", 3_000_000_000n, true]);
  assertEquals(await robot.next("playback"), { command: "Play", speed: 1, seek: "3000000000" });
  assertEquals((await client.playback.setSpeed(0.5)).speed, 0.5);
  assertEquals(await robot.next("playback"), { command: "Play", speed: 0.5, seek: null });
  assertEquals((await client.playback.pause()).status, "paused");
  assertEquals(await robot.next("playback"), { command: "Pause", speed: 0.5, seek: null });
});

sdkTest("playback tells everybody of its state", PLAYBACK, async ({ robot, client, port, protocol }) => {
  const other = await connectToSdk(port, { subprotocols: [protocol] });
  const states = [client, other].map((each) => heard(each, "playbackState"));
  await robot.do("playback_state", { status: "Ended", time: "9000000000", speed: 2, did_seek: false });
  for (const state of states) {
    assertEquals(await state.next(), {
      status: "ended",
      currentTime: 9_000_000_000n,
      speed: 2,
      didSeek: false,
      requestId: "",
    });
  }
  const { requestId } = await other.playback.play();
  assertEquals((await states[0]!.next()).requestId, requestId);
  await other.close();
});

sdkTest("what a server does not declare is refused at once", {}, async ({ client }) => {
  const requests = [
    () => client.getParameters(),
    () => client.setParameters({ a: 1 }),
    () => client.fetchAsset("package://a"),
    () => client.playback.play(),
  ];
  for (const request of requests) assertEquals((await assertRejects(request, FoxgloveError)).code, "capability");
  assert(client.serverInfo.capabilities.length === 0);
});
