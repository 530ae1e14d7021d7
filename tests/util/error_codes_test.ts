/** Whoever catches errors matches on their codes: the table of them in the doc comment of `FoxgloveError` is all there is. */
import { assertEquals } from "@std/assert";
import { readdir, readFile } from "node:fs/promises";
import { test } from "../support/test.ts";

const SOURCES = new URL("../../src/", import.meta.url);

/** The beginning of an error up to its code, which may be one of two: `new FoxgloveError(message, { code: …`. */
const CODED =
  /(?:new (\w+Error)|super)\((?:(?!;\n)[^])*?\bcode: (?:options\.code \?\? )?(?:\w+ \? )?"(\w+)"(?: : "(\w+)")?/g;

/** The codes of the errors that a source file makes. */
function codesIn(source: string): string[] {
  return Array.from(source.matchAll(CODED), ([, , ...codes]) => codes.filter((code) => code !== undefined)).flat();
}

function sorted(codes: Iterable<string>): string[] {
  return [...new Set(codes)].sort();
}

test("the table of error codes in the documentation of FoxgloveError has every code that Foxwire makes, and no other", async () => {
  const files = (await readdir(SOURCES, { recursive: true })).filter((name) => name.endsWith(".ts"));
  const sources = await Promise.all(files.map((name) => readFile(new URL(name, SOURCES), "utf8")));
  const errors = await readFile(new URL("util/errors.ts", SOURCES), "utf8");
  const documented = Array.from(errors.matchAll(/^ \* \| `"(\w+)"`/gm), ([, code]) => code!);
  assertEquals(documented, sorted(sources.flatMap(codesIn)));
});
