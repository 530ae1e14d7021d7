/**
 * What many clients and channels that come and go leave behind: nothing. `tests/runtime/churn_test.ts` runs it for each
 * way to serve.
 */
import { assertEquals, assertGreater } from "@std/assert";
import { FoxgloveServer } from "../../src/server/server.ts";
import { churnOfChannels, type Watcher } from "../support/channel_churn.ts";
import type { Listen } from "../support/listeners.ts";
import { freshSeed, withSeed } from "../support/random.ts";
import { RawClient } from "../support/raw_client.ts";
import { test } from "../support/test.ts";
import { EVERYTHING, WaitingRobot } from "../support/waiting_robot.ts";

const CYCLES = 1000;
const AT_ONCE = 20;
const PROTOCOLS = ["foxglove.sdk.v1", "foxglove.sdk.v1.1"];

/** The ways in which clients leave. */
const LEAVE: ((client: RawClient) => Promise<void>)[] = [
  (client) => client.close(1000),
  (client) => client.destroy(),
  (client) => (client.socket.reset(), client.destroy()),
];

/** Declares the tests. */
export function churnSuite(name: string, listen: Listen): void {
  test(`${name}: ${CYCLES} clients that leave with everything in flight leave nothing behind`, async () => {
    const robot = new WaitingRobot();
    const { port, stop } = await listen(robot.server);
    try {
      await all(AT_ONCE, (lane) => comeAndGo(robot, port, lane));
      await robot.empty();
      assertNothingLeft(robot);
      await robot.mortals.assertGone();
    } finally {
      await robot.server.close();
      await stop();
    }
    assertEquals(robot.clock.delays, 0, "timers of the closed server");
  });

  test(`${name}: ${CYCLES} channels come and go beside ${AT_ONCE} clients that do`, async () => {
    await withSeed(freshSeed(), async (random) => {
      const server = new FoxgloveServer({ name: "robot" });
      const { port, stop } = await listen(server);
      try {
        await churnOfChannels(
          { server, random, channels: CYCLES, watchers: AT_ONCE },
          (watcher) => follow(watcher, port),
        );
      } finally {
        await server.close();
        await stop();
      }
    });
  });
}

async function all(lanes: number, run: (lane: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
}

async function comeAndGo(robot: WaitingRobot, port: number, lane: number): Promise<void> {
  for (let i = 0; i < CYCLES / AT_ONCE; i++) {
    const client = await RawClient.open(port, PROTOCOLS[i % PROTOCOLS.length]);
    robot.publish();
    await client.ask(...EVERYTHING);
    robot.publish();
    await LEAVE[(lane + i) % LEAVE.length]!(client);
  }
}

/** What was begun has been ended, once; and each thing was begun, or the test would show nothing. */
function assertNothingLeft({ server, clock, open, begun, errors }: WaitingRobot): void {
  assertEquals(errors, []);
  assertEquals(open, { ...mapValues(begun, () => 0), message: CYCLES });
  const { seek = 0, ...others } = begun;
  assertEquals(others, {
    connect: CYCLES,
    subscribe: 2 * CYCLES,
    advertise: CYCLES,
    message: CYCLES,
    call: CYCLES,
    "asset bytes": CYCLES,
    "asset stream": 2 * CYCLES,
    stream: 2 * CYCLES,
    validator: CYCLES,
    parameters: CYCLES,
    graph: CYCLES,
  });
  // One client at a time has the source: some leave while they wait for it.
  assertGreater(seek, 0);
  const { clients, subscriptions, queuedBytes } = server.stats();
  assertEquals(
    [clients, subscriptions, queuedBytes, clock.delays],
    [0, 0, 0, 0],
    "clients, subscriptions, bytes, timers",
  );
}

function mapValues(record: Record<string, number>, map: (value: number) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** Lets a watcher see everything that a connection brings, until it wants to leave. */
async function follow(watcher: Watcher, port: number): Promise<void> {
  const client = await RawClient.open(port, watcher.protocol);
  watcher.send = (message) => client.send(message);
  try {
    while (!watcher.done) watcher.received(await client.next());
    await client.close(1000);
  } finally {
    await client.destroy();
  }
}
