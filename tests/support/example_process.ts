/** An example of `examples/` as a child process, on this runtime or on another. */
import { deadline } from "@std/async";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runtime } from "./test.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);

const LIMIT_MS = 20_000;

/** How to run a file: a program and what stands before the file. */
export type Command = readonly [program: string, ...args: string[]];

/** This runtime. */
export const thisRuntime: Command = runtime === "deno" ? denoCommand(process.execPath) : [process.execPath];

/** Deno, wherever it is. */
export function denoCommand(path: string): Command {
  return [path, "run", "--allow-all", "--no-check"];
}

/** The process. */
export class ExampleProcess {
  readonly child: ChildProcess;
  output = "";
  errors = "";
  readonly #closed: Promise<number | null>;
  #changed = () => {};
  #isOver = false;

  /** @param file Its path below `examples/`, or the URL of another program. */
  constructor(file: string | URL, flags: readonly string[], [program, ...args]: Command = thisRuntime) {
    const path = fileURLToPath(new URL(file, EXAMPLES));
    this.child = spawn(program, [...args, path, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.on("data", (data) => (this.output += data, this.#changed()));
    this.child.stderr?.on("data", (data) => this.errors += data);
    this.#closed = new Promise((resolve) => {
      this.child.on("close", (code) => (this.#isOver = true, resolve(code), this.#changed()));
    });
  }

  /** The first match of `pattern` in its output, as soon as there is one; fails when there is none in time. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    let match = pattern.exec(this.output);
    while (match === null) {
      if (this.#isOver) throw new Error(`Example has ended: ${this.output}${this.errors}`);
      await deadline(new Promise<void>((resolve) => this.#changed = resolve), LIMIT_MS);
      match = pattern.exec(this.output);
    }
    return match;
  }

  /** Not `child.kill()`: Deno takes every child that was sent a signal for killed by it, and then has no exit code. */
  signal(name: "SIGINT" | "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    if (!this.#isOver) process.kill(this.child.pid as number, name);
  }

  /** Its exit code. One that does not end by itself is ended, and has none. */
  async exit(): Promise<number | null> {
    const limit = setTimeout(() => this.signal("SIGKILL"), LIMIT_MS);
    const code = await this.#closed;
    clearTimeout(limit);
    return code;
  }

  get lines(): string[] {
    return this.output.trimEnd().split("\n");
  }
}
