import { assert, assertEquals, assertFalse, assertLessOrEqual } from "@std/assert";
import { openDisplay, type Output } from "../../examples/demo/display.ts";
import { compact, fit, plainLines, shortNumber, tableLines, valueText } from "../../examples/demo/table.ts";
import { type Row, Tally } from "../../examples/demo/tally.ts";
import { test } from "../support/test.ts";

/** Stands for the escape character, which a regular expression should not hold. */
const ESC = "␛";
const BOLD = "\x1b[1m";

function row(changes: Partial<Row>): Row {
  return {
    topic: "/cpu",
    schema: "demo.Cpu",
    hertz: 5,
    bytesPerSecond: 225,
    messages: 10,
    value: { total: 12.5 },
    ...changes,
  };
}

test("rates are those of regular messages, however the window cuts them", () => {
  const tally = new Tally(0);
  for (let at = 200; at <= 20_000; at += 200) {
    tally.add({ topic: "/cpu", schema: "demo.Cpu", bytes: 40, value: at }, at);
  }
  for (const now of [20_000, 20_050, 20_199]) {
    const [cpu] = tally.rows(now);
    assertEquals([cpu?.hertz.toFixed(2), cpu?.bytesPerSecond.toFixed(0)], ["5.00", "200"]);
  }
  assertEquals(tally.totals, { messages: 100, channels: 1 });
});

test("a burst counts over the whole window and is forgotten after it", () => {
  const tally = new Tally(0);
  for (let at = 10_000; at < 10_010; at++) tally.add({ topic: "/log", schema: "", bytes: 100, value: at }, at);
  assertEquals(tally.rows(10_100)[0]?.hertz, 2);
  const [later] = tally.rows(16_000);
  assertEquals([later?.hertz, later?.bytesPerSecond, later?.messages, later?.value], [0, 0, 10, 10_009]);
});

test("a channel has its row before its first message", () => {
  const tally = new Tally(0);
  tally.know("/load", "demo.Load");
  assertEquals(tally.rows(0), [{
    topic: "/load",
    schema: "demo.Load",
    hertz: 0,
    bytesPerSecond: 0,
    messages: 0,
    value: undefined,
  }]);
  assertEquals(tally.totals, { messages: 0, channels: 0 });
});

test("numbers are short", () => {
  const numbers = [0, 0.09, 7.5, 12.345, 99.96, 12345.6, 99_999, 123_456, 3_456_789, 24.9e9, 1.5e12, -4.321];
  const texts = ["0", "0.09", "7.5", "12.3", "100", "12346", "99999", "123k", "3.46M", "24.9G", "1.5T", "-4.32"];
  assertEquals(numbers.map(shortNumber), texts);
});

test("a message becomes one line without control characters", () => {
  assertEquals(
    compact({ total: 12.5, cores: [10, 15], at: { sec: 1, nsec: 2 }, on: true, none: null }),
    "total 12.5  cores 10 15  at {sec 1  nsec 2}  on true  none null",
  );
  assertEquals(valueText(row({ value: { text: "a\x1b[2J\nb" } })), "text a [2J b");
  assertEquals(
    valueText(row({ schema: "foxglove.Log", value: { level: 3, message: "Low battery" } })),
    "warning: Low battery",
  );
  assertEquals(valueText(row({ value: undefined })), "–");
});

test("a line is cut to its width", () => {
  assertEquals([fit("abcdef", 6), fit("abcdef", 5), fit("ab    ", 6), fit("abc", 1), fit("abc", 0)], [
    "abcdef",
    "abcd…",
    "ab",
    "…",
    "",
  ]);
});

test("the table fits its width, and gives a wide one to the values", () => {
  const rows = [
    row({}),
    row({ topic: "/memory", schema: "demo.Memory", value: { used: 4e8, free: 24.9e9, total: 25.3e9, percent: 1.6 } }),
  ];
  for (const width of [20, 40, 60, 80, 200]) {
    for (const line of tableLines(rows, width)) assertLessOrEqual(line.length, width);
  }
  assertEquals(tableLines(rows, 60), [
    "topic    schema          Hz    B/s  last value",
    "/cpu     demo.Cpu       5.0    225  total 12.5",
    "/memory  demo.Memory    5.0    225  used 400M  free 24.9G  …",
  ]);
  assert(tableLines(rows, 200)[2]?.endsWith("percent 1.6"));
});

test("a narrow table leaves out what is least needed", () => {
  assertEquals(tableLines([row({})], 34), ["topic     Hz  last value", "/cpu     5.0  total 12.5"]);
});

