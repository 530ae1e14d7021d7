/** Promises that were rejected and that nobody waits for: on all runtimes by the same event. */
import process from "node:process";
import { macrotask } from "./targets/turns.ts";

/** Runs something. @throws the first rejection that nobody has handled meanwhile. */
export async function withRejections<T>(run: () => Promise<T>): Promise<T> {
  const reasons: unknown[] = [];
  const listener = (reason: unknown) => void reasons.push(reason);
  process.on("unhandledRejection", listener);
  try {
    const result = await run();
    // A runtime tells of them behind the turn in which they came.
    await macrotask();
    await macrotask();
    if (reasons.length === 0) return result;
    const [reason] = reasons;
    throw new Error(`Rejection that nobody handles: ${reason instanceof Error ? reason.stack : reason}`);
  } finally {
    process.off("unhandledRejection", listener);
  }
}
