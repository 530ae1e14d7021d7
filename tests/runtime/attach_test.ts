/** `attach()` beside other users of the same HTTP server. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import process from "node:process";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { attach } from "../../src/runtime/node.ts";
import { TEST_CERTIFICATE } from "../support/certificate.ts";
import { clientFrame, OPCODES, RawSocket } from "../support/raw_socket.ts";
import { runtime, test } from "../support/test.ts";
import { TransportServer } from "../support/transport_end.ts";

const PROTOCOLS = ["foxglove.sdk.v1"];

interface Scene {
  core: TransportServer;
  http: Server;
  port: number;
  /** Asks for an upgrade on a connection of its own, and leaves. @returns The status. */
  ask(path: string): Promise<number>;
}

type Body = (scene: Scene) => Promise<void>;

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
      await body({ core, http, port, ask });
      for (const end of core.ends) await end.closed();
    } finally {
      await new Promise<void>((resolve) => http.close(() => resolve()));
    }
  });
}

if (runtime !== "browser") declare();

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

  on("a slash at the end of a path makes no difference", async ({ core, http, ask }) => {
    attach(core, http, { path: "/foxglove/" });
    assertEquals([await ask("/foxglove"), await ask("/foxglove/"), await ask("/foxglove/?a=/b/")], [101, 101, 101]);
  });

  on("a path that nobody has gets one answer beside two servers, 404", async ({ core, http, ask }) => {
    attach(core, http, { path: "/one" });
    attach(new TransportServer(), http, { path: "/two" });
    assertEquals(await ask("/three"), 404);
  });

  on("a server without a path takes what those with one leave, whoever was first", async ({ core, http, ask }) => {
    const rest = new TransportServer();
    attach(rest, http);
    attach(core, http, { path: "/one" });
    assertEquals([await ask("/one"), await ask("/"), await ask("/one/more")], [101, 101, 101]);
    assertEquals([core.ends.length, rest.ends.length], [1, 2]);
    for (const end of rest.ends) await end.closed();
  });

  on("attach() refuses a path that is none, and one that is taken until it is free again", ({ core, http }) => {
    for (const path of ["foxglove", "", "/a?b", "/a#b", "/a b", "/robots/:id", "/a/*", 5 as never]) {
      assertThrows(() => attach(core, http, { path }), TypeError, "need a path such as");
    }
    const attached = attach(core, http, { path: "/one" });
    assertThrows(() => attach(core, http, { path: "/one/" }), TypeError, 'Cannot attach at "/one/": another server');
    attached[Symbol.dispose]();
    attach(core, http, { path: "/one" })[Symbol.dispose]();
    return Promise.resolve();
  });

  on("a server that was detached gives its path to the other listeners", async ({ core, http, ask }) => {
    const attached = attach(core, http, { path: "/one" });
    http.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 418 Mine\r\nContent-Length: 0\r\n\r\n"));
    assertEquals(await ask("/one"), 101);
    attached[Symbol.dispose]();
    assertEquals(await ask("/one"), 418);
  });

  on("attach() takes its path beside a listener that cuts what it does not know", async ({ core, http, ask }) => {
    http.on("upgrade", (_request, socket) => socket.destroy());
    attach(core, http, { path: "/foxglove" });
    http.on("upgrade", (_request, socket) => socket.destroy());
    assertEquals(await ask("/foxglove"), 101);
    await assertRejects(() => ask("/other"));
  });

  on("attach() gets on with servers of ws that have paths of their own", async ({ core, http, ask }) => {
    const before = new WebSocketServer({ server: http, path: "/before", handleProtocols: () => PROTOCOLS[0]! });
    attach(core, http, { path: "/foxglove" });
    const noServer = new WebSocketServer({ noServer: true });
    let upgraded = 0;
    for (const wss of [before, noServer]) {
      wss.on("connection", (socket: WebSocket) => (upgraded++, socket.on("error", () => {})));
    }
    assertEquals([await ask("/foxglove"), await ask("/before"), await ask("/other")], [101, 101, 400]);
    before.close();
    http.removeAllListeners("upgrade");
    http.on("upgrade", (request, socket, head) => {
      noServer.handleUpgrade(request, socket, head, (ws: WebSocket) => noServer.emit("connection", ws, request));
    });
    assertEquals([await ask("/foxglove"), await ask("/other")], [101, 101]);
    assertEquals([core.ends.length, upgraded], [2, 2]);
  });

  on("a peer that resets while it is told that nobody is there harms nobody", async ({ core, http, port, ask }) => {
    attach(core, http, { path: "/foxglove" });
    for (let i = 0; i < 20; i++) {
      const peer = await RawSocket.connect(port);
      peer.writeRequest({ path: "/other" });
      peer.reset();
    }
    assertEquals(await ask("/foxglove"), 101);
  });

  test("attach() before a server of node:https listens", async () => {
    const core = new TransportServer();
    const https = createHttpsServer(TEST_CERTIFICATE, (_request, response) => response.end("app\n"));
    attach(core, https, { path: "/foxglove" });
    await new Promise<void>((resolve) => https.listen(0, "127.0.0.1", resolve));
    const peer = await RawSocket.connectTls((https.address() as AddressInfo).port, TEST_CERTIFICATE.cert);
    assertEquals((await peer.request({ path: "/foxglove?a", protocols: PROTOCOLS })).status, 101);
    const end = await core.next();
    end.transport.send(["hello"]);
    assertEquals((await peer.readFrame()).payload.length, 5);
    await peer.destroy();
    await end.closed();
    await new Promise<void>((resolve) => https.close(() => resolve()));
  });

  on("attach() is no listener beside others, who may answer only when they are alone", async ({ core, http, ask }) => {
    const attached = attach(core, http, { path: "/foxglove" });
    const answer = (_request: unknown, socket: Duplex) => {
      if (http.listenerCount("upgrade") <= 1) socket.end("HTTP/1.1 418 Mine\r\nContent-Length: 0\r\n\r\n");
    };
    const never = () => {};
    http.on("upgrade", answer);
    assertEquals([await ask("/other"), await ask("/foxglove")], [418, 101]);
    http.on("upgrade", never).off("upgrade", answer).off("upgrade", never);
    assertEquals([await ask("/other"), await ask("/foxglove")], [404, 101]);
    http.once("upgrade", (_request, socket) => socket.end("HTTP/1.1 418 Mine\r\nContent-Length: 0\r\n\r\n"));
    assertEquals([await ask("/other"), await ask("/other")], [418, 404]);
    attached[Symbol.dispose]();
    assertEquals([http.listenerCount("upgrade"), http.listenerCount("newListener")], [0, 0]);
    assertEquals(await ask("/other"), 200);
  });

  on("requests that offer another protocol than WebSocket stay with the app", async (scene) => {
    const { core, http, port, ask } = scene;
    if (!asksBefore(http)) return;
    const before = http.shouldUpgradeCallback;
    const h2c = async (path: string) => {
      const peer = await RawSocket.connect(port);
      const { status } = await peer.request({
        path,
        headers: { Upgrade: "h2c", Connection: "Upgrade, HTTP2-Settings" },
      });
      await peer.destroy();
      return status;
    };
    const attached = attach(core, http, { path: "/foxglove" });
    assertEquals([await h2c("/"), await h2c("/foxglove"), await ask("/"), await ask("/foxglove")], [
      200,
      200,
      404,
      101,
    ]);
    http.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 418 Mine\r\nContent-Length: 0\r\n\r\n"));
    assertEquals([await h2c("/"), await ask("/foxglove")], [418, 101]);
    attached[Symbol.dispose]();
    assertEquals(http.shouldUpgradeCallback, before);
  });

  on("a client whose message is too large is told the limit, and so is the program", async ({ core, http, port }) => {
    if (runtime === "bun") return; // its own ws tells the code alone
    attach(core, http);
    const peer = await RawSocket.open(port);
    const end = await core.next();
    const { messageBytes } = core.limits;
    peer.send(clientFrame(OPCODES.binary, "", { claimedLength: messageBytes + 1 }));
    const reason = `Message is larger than ${messageBytes} bytes`;
    assertEquals(await peer.readClose(), { code: 1009, reason });
    await peer.destroy();
    await end.closed();
    assertEquals(end.closes.map(({ reason }) => reason), [reason]);
  });

  on("attach() believes the address that its user finds in a header", async ({ core, http, ask }) => {
    attach(core, http, { address: ({ headers }) => `${headers.host} said so` });
    assertEquals(await ask("/"), 101);
    assertEquals(core.peers.map(({ address }) => address), ["127.0.0.1 said so"]);
  });

  on("attach() refuses what is no HTTP server, no server of ours, and no options", ({ core, http }) => {
    const app = Object.assign(() => {}, { on() {}, listen() {} }); // as that of Express is
    const ws = new WebSocketServer({ noServer: true });
    for (const other of [app, ws, process, {}, undefined, null, "http"]) {
      assertThrows(
        () => attach(core, other as never),
        TypeError,
        "attach() needs the HTTP server second: what app.listen()",
      );
    }
    for (const other of [http, undefined, {}]) {
      assertThrows(() => attach(other as never, http), TypeError, "attach() needs a FoxgloveServer first, got ");
    }
    const bad: [options: unknown, message: string][] = [
      ["/foxglove", 'Invalid options of attach(): "/foxglove", write it as { path: "/foxglove" }'],
      [{ paht: "/b" }, 'Invalid options of attach(): "paht" is unknown, need "path", "compress", "address"'],
      [null, "Invalid options of attach(): null, need an object"],
      [{ compress: "yes" }, 'Invalid compress: string "yes", need true or false'],
      [{ address: "::1" }, 'Invalid address: string "::1", need a function'],
    ];
    for (const [options, message] of bad) assertThrows(() => attach(core, http, options as never), TypeError, message);
    assertEquals([http.listenerCount("upgrade"), http.listenerCount("newListener")], [0, 0]);
    return Promise.resolve();
  });
}

/** Whether node:http asks which upgrades are to be requests: Node 24 does. */
function asksBefore(http: Server): http is Server & { shouldUpgradeCallback: unknown } {
  return "shouldUpgradeCallback" in http;
}
