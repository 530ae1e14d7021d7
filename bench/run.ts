/** One run: a server, the sink, and what they say. */
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ServerFlags } from "./flags.ts";
import type { Workload } from "./workloads.ts";

/** How a program is started, in the root of the repository. */
export interface Launch {
  program: string;
  args: readonly string[];
}

/** What a run needs. */
export interface RunOptions {
  /** Starts the server under test with these flags. */
  launch(flags: Partial<ServerFlags>): Launch;
  /** Path of the sink. */
  sink: string;
  workload: Pick<Workload, "server" | "latency">;
  /** Seconds before the window of measurement, from the first message on. */
  warmup: number;
  /** Seconds of the window. */
  seconds: number;
  /** Server on core 0, sink on core 1. */
  pinned: boolean;
}

/** What the sink saw in its window, and what the server says of its whole life. */
export interface Measurement {
  /** The subprotocol that the server chose. */
  protocol: string;
  clients: number;
  /** Length of the window. */
  seconds: number;
  messages: number;
  /** Payload bytes. */
  bytes: number;
  /** Calls of recv. */
  reads: number;
  sinkCpuSeconds: number;
  serverCpuSeconds: number;
  latencyUs?: { samples: number; p50: number; p99: number; p999: number; max: number };
  /** Messages over the whole connection, and status messages of the server. */
  total: number;
  statuses: number;
  /** Messages that the server published in its life, and those that it dropped. */
  published: number;
  dropped: number;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const START_LIMIT_MS = 20_000;
const END_LIMIT_MS = 20_000;
/** A server that nobody ends any more ends by itself, so many seconds after its work. */
const SPARE_LIFE = 60;

/** Whether programs can be bound to cores here. */
export function canPin(): boolean {
  return availableParallelism() >= 2 && spawnSync("taskset", ["--version"]).status === 0;
}

/** Runs a server and the sink. @throws when one of them fails. */
export async function measure(options: RunOptions): Promise<Measurement> {
  const { workload, warmup, seconds, pinned } = options;
  const life = warmup + seconds + SPARE_LIFE;
  const server = new Program(options.launch({ ...workload.server, port: 0, life }), pinned ? 0 : undefined);
  try {
    const { port } = new URL(await server.line(/ws:\/\/\S+/, START_LIMIT_MS));
    const args = sinkArguments(options, port, server.pid);
    const sink = new Program({ program: options.sink, args }, pinned ? 1 : undefined);
    try {
      const window = await sink.line(/^\{.*\}$/, (warmup + seconds) * 1000 + START_LIMIT_MS);
      // The window is over: whatever the server has published has to arrive, and then nothing more.
      server.terminate();
      const lines = [window, await sink.lastLine(END_LIMIT_MS), await server.lastLine(END_LIMIT_MS)];
      return Object.assign({}, ...lines.map((line) => JSON.parse(line)));
    } finally {
      sink.kill();
    }
  } finally {
    server.kill();
  }
}

/** Messages that were published and did not arrive. */
export function lost({ published, clients, total }: Measurement): number {
  return published * clients - total;
}

function sinkArguments({ workload, warmup, seconds }: RunOptions, port: string, pid: number): string[] {
  const { server: { clients = 1 }, latency = false } = workload;
  const flags = { port, clients, warmup, seconds, pid, latency: Number(latency), all: 1 };
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** A program whose lines are listened to. */
class Program {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #name: string;
  readonly #lines: string[] = [];
  readonly #ended: Promise<void>;
  #errors = "";
  #onLine = () => {};

  constructor({ program, args }: Launch, core: number | undefined) {
    const bound = core === undefined ? [] : ["taskset", "-c", `${core}`];
    const [command = "", ...rest] = [...bound, program, ...args];
    this.#name = [program, ...args].join(" ");
    this.#child = spawn(command, rest, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stderr.on("data", (data) => this.#errors += data);
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.#lines.push(line);
      this.#onLine();
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("close", (code) => code === 0 ? resolve() : reject(this.#failure(`ended with ${code}`)));
    });
    // Whoever waits for the end gets to know of it.
    this.#ended.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What matches in the first line that does. */
  async line(pattern: RegExp, limitMs: number): Promise<string> {
    const printed = new Promise<string>((resolve) => {
      this.#onLine = () => {
        const match = this.#lines.map((line) => pattern.exec(line)).find((found) => found !== null);
        if (match) resolve(match[0]);
      };
      this.#onLine();
    });
    const failed = this.#ended.then(() => Promise.reject(this.#failure("ended early")));
    return await this.#within(limitMs, Promise.race([printed, failed]));
  }

  /** What the program printed last, after its end. */
  async lastLine(limitMs: number): Promise<string> {
    await this.#within(limitMs, this.#ended);
    return this.#lines.at(-1) ?? "";
  }

  /** Asks the program to end; on Deno `kill()` of the child would report no exit code afterwards. */
  terminate(): void {
    process.kill(this.pid, "SIGTERM");
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout>;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#failure(`took more than ${limitMs} ms`)), limitMs);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  #failure(what: string): Error {
    return new Error(`"${this.#name}" ${what}\n${this.#errors}`.trim());
  }
}
