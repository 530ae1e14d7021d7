/** Processes that are killed at once, and have no chance to say so: on each runtime that this machine has. */
import { assert, assertEquals, assertGreater, assertInstanceOf } from "@std/assert";
import { connect, type ConnectOptions, type FoxgloveClient } from "../../client.ts";
import { webSocket } from "../../src/runtime/node.ts";
import { within } from "../../src/util/async.ts";
import { ConnectionError } from "../../src/util/errors.ts";
import { type Command, ExampleProcess, thisRuntime } from "../support/example_process.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { bun, nodeHttp } from "../support/listeners.ts";
import { otherRuntimes } from "../support/other_runtimes.ts";
import { runtime, test } from "../support/test.ts";
import { WaitingRobot } from "../support/waiting_robot.ts";
import { LIMIT_MS, SOON, until } from "../suites/faults/scene.ts";

const RUNTIMES = new Map<string, Command>([[runtime, thisRuntime], ...otherRuntimes()]);

function open(port: number, options: ConnectOptions = {}): Promise<FoxgloveClient> {
  // Node 20 has no WebSocket of its own.
  const socket = "WebSocket" in globalThis ? {} : { webSocket };
  return connect(`ws://127.0.0.1:${port}`, { ...socket, reconnect: SOON, ...options });
}

async function everything(command: Command, port = 0): Promise<{ robot: ExampleProcess; port: number }> {
  const robot = new ExampleProcess("everything.ts", ["--port", `${port}`], command);
  const [, given] = await robot.printed(/Listening on ws:\/\/127.0.0.1:(\d+)/);
  return { robot, port: Number(given) };
}

/** Opens everything on the example server, publishes without a pause, and notes what comes. */
class Busy {
  readonly client: FoxgloveClient;
  readonly heard = new Set<string>();
  readonly errors: unknown[] = [];
  readonly #timer;

  constructor(client: FoxgloveClient) {
    this.client = client;
    client.on("error", ({ error }) => this.errors.push(error));
    this.#read("counter", client.subscribe("/counter"));
    this.#read("echo", client.subscribe("/echo/goal"));
    this.#read("graph", client.connectionGraph());
    this.#read("time", client.timeUpdates());
    const goal = client.publisher({ topic: "/goal", encoding: "json" });
    this.#timer = setInterval(() => goal.publish({ x: 1 }), 5);
  }

  /** Waits until everything was heard since the last call. */
  async everything(): Promise<void> {
    this.heard.clear();
    await until("everything", () => this.heard.size === 4);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.client.close();
    assertEquals(this.errors, []);
  }

  async #read(what: string, feed: AsyncIterable<unknown>): Promise<void> {
    for await (const _ of feed) this.heard.add(what);
  }
}

for (const [name, command] of RUNTIMES) {
  test(`a server on ${name} that is killed while it streams and answers is noticed, and found again with everything`, async () => {
    let { robot, port } = await everything(command);
    const busy = new Busy(await open(port));
    try {
      await busy.everything();
      const { client } = busy;
      const states: string[] = [];
      client.on("state", ({ status }) => states.push(status));
      const session = new Promise((resolve) => client.on("session", resolve));
      const call = client.callService("/slow").catch((error: unknown) => error);
      await client.getParameters(["int"]);
      robot.signal("SIGKILL");
      const error = await within(call, "end of the call", { timeoutMs: LIMIT_MS });
      assertInstanceOf(error, ConnectionError);
      assertEquals([error.closeCode, client.state.status, client.channels.size > 0], [1006, "reconnecting", true]);
      await robot.exit();
      ({ robot } = await everything(command, port));
      await within(session, "another session", { timeoutMs: LIMIT_MS });
      await busy.everything();
      assertEquals(await client.callService("/add", { a: 1, b: 2 }), { sum: 3 });
      assertEquals([states[0], states.at(-1)], ["reconnecting", "connected"]);
    } finally {
      await busy.close();
      robot.signal("SIGKILL");
      await robot.exit();
    }
  });

  test(`a server on ${name} that is killed in the middle of its greeting is tried again until it is back`, async () => {
    let { robot, port } = await everything(command);
    const proxy = await FaultProxy.start(port);
    const first = await open(proxy.port);
    try {
      // Of the first attempt: in the answer to the request, in serverInfo, in the channels.
      for (const after of [60, 250, 2000]) {
        proxy.faults = { down: { after, how: "silence" } };
        const met = proxy.met;
        proxy.cut();
        await until("attempt", () => proxy.met > met && proxy.passed("down") === after);
        robot.signal("SIGKILL");
        await robot.exit();
        proxy.unmute();
        const tried = proxy.met;
        await until("further attempts", () => proxy.met > tried + 2 && first.state.status === "reconnecting");
        ({ robot } = await everything(command, port));
        await until("channels", () => first.state.status === "connected" && first.channels.size > 3);
        assertEquals(await first.callService("/add", { a: 1, b: after }), { sum: 1 + after });
      }
    } finally {
      await first.close();
      await proxy.stop();
      robot.signal("SIGKILL");
      await robot.exit();
    }
  });

  test(`a client on ${name} that is killed with everything under way is released at once, and another sees it go`, async () => {
    const robot = new WaitingRobot();
    const { server } = robot;
    const { port, stop } = await (runtime === "bun" ? bun : nodeHttp)(server);
    const witness = await open(port);
    const graph = witness.connectionGraph();
    const poses = witness.subscribe("/pose");
    await until("first one", () => robot.open.subscribe === 1 && robot.open.graph === 1);
    const before = { ...robot.open };
    const program = new URL("programs/busy_client.ts", import.meta.url);
    const child = new ExampleProcess(program, [`ws://127.0.0.1:${port}`, "0"], command);
    try {
      // Messages count up, and are never taken back.
      const begun = () => Object.keys(robot.open).filter((what) => robot.open[what]! > (before[what] ?? 0));
      const all = ["connect", "subscribe", "advertise", "message", "call", "asset bytes", "asset stream", "stream"];
      all.push("validator", "parameters", "graph", "seek");
      await until("everything under way", () => all.every((what) => begun().includes(what)));
      const ids = () => [...graph.subscribers.get("/map") ?? []];
      await until("its mark in the graph", () => ids().length === 1);
      child.signal("SIGKILL");
      await child.exit();
      await until("end of everything", () => begun().join() === "message");
      await until("end of its mark", () => ids().length === 0);
      robot.publish();
      assertEquals((await poses.next()).done, false);
      assertGreater(robot.begun.message!, 0);
      assert(server.clients.size === 1 && robot.errors.length === 0, `${robot.errors}`);
    } finally {
      child.signal("SIGKILL");
      await witness.close();
      await within(server.close(), "end of close()", { timeoutMs: LIMIT_MS });
      await stop();
    }
    assertEquals(robot.clock.delays, 0);
  });
}
