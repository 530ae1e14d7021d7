import { assertEquals } from "@std/assert";
import { examplesIn } from "../../tools/gates/docs.ts";
import { test } from "../support/test.ts";

test("`examplesIn()` finds the blocks for Bun and Node in Markdown, and leaves Deno's to Deno", () => {
  const lines = ["# Title", "```ts", "deno();", "```", "```ts ignore bun", "bun();", "```", "```ts ignore", "x", "```"];
  assertEquals(examplesIn("README.md", lines.join("\n")), [{ at: "README.md:5", runtime: "bun", code: "bun();\n" }]);
});

test("`examplesIn()` finds them in doc comments", () => {
  const lines = ["/**", " * ```ts ignore node", " * const a = 1;", " *", " *   a();", " * ```", " */"];
  assertEquals(examplesIn("a.ts", lines.join("\n")), [
    { at: "a.ts:2", runtime: "node", code: "const a = 1;\n\n  a();\n" },
  ]);
});
