import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { CLIENT_LIMITS } from "../../src/client/limits.ts";
import { SERVER_LIMITS } from "../../src/server/limits.ts";
import { test } from "../support/test.ts";

const MIB = 1024 * 1024;

/** The defaults that the doc comments of an interface promise, by member. */
function documented(source: string): Record<string, number> {
  const members = source.matchAll(/Default ([\d ]+\d|\d)( MiB)?\.\s*\*\/\n {2}(\w+): number;/g);
  return Object.fromEntries(Array.from(members, ([, number = "", mib, name = ""]) => {
    return [name, Number(number.replaceAll(" ", "")) * (mib === undefined ? 1 : MIB)];
  }));
}

for (const [side, limits] of [["server", SERVER_LIMITS], ["client", CLIENT_LIMITS]] as const) {
  test(`the documentation of every limit of the ${side} says its default`, async () => {
    const source = await readFile(new URL(`../../src/${side}/limits.ts`, import.meta.url), "utf8");
    assertEquals(documented(source.replaceAll("\n   * ", " ").replaceAll("\n   */", " */")), { ...limits });
  });
}
