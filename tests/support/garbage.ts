/** Finds out what is still held on to. Not for browsers, where nobody can ask for a collection. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

interface BunGlobal {
  gc(force: boolean): void;
}

/** How many of some objects are still held on to by something. */
export async function survivors(objects: readonly WeakRef<object>[]): Promise<number> {
  const collect = collector();
  for (let i = 0; i < 3; i++) {
    // An object that was looked at is kept until its turn is over.
    await new Promise((resolve) => setTimeout(resolve, 1));
    collect();
  }
  return objects.filter((object) => object.deref() !== undefined).length;
}

function collector(): () => void {
  const { Bun: bun } = globalThis as { Bun?: BunGlobal };
  if (bun !== undefined) return () => bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}
