/**
 * A child process that is spoken to in lines: the driver of a client under test.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { Readable } from "node:stream";

/** Who hears of a process. */
export interface LineSink {
  /** A line of its standard output. */
  line(text: string): void;
  /** A line of its standard error. */
  error(text: string): void;
  /** It has ended, or could not be started: in words. */
  ended(how: string, started: boolean): void;
}

/** What can be done with such a process. */
export interface LineProcess {
  /** Writes a line to its standard input. */
  write(line: string): void;
  /** Ends it with all that it has started. */
  stop(): Promise<void>;
}

/** On POSIX a process gets a group of its own, so that what a wrapper such as `npx` has started ends with it. */
const GROUPS = process.platform !== "win32";

/** Starts a program. @param command The program and its arguments. */
export function startLines([program = "", ...args]: readonly string[], sink: LineSink): LineProcess {
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: GROUPS, env });
  // Not when its streams are over, which what it has left behind may hold open.
  const gone = new Promise((resolve) => child.on("error", resolve).on("exit", resolve));
  child.on("error", (error) => sink.ended(`could not be started: ${error.message}`, false));
  child.on("close", (code, signal) => sink.ended(`ended with ${signal ?? `exit code ${code}`}`, true));
  // It may have ended by the time that it is written to.
  child.stdin.on("error", () => {});
  eachLine(child.stdout, (text) => sink.line(text));
  eachLine(child.stderr, (text) => sink.error(text));
  return {
    write: (line) => void (child.stdin.writable && child.stdin.write(`${line}\n`)),
    async stop() {
      kill(child);
      await gone;
    },
  };
}

/** The last line may have no end. */
function eachLine(stream: Readable, line: (text: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? "";
    lines.forEach(line);
  });
  stream.on("end", () => rest !== "" && line(rest));
}

function kill({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(GROUPS ? -pid : pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
