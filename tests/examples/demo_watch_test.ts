import { assertEquals, assertGreater, assertMatch, assertRejects } from "@std/assert";
import { type Display, openDisplay, type View } from "../../examples/demo/display.ts";
import { watch } from "../../examples/demo/watch.ts";
import { ConnectionError } from "@foxwire/foxwire/client";
import { serve } from "@foxwire/foxwire/server";
import { quietPort } from "../support/quiet_port.ts";
import { test } from "../support/test.ts";

/** Remembers what it is shown, and tells of the first view that fits. */
class Recorder implements Display {
  readonly everyMs = 5;
  #looking: ((view: View) => void)[] = [];
  last: View | undefined;

  show(view: View): void {
    for (const look of this.#looking) look(view);
  }

  end(view: View): void {
    this.last = view;
  }

  seen(fits: (view: View) => boolean): Promise<View> {
    return new Promise((resolve) => this.#looking.push((view) => fits(view) && resolve(view)));
  }
}

const messages = ({ rows }: View) => rows.reduce((sum, row) => sum + row.messages, 0);

/** A server with a topic that counts, and somebody who watches it. */
async function setUp(port = 0) {
  const server = await serve({ port });
  const count = server.channel("/count", { encoding: "json" });
  const timer = setInterval(() => count.publish({ count: 1 }), 5);
  const close = () => (clearInterval(timer), server.close());
  return { server, close };
}

test("the demo's watcher says that the connection is lost, and goes on when the server is there again", async () => {
  const first = await setUp(await quietPort());
  const display = new Recorder();
  const stop = new AbortController();
  const watching = watch(first.server.url, display, stop.signal);
  await display.seen((view) => !view.lost && messages(view) > 0);
  await first.close();
  const before = messages(await display.seen((view) => view.lost === true));
  const second = await setUp(first.server.port);
  await display.seen((view) => !view.lost && messages(view) > before);
  stop.abort();
  assertGreater((await watching).messages, before);
  assertEquals(display.last?.lost, false);
  await second.close();
});

test("the demo's watcher ends when it is told to while there is no server", async () => {
  const { server, close } = await setUp();
  const display = new Recorder();
  const stop = new AbortController();
  const watching = watch(server.url, display, stop.signal);
  await display.seen((view) => messages(view) > 0);
  await close();
  await display.seen((view) => view.lost === true);
  stop.abort();
  assertGreater((await watching).messages, 0);
});

test("the demo's watcher ends with a reason when the server does not want it", async () => {
  const { server, close } = await setUp();
  const display = new Recorder();
  const watching = watch(server.url, display, new AbortController().signal);
  await display.seen((view) => messages(view) > 0);
  for (const client of server.clients) client.close({ code: 1008, reason: "not you" });
  await assertRejects(() => watching, ConnectionError, "not you");
  await close();
});

test("a lost connection shows in one line, on a terminal and elsewhere", () => {
  const view = { rows: [], seconds: 3, lost: true };
  for (const isTTY of [true, false]) {
    let shown = "";
    openDisplay({ isTTY, write: (text) => shown += text }, { NO_COLOR: "1" }, "").show(view);
    assertMatch(shown, /3 s,? .*connection lost, trying again/);
    assertEquals(shown.match(/lost/g)?.length, 1);
  }
});
