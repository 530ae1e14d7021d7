/** Our client against the official SDK's server: the handshake, sessions, servers that stop, die and come back. */
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { ConnectionError, type FoxgloveClient } from "@foxwire/foxwire/client";
import { PythonPeer, pythonTest } from "../support/python_peer.ts";
import { base64, connectTo, connectToSdk, heard, sdkTest } from "../support/sdk_robot.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

const POSE = { name: "Pose", encoding: "jsonschema", data: '{"type":"object","title":"Pose"}' };
/** Soon, so that a test need not wait. */
const SOON = { minDelayMs: 5, maxDelayMs: 50 };

async function started(options: Record<string, unknown> = {}): Promise<{ robot: PythonPeer; port: number }> {
  const robot = new PythonPeer("sdk_server.py");
  const { port } = await robot.do("start", options);
  return { robot, port };
}

/** Logs one number to a topic when somebody has subscribed, and what arrives of it. */
async function roundTrip(robot: PythonPeer, next: () => Promise<unknown>, topic: string, value: number) {
  assertEquals((await robot.next("subscribe")).topic, topic);
  await robot.do("log", { topic, messages: [base64(`${value}`)], times: ["1"] });
  assertEquals(await next(), value);
}

pythonTest("SDK server: the newest subprotocol is negotiated, the oldest refused", async () => {
  const { robot, port } = await started();
  const client = await connectToSdk(port);
  assertEquals([client.protocol, client.serverInfo.name], ["foxglove.sdk.v1.1", "sdk"]);
  assertEquals(client.serverInfo.metadata?.["fg-library"], "foxglove-sdk-python/0.30.3");
  await client.close();
  await assertRejects(() => connectTo(port, { subprotocols: ["foxglove.websocket.v1"] }), ConnectionError);
  await robot.end();
});

sdkTest("the greeting says who it is", { session: "monday", encodings: ["json"] }, ({ client, protocol }) => {
  const { name, sessionId, supportedEncodings, capabilities } = client.serverInfo;
  assertEquals([client.protocol, name, sessionId, supportedEncodings], [protocol, "sdk", "monday", ["json"]]);
  assertEquals(capabilities, []);
  return Promise.resolve();
});

sdkTest("a new session keeps channels and subscriptions", { session: "one" }, async ({ robot, client }) => {
  const [added, session] = [heard(client, "advertise"), heard(client, "session")];
  const messages = client.subscribe("/pose");
  const next = async () => (await messages.next()).value?.value;
  await robot.do("channel", { topic: "/pose", schema: POSE });
  await roundTrip(robot, next, "/pose", 1);
  await robot.do("clear_session", { session: "two" });
  const { serverInfo, attempts } = await session.next();
  assertEquals([serverInfo.sessionId, attempts, client.channels.size], ["two", 0, 2]);
  await robot.do("log", { topic: "/pose", messages: [base64("2")], times: ["2"] });
  assertEquals(await next(), 2);
  // In v1.1 the table of schemas has begun anew: this one is defined a second time, under the id of another.
  const other = { ...POSE, name: "Other" };
  await added.next();
  await robot.do("channel", { topic: "/other", schema: other });
  await robot.do("channel", { topic: "/again", schema: POSE });
  assertEquals((await added.next()).channels[0]!.schema, other);
  assertEquals((await added.next()).channels[0]!.schema, POSE);
});

sdkTest("closing from the client ends its subscriptions", {}, async ({ robot, client }) => {
  const messages = client.subscribe("/pose");
  await robot.do("channel", { topic: "/pose" });
  await robot.next("subscribe");
  const closed = heard(client, "close");
  await client.close();
  assertEquals((await robot.next("unsubscribe")).topic, "/pose");
  assertEquals((await messages.next()).done, true);
  await closed.next();
  assertEquals(client.state.status, "closed");
});

sdkTest(
  "a server that stops and starts again is found again",
  { session: "one" },
  async ({ robot, port, protocol }) => {
    const client = await connectToSdk(port, { subprotocols: [protocol], reconnect: SOON });
    await robot.do("channel", { topic: "/pose", schema: POSE });
    const messages = client.subscribe("/pose");
    const next = async () => (await messages.next()).value?.value;
    await roundTrip(robot, next, "/pose", 1);
    for (const [name, event] of [["one", "resumed"], ["two", "session"]] as const) {
      const [state, again] = [heard(client, "state"), heard(client, event)];
      await robot.do("stop");
      assertEquals((await state.next()).status, "reconnecting");
      await robot.next("unsubscribe");
      await robot.do("start", { port, session: name });
      assertEquals((await again.next()).serverInfo.sessionId, name);
      await roundTrip(robot, next, "/pose", 2);
    }
    await client.close();
  },
);

for (const protocol of ["foxglove.sdk.v1", "foxglove.sdk.v1.1"] as const) {
  pythonTest(`SDK server, ${protocol}: one that dies is replaced by one with other ids and schemas`, async () => {
    const first = await started({ session: "one", capabilities: ["services"], encodings: ["json"] });
    const proxy = await TcpProxy.start(first.port);
    const client = await connectToSdk(proxy.port, { subprotocols: [protocol], reconnect: SOON });
    const poses = client.subscribe("/pose");
    const next = async () => (await poses.next()).value?.value;
    await first.robot.do("channel", { topic: "/pose", schema: POSE });
    await roundTrip(first.robot, next, "/pose", 1);
    const before = poseOf(client);
    const call = assertRejects(() => client.callService("/slow"), ConnectionError);
    await first.robot.next("called");

    const session = heard(client, "session");
    const second = await started({ session: "two" });
    for (const topic of ["/a", "/b"]) await second.robot.do("channel", { topic, schema: { ...POSE, name: topic } });
    await second.robot.do("channel", { topic: "/pose", schema: { ...POSE, data: "{}" } });
    proxy.target = second.port;
    await first.robot.kill();
    await call;
    await session.next();
    await roundTrip(second.robot, next, "/pose", 2);
    assertNotEquals(poseOf(client)?.id, before?.id);
    assertEquals([before?.schema?.data, poseOf(client)?.schema?.data], [POSE.data, "{}"]);
    await client.close();
    await proxy.stop();
    await second.robot.end();
  });
}

function poseOf(client: FoxgloveClient) {
  return [...client.channels.values()].find(({ topic }) => topic === "/pose");
}
