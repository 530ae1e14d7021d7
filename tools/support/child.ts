/** Child processes with a time limit. */
import { root } from "./repo.ts";

/** What to run and for how long. */
export interface ChildOptions {
  args?: readonly string[];
  /** Default: the root of the repository. */
  cwd?: string;
  env?: Record<string, string>;
  /** Ends the child after this many milliseconds. Default: 5 minutes. */
  limitMs?: number;
  /** Ends the child when it aborts. */
  signal?: AbortSignal;
  /** Called with every line of output, of either stream. */
  onLine?: (line: string) => void;
}

/** How a child ended. */
export interface ChildResult {
  code: number;
  /** Both streams, in the order in which they came. */
  output: string;
  timedOut: boolean;
}

const LIMIT_MS = 300_000;
const GRACE_MS = 5_000;

/** Runs a program to its end. @throws when there is no such program. */
export async function runChild(program: string, options: ChildOptions = {}): Promise<ChildResult> {
  const { args = [], cwd = root, env = {}, limitMs = LIMIT_MS } = options;
  const child = new Deno.Command(program, {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const result: ChildResult = { code: 1, output: "", timedOut: false };
  const onLine = (line: string) => {
    result.output += `${line}\n`;
    options.onLine?.(line);
  };
  const timers: ReturnType<typeof setTimeout>[] = [];
  const stop = () => {
    end(child, "SIGTERM");
    timers.push(setTimeout(() => end(child, "SIGKILL"), GRACE_MS));
  };
  timers.push(setTimeout(() => (result.timedOut = true, stop()), limitMs));
  options.signal?.addEventListener("abort", stop, { once: true });
  const over = new AbortController();
  const streams = [child.stdout, child.stderr].map((stream) => eachLine(stream, onLine, over.signal));
  result.code = (await child.status).code;
  timers.forEach(clearTimeout);
  // A process that the child has left behind may hold its streams open.
  const patience = setTimeout(() => over.abort(), GRACE_MS);
  await Promise.allSettled(streams);
  clearTimeout(patience);
  return result;
}

/** Runs a Deno command with this Deno. */
export function runDeno(args: readonly string[], options: Omit<ChildOptions, "args"> = {}): Promise<ChildResult> {
  return runChild(Deno.execPath(), { ...options, args });
}

/** Waits for a program that is to succeed. @throws with its output when it does not. */
export async function must(ended: Promise<ChildResult>): Promise<void> {
  const { code, output, timedOut } = await ended;
  if (code !== 0 || timedOut) throw new Error(timedOut ? `Not ended in time:\n${output}` : output);
}

/** A program that goes on until it is stopped. */
export interface Running {
  /** What its output said when it was ready. */
  readonly ready: RegExpExecArray;
  stop(): Promise<void>;
}

/** Starts a program, and waits until a line of its output matches. @throws with its output when it ends before that. */
export async function startChild(program: string, ready: RegExp, options: ChildOptions = {}): Promise<Running> {
  const over = new AbortController();
  const { promise, resolve } = Promise.withResolvers<RegExpExecArray>();
  const onLine = (line: string) => {
    const match = ready.exec(line);
    if (match !== null) resolve(match);
  };
  const ended = runChild(program, { ...options, onLine, signal: over.signal });
  const tooSoon = ended.then(({ output }) => Promise.reject(new Error(`Ended before it was ready:\n${output}`)));
  // It ends later, and nobody waits for it to be ready then.
  tooSoon.catch(() => {});
  return {
    ready: await Promise.race([promise, tooSoon]),
    async stop() {
      over.abort();
      await ended;
    },
  };
}

/** Sends a signal, also to a child that may have ended by now. */
export function end(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It ended by itself.
  }
}

/** Calls `onLine` with each line of a stream, the last one also without its newline. */
async function eachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream(), { signal })) {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  if (rest !== "") onLine(rest);
}
