/** `websocket()` for a `Bun.serve` with routes and sockets of its own. */
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { connect } from "../../client.ts";
import { type BunServer, type BunSocket, upgrade, websocket } from "../../src/runtime/bun.ts";
import { FoxgloveServer } from "../../src/server/server.ts";
import type { ServerClient } from "../../src/server/server_client.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { runtime, test } from "../support/test.ts";
import { nextEvent } from "../support/wire_client.ts";

if (runtime === "bun") {
  sockets();
  options();
  mistakes();
}

type OwnSocket = BunSocket<{ name: string }>;

function serve(options: object): { port: number; stop(): Promise<void>; reload(options: object): void } {
  // deno-lint-ignore no-explicit-any -- its types are not installed
  return (globalThis as any).Bun.serve({ hostname: "127.0.0.1", port: 0, ...options });
}

const OK = () => new Response("hello\n");

/** A socket of the application. */
async function chat(port: number): Promise<{ socket: WebSocket; heard: string[]; ended: Promise<number> }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`);
  const heard: string[] = [];
  socket.addEventListener("message", ({ data }) => heard.push(data));
  const ended = new Promise<number>((resolve) => socket.addEventListener("close", ({ code }) => resolve(code)));
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  return { socket, heard, ended };
}

function sockets(): void {
  test("the user's handlers get the user's sockets alone, and two servers of ours get theirs", async () => {
    const [one, two] = [new FoxgloveServer({ name: "one" }), new FoxgloveServer({ name: "two", clientPublish: true })];
    const calls: string[] = [];
    const route = (server: FoxgloveServer) => async (request: Request, bun: BunServer) =>
      await upgrade(server, request, bun) ?? OK();
    const ended = Promise.withResolvers<void>();
    const http = serve({
      routes: {
        "/": OK(),
        "/one": route(one),
        "/two": route(two),
        "/chat": (request: Request, bun: { upgrade(request: Request, options: object): boolean }) =>
          bun.upgrade(request, { data: { name: "guest" } }) ? undefined : OK(),
      },
      websocket: websocket<OwnSocket>([one, two], {
        open: ({ data }) => void calls.push(`open ${data.name}`),
        message: (socket, text) => void (calls.push(`message ${text}`), socket.send(`${socket.data.name}: ${text}`)),
        ping: (_socket, data) => void calls.push(`ping ${data}`),
        close: (_socket, code) => void (calls.push(`close ${code}`), ended.resolve()),
      }),
    });
    assertEquals(await (await fetch(`http://127.0.0.1:${http.port}/`)).text(), "hello\n");
    const viewers = [
      await connect(`ws://127.0.0.1:${http.port}/one`),
      await connect(`ws://127.0.0.1:${http.port}/two`),
    ];
    assertEquals(viewers.map(({ serverInfo }) => serverInfo.name), ["one", "two"]);
    const { socket, heard } = await chat(http.port);
    const answered = new Promise((resolve) => socket.addEventListener("message", resolve));
    socket.send("hi");
    await answered;
    for (const viewer of viewers) await viewer.close();
    socket.close(4000);
    await ended.promise;
    assertEquals([heard, calls], [["guest: hi"], ["open guest", "message hi", "close 4000"]]);
    await one.close();
    await two.close();
    await http.stop();
  });

  test("without handlers of the user, sockets of the user are nobody's, and harm nobody", async () => {
    const server = new FoxgloveServer();
    const errors: unknown[] = [];
    server.on("error", ({ error }) => errors.push(error));
    const http = serve({
      fetch: async (request: Request, bun: BunServer) =>
        request.url.endsWith("/chat")
          ? bun.upgrade(request, { data: null as never, headers: {} }) ? undefined : OK()
          : await upgrade(server, request, bun) ?? OK(),
      websocket: websocket(server),
    });
    const { socket, ended } = await chat(http.port);
    socket.send("hi");
    const viewer = await connect(`ws://127.0.0.1:${http.port}`);
    await viewer.close();
    socket.close(4001);
    assertEquals([await ended, errors, server.clients.size], [4001, [], 0]);
    await server.close();
    await http.stop();
  });

  test("clients live with perMessageDeflate: messages of both sides arrive", async () => {
    const server = new FoxgloveServer({ clientPublish: true });
    const channel = server.channel("/a", { encoding: "raw", latch: true });
    channel.publish(new Uint8Array(100_000).fill(7));
    const http = serve({
      fetch: (request: Request, bun: BunServer) => upgrade(server, request, bun),
      websocket: websocket(server, { perMessageDeflate: true }),
    });
    const viewer = await connect(`ws://127.0.0.1:${http.port}`);
    const { value } = await viewer.subscribe("/a").next();
    assertEquals([value?.data.length, value?.data[99_999]], [100_000, 7]);
    const heard = new Promise<Uint8Array>((resolve) => server.on("message", ({ data }) => resolve(data)));
    viewer.publisher({ topic: "/b", encoding: "raw" }).publish(new Uint8Array(50_000).fill(9));
    assertEquals((await heard).length, 50_000);
    await viewer.close();
    await server.close();
    await http.stop();
  });
}

