/** docs/behaviour.md says what the code does: its limits, its close codes and its texts. */
import { assert, assertEquals } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { FATAL_CLOSE_CODES } from "../../src/client/backoff.ts";
import { CLIENT_LIMITS } from "../../src/client/limits.ts";
import { SERVER_LIMITS } from "../../src/server/limits.ts";
import { test } from "../support/test.ts";

const ROOT = new URL("../../", import.meta.url);
const doc = readFileSync(new URL("docs/behaviour.md", ROOT), "utf8");

/** The second cell of the row of a part whose first one is this code. */
function defaultOf(name: string, part: string): string | undefined {
  return new RegExp(`^\\| \`${name}\` +\\| (.*?) *\\|`, "m").exec(part)?.[1];
}

const MIB = 1024 * 1024;

function shown(name: string, value: number): string {
  if (name.endsWith("Bytes")) return `${value / MIB} MiB`;
  if (name.endsWith("Ms")) return `${value / 1000} s`;
  if (name.endsWith("Micros")) return `${value} µs`;
  return `${value}`.replace(/(?<=\d)(?=(\d{3})+$)/g, " ");
}

test("docs/behaviour.md has every limit with its default", () => {
  const [ofServer = "", ofClient = ""] = doc.split("| limit of the client");
  for (const [limits, part] of [[SERVER_LIMITS, ofServer], [CLIENT_LIMITS, ofClient]] as const) {
    const expected = Object.entries(limits);
    assertEquals(
      expected.map(([name]) => `${name}: ${defaultOf(name, part)}`),
      expected.map(([name, value]) => `${name}: ${shown(name, value)}`),
    );
  }
});

test("docs/behaviour.md has every fatal close code with its meaning", () => {
  for (const [code, meaning] of FATAL_CLOSE_CODES) {
    const row = new RegExp(`^\\| [\\d, ]*\\b${code}\\b[\\d, ]*\\| ${meaning}`, "m");
    assert(row.test(doc), `${code} ${meaning}`);
  }
});

test("docs/behaviour.md has every text with which the server answers", () => {
  const texts = new Set<string>();
  for (const file of readdirSync(new URL("src/server/", ROOT))) {
    const source = readFileSync(new URL(`src/server/${file}`, ROOT), "utf8");
    for (
      const [, text] of source.matchAll(
        /["`]((?:Client|Server|Unknown channel|Too many|Parameter|Subscription) [^"`]+)["`]/g,
      )
    ) {
      texts.add(text!);
    }
  }
  assert(texts.size > 20, `${texts.size} texts`);
  const words = (text: string) => text.replaceAll(/\$?\{[^{}]*\}+/g, "{}").trim();
  const documented = words(doc);
  assertEquals([...texts].map(words).filter((text) => !documented.includes(text) && !INTERNAL.has(text)), []);
});

/** Not for peers, or spelled out with what stands in the braces. */
const INTERNAL = new Set(["Client has left", "Server does not support {} capability", "Parameter request failed: {}"]);
