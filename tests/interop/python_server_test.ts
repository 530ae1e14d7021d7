/** Our client against the deprecated server for Python, PyPI `foxglove-websocket`, with all that it has. */
import { assertEquals, assertRejects } from "@std/assert";
import { FoxgloveError, TimeoutError } from "@foxwire/foxwire/client";
import { PythonPeer, pythonTest } from "../support/python_peer.ts";
import { quietPort } from "../support/quiet_port.ts";
import { base64, connectTo, heard, type SdkPair, withPeer } from "../support/sdk_robot.ts";

const SCHEMA = '{"type":"object","title":"Pose"}';

type Pair = Omit<SdkPair, "protocol">;

/** Declares a test whose body is given a server and a client, and need not end them. */
function legacyTest(name: string, capabilities: string[], body: (pair: Pair) => Promise<void>): void {
  pythonTest(`foxglove-websocket server: ${name}`, async () => {
    const robot = new PythonPeer("python_server.py");
    // Quiet, for the server that comes back on it.
    const { port } = await robot.do("start", { capabilities, port: await quietPort() });
    const client = await connectTo(port);
    await withPeer(robot, client, () => body({ robot, client, port }));
  });
}

legacyTest("it is greeted in the oldest subprotocol, with null where nothing is said", [], ({ client }) => {
  assertEquals([client.protocol, client.serverInfo.name], ["foxglove.websocket.v1", "legacy"]);
  const { sessionId, metadata, supportedEncodings } = client.serverInfo;
  assertEquals([sessionId, metadata, supportedEncodings], [undefined, undefined, ["json"]]);
  return Promise.resolve();
});

legacyTest("channels come, are subscribed, and go", [], async ({ robot, client }) => {
  const [added, removed] = [heard(client, "advertise"), heard(client, "unadvertise")];
  const messages = client.subscribe<{ x: number }>("/pose");
  const { id } = await robot.do("channel", { topic: "/pose", schema: SCHEMA });
  const { schema } = (await added.next()).channels[0]!;
  assertEquals(schema, { name: "Pose", encoding: "jsonschema", data: SCHEMA });
  assertEquals(await robot.next("subscribe"), { channel: id });
  const times = Array.from({ length: 100 }, (_, x) => 2n ** 64n - 1n - BigInt(x));
  await robot.do("log", { id, messages: times.map((_, x) => base64(`{"x":${x}}`)), times: times.map(String) });
  for (const [x, time] of times.entries()) {
    const { value } = await messages.next();
    assertEquals([value?.value, value?.logTime], [{ x }, time]);
  }
  messages.close();
  assertEquals(await robot.next("unsubscribe"), { channel: id });
  await robot.do("remove_channel", { id });
  assertEquals((await removed.next()).channels.map(({ topic }) => topic), ["/pose"]);
});

legacyTest("a client publishes", ["clientPublish"], async ({ robot, client }) => {
  const goal = client.publisher({ topic: "/goal", encoding: "json", schema: { name: "Goal" } });
  const { id } = goal.channel;
  const channel = { id, topic: "/goal", encoding: "json", schemaName: "Goal" };
  assertEquals((await robot.next("advertise")).channel, channel);
  goal.publish({ x: 1 });
  assertEquals(await robot.next("message"), { id, data: base64('{"x":1}') });
  goal.close();
  assertEquals(await robot.next("unadvertise"), { id });
});

legacyTest("a service answers, and goes", ["services"], async ({ robot, client }) => {
  const answer = client.callService("/echo", { a: 1 });
  const { id } = await robot.do("service", { name: "/echo" });
  assertEquals(await answer, { a: 1 });
  const gone = heard(client, "unadvertiseServices");
  await robot.do("remove_service", { id });
  assertEquals((await gone.next()).services.map(({ name }) => name), ["/echo"]);
});

