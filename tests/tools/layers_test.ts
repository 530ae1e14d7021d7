import { assertEquals } from "@std/assert";
import { checkLayers } from "../../tools/gates/layers.ts";
import { test } from "../support/test.ts";

/** What the gate says of a file with this text, without its path. */
function findings(path: string, ...lines: string[]): string[] {
  return checkLayers(path, lines.join("\n")).map((finding) => finding.slice(path.length + 1));
}

test("a lower layer may not import a higher one", () => {
  assertEquals(findings("src/util/a.ts", 'import { x } from "../protocol/b.ts";'), [
    "1: src/util/ may not import src/protocol/b.ts",
  ]);
  assertEquals(findings("src/protocol/a.ts", 'import { x } from "../util/b.ts";', 'import "./c.ts";'), []);
});

test("server and client do not know each other", () => {
  assertEquals(findings("src/client/a.ts", "", 'import type { S } from "../server/b.ts";'), [
    "2: src/client/ may not import src/server/b.ts",
  ]);
  assertEquals(findings("client.ts", 'export * from "./server.ts";'), ["1: client.ts may not import server.ts"]);
});

test("an adapter takes types of the server, and no values", () => {
  assertEquals(findings("src/runtime/a.ts", 'import type { S } from "../server/b.ts";'), []);
  assertEquals(findings("src/runtime/a.ts", 'import { type S, type T } from "../server/b.ts";'), []);
  assertEquals(findings("src/runtime/a.ts", 'import { type S, t } from "../server/b.ts";'), [
    "1: src/runtime/ may not import values of src/server/b.ts, only types",
  ]);
  assertEquals(findings("src/runtime/serve.ts", 'import { t } from "../server/b.ts";'), []);
});

test("imports over several lines, re-exports and dynamic imports are seen", () => {
  const text = ["import {", "  a,", "  b,", '} from "../client/c.ts";', 'const d = await import("../server/d.ts");'];
  assertEquals(findings("src/flow/a.ts", ...text, 'export { e } from "../protocol/e.ts";'), [
    "1: src/flow/ may not import src/client/c.ts",
    "5: src/flow/ may not import src/server/d.ts",
    "6: src/flow/ may not import src/protocol/e.ts",
  ]);
});

test("ws belongs to src/runtime, and published files import neither @std nor the package by its name", () => {
  assertEquals(findings("src/runtime/a.ts", 'const { WebSocket } = await import("ws");'), []);
  assertEquals(findings("src/server/a.ts", 'import { WebSocket } from "ws";'), ['1: may not import "ws"']);
  assertEquals(findings("src/util/a.ts", 'import { assert } from "@std/assert";'), ['1: may not import "@std/assert"']);
  assertEquals(findings("src/util/a.ts", 'import { x } from "@foxwire/foxwire";'), [
    '1: may not import "@foxwire/foxwire"',
  ]);
});

test("node: modules and the globals of a runtime are at home in src/runtime alone", () => {
  const text = ['import { inspect } from "node:util";', "setImmediate(() => Deno.exit(process.pid));"];
  assertEquals(findings("src/runtime/a.ts", ...text), []);
  assertEquals(findings("src/client/a.ts", ...text), [
    '1: may not import "node:util"',
    '2: may not use the runtime global "setImmediate"',
    '2: may not use the runtime global "Deno"',
    '2: may not use the runtime global "process"',
  ]);
  assertEquals(findings("src/client/a.ts", "globalThis.Bun"), ['1: may not use the runtime global "Bun"']);
});

test("comments, strings, members and longer names are no globals", () => {
  const text = [
    "/** On Deno, `Deno.serve`. */",
    'const a = "process" in scope; // Bun',
    "const b = scope.setImmediate ?? new ArrayBuffer(1);",
    "const c: { Buffer?: unknown } = `${a} on Bun`.match(/Deno's \"/);",
    "const d = { process: 1 }, e = 1 / 2; /* Deno */ const f = 3 / 4;",
  ];
  assertEquals(findings("src/client/a.ts", ...text), []);
});

test("examples import the package by its name, as a user would", () => {
  assertEquals(findings("examples/a.ts", 'import { serve } from "@foxwire/foxwire/server";'), []);
  assertEquals(findings("examples/a.ts", 'import { serve } from "../server.ts";'), [
    "1: examples/ may not import server.ts",
  ]);
});

test("a door holds nothing but re-exports", () => {
  const door = ["/** The door. @module */", 'export * from "./src/client/a.ts";', "export {", "  type B,", "  c,"];
  assertEquals(findings("mod.ts", ...door, '} from "./src/server/b.ts";'), []);
  assertEquals(findings("mod.ts", ...door, '} from "./src/server/b.ts";', "export const x = 1;"), [
    "7: a door holds nothing but re-exports",
  ]);
});

test("a new place must be given a layer", () => {
  assertEquals(findings("src/new/a.ts", ""), ["1: no layer is named for this place: add it to tools/gates/layers.ts"]);
});