function mistakes(): void {
  test("after a reload by bun --hot another copy of the module serves the clients that are there", async () => {
    const copy: typeof import("../../src/runtime/bun.ts") = await import(
      "../../src/runtime/bun_websocket.ts?reloaded" as string
    );
    assertEquals(copy.websocket === websocket, false);
    const server = new FoxgloveServer();
    server.service("/hi", {}, () => ({ ok: 1 }));
    const own: string[] = [];
    const options = { fetch: (request: Request, bun: BunServer) => upgrade(server, request, bun) };
    const http = serve({ ...options, websocket: websocket(server) });
    const viewer = await connect(`ws://127.0.0.1:${http.port}`);
    http.reload({ ...options, websocket: copy.websocket(server, { message: (_, text) => void own.push(`${text}`) }) });
    assertEquals(await viewer.callService("/hi", {}), { ok: 1 });
    const gone = nextEvent(server, "disconnect");
    await viewer.close();
    assertEquals([(await gone).code, own], [1000, []]);
    await server.close();
    await http.stop();
  });

  test("upgrade() takes an object with Bun's server, and what the program knows of the client", async () => {
    const server = new FoxgloveServer({ authorize: ({ address }) => address === "192.0.2.1" });
    const known = { identity: { name: "Ann" }, address: "192.0.2.1" };
    const http = serve({
      fetch: (request: Request, bun: BunServer) => upgrade(server, request, { server: bun }, known),
      websocket: websocket(server),
    });
    const viewer = await connect(`ws://127.0.0.1:${http.port}`);
    const [{ identity, address }] = [...server.clients] as [ServerClient];
    assertEquals([identity, address], [known.identity, known.address]);
    await viewer.close();
    await server.close();
    await http.stop();
  });

  test("upgrade() refuses what is not Bun's server, and says where that is", async () => {
    const server = new FoxgloveServer();
    const request = new Request("http://127.0.0.1/");
    for (const other of [undefined, {}, { server: {} }, "bun"]) {
      await assertRejects(
        () => upgrade(server, request, other as never),
        TypeError,
        "upgrade() needs Bun's server third",
      );
    }
    const bun = { upgrade: () => false, requestIP: () => null };
    await assertRejects(
      () => upgrade(undefined as never, request, bun),
      TypeError,
      "needs a FoxgloveServer first, got un",
    );
    await assertRejects(() => upgrade(server, request, bun, { user: 1 } as never), TypeError, '"user" is unknown');
  });

  test("a copy of a request is told of to the operator, and not put down to the client", async () => {
    const server = new FoxgloveServer();
    const errors: string[] = [];
    server.on("error", ({ error }) => errors.push((error as Error).message));
    const http = serve({
      fetch: (request: Request, bun: BunServer) => upgrade(server, new Request(request), bun),
      websocket: websocket(server),
    });
    const peer = await RawSocket.connect(http.port);
    assertEquals((await peer.request({ protocols: ["foxglove.sdk.v1"] })).status, 500);
    assertEquals(errors.map((message) => message.split(":")[0]), ["Cannot upgrade a copy of a request"]);
    await peer.destroy();
    await server.close();
    await http.stop();
  });

  test("websocket() refuses to be for no server", () => {
    for (const none of [[], undefined, [undefined], {}]) {
      assertThrows(() => websocket(none as never), TypeError, "websocket() needs");
    }
  });

  test("accept() refuses a socket of Bun.serve, and says what takes it", async () => {
    const server = new FoxgloveServer();
    const refused = Promise.withResolvers<unknown>();
    const http = serve({
      fetch: (request: Request, bun: BunServer) =>
        bun.upgrade(request, { data: null as never, headers: {} }) ? undefined : OK(),
      websocket: { open: (socket: never) => refused.resolve(assertThrows(() => server.accept(socket))), message() {} },
    });
    const { socket, ended } = await chat(http.port);
    assertStringIncludes(
      String(await refused.promise),
      "TypeError: Cannot accept a socket of Bun.serve: use upgrade()",
    );
    socket.close();
    await ended;
    await server.close();
    await http.stop();
  });
}

function options(): void {
  const server = new FoxgloveServer({ limits: { messageBytes: 1000, idleMs: 45_000 } });

  test("the user's options may be more generous than what clients need", () => {
    const { maxPayloadLength, idleTimeout } = websocket(server);
    assertEquals([maxPayloadLength, idleTimeout], [1000, 45]);
    const generous = websocket(server, { maxPayloadLength: 5000, idleTimeout: 0, publishToSelf: true });
    assertEquals([generous.maxPayloadLength, generous.idleTimeout], [5000, 0]);
    assertEquals((generous as { publishToSelf?: boolean }).publishToSelf, true);
  });

  test("the user's options that would harm clients are refused", () => {
    const bad: [options: object, message: string][] = [
      [{ maxPayloadLength: 999 }, "Cannot use maxPayloadLength 999: clients may send 1000 bytes"],
      [{ idleTimeout: 44 }, "Cannot use idleTimeout 44: clients may be silent for 45 s"],
      [{ backpressureLimit: 1 }, "Cannot use backpressureLimit"],
      [{ closeOnBackpressureLimit: false }, "Cannot use closeOnBackpressureLimit"],
    ];
    for (const [options, message] of bad) assertThrows(() => websocket(server, options), RangeError, message);
  });
}
