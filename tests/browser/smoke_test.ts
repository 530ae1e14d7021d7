/** The client in a browser, over its own `WebSocket`, with the server of robot.ts. */
import { assert, assertEquals } from "@std/assert";
import { connect } from "@foxwire/foxwire/client";
import { test } from "../support/test.ts";

const url = new URLSearchParams(location.search).get("server") ?? "";

test("a browser's WebSocket receives the messages of a subscription in order", async () => {
  const client = await connect(url);
  assertEquals(client.serverInfo.name, "robot");
  const counts: number[] = [];
  for await (const message of client.subscribe("/counter")) {
    counts.push((message.value as { count: number }).count);
    if (counts.length === 5) break;
  }
  const [first = -1] = counts;
  assertEquals(counts, [first, first + 1, first + 2, first + 3, first + 4]);
  await client.close();
});

test("a browser's WebSocket publishes to the server", async () => {
  const client = await connect(url);
  const echoes = client.subscribe("/echo");
  const goal = client.publisher<{ round: number }>({ topic: "/goal", encoding: "json" });
  // Published again and again: the subscription may reach the server after the first of them.
  const timer = setInterval(() => goal.publish({ round: 7 }), 10);
  for await (const message of echoes) {
    assertEquals(message.value, { round: 7 });
    break;
  }
  clearInterval(timer);
  await client.close();
});

test("a browser gets a ConnectionError when nobody listens", async () => {
  const error = await connect("ws://127.0.0.1:9").catch((reason: unknown) => reason);
  assert(error instanceof Error);
  assertEquals(error.name, "ConnectionError");
});
