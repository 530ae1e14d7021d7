/**
 * The connection is cut at each step of the greeting and of each request: what was asked for fails, what is watched goes
 * on with the next connection, and nothing stays behind.
 */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { connect } from "../../src/client/connect.ts";
import { ConnectionError } from "../../src/util/errors.ts";
import {
  addService,
  advertise,
  answer,
  answerAll,
  Busy,
  EVERYTHING,
  expected,
  FIRST,
  type Flavour,
  REQUESTS,
  type Wait,
} from "../support/busy_client.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { quiet, ScriptedRobot } from "../support/scripted_robot.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

const SECOND: Flavour = { channelId: 11, serviceId: 2, value: "second" };

/** How a connection ends, and the code that the client then knows. */
const ENDS: [how: string, end: (server: ScriptedServer) => void, code: number][] = [
  ["cut", (server) => server.transport.terminate(), 1006],
  ["closed with 1001", (server) => server.transport.close(1001, "Going away"), 1001],
  ["closed without a code", (server) => server.transport.close(), 1005],
];

/** What a server may have sent before its `serverInfo`. */
const BEFORE_SERVER_INFO: Record<string, (server: ScriptedServer) => void> = {
  "before serverInfo": () => {},
  "after half a serverInfo": (server) => server.send('{"op":"serverInfo","name":"scr'),
  "after a serverInfo that is none": (server) => server.send('{"op":"serverInfo","name":"x"'),
  "after channels that come before serverInfo": (server) => advertise(server, FIRST),
  "after a message that comes before serverInfo": (server) => server.data(1, "early"),
  "after garbage": (server) => server.send("\0", new Uint8Array([255, 255]), new Uint8Array()),
};

for (const [how, end, code] of ENDS) {
  for (const [when, before] of Object.entries(BEFORE_SERVER_INFO)) {
    test(`a first connection that is ${how} ${when} rejects connect(), and nothing stays behind`, async () => {
      const clock = new ManualClock();
      const server = new ScriptedServer();
      before(server);
      const connecting = connect(server.clientEnd, { clock });
      connecting.catch(() => {});
      await quiet();
      end(server);
      const error = await assertRejects(() => connecting, ConnectionError, "before serverInfo");
      assertEquals([error.code, error.closeCode, clock.delays], ["connection", code, 0]);
      assertEquals((await server.closed).code, code);
    });
  }
}

/** Which wait each message of the client belongs to. */
const WAIT_OF: Partial<Record<string, Wait>> = {
  subscribe: "message",
  serviceCallRequest: "call",
  getParameters: "get",
  setParameters: "set",
  fetchAsset: "asset",
  playbackControlRequest: "play",
  subscribeParameterUpdates: "update",
  subscribeConnectionGraph: "graph",
};

/** One connection of a server that goes through its steps. */
interface Play {
  server: ScriptedServer;
  sent: Set<Wait>;
  answered: Set<Wait>;
}

/** Reads what the client sends, and answers what belongs to this wait. */
async function answerTo({ server, sent, answered }: Play, wanted?: Wait): Promise<void> {
  await quiet();
  for (const message of server.inbox) sent.add(WAIT_OF[message.op]!);
  const found = server.inbox.find(({ op }) => WAIT_OF[op] === wanted);
  if (found === undefined) return;
  answer(server, found);
  answered.add(wanted!);
}

/** What happens on a connection, step by step. */
const STEPS: [after: string, step: (play: Play) => unknown][] = [
  ["serverInfo", () => {}],
  ["the first of two batches of channels", ({ server }) => server.advertise({ id: 5, topic: "/other" })],
  ["the channels, before the services", ({ server }) => server.advertise({ id: FIRST.channelId, topic: "/pose" })],
  ["the services", ({ server }) => addService(server, FIRST.serviceId, "/add")],
  ["everything was asked", (play) => answerTo(play)],
  ...Object.values(WAIT_OF).map((wait) =>
    [`the answer for "${wait}"`, (play: Play) => answerTo(play, wait)] as [string, (play: Play) => unknown]
  ),
  ["a status, which changes nothing", ({ server }) => server.send({ op: "status", level: "info", message: "Hello" })],
];

/** Goes through the first steps, and ends the connection. */
async function playUntil(server: ScriptedServer, steps: number, end: (server: ScriptedServer) => void) {
  const play: Play = { server, sent: new Set(), answered: new Set() };
  for (const [, step] of STEPS.slice(0, steps)) await step(play);
  await answerTo(play);
  end(server);
  await quiet();
  return play;
}

for (const [steps, [after]] of STEPS.entries()) {
  test(`a connection that is cut after ${after} fails what was asked, and the next one goes on with the rest`, async () => {
    for (const [, end] of ENDS) {
      const { robot, server, client } = await ScriptedRobot.connected({ info: EVERYTHING });
      const busy = new Busy(client);
      const { sent, answered } = await playUntil(server, steps + 1, end);
      assertEquals(client.state.status, "reconnecting");
      const failed = REQUESTS.filter((wait) => sent.has(wait) && !answered.has(wait));
      for (const wait of failed) assertInstanceOf(busy.outcomes.get(wait), ConnectionError, wait);
      assertEquals([...busy.outcomes.keys()].sort(), [...answered, ...failed].sort());
      // Only the clock of the next attempt, and of calls that wait for their service.
      const calls = busy.waiting.filter((wait) => wait === "call" || wait === "lateCall").length;
      assertEquals(robot.clock.delays, 1 + calls);

      const second = await robot.greet(client, { ...EVERYTHING, sessionId: "two" });
      busy.start(failed);
      advertise(second, SECOND);
      await answerAll(second, SECOND);
      assertEquals(busy.waiting, []);
      for (const [wait, outcome] of await busy.over()) {
        assertEquals(outcome, expected(answered.has(wait) ? FIRST : SECOND)[wait], wait);
      }
      assertEquals([client.stats().lateMessages, client.stats().ignoredMessages], [0, 0]);
      await client.close();
      assertEquals(robot.clock.delays, 0);
    }
  });

  test(`without reconnecting, a connection that is cut after ${after} fails everything that waits`, async () => {
    for (const [, end, code] of ENDS) {
      const { robot, server, client } = await ScriptedRobot.connected({
        info: EVERYTHING,
        client: { reconnect: false },
      });
      const busy = new Busy(client);
      const { answered } = await playUntil(server, steps + 1, end);
      assertEquals([busy.waiting, (await client.closed).code, robot.clock.delays], [[], code, 0]);
      for (const [wait, outcome] of await busy.over()) {
        if (answered.has(wait)) assertEquals(outcome, expected(FIRST)[wait]);
        else assert(outcome instanceof ConnectionError && outcome.closeCode === code, `${wait}: ${outcome}`);
      }
    }
  });

  test(`a client that is closed after ${after} ends everything that waits`, async () => {
    const { robot, server, client } = await ScriptedRobot.connected({ info: EVERYTHING });
    const busy = new Busy(client);
    const { answered } = await playUntil(server, steps + 1, () => client.close());
    assertEquals([busy.waiting, (await client.closed).code, robot.clock.delays], [[], 1000, 0]);
    for (const [wait, outcome] of await busy.over()) {
      if (answered.has(wait)) assertEquals(outcome, expected(FIRST)[wait]);
      // Feeds end; requests have no answer to give.
      else if (wait === "lateCall" || REQUESTS.includes(wait as "call")) assertInstanceOf(outcome, ConnectionError);
      else assert(outcome === undefined || outcome === "", `${wait}: ${outcome}`);
    }
  });
}
