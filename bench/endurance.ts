/**
 * What a server costs that nobody uses, and after many clients have used everything and left: run it with
 * `deno run --allow-all bench/endurance.ts`, `bun bench/endurance.ts` or `node bench/endurance.ts`; `--rounds 5` of
 * `--cycles 1000` clients each. The server runs in a process of its own, on the same runtime.
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Cost } from "./endurance_robot.ts";

const IDLE_MS = 5000;
const AT_ONCE = 10;
const MIB = 1024 * 1024;
/** No subscription has this id: its answer tells that everything before was begun. */
const PROBE = 0xbad0_0bad;

const EVERYTHING: (object | number[])[] = [
  { op: "subscribe", subscriptions: Array.from({ length: 100 }, (_, i) => ({ id: i, channelId: i + 1 })) },
  { op: "advertise", channels: [{ id: 1, topic: "/cmd", encoding: "json", schemaName: "" }] },
  // A message, a service call, and a request to seek.
  [1, 1, 0, 0, 0, 123, 125],
  [2, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 106, 115, 111, 110, 123, 125],
  [3, 1, 0, 0, 0x80, 0x3f, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  { op: "fetchAsset", uri: "a", requestId: 1 },
  { op: "subscribeParameterUpdates", parameterNames: [] },
  { op: "setParameters", parameters: [{ name: "gain", value: 2 }], id: "a" },
  { op: "subscribeConnectionGraph" },
  { op: "unsubscribe", subscriptionIds: [PROBE] },
];

/** The server's process. */
class Robot {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(...flags: string[]) {
    const file = fileURLToPath(new URL("endurance_robot.ts", import.meta.url));
    this.#child = spawn(process.execPath, [...runtimeArguments(), file, ...flags], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("The server has ended");
    return value;
  }

  async cost(): Promise<Cost> {
    this.#child.stdin!.write("\n");
    return JSON.parse(await this.line());
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.stdin!.end();
    await ended;
  }
}

/** What this process was started with serves its child too: flags and import maps. */
function runtimeArguments(): string[] {
  if ("Deno" in globalThis) return ["run", "--allow-all", "--no-check", ...importMap()];
  return "Bun" in globalThis ? [] : process.execArgv;
}

function importMap(): string[] {
  const { IMPORT_MAP } = process.env;
  return IMPORT_MAP === undefined ? [] : [`--import-map=${IMPORT_MAP}`];
}

/** Connects, begins everything and leaves. */
function cycle(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, ["foxglove.sdk.v1.1"]);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      for (const message of EVERYTHING) {
        socket.send(Array.isArray(message) ? new Uint8Array(message) : JSON.stringify(message));
      }
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string" && data.includes(`ID: ${PROBE};`)) socket.close();
    };
    socket.onerror = () => reject(new Error("Connection failed"));
    socket.onclose = () => resolve();
  });
}

async function round(port: number, cycles: number): Promise<void> {
  const lane = async () => {
    for (let i = 0; i < cycles / AT_ONCE; i++) await cycle(port);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits, and says what a server without clients takes meanwhile. */
async function idle(robot: Robot): Promise<string> {
  await robot.cost();
  await pause(1000);
  const started = performance.now();
  const before = await robot.cost();
  await pause(IDLE_MS);
  const after = await robot.cost();
  const cpu = (after.cpuMs - before.cpuMs) / (performance.now() - started) * 100;
  return `${cpu.toFixed(2)} % of a core, RSS ${mib(after.rss)} MiB`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: "string" }, cycles: { type: "string" } } });
  const [rounds, cycles] = [Number(values.rounds ?? 5), Number(values.cycles ?? 1000)];
  const bare = new Robot("--bare");
  await bare.line();
  console.log(`no client, and nothing is published: ${await idle(bare)}`);
  await bare.end();
  const robot = new Robot();
  const port = Number(await robot.line());
  console.log(`no client, 100 channels are published at 100 Hz: ${await idle(robot)}`);
  for (let i = 1; i <= rounds; i++) {
    await round(port, cycles);
    await pause(500);
    const { rss, heap, clients } = await robot.cost();
    console.log(`after ${i * cycles} clients: RSS ${mib(rss)} MiB, heap ${mib(heap)} MiB, ${clients} connected`);
  }
  await robot.end();
}

await main();
