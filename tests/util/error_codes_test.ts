/** Whoever catches errors matches on their codes: the table of them in the doc comment of `FoxgloveError` is all there is. */
import { assertEquals } from "@std/assert";
import { readdir, readFile } from "node:fs/promises";
import { test } from "../support/test.ts";

const SOURCES = new URL("../../src/", import.meta.url);

/** The beginning of an error up to its code, which may be one of two: `new FoxgloveError(message, { code: …`. */
const CODED =
  /(?:new \w+Error|super)\((?:(?!;\n)[^])*?\bcode: (?:options\.code \?\? )?(?:\w+ \? )?"(\w+)"(?: : "(\w+)")?/g;

/** The codes of the errors that a source file makes. */
function codesIn(source: string): string[] {
  return Array.from(source.matchAll(CODED), ([, ...codes]) => codes.filter((code) => code !== undefined)).flat();
}

function sorted(codes: Iterable<string>): string[] {
  return [...new Set(codes)].sort();
}

/** The sources of a folder in src/, all told. */
async function readAll(folder: string): Promise<string[]> {
  const names = (await readdir(new URL(folder, SOURCES), { recursive: true })).filter((name) => name.endsWith(".ts"));
  return await Promise.all(names.map((name) => readFile(new URL(folder + name, SOURCES), "utf8")));
}

test("the table of error codes in the documentation of FoxgloveError has every code that Foxwire makes, and no other", async () => {
  const errors = await readFile(new URL("util/errors.ts", SOURCES), "utf8");
  const documented = Array.from(errors.matchAll(/^ \* \| `"(\w+)"`/gm), ([, code]) => code!);
  assertEquals(documented, sorted((await readAll("./")).flatMap(codesIn)));
});

test("docs/client.md has every error code of a client, and no other", async () => {
  const page = await readFile(new URL("../docs/client.md", SOURCES), "utf8");
  const documented = Array.from(page.matchAll(/^\|[^|]+\| `"(\w+)"`/gm), ([, code]) => code!);
  const shared = ["connection", "timeout", "invalid_message"];
  assertEquals(sorted(documented), sorted([...(await readAll("client/")).flatMap(codesIn), ...shared]));
});