test("plain lines stand for themselves", () => {
  assertEquals(plainLines([row({})], 3, 120), ["   3 s  /cpu  demo.Cpu   5.0 Hz    225 B/s  total 12.5"]);
});

function fakeTerminal(columns: number, rows: number): Output & { text: string } {
  return {
    isTTY: true,
    columns,
    rows,
    text: "",
    write(text) {
      this.text += text;
    },
  };
}

/** What a person sees after these bytes: lines, of which the cursor is on the last. */
function screenOf(text: string): string[] {
  const lines: string[] = [""];
  let [row, column] = [0, 0];
  const effects: Record<string, (count: number) => void> = {
    A: (count) => row -= count,
    H: () => [row, column] = [0, 0],
    J: (part) =>
      part === 2 ? lines.splice(0, Infinity, "") : lines.splice(row, Infinity, (lines[row] ?? "").slice(0, column)),
    K: () => lines[row] = (lines[row] ?? "").slice(0, column),
  };
  for (const [token, count, letter] of text.replaceAll("\x1b", ESC).matchAll(/␛\[(\d*)([A-Za-z])|\n|\r|[^␛\n\r]+/g)) {
    if (letter !== undefined) effects[letter]?.(Number(count));
    else if (token === "\n") lines[++row] ??= "", column = 0;
    else if (token === "\r") column = 0;
    else {
      const line = lines[row] ?? "";
      lines[row] = line.slice(0, column) + token + line.slice(column + token.length);
      column += token.length;
    }
  }
  return lines;
}

test("a terminal shows the last table alone, and keeps it at the end", () => {
  const terminal = fakeTerminal(80, 24);
  const display = openDisplay(terminal, { TERM: "xterm" }, "intro\n");
  display.show({ rows: [row({}), row({ topic: "/load" })], seconds: 1 });
  display.show({ rows: [row({ value: { total: 99 } })], seconds: 2 });
  assertEquals(screenOf(terminal.text), [
    "topic  schema       Hz    B/s  last value",
    "/cpu   demo.Cpu    5.0    225  total 99",
    "",
    "10 messages in 2 s. Ctrl-C ends.",
    "",
  ]);
  display.end({ rows: [row({})], seconds: 2 });
  assertEquals(screenOf(terminal.text).slice(2), ["", ""]);
});

test("a low terminal shows as many channels as fit and says how many more there are", () => {
  const rows = ["/a", "/b", "/c", "/d", "/e", "/f"].map((topic) => row({ topic }));
  for (const height of [1, 2, 3, 4, 6, 8]) {
    const terminal = fakeTerminal(80, height);
    openDisplay(terminal, {}, "").show({ rows, seconds: 1 });
    assertLessOrEqual(screenOf(terminal.text).length, Math.max(2, height));
  }
  const terminal = fakeTerminal(80, 7);
  openDisplay(terminal, {}, "").show({ rows, seconds: 1 });
  assertEquals(screenOf(terminal.text).map((line) => line.slice(0, 6)), [
    "topic ",
    "/a    ",
    "/b    ",
    "… 4 mo",
    "",
    "60 mes",
    "",
  ]);
});

test("a terminal of a new size is drawn anew, with the introduction", () => {
  const terminal = fakeTerminal(80, 24);
  const display = openDisplay(terminal, {}, "intro\n");
  display.show({ rows: [row({})], seconds: 1 });
  terminal.columns = 60;
  display.show({ rows: [row({})], seconds: 1 });
  assertEquals(screenOf(terminal.text)[0], "intro");
  assertEquals(screenOf(terminal.text).length, 6);
});

test("NO_COLOR takes the styles away, not the table", () => {
  const styled = fakeTerminal(80, 24);
  openDisplay(styled, {}, "").show({ rows: [row({})], seconds: 1 });
  const plain = fakeTerminal(80, 24);
  openDisplay(plain, { NO_COLOR: "1" }, "").show({ rows: [row({})], seconds: 1 });
  assert(styled.text.includes(BOLD));
  assertFalse(plain.text.includes(BOLD));
  assertEquals(screenOf(plain.text), screenOf(styled.text));
});

test("output that is no terminal, or a dumb one, gets no escape codes", () => {
  for (const [isTTY, env] of [[false, {}], [true, { TERM: "dumb" }]] as const) {
    const output = { ...fakeTerminal(80, 24), isTTY };
    const display = openDisplay(output, env, "");
    display.show({ rows: [row({})], seconds: 1 });
    display.end({ rows: [row({})], seconds: 1 });
    assertEquals(output.text, "   1 s  /cpu  demo.Cpu   5.0 Hz    225 B/s  total 12.5\n");
  }
});