// docs/interop.md: it has no message for a failure.
legacyTest("a service that fails is never answered: a status says why", ["services"], async ({ robot, client }) => {
  await robot.do("service", { name: "/echo" });
  const status = heard(client, "status");
  await assertRejects(() => client.callService("/echo", "fail", { timeoutMs: 200 }), TimeoutError);
  assertEquals(await status.next(), { level: "error", message: "ValueError: the arm is stuck" });
  assertEquals(await client.callService("/echo", 1), 1);
});

const PARAMETERS = ["parameters", "parametersSubscribe"];

legacyTest("parameters are read, set, deleted and watched", PARAMETERS, async ({ robot, client }) => {
  assertEquals([...await client.getParameters()], [["whole", 7], ["gain", 1.5]]);
  const updates = client.parameterUpdates(["gain", "fresh"]);
  assertEquals((await robot.next("subscribeParameters")).names, ["fresh", "gain"]);
  assertEquals([...await client.setParameters({ gain: 3, whole: 8 })], [["gain", 3], ["whole", 8]]);
  assertEquals((await updates.next()).value, { name: "gain", value: 3, type: "float64" });
  // It tells the one who has set it twice: in the answer, and as a subscriber.
  assertEquals((await updates.next()).value, { name: "gain", value: 3, type: "float64" });
  await robot.do("update_parameters", { parameters: [{ name: "whole", value: 9 }, { name: "fresh", value: [1] }] });
  assertEquals((await updates.next()).value, { name: "fresh", value: [1], type: undefined });
  assertEquals([...await client.setParameters({ whole: undefined })], []);
  assertEquals([...await client.getParameters()], [["gain", 3]]);
  updates.close();
  assertEquals((await robot.next("unsubscribeParameters")).names, ["fresh", "gain"]);
});

// docs/interop.md: Python's json writes NaN where JSON has no word for it.
legacyTest("a parameter that is NaN is read as NaN", PARAMETERS, async ({ robot, client }) => {
  const updates = client.parameterUpdates(["gain"]);
  await robot.next("subscribeParameters");
  await robot.do("publish_nan", { name: "gain" });
  assertEquals((await updates.next()).value, { name: "gain", value: NaN, type: "float64" });
  await robot.do("update_parameters", { parameters: [{ name: "gain", value: 1.5, type: "float64" }] });
  assertEquals((await updates.next()).value, { name: "gain", value: 1.5, type: "float64" });
});

legacyTest("statuses, time and a new session come", ["time"], async ({ robot, client }) => {
  const [status, removed, time] = [heard(client, "status"), heard(client, "removeStatus"), heard(client, "time")];
  await robot.do("status", { level: "WARNING", message: "Low battery", id: "battery" });
  assertEquals(await status.next(), { level: "warning", message: "Low battery", id: "battery" });
  await robot.do("status", { level: "INFO", message: "Hello" });
  assertEquals(await status.next(), { level: "info", message: "Hello" });
  await robot.do("remove_status", { ids: ["battery"] });
  assertEquals((await removed.next()).statusIds, ["battery"]);
  await robot.do("time", { time: "123456789123456789" });
  assertEquals(await time.next(), 123_456_789_123_456_789n);
  const session = heard(client, "session");
  await robot.do("reset_session", { session: "two" });
  assertEquals((await session.next()).serverInfo.sessionId, "two");
});

legacyTest("what it does not have is refused at once", [], async ({ client }) => {
  for (const request of [() => client.fetchAsset("package://a"), () => client.playback.play()]) {
    assertEquals((await assertRejects(request, FoxgloveError)).code, "capability");
  }
});

legacyTest("a server that stops and starts again is found again", [], async ({ robot, port }) => {
  const client = await connectTo(port, { reconnect: { minDelayMs: 5, maxDelayMs: 50 } });
  const messages = client.subscribe<number>("/n");
  for (const value of [1, 2]) {
    const { id } = await robot.do("channel", { topic: "/n" });
    await robot.next("subscribe");
    await robot.do("log", { id, messages: [base64(`${value}`)], times: ["1"] });
    assertEquals((await messages.next()).value?.value, value);
    const session = heard(client, "session");
    await robot.do("stop");
    await robot.do("start", { port });
    await session.next();
  }
  await client.close();
});
