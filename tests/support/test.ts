/** `test(name, body)` of whichever runtime runs this file, so that one suite serves all of them. */

type Test = (name: string, body: () => void | Promise<void>) => void;

async function detect(): Promise<Test> {
  if ("Deno" in globalThis) return (name, body) => Deno.test(name, body);
  if ("Bun" in globalThis) return (await import("bun:test" as string)).test;
  return (await import("node:test")).test as unknown as Test;
}

export const test: Test = await detect();
