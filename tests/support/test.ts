/** `test(name, body)` of whichever runtime runs this file, so that one suite serves all of them. */

/** A test as it was declared. */
export interface TestCase {
  name: string;
  body: () => void | Promise<void>;
}

type Test = (name: string, body: TestCase["body"]) => void;

/** Where this runs; a file that is meant for some runtimes alone asks before it declares its tests. */
export const runtime: "deno" | "bun" | "node" | "browser" = detect();

/** Declares a test. */
export const test: Test = await testOf(runtime);

/** In a browser nobody runs the tests but the page: they wait here for it. */
export const collected: TestCase[] = [];

function detect(): typeof runtime {
  if ("Deno" in globalThis) return "deno";
  if ("Bun" in globalThis) return "bun";
  return "document" in globalThis ? "browser" : "node";
}

/** Off by default since Deno 2.8: what a test starts it must end. */
const SANITIZERS = { sanitizeOps: true, sanitizeResources: true };

// Specifiers of type string keep a bundler from looking for the modules of the other runtimes.
async function testOf(where: typeof runtime): Promise<Test> {
  if (where === "deno") return (name, fn) => Deno.test({ name, fn, ...SANITIZERS });
  if (where === "browser") return (name, body) => collected.push({ name, body });
  if (where === "bun") return (await import("bun:test" as string)).test;
  return (await import("node:test" as string)).test;
}
