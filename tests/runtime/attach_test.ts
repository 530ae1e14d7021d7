/** `attach()` beside other users of the same HTTP server. */
import { assertEquals, assertRejects } from "@std/assert";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { attach } from "../../src/runtime/node.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { runtime, test } from "../support/test.ts";
import { TransportServer } from "../support/transport_end.ts";

const PROTOCOLS = ["foxglove.sdk.v1"];

type Body = (scene: { core: TransportServer; http: Server; ask(path: string): Promise<number> }) => Promise<void>;

function on(sentence: string, body: Body): void {
  test(sentence, async () => {
    const core = new TransportServer();
    const http = createServer((_request, response) => response.end("app\n"));
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const { port } = http.address() as AddressInfo;
    const ask = async (path: string) => {
      const peer = await RawSocket.connect(port);
      try {
        return (await peer.request({ path, protocols: PROTOCOLS })).status;
      } finally {
        await peer.destroy();
      }
    };
    try {
      await body({ core, http, ask });
      for (const end of core.ends) await end.closed();
    } finally {
      await new Promise<void>((resolve) => http.close(() => resolve()));
    }
  });
}

if (runtime === "deno" || runtime === "node") declare();

function declare(): void {
  on("attach() with a path takes upgrades of that path, and answers others with 404", async ({ core, http, ask }) => {
    attach(core, http, { path: "/foxglove" });
    assertEquals(await ask("/foxglove?a=b"), 101);
    assertEquals(await ask("/foxglove/more"), 404);
    assertEquals(core.peers.map(({ url }) => url), ["/foxglove?a=b"]);
  });

  on("attach() with a path leaves other paths to other listeners", async ({ core, http, ask }) => {
    attach(core, http, { path: "/foxglove" });
    http.on("upgrade", ({ url }, socket) => {
      if (url === "/other") socket.end("HTTP/1.1 418 Mine\r\nContent-Length: 0\r\n\r\n");
    });
    assertEquals(await ask("/other"), 418);
    assertEquals(await ask("/foxglove"), 101);
  });

  on("two servers share an HTTP server by path", async ({ core, http, ask }) => {
    const second = new TransportServer();
    attach(core, http, { path: "/one" });
    attach(second, http, { path: "/two" });
    assertEquals([await ask("/one"), await ask("/two")], [101, 101]);
    assertEquals([core.ends.length, second.ends.length], [1, 1]);
    await second.ends[0]?.closed();
  });

  on("attach() ends when it is disposed", async ({ core, http, ask }) => {
    const attached = attach(core, http);
    assertEquals(await ask("/"), 101);
    attached[Symbol.dispose]();
    assertEquals(await ask("/"), 200);
    assertEquals(core.ends.length, 1);
  });

  on("an admission that fails is reported, and the connection ends", async ({ core, http, ask }) => {
    attach(core, http);
    core.admit = () => Promise.reject(new Error("on purpose"));
    await assertRejects(() => ask("/"));
    assertEquals(core.errors.map(String), ["Error: on purpose"]);
  });
}
