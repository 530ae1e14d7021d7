/** Web servers and frameworks to embed in, fetched by tools/runners/peers.ts. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import hosts from "../embedding/hosts.json" with { type: "json" };
import { skippedTest, test } from "./test.ts";

const HOME = new URL("../../.cache/npm/hosts/", import.meta.url);

/** Whether they are there. */
export const wereFetched: boolean = areFetched();

/** Declares a test that needs a package of tests/embedding/hosts.json. */
export const hostTest: typeof test = wereFetched ? test : skippedTest;

if (!wereFetched) console.warn("Tests with other web servers are skipped: `deno task test` fetches what they need");

const require = createRequire(HOME);

/** What a package exports. */
// deno-lint-ignore no-explicit-any -- the types are not installed
export function host(name: keyof typeof hosts): any {
  return require(name);
}

function areFetched(): boolean {
  try {
    return readFileSync(new URL("fetched", HOME), "utf8") === JSON.stringify({ dependencies: hosts });
  } catch {
    return false;
  }
}
