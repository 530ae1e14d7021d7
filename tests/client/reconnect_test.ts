import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FATAL_CLOSE_CODES } from "../../src/client/backoff.ts";
import type { FoxgloveClient } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import { ConnectionError, TimeoutError } from "../../src/util/errors.ts";
import { FakeWebSocket } from "../support/fake_web_socket.ts";
import { event, quiet, ScriptedRobot, SURE } from "../support/scripted_robot.ts";
import { nextTurn, ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

/** Status, attempt and delay. */
function waiting({ state }: FoxgloveClient): [string, number?, number?] {
  return state.status === "reconnecting" ? [state.status, state.attempt, state.delayMs] : [state.status];
}

test("a client that has lost its connection makes another", async () => {
  const { robot, server, client, log } = await ScriptedRobot.connected();
  assertEquals(client.state, { status: "connected" });
  await robot.lose(server, client);
  assertEquals(waiting(client), ["reconnecting", 1, 250]);
  const state = client.state as { error: ConnectionError };
  assertEquals([state.error.message, state.error.closeCode], ["The connection has ended (code 1006)", 1006]);
  robot.clock.advance(249);
  assertEquals(robot.met, 1);
  await robot.greet(client);
  assertEquals(client.state, { status: "connected" });
  assertEquals([robot.met, robot.clock.delays, client.stats().reconnects], [2, 0, 1]);
  assertEquals(log, ["reconnecting 1", "connected", "serverInfo scripted", "resumed 1"]);
  await client.close();
  assertEquals(client.state, { status: "closed", code: 1000, reason: "" });
});

test("a client goes on trying, after longer and longer waits, and counts the attempts", async () => {
  const { robot, server, client, log } = await ScriptedRobot.connected();
  await robot.lose(server, client);
  for (const [attempt, delayMs] of [[1, 250], [2, 500], [3, 1000], [4, 2000]]) {
    assertEquals(waiting(client), ["reconnecting", attempt, delayMs]);
    const failed = event(client, "state");
    (await robot.retry(client)).transport.terminate();
    await failed;
  }
  await robot.greet(client);
  assertEquals(log.at(-1), "resumed 5");
  await client.close();
});

test("a connection that does not last keeps the waits growing, one that does starts them anew", async () => {
  const { robot, server, client } = await ScriptedRobot.connected();
  await robot.lose(server, client);
  const second = await robot.greet(client);
  robot.clock.advance(249);
  await robot.lose(second, client);
  assertEquals(waiting(client), ["reconnecting", 1, 500]);
  const third = await robot.greet(client);
  robot.clock.advance(500);
  await robot.lose(third, client);
  assertEquals(waiting(client), ["reconnecting", 1, 250]);
  await client.close();
});

test("a first attempt that fails is not repeated", async () => {
  const robot = new ScriptedRobot();
  robot.answer = () => Promise.reject(new Error("no route"));
  const error = await assertRejects(() => connect(robot.factory, { clock: robot.clock }), ConnectionError, "no route");
  assertStringIncludes(error.message, "Cannot connect to the server");
  assertEquals([robot.met, robot.clock.delays], [1, 0]);
});

test("a client does not reconnect with reconnect: false, or on what was given ready-made", async () => {
  const { server, client } = await ScriptedRobot.connected({ client: { reconnect: false } });
  const ready = await ScriptedServer.connected();
  for (const [end, of] of [[server, client], [ready.server, ready.client]] as const) {
    const next = of.subscribe("/a").next();
    end.transport.terminate();
    assertEquals(await of.closed, { code: 1006, reason: "" });
    assertEquals(of.state, { status: "closed", code: 1006, reason: "" });
    await assertRejects(() => next, ConnectionError, "The connection has ended (code 1006)");
  }
});

test("connect() refuses to reconnect what was given ready-made, and numbers that make no sense", async () => {
  const server = new ScriptedServer();
  for (const reconnect of [true, { attempts: 3 }]) {
    await assertRejects(() => connect(server.clientEnd, { reconnect }), TypeError, "ready-made");
  }
  const factory = () => server.clientEnd;
  await assertRejects(() => connect(factory, { reconnect: { attempts: 0 } }), RangeError, "attempts is 0");
  server.transport.terminate();
});

test("an address is connected to again, with the same offer", async () => {
  const sockets: FakeWebSocket[] = [];
  const webSocket = (url: string, protocols: string[]) => {
    const socket = new FakeWebSocket(url, protocols);
    sockets.push(socket);
    return socket.socket;
  };
  const robot = new ScriptedRobot();
  const options = { webSocket, clock: robot.clock, reconnect: SURE, subprotocols: ["foxglove.sdk.v1"] as const };
  const connecting = connect("ws://robot", options);
  await nextTurn();
  const info = { data: '{"op":"serverInfo","name":"x","capabilities":[],"sessionId":"s"}' };
  sockets[0]!.open("foxglove.sdk.v1");
  sockets[0]!.raise("message", info);
  const client = await connecting;
  const lost = event(client, "state");
  sockets[0]!.end(1001, "Going away");
  await lost;
  robot.clock.advance(250);
  await nextTurn();
  const resumed = event(client, "resumed");
  sockets[1]!.open("foxglove.sdk.v1");
  sockets[1]!.raise("message", info);
  await resumed;
  assertEquals([sockets[1]!.url, sockets[1]!.offered, client.url], ["ws://robot", ["foxglove.sdk.v1"], "ws://robot"]);
  let times = 0;
  client.on("time", () => times++);
  const time = { data: new Uint8Array([2, 1, 0, 0, 0, 0, 0, 0, 0]).buffer };
  for (const socket of sockets) socket.raise("message", time);
  await quiet();
  assertEquals(times, 1);
  const closing = client.close();
  sockets[1]!.end(1000);
  await closing;
});

/** Where an attempt can break, and what the server does there. */
const BREAKS: Record<string, (robot: ScriptedRobot, server: ScriptedServer) => void> = {
  "before it is open": (_robot, server) => server.transport.terminate(),
  "once it is open": (_robot, server) => server.transport.close(1011, "Oops"),
  "in the middle of serverInfo": (_robot, server) => {
    server.send('{"op":"serverInfo","name":"scr');
    server.transport.terminate();
  },
  "after what comes too early": (_robot, server) => {
    server.advertise({ id: 1, topic: "/pose" });
    server.transport.terminate();
  },
  "by silence": (robot) => robot.clock.advance(10_000),
};

for (const [where, breaks] of Object.entries(BREAKS)) {
  test(`an attempt that breaks ${where} is followed by the next`, async () => {
    const { robot, server, client, log } = await ScriptedRobot.connected();
    server.advertise({ id: 1, topic: "/pose" });
    const subscription = client.subscribe("/pose");
    await server.subscriptions();
    await robot.lose(server, client);
    const failed = event(client, "state");
    breaks(robot, await robot.retry(client));
    await failed;
    assertEquals(waiting(client), ["reconnecting", 2, 500]);
    const next = await robot.greet(client);
    next.advertise({ id: 7, topic: "/pose" });
    assertEquals(await next.subscriptions(), [[2, 7]]);
    next.data(2, "back");
    assertEquals((await subscription.next()).value?.value, "back");
    assertEquals(log.slice(0, 3), ["advertise /pose", "reconnecting 1", "reconnecting 2"]);
    await client.close();
    assertEquals(robot.clock.delays, 0);
  });
}

test("a connection that breaks right after serverInfo, or in the middle of advertise, was one", async () => {
  const { robot, server, client, log } = await ScriptedRobot.connected();
  const subscription = client.subscribe("/pose");
  await robot.lose(server, client);
  const second = await robot.retry(client);
  second.info({ sessionId: "one" });
  second.transport.close(1012, "Restart");
  await event(client, "resumed");
  await event(client, "state");
  const third = await robot.greet(client);
  third.advertise({ id: 3, topic: "/pose" }, { id: 4, topic: "/other" });
  third.transport.close(1012, "Restart");
  await event(client, "state");
  assertEquals(client.channels.size, 2);
  const fourth = await robot.greet(client);
  assertEquals(client.channels.size, 0);
  fourth.advertise({ id: 4, topic: "/pose" });
  const [[id]] = await fourth.subscriptions() as [[number, number]];
  fourth.data(id, 4);
  assertEquals((await subscription.next()).value?.channel.id, 4);
  assertEquals(log.filter((line) => line.startsWith("resumed")).length, 3);
  await client.close();
});

test("an attempt on a socket that never opens is given up after connectTimeoutMs, and the socket closed", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({
    client: { reconnect: { ...SURE, connectTimeoutMs: 300 } },
  });
  await robot.lose(server, client);
  const socket = new FakeWebSocket("ws://robot");
  robot.answer = () => socket.socket;
  await robot.retry(client);
  await quiet();
  const failed = event(client, "state");
  robot.clock.advance(300);
  await failed;
  assertEquals([waiting(client)[1], socket.closes.length], [2, 1]);
  assert((client.state as { error: unknown }).error instanceof TimeoutError);
  await client.close();
  assertEquals(robot.clock.delays, 0);
});

