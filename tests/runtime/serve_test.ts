/** `serve()` on whichever runtime this is: where it listens, and how it ends. */
import { assertEquals, assertGreater, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { deadline } from "@std/async";
import { localUrl } from "../../src/runtime/adapter.ts";
import { serve, type ServeOptions } from "../../src/runtime/serve.ts";
import { FoxgloveError } from "../../src/util/errors.ts";
import { OPCODES, RawSocket } from "../support/raw_socket.ts";
import { runtime, test } from "../support/test.ts";

const MIB = 1024 * 1024;

const here = (options: ServeOptions = {}) => serve({ host: "127.0.0.1", port: 0, ...options });

if (runtime !== "browser") {
  listening();
  refusals();
  closing();
}

function listening(): void {
  test("serve() listens on a free port of this machine alone, and greets", async () => {
    const server = await serve({ port: 0, name: "robot" });
    assertEquals(server.host, "127.0.0.1");
    assertGreater(server.port, 0);
    assertEquals(server.url, `ws://127.0.0.1:${server.port}`);
    const peer = await RawSocket.open(server.port);
    const { opcode, payload } = await peer.readFrame();
    assertEquals(opcode, OPCODES.text);
    assertStringIncludes(new TextDecoder().decode(payload), `"name":"robot"`);
    await peer.destroy();
    await server.close();
  });

  test("localUrl() is one that clients on this machine can use", () => {
    const urls = ["localhost", "0.0.0.0", "::", "fe80::1"].map((host) => localUrl("ws", host, 8765));
    const hosts = ["localhost", "127.0.0.1", "[::1]", "[fe80::1]"];
    assertEquals(urls, hosts.map((host) => `ws://${host}:8765`));
  });
}

function refusals(): void {
  test("serve() on a port in use says so in one sentence", async () => {
    const first = await here();
    const error = await assertRejects(() => here({ port: first.port }), FoxgloveError);
    assertEquals(error.code, "address_in_use");
    assertEquals(error.message, `Cannot listen on 127.0.0.1:${first.port}: the port is in use`);
    await first.close();
  });

  test("serve() refuses what is no port, on every runtime alike", async () => {
    for (const port of [-1, 1.5, 65536, NaN]) {
      await assertRejects(() => here({ port }), RangeError, `port ${port}`);
    }
    await assertRejects(() => here({ port: "9200" as never }), TypeError, 'port string "9200", need an integer');
    await assertRejects(() => serve(9201 as never), TypeError, "options of serve(): number 9201, need an object");
  });

  test("serve() on an address of another machine fails with listen_failed", async () => {
    const error = await assertRejects(() => here({ host: "192.0.2.1" }), FoxgloveError);
    assertEquals(error.code, "listen_failed");
    assertMatch(error.message, /^Cannot listen on 192\.0\.2\.1:0: /);
  });
}

function closing(): void {
  test("close() ends clients with 1001 and frees the port", async () => {
    const server = await here();
    const { port } = server;
    const peer = await RawSocket.open(port);
    const closed = server.close();
    assertEquals(await peer.readClose(), { code: 1001, reason: "Server is closing" });
    await peer.destroy();
    await closed;
    await server.close();
    await assertRejects(() => RawSocket.connect(port));
    const next = await here({ port });
    await next.close();
  });

  test("close() takes no longer than its limit with a peer that reads nothing", async () => {
    const server = await here({ limits: { dataBytes: 32 * MIB } });
    const channel = server.channel("/big", { encoding: "raw" });
    const peer = await RawSocket.open(server.port);
    const subscribed = new Promise((resolve) => server.on("subscribe", resolve));
    peer.subscribe(1, channel.id);
    await subscribed;
    peer.pause();
    for (let i = 0; i < 24; i++) channel.publish(new Uint8Array(MIB));
    await deadline(server.close({ timeoutMs: 50 }), 5_000);
    await peer.destroy();
  });

  test("close() does not wait for connections that never became WebSockets", async () => {
    const server = await here();
    const silent = await RawSocket.connect(server.port);
    const plain = await RawSocket.connect(server.port);
    assertEquals((await plain.request({ headers: { Upgrade: undefined, Connection: "keep-alive" } })).status, 426);
    const half = await RawSocket.connect(server.port);
    half.write("GET / HTTP/1.1\r\nHost: x\r\n");
    await deadline(server.close(), 5_000);
    for (const peer of [silent, plain, half]) await peer.destroy();
  });
}
