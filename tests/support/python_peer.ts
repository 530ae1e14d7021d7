/** Servers in Python, as other processes: peers that nobody here has written. tests/interop/peer.py is their other end. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { AssertionError } from "@std/assert";
import { deferred, within } from "../../src/util/async.ts";
import { skippedTest, test } from "./test.ts";

const ROOT = new URL("../../", import.meta.url);
const PACKAGES = new URL(".cache/pypi/", ROOT);
const PROGRAMS = new URL("tests/interop/", ROOT);

/** No answer takes so long unless something is wrong. */
const LIMIT_MS = 20_000;

/** The Python whose packages are there; `undefined` where tools/support/pypi.ts has not fetched them. */
const python = findPython();

/** Declares a test that needs a Python peer. */
export const pythonTest: typeof test = python === undefined ? skippedTest : test;

if (python === undefined) console.warn("Tests with Python peers are skipped: `deno task test` fetches what they need");

/** What a peer says: the answer to a command, or what has happened to it. */
export interface PeerEvent {
  event: string;
  // deno-lint-ignore no-explicit-any -- each event has members of its own, which its test knows
  [member: string]: any;
}

/** A running peer. */
export class PythonPeer {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #events: PeerEvent[] = [];
  #arrived = deferred<void>();
  #errors = "";
  #over = false;

  /** Starts a program of tests/interop. */
  constructor(program: string) {
    this.#child = spawn(python!, ["-B", "-s", fileURLToPath(new URL(program, PROGRAMS))], {
      env: { ...process.env, PYTHONPATH: fileURLToPath(PACKAGES) },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const { stdin, stdout, stderr } = this.#child;
    // It may be killed before it has read everything.
    stdin!.on("error", () => {});
    stderr!.on("data", (chunk) => this.#errors += chunk);
    createInterface({ input: stdout! }).on("line", (line) => this.#put(JSON.parse(line)));
    this.#ended = new Promise((resolve) => {
      this.#child.on("close", () => {
        this.#over = true;
        this.#arrived.resolve();
        resolve();
      });
    });
  }

  /** Has the peer do something, and waits until it has. */
  async do(what: string, args: Record<string, unknown> = {}): Promise<PeerEvent> {
    this.#child.stdin!.write(`${JSON.stringify({ do: what, ...args })}\n`);
    const answer = await this.#take(({ event }) => event === "done" || event === "failed", what);
    if (answer.event === "failed") throw new AssertionError(`The peer failed to do ${what}: ${answer.error}`);
    return answer;
  }

  /** The next event of a kind, which may have come before; without its name. */
  async next(name: string): Promise<Omit<PeerEvent, "event">> {
    const { event: _, ...members } = await this.#take(({ event }) => event === name, `event "${name}"`);
    return members;
  }

  /** Ends the process in order. */
  async end(): Promise<void> {
    this.#child.stdin!.end();
    await within(this.#ended, "end of the peer", { timeoutMs: LIMIT_MS }).catch(async (error) => {
      await this.kill();
      throw error;
    });
  }

  /** Ends the process at once, as a crash does. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  #put(event: PeerEvent): void {
    this.#events.push(event);
    this.#arrived.resolve();
  }

  async #take(wanted: (event: PeerEvent) => boolean, what: string): Promise<PeerEvent> {
    for (;;) {
      const index = this.#events.findIndex(wanted);
      if (index >= 0) return this.#events.splice(index, 1)[0]!;
      if (this.#over) throw new AssertionError(`The peer ended before ${what}:\n${this.#errors}`);
      this.#arrived = deferred();
      await within(this.#arrived.promise, `${what} of the peer`, { timeoutMs: LIMIT_MS });
    }
  }
}

function findPython(): string | undefined {
  const requirements = readFileSync(new URL("requirements.txt", PROGRAMS), "utf8");
  try {
    const [program = "", ...rest] = readFileSync(new URL("fetched", PACKAGES), "utf8").split("\n");
    return rest.join("\n") === requirements ? program : undefined;
  } catch {
    return undefined;
  }
}