test("a client gives up after so many attempts in a row, and says why", async () => {
  const { robot, server, client, log } = await ScriptedRobot.connected({
    client: { reconnect: { ...SURE, attempts: 2 } },
  });
  const next = client.subscribe("/a").next();
  await robot.lose(server, client);
  const second = await robot.greet(client);
  await robot.lose(second, client);
  robot.answer = () => Promise.reject(new Error("no route"));
  const failed = event(client, "state");
  await robot.retry(client);
  await failed;
  await robot.retry(client);
  const error = await assertRejects(() => next, ConnectionError);
  assertEquals(error.message, "Gave up after 2 attempts to reconnect: Cannot connect to the server: no route");
  assert(error.cause instanceof ConnectionError);
  assertEquals(await client.closed, { code: 1006, reason: "Cannot connect to the server: no route" });
  assertEquals(log.slice(-4), ["reconnecting 1", "reconnecting 2", "closed", "close 1006"]);
  assertEquals([robot.met, robot.clock.delays], [4, 0]);
  await assertRejects(() => client.subscribe("/b").next(), ConnectionError, "Gave up");
  await client.close();
});

test("a client does not reconnect after a fatal close code, and says why", async () => {
  for (const [code, reason] of FATAL_CLOSE_CODES) {
    const { robot, server, client } = await ScriptedRobot.connected();
    const next = client.subscribe("/a").next();
    server.transport.close(code, "No");
    assertEquals(await client.closed, { code, reason: "No" });
    const error = await assertRejects(() => next, ConnectionError);
    assertEquals(
      [error.message, error.closeCode],
      [`The connection has ended (code ${code}, "No"); not trying again: ${reason}`, code],
    );
    assertEquals([robot.met, robot.clock.delays], [1, 0]);
  }
});

