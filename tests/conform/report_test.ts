/** What people read of a run, and the rules that it is about. */
import { assertEquals, assertMatch } from "@std/assert";
import {
  CLIENT_RULES,
  type ConformResult,
  conforms,
  countByLevel,
  SERVER_RULES,
  summaryLines,
  tapLines,
} from "@foxwire/foxwire/conform";
import { test } from "../support/test.ts";

const RULE = {
  name: "subscribe/data",
  level: "must",
  rule: "A subscription has data",
  source: { authority: "sdk", where: "on_subscribe", url: "https://example.com/sdk.rs" },
  protocol: "foxglove.sdk.v1",
  took: 12,
} as const;

test("a rule that is kept is one line", () => {
  const lines = tapLines(3, { ...RULE, outcome: "ok" });
  assertEquals(lines, ["ok 3 - must subscribe/data (foxglove.sdk.v1): A subscription has data"]);
});

test("a rule that could not be tried is one line, with the reason", () => {
  const lines = tapLines(4, { ...RULE, outcome: "skipped", reason: "no such topic" });
  assertEquals(lines, ["ok 4 - must subscribe/data (foxglove.sdk.v1) # SKIP no such topic"]);
});

test("a rule that is broken comes with a block of YAML, whatever is in its texts", () => {
  const wire = ["1 -> {}", '1 <- "\n'];
  assertEquals(tapLines(5, { ...RULE, outcome: "failed", expected: 'a "status"', got: "- nothing: #", wire }), [
    "not ok 5 - must subscribe/data (foxglove.sdk.v1)",
    "  ---",
    '  rule: "A subscription has data"',
    '  source: "the official SDK: on_subscribe"',
    '  see: "https://example.com/sdk.rs"',
    '  expected: "a \\"status\\""',
    '  got: "- nothing: #"',
    "  wire:",
    '    - "1 -> {}"',
    '    - "1 <- \\"\\n"',
    "  ...",
  ]);
});

test("results are counted by level, and an extra that fails fails nobody", () => {
  const results = [
    { level: "must", outcome: "ok" },
    { level: "must", outcome: "skipped" },
    { level: "extra", outcome: "failed" },
  ].map((part) => ({ ...RULE, ...part }) as ConformResult);
  assertEquals(countByLevel(results).must, { ok: 1, failed: 0, skipped: 1 });
  assertEquals(summaryLines(results), [
    "# must: 1 passed, 0 failed, 1 skipped",
    "# extra: 0 passed, 1 failed, 0 skipped",
  ]);
  assertEquals(conforms(results), true);
  for (const level of ["must", "should"] as const) {
    assertEquals(conforms([...results, { level, outcome: "failed" }]), false, level);
  }
});

for (const [whose, rules] of [["servers", SERVER_RULES], ["clients", CLIENT_RULES]] as const) {
  test(`the rules for ${whose} have names of their own, and are sentences with a source`, () => {
    const names = rules.map(({ name }) => name);
    assertEquals(names.filter((name, index) => names.indexOf(name) !== index), []);
    for (const { name, rule, source } of rules) {
      assertMatch(name, /^[a-z0-9-]+\/[a-z0-9.-]+$/);
      // In a line of TAP a "#" begins a directive.
      assertMatch(rule, /^[^\n#]*[^.\s]$/, name);
      assertMatch(source.where, /\S/, name);
    }
  });
}
