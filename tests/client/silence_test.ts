/** A client that asks a silent server for a sign of life, because a standard WebSocket does not notice that it is gone. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { MAX_U32 } from "../../src/protocol/constants.ts";
import { ConnectionError } from "../../src/util/errors.ts";
import { quiet, ScriptedRobot, SURE } from "../support/scripted_robot.ts";
import type { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

const IDLE = 9_000;
const PROBE = { op: "subscribe", subscriptions: [{ id: 0, channelId: MAX_U32 }] };

/** What each kind of server says to it; the texts are theirs. */
const ANSWERS: Record<string, object> = {
  "ours and the official SDK's": { op: "status", level: 2, message: "Unknown channel ID: 4294967295" },
  "the TypeScript reference's": {
    op: "status",
    level: 1,
    message: 'Channel 4294967295 is not available; ignoring subscription",',
  },
  "the old Python one's": {
    op: "status",
    level: 1,
    message: "Channel 4294967295 is not available; ignoring subscription",
    id: null,
  },
};
const ANSWER = ANSWERS["ours and the official SDK's"]!;

function connected(limits = { idleMs: IDLE }) {
  return ScriptedRobot.connected({ client: { reconnect: SURE, limits } });
}

/** What the client has asked since the last time. */
async function asked(server: ScriptedServer): Promise<unknown[]> {
  await quiet();
  return server.inbox.splice(0);
}

/** A server that answers. */
async function sayText(server: ScriptedServer, message: object): Promise<void> {
  server.send(JSON.stringify(message));
  await quiet();
}

test("a client without idleMs asks nothing, and bears any silence", async () => {
  const { robot, server, client } = await ScriptedRobot.connected();
  robot.clock.advance(1e9);
  assertEquals([await asked(server), client.state.status, robot.clock.delays], [[], "connected", 0]);
  await client.close();
});

for (const [whose, answer] of Object.entries(ANSWERS)) {
  test(`a server that answers is kept, and ${whose} answer is nobody else's business`, async () => {
    const { robot, server, client } = await connected();
    const statuses: unknown[] = [];
    client.on("status", (status) => statuses.push(status));
    let times = 0;
    for (let thirds = 0; thirds < 30; thirds++) {
      for (const message of await asked(server)) {
        assertEquals(message, PROBE);
        await sayText(server, answer);
        times++;
      }
      robot.clock.advance(IDLE / 3);
    }
    assert(times >= 10 && times <= 31, `asked ${times} times`);
    assertEquals([client.state.status, statuses, client.stats().ignoredMessages], ["connected", [], 0]);
    await client.close();
    assertEquals(robot.clock.delays, 0);
  });
}

test("a server that has answered and falls silent is lost after idleMs, and found again", async () => {
  const { robot, server, client, log } = await connected();
  server.advertise({ id: 1, topic: "/pose" });
  const poses = client.subscribe("/pose");
  await asked(server);
  await sayText(server, ANSWER);
  await asked(server);
  const lost = assertRejects(() => client.getParameters(), Error);
  const call = client.callService("/add", {}, { timeoutMs: 1e9 }).catch((error) => error);
  robot.clock.advance(IDLE - 1);
  assertEquals([client.state.status, await asked(server)], ["connected", [PROBE, PROBE]]);
  robot.clock.advance(1);
  const { state } = client;
  assert(state.status === "reconnecting");
  assertInstanceOf(state.error, ConnectionError);
  assertEquals(state.error.message, `The connection has ended (code 1006, "No sign of life for ${IDLE} ms")`);
  assertEquals((await server.closed).code, 1006);

  const second = await robot.greet(client);
  assertEquals(await asked(second), [], "it is known to answer");
  second.advertise({ id: 7, topic: "/pose" });
  assertEquals(await second.subscriptions(), [[2, 7]]);
  robot.clock.advance(IDLE);
  assertEquals(client.state.status, "reconnecting");
  assertEquals(log.filter((line) => /^(reconnecting|connected|resumed)/.test(line)), [
    "reconnecting 1",
    "connected",
    "resumed 1",
    "reconnecting 1",
  ]);
  await client.close();
  assertInstanceOf(await call, ConnectionError);
  assertEquals([(await poses.next()).done, robot.clock.delays], [true, 0]);
  await lost;
});

test("a server that has never answered is not taken for lost: it may be a quiet one", async () => {
  const { robot, server, client } = await connected();
  robot.clock.advance(10 * IDLE);
  assertEquals(client.state.status, "connected");
  assertEquals(new Set((await asked(server)).map((message) => JSON.stringify(message))).size, 1);
  await sayText(server, ANSWER);
  robot.clock.advance(IDLE);
  assertEquals(client.state.status, "reconnecting");
  await client.close();
  assertEquals(robot.clock.delays, 0);
});

test("a server that talks is not asked", async () => {
  const { robot, server, client } = await connected();
  await asked(server);
  for (let seconds = 0; seconds < 60; seconds++) {
    await sayText(server, { op: "status", level: 0, message: `${seconds}` });
    robot.clock.advance(1000);
  }
  assertEquals([await asked(server), client.state.status], [[], "connected"]);
  await client.close();
});

test("other statuses reach the user, also of channels", async () => {
  const { server, client } = await connected();
  const texts: string[] = [];
  client.on("status", ({ message }) => texts.push(message));
  for (const message of ["Unknown channel ID: 429496729", "Hello", "Channel 14294967295"]) {
    await sayText(server, { op: "status", level: 0, message });
  }
  assertEquals(texts.length, 3);
  await client.close();
});
