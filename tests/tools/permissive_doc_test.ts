/** docs/interop.md has a row for everything that the client forgives, and a test for every row. */
import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { ALMOST_RIGHT } from "../support/almost_right.ts";
import { test } from "../support/test.ts";

const doc = readFileSync(new URL("../../docs/interop.md", import.meta.url), "utf8");
const section = /^## Servers that are almost right$([^]*?)(?=^## |$(?![^]))/m.exec(doc)?.[1] ?? "";

test("each row of docs/interop.md about servers that are almost right is tested, and nothing else is", () => {
  const rows = [...section.matchAll(/^\| (.*?) +\|/gm)].map(([, habit]) => habit!).slice(2);
  assertEquals(rows, Object.keys(ALMOST_RIGHT));
});