test("a client reconnects after every other close code", async () => {
  for (const code of [1000, 1001, 1005, 1009, 1011, 1012, 1013, 1014, 3001, 4000, 4500]) {
    const { robot, server, client } = await ScriptedRobot.connected();
    const lost = event(client, "state");
    server.transport.close(code);
    await lost;
    await robot.greet(client);
    await client.close();
  }
});

test("fatal close codes are an option", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({
    client: { reconnect: { ...SURE, fatalCloseCodes: [4009] } },
  });
  const lost = event(client, "state");
  server.transport.close(1008);
  await lost;
  const second = await robot.greet(client);
  second.transport.close(4009, "Replaced");
  assertEquals(await client.closed, { code: 4009, reason: "Replaced" });
  await assertRejects(() => client.subscribe("/a").next(), ConnectionError, "this code is final");
});

test("a fatal close code ends an attempt for good too, and so does a wrong subprotocol", async () => {
  const refused = await ScriptedRobot.connected();
  await refused.robot.lose(refused.server, refused.client);
  (await refused.robot.retry(refused.client)).transport.close(1008, "Who are you");
  assertEquals((await refused.client.closed).code, 1008);

  const other = await ScriptedRobot.connected();
  await other.robot.lose(other.server, other.client);
  other.robot.protocol = "chat";
  const server = await other.robot.retry(other.client);
  assertEquals(await server.closed, { code: 1002, reason: "Unsupported subprotocol" });
  assertEquals((await other.client.closed).code, 1002);
  await assertRejects(() => other.client.subscribe("/a").next(), ConnectionError, '"chat"');
  assertEquals(other.robot.clock.delays, 0);
});

