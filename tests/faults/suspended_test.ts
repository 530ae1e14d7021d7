/** Processes that are stopped and go on, as by SIGSTOP, a debugger or a machine that freezes. */
import { assertEquals } from "@std/assert";
import { connect, type ConnectOptions, type FoxgloveClient } from "../../client.ts";
import { webSocket } from "../../src/runtime/node.ts";
import { FoxgloveServer } from "../../src/server/server.ts";
import { within } from "../../src/util/async.ts";
import { ExampleProcess } from "../support/example_process.ts";
import { bun, nodeHttp } from "../support/listeners.ts";
import { runtime, test } from "../support/test.ts";
import { LIMIT_MS, SOON, until } from "../suites/faults/scene.ts";

const TALKER = new URL("programs/talker.ts", import.meta.url);
const ROBOT = new URL("programs/robot.ts", import.meta.url);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A server here, and a client in another process that publishes all the time. */
class Talked {
  readonly server: FoxgloveServer;
  readonly ends: string[] = [];
  /** Messages by client. */
  readonly messages = new Map<number, number>();
  child!: ExampleProcess;
  #stop!: () => Promise<void>;

  constructor(idleMs: number) {
    this.server = new FoxgloveServer({ clientPublish: true, limits: { idleMs } });
    this.server.on("disconnect", ({ client, code, reason }) => this.ends.push(`${client.id} ${code} ${reason}`));
    this.server.on("message", ({ client }) => this.messages.set(client.id, this.heard(client.id) + 1));
  }

  heard(id: number): number {
    return this.messages.get(id) ?? 0;
  }

  async start(): Promise<void> {
    const { port, stop } = await (runtime === "bun" ? bun : nodeHttp)(this.server);
    this.#stop = stop;
    this.child = new ExampleProcess(TALKER, [`ws://127.0.0.1:${port}`]);
  }

  async end(): Promise<void> {
    this.child.signal("SIGKILL");
    await this.child.exit();
    await within(this.server.close({ timeoutMs: 500 }), "end of close()", { timeoutMs: LIMIT_MS });
    await this.#stop();
  }
}

test("a client that is stopped for less than idleMs goes on as if nothing had been", async () => {
  const talked = new Talked(60_000);
  await talked.start();
  try {
    await until("messages", () => talked.heard(1) > 3);
    talked.child.signal("SIGSTOP");
    await pause(300);
    talked.child.signal("SIGCONT");
    const before = talked.heard(1);
    await until("more messages", () => talked.heard(1) > before + 20);
    assertEquals(talked.ends, []);
  } finally {
    await talked.end();
  }
});

test("a client that is stopped for longer than idleMs is let go, and comes back by itself", async () => {
  const talked = new Talked(1000);
  await talked.start();
  try {
    await until("messages", () => talked.heard(1) > 3);
    talked.child.signal("SIGSTOP");
    await until("its end", () => talked.ends.length === 1);
    assertEquals([talked.ends, talked.server.clients.size], [["1 1006 No sign of life for 1000 ms"], 0]);
    talked.child.signal("SIGCONT");
    await until("messages of the next one", () => talked.heard(2) > 3);
    assertEquals(talked.child.lines, ["reconnecting", "connected"]);
  } finally {
    await talked.end();
  }
});

test("a server that was stopped for longer than its idleMs has lost no client; one with idleMs was away", async () => {
  const robot = new ExampleProcess(ROBOT, ["0", "1000"]);
  const [, port] = await robot.printed(/Listening on ws:\/\/127.0.0.1:(\d+)/);
  // Node 20 has no WebSocket of its own.
  const socket = "WebSocket" in globalThis ? {} : { webSocket };
  const open = (options: ConnectOptions): Promise<FoxgloveClient> =>
    connect(`ws://127.0.0.1:${port}`, { ...socket, reconnect: SOON, ...options });
  const patient = await open({});
  const watchful = await open({ limits: { idleMs: 500, connectMs: 500, closeMs: 100 } });
  const [slow, quick] = [patient.subscribe("/count"), watchful.subscribe("/count")];
  try {
    await Promise.all([slow.next(), quick.next(), watchful.callService("/now")]);
    robot.signal("SIGSTOP");
    const call = patient.callService("/now");
    await until("that one notices", () => watchful.state.status === "reconnecting");
    await pause(2000);
    robot.signal("SIGCONT");
    await call;
    await until("that one is back", () => watchful.state.status === "connected" && watchful.channels.size === 1);
    await Promise.all([patient.callService("/now"), watchful.callService("/now")]);
    for (const messages of [slow, quick]) for (let i = 0; i < 20; i++) await messages.next();
    assertEquals([patient.stats().reconnects, /disconnect 1 /.test(robot.output)], [0, false], robot.output);
  } finally {
    await Promise.all([patient.close({ timeoutMs: 500 }), watchful.close({ timeoutMs: 500 })]);
    robot.signal("SIGKILL");
    await robot.exit();
  }
});
