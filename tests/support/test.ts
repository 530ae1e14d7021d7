/** `test(name, body)` of whichever runtime runs this file, so that one suite serves all of them. */

/** A test as it was declared. */
export interface TestCase {
  name: string;
  body: () => void | Promise<void>;
}

type Test = (name: string, body: TestCase["body"]) => void;

/** Off by default since Deno 2.8: what a test starts it must end. */
const SANITIZERS = { sanitizeOps: true, sanitizeResources: true };

// By variable, so that no bundler looks for them.
const TEST_MODULES = { bun: "bun:test", node: "node:test" } as const;

/** Where this runs; a file that is meant for some runtimes alone asks before it declares its tests. */
export const runtime: "deno" | "bun" | "node" | "browser" | "workerd" = detect();

/** Declares a test. */
export const test: Test = await testOf(runtime);

/** Declares a test that cannot run here, for want of something that is no fault of ours. Under CI it counts as failed. */
export const skippedTest: Test = await skippedTestOf(runtime);

/** In a browser nobody runs the tests but the page, and in workerd but its worker: they wait here for it. */
export const collected: TestCase[] = [];

function detect(): typeof runtime {
  if ("Deno" in globalThis) return "deno";
  if ("Bun" in globalThis) return "bun";
  if ("WebSocketPair" in globalThis) return "workerd";
  return "document" in globalThis ? "browser" : "node";
}

async function testOf(where: typeof runtime): Promise<Test> {
  if (where === "deno") return (name, fn) => Deno.test({ name, fn, ...SANITIZERS });
  if (where === "browser" || where === "workerd") return (name, body) => collected.push({ name, body });
  return (await import(TEST_MODULES[where])).test;
}

async function skippedTestOf(where: typeof runtime): Promise<Test> {
  if (where === "deno") return (name, fn) => Deno.test({ name, fn, ignore: true });
  if (where === "browser" || where === "workerd") return () => {};
  return (await import(TEST_MODULES[where])).test.skip;
}
