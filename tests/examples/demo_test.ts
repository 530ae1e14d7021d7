import { connect } from "@foxwire/foxwire/client";
import { serve } from "@foxwire/foxwire/server";
import { assert, assertEquals, assertFalse, assertGreater, assertGreaterOrEqual, assertMatch } from "@std/assert";
import { ExampleProcess } from "../support/example_process.ts";
import { test } from "../support/test.ts";

/** The demo on this runtime. */
class Demo extends ExampleProcess {
  constructor(...flags: string[]) {
    super("demo.ts", flags);
  }

  /** The numbers of `N messages on M channels`. */
  get totals(): [number, number] {
    const match = /^(\d+) messages on (\d+) channels$/.exec(this.lines.at(-1) ?? "");
    return [Number(match?.[1]), Number(match?.[2])];
  }
}

const ADDRESS = /on (ws:\/\/127\.0\.0\.1:\d+)\n/;

test("the demo serves, watches, ends after its seconds and says how much came", async () => {
  const demo = new Demo("--seconds", "2", "--port", "0");
  assertEquals(await demo.exit(), 0, demo.errors);
  assertMatch(demo.output, ADDRESS);
  assertMatch(demo.output, /\n +\d s {2}\/cpu +demo\.Cpu +\d+\.\d Hz +\d+ B\/s {2}total /);
  assertFalse(demo.output.includes("\x1b"));
  const [messages, channels] = demo.totals;
  assertGreater(messages, 0);
  assertGreaterOrEqual(channels, 6);
  assertEquals(demo.errors, "");
});

test("Ctrl-C ends the demo with its last line", async () => {
  const demo = new Demo("--port", "0");
  await demo.printed(/\/cpu .*total/);
  demo.signal("SIGINT");
  assertEquals(await demo.exit(), 0, demo.errors);
  assertGreater(demo.totals[0], 0);
});

test("a port in use is one sentence and exit code 1", async () => {
  const other = await serve({ port: 0 });
  const demo = new Demo("--port", String(other.port));
  assertEquals(await demo.exit(), 1);
  await other.close();
  assertEquals(demo.output, "");
  assertMatch(demo.errors, /^[^\n]+ port is in use; [^\n]+\n$/);
});

test("a bad flag is one sentence and exit code 1", async () => {
  const demo = new Demo("--prot", "0");
  assertEquals(await demo.exit(), 1);
  assertEquals(demo.output, "");
  assertMatch(demo.errors, /^[^\n]+--prot[^\n]+\n$/);
});

test("without its own client and without others the demo has nothing to count", async () => {
  const demo = new Demo("--no-watch", "--seconds", "0.1", "--port", "0");
  assertEquals(await demo.exit(), 0, demo.errors);
  assertMatch(demo.output, ADDRESS);
  assertFalse(/ messages on /.test(demo.output), demo.output);
});

test("without its own client the demo serves others, and counts what it sent", async () => {
  const demo = new Demo("--no-watch", "--port", "0");
  const [, url = ""] = await demo.printed(ADDRESS);
  const client = await connect(url);
  const topics = new Set<string>();
  for await (const { channel, value } of client.subscribe(() => true)) {
    assert(typeof value === "object" && value !== null);
    topics.add(channel.topic);
    if (topics.size >= 6) break;
  }
  await client.close();
  await demo.printed(/left with code/);
  demo.signal("SIGTERM");
  assertEquals(await demo.exit(), 0, demo.errors);
  const [messages, channels] = demo.totals;
  assertGreaterOrEqual(messages, channels);
  assertGreaterOrEqual(channels, 6);
});
