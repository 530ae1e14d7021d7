/** Servers that nobody here has written, behind a line that goes silent: each answers when it is asked for a sign of life. */
import { assertEquals } from "@std/assert";
import { WebSocketServer } from "ws";
import { within } from "../../src/util/async.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { PythonPeer, pythonTest } from "../support/python_peer.ts";
import { connectTo } from "../support/sdk_robot.ts";
import { test } from "../support/test.ts";
import { PeerServer } from "../support/ws_protocol_peer.ts";
import { LIMIT_MS, SOON, until } from "../suites/faults/scene.ts";

const IDLE = 1000;

/** A server with nothing to say is kept; one that can say nothing is left and found again. */
async function watch(port: number): Promise<void> {
  const proxy = await FaultProxy.start(port);
  const client = await connectTo(proxy.port, { reconnect: SOON, limits: { idleMs: IDLE, closeMs: 100 } });
  try {
    const statuses: unknown[] = [];
    client.on("status", (status) => statuses.push(status));
    const { receivedMessages } = client.stats();
    await until("three answers", () => client.stats().receivedMessages >= receivedMessages + 3);
    assertEquals([client.stats().reconnects, statuses], [0, []]);
    const lost = new Promise<string>((resolve) => {
      client.on("state", (state) => state.status === "reconnecting" && resolve(String(state.error)));
    });
    proxy.mute();
    const error = await within(lost, "loss", { timeoutMs: LIMIT_MS });
    assertEquals(error, `ConnectionError: The connection has ended (code 1006, "No sign of life for ${IDLE} ms")`);
    await until("next connection", () => client.state.status === "connected");
  } finally {
    await client.close({ timeoutMs: 100 });
    await proxy.stop();
  }
}

for (const program of ["sdk_server.py", "python_server.py"]) {
  pythonTest(
    `a client with idleMs keeps ${program} while it has nothing to say, and notices when its line is silent`,
    async () => {
      const robot = new PythonPeer(program);
      try {
        await watch((await robot.do("start", { capabilities: [] })).port);
      } finally {
        await robot.kill();
      }
    },
  );
}

test("a client with idleMs keeps the npm server while it has nothing to say, and notices when its line is silent", async () => {
  const server = new PeerServer({ name: "reference", capabilities: [] });
  const handleProtocols = (protocols: Set<string>) => server.handleProtocols(protocols);
  const listener = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols });
  // deno-lint-ignore no-explicit-any -- its interface predates the types of `ws`
  listener.on("connection", (socket) => server.handleConnection(socket as any, "peer"));
  await new Promise((resolve) => listener.once("listening", resolve));
  try {
    await watch((listener.address() as { port: number }).port);
  } finally {
    for (const socket of listener.clients) socket.terminate();
    await new Promise((resolve) => listener.close(resolve));
  }
});
