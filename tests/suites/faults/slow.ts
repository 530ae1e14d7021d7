/** Connections that take their time: to say anything, to finish their request, to answer. */
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { within } from "../../../src/util/async.ts";
import { TimeoutError } from "../../../src/util/errors.ts";
import { RawSocket } from "../../support/raw_socket.ts";
import { LIMIT_MS, type On, until } from "./scene.ts";

const MANY = 300;

/** What slow connections have said so far. */
const BEGINNINGS = ["", "G", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: webs"];

/** Declares the tests. */
export function slowRows(on: On): void {
  on(`${MANY} connections that do not finish their request keep nobody out, and close() waits for none of them`, async (
    { server, port, client, witness },
  ) => {
    const other = await witness();
    const slow = await Promise.all(Array.from({ length: MANY }, () => RawSocket.connect(port)));
    try {
      for (const [i, peer] of slow.entries()) peer.write(BEGINNINGS[i % BEGINNINGS.length]!);
      await other.sees(20);
      const late = await client({ timeoutMs: LIMIT_MS });
      await until("channels", () => late.channels.size === 1);
      assertEquals([server.clients.size, slow.filter(({ closed }) => closed).length], [2, 0]);
      await within(server.close({ timeoutMs: 500 }), "end of close()", { timeoutMs: LIMIT_MS });
    } finally {
      await Promise.all(slow.map((peer) => peer.destroy()));
    }
  });

  on("a server whose answer is late is waited for until the time limit, and not beyond", async (
    { server, proxy, client },
  ) => {
    for (const after of [0, 50, 180]) {
      proxy.faults = { down: { after, how: "silence" } };
      const met = proxy.met;
      const early = client({ timeoutMs: LIMIT_MS });
      await until("connection", () => proxy.met > met && proxy.passed("down") === after);
      proxy.unmute();
      assertEquals((await early).serverInfo.name, "robot");
    }
    proxy.faults = { down: { after: 50, how: "silence" } };
    const error = await assertRejects(() => client({ timeoutMs: 100 }));
    assertInstanceOf(error, TimeoutError);
    // What it held back tells each side of the end of the other.
    proxy.unmute();
    await until("end of that one", () => server.clients.size === 3);
  });
}
