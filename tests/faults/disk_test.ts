/** A disk that is full or may not be written to: nothing of ours writes to one. */
import { assertEquals } from "@std/assert";
import { webSocket } from "../../src/runtime/node.ts";
import { connect } from "../../client.ts";
import { type Command, ExampleProcess, thisRuntime } from "../support/example_process.ts";
import { test } from "../support/test.ts";

/** No file may grow by a byte, and the working directory is one in which nobody can make any. */
const withoutDisk: Command = [
  "sh",
  "-c",
  'trap "" XFSZ; ulimit -f 0 && cd /proc && exec "$@"',
  "sh",
  ...thisRuntime,
];

test("a server and a client do their work where no byte can be written to any file", async () => {
  const child = new ExampleProcess(new URL("../package/roundtrip.mjs", import.meta.url), [], withoutDisk);
  const code = await child.exit();
  assertEquals([code, child.output, child.errors], [0, "ok\n", ""]);
});

test("a server that runs where no byte can be written to any file serves everything, and ends in order", async () => {
  const robot = new ExampleProcess("everything.ts", ["--port", "0"], withoutDisk);
  const [, port] = await robot.printed(/Listening on ws:\/\/127.0.0.1:(\d+)/);
  const client = await connect(`ws://127.0.0.1:${port}`, "WebSocket" in globalThis ? {} : { webSocket });
  try {
    const messages = client.subscribe<{ count: number }>("/counter");
    for (let i = 0; i < 3; i++) await messages.next();
    const asset = await client.fetchAsset("package://everything/huge.bin");
    assertEquals([await client.callService("/add", { a: 1, b: 2 }), asset.length], [{ sum: 3 }, 8 << 20]);
  } finally {
    await client.close();
    robot.signal("SIGTERM");
  }
  assertEquals([await robot.exit(), robot.errors], [0, ""]);
});
