/** How many sockets this process holds, where the system tells: Linux. */
import { readdirSync, readlinkSync } from "node:fs";
import { AssertionError } from "@std/assert";

const FOLDER = "/proc/self/fd/";

/** `undefined` where the system does not tell. */
export function openSockets(): number | undefined {
  let names: string[];
  try {
    names = readdirSync(FOLDER);
  } catch {
    return undefined;
  }
  return names.filter(isSocket).length;
}

function isSocket(name: string): boolean {
  try {
    return readlinkSync(FOLDER + name).startsWith("socket:");
  } catch {
    // The one that the folder was read with.
    return false;
  }
}

const LIMIT_MS = 10_000;

/** Fails unless there are soon no more than there were. */
export async function assertNoMoreSockets(before: number | undefined): Promise<void> {
  if (before === undefined) return;
  const end = performance.now() + LIMIT_MS;
  while (openSockets()! > before) {
    if (performance.now() > end) throw new AssertionError(`${openSockets()} sockets are open, ${before} were before`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