test("protocol and serverInfo are those of the new connection", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ protocol: "foxglove.sdk.v1.1" });
  assertEquals(client.protocol, "foxglove.sdk.v1.1");
  server.send({ op: "time", timestamp: 5n });
  await server.settle(client);
  await robot.lose(server, client);
  robot.protocol = "foxglove.websocket.v1";
  await robot.greet(client, { name: "older", sessionId: "two" });
  assertEquals([client.protocol, client.serverInfo.name, client.time], ["foxglove.websocket.v1", "older", undefined]);
  await client.close();
});

test("a server that does not read is cut, and connected to again", async () => {
  const { robot, server, client } = await ScriptedRobot.connected({ client: { limits: { sendBytes: 10_000 } } });
  client.on("error", () => {});
  server.advertise({ id: 1, topic: "/a" });
  await server.settle(client);
  server.transport.pause();
  for (let i = 0; client.state.status === "connected" && i < 100_000; i++) client.subscribe("/a").close();
  assertEquals(waiting(client), ["reconnecting", 1, 250]);
  await robot.greet(client);
  await client.close();
});

/** A moment to close in, and the code that `closed` then tells. */
const MOMENTS: Record<string, (robot: ScriptedRobot, client: FoxgloveClient) => unknown> = {
  "while it waits": () => {},
  "while the factory is at work": async (robot, client) => {
    robot.answer = () => new Promise(() => {});
    await robot.retry(client);
  },
  "while the socket opens": async (robot, client) => {
    robot.answer = () => new FakeWebSocket("ws://robot").socket;
    await robot.retry(client);
    await quiet();
  },
  "before serverInfo": async (robot, client) => {
    await robot.retry(client);
    await quiet();
  },
  "while serverInfo arrives": async (robot, client) => {
    (await robot.retry(client)).info();
    await nextTurn();
  },
};

for (const [when, moment] of Object.entries(MOMENTS)) {
  test(`close() ${when} ends everything at once`, async () => {
    const { robot, server, client, log } = await ScriptedRobot.connected();
    const next = client.subscribe("/a").next();
    const room = client.closed;
    await robot.lose(server, client);
    await moment(robot, client);
    const away = waiting(client)[0] === "reconnecting";
    const closing = client.close({ code: 3000, reason: "bye" });
    if (away) assertEquals(client.state, { status: "closed", code: 3000, reason: "bye" });
    await closing;
    assertEquals((await next).done, true);
    assertEquals(await room, { code: 3000, reason: "bye" });
    assertEquals(robot.clock.delays, 0);
    await quiet();
    robot.clock.advance(60_000);
    await quiet();
    assertEquals([log.at(-2), log.at(-1)], ["closed", "close 3000"]);
    await client.close();
    assert(robot.met <= 2);
  });
}

test("close() in a state listener, as soon as the connection is lost, leaves nothing behind", async () => {
  const { robot, server, client, log } = await ScriptedRobot.connected();
  client.on("state", ({ status }) => status === "reconnecting" && client.close());
  server.transport.terminate();
  assertEquals(await client.closed, { code: 1000, reason: "" });
  assertEquals([log, robot.clock.delays], [["reconnecting 1", "closed", "close 1000"], 0]);
});

test("close() in a listener on the way back raises nothing more of it", async () => {
  const { robot, server, client, log } = await ScriptedRobot.connected();
  server.advertise({ id: 1, topic: "/a" });
  await server.settle(client);
  client.on("unadvertise", () => client.close());
  await robot.lose(server, client);
  const next = await robot.retry(client);
  next.info({ sessionId: "two" });
  assertEquals((await client.closed).code, 1000);
  assertEquals(log.slice(1), ["reconnecting 1", "unadvertise /a", "closed", "close 1000"]);
  assertEquals(robot.clock.delays, 0);
});
