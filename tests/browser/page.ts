/** Runs the collected tests in a browser's page and tells the runner, which serves the page, how each ended. */
import { collected, type TestCase } from "../support/test.ts";

/** How a test ended, as the page reports it. */
export interface Report {
  file: string;
  name: string;
  /** Text of what it threw, if it failed. */
  error?: string;
}

const filter = new URLSearchParams(location.search).get("filter") ?? "";
const TEST_LIMIT_MS = 60_000;

/** Runs the tests of one file. */
export async function runFile(file: string, load: () => Promise<unknown>): Promise<void> {
  try {
    await load();
  } catch (error) {
    await report({ file, name: "(the file itself)", error: textOf(error) });
  }
  const tests = collected.splice(0).filter(({ name }) => name.includes(filter));
  for (const test of tests) await report({ file, ...await outcome(test) });
}

/** Tells the runner that nothing more will come. */
export async function finish(): Promise<void> {
  await fetch("/done", { method: "POST" });
}

async function outcome({ name, body }: TestCase): Promise<Omit<Report, "file">> {
  try {
    await inTime(body());
    return { name };
  } catch (error) {
    return { name, error: textOf(error) };
  }
}

async function inTime(promise: void | Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Test takes longer than ${TEST_LIMIT_MS / 1000} s`)), TEST_LIMIT_MS);
  });
  await Promise.race([promise, limit]);
  clearTimeout(timer);
}

async function report(body: Report): Promise<void> {
  await fetch("/report", { method: "POST", body: JSON.stringify(body) });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

for (const type of ["error", "unhandledrejection"]) {
  addEventListener(type, (event) => {
    const { error, reason } = event as Partial<ErrorEvent & PromiseRejectionEvent>;
    void report({ file: "(page)", name: type, error: textOf(error ?? reason) });
  });
}
