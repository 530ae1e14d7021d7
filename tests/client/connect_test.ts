import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { connect, type ConnectOptions } from "../../src/client/connect.ts";
import { SUBPROTOCOLS } from "../../src/protocol/constants.ts";
import { ConnectionError, FoxgloveError, TimeoutError } from "../../src/util/errors.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { nextTurn, ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";
import { FakeWebSocket } from "../support/fake_web_socket.ts";

const URL = "ws://localhost:8765";
const INFO = '{"op":"serverInfo","name":"fake","capabilities":[]}';

/** Connects to `URL` with a fake socket. */
function fake(options: ConnectOptions = {}): { socket: FakeWebSocket; client: ReturnType<typeof connect> } {
  const socket = new FakeWebSocket(URL);
  const client = connect(URL, {
    webSocket: (_url, protocols) => {
      socket.offered.push(...protocols);
      return socket.socket;
    },
    ...options,
  });
  client.catch(() => {});
  return { socket, client };
}

for (const protocol of SUBPROTOCOLS) {
  test(`connect() resolves with the server's serverInfo under ${protocol}`, async () => {
    const info = { name: "robot", capabilities: ["time", "telepathy"], sessionId: "s1", metadata: { a: "b" } };
    const { client } = await ScriptedServer.connected({ protocol, info });
    assertEquals(client.serverInfo, info);
    assertEquals(client.protocol, protocol);
    assertEquals(client.url, undefined);
    assertEquals(client.time, undefined);
    await client.close();
  });
}

test("connect() raises what follows serverInfo only after listeners could be added", async () => {
  const server = new ScriptedServer();
  server.info();
  server.advertise({ id: 1, topic: "/a" });
  server.send({ op: "status", level: "info", message: "hello" });
  server.transport.close(3000, "enough");
  const client = await connect(server.clientEnd);
  assertEquals(client.channels.size, 0);
  const events: string[] = [];
  client.on("advertise", ({ channels }) => events.push(`advertise ${channels.map(({ topic }) => topic)}`));
  client.on("status", ({ message }) => events.push(`status ${message}`));
  client.on("close", ({ code, reason }) => events.push(`close ${code} ${reason}`));
  assertEquals(await client.closed, { code: 3000, reason: "enough" });
  assertEquals(events, ["advertise /a", "status hello", "close 3000 enough"]);
});

test("connect() ignores and counts what comes before serverInfo", async () => {
  const server = new ScriptedServer();
  server.advertise({ id: 1, topic: "/early" });
  server.send("no JSON", new Uint8Array([99]), new Uint8Array(0));
  server.info();
  const client = await connect(server.clientEnd);
  await server.settle(client);
  assertEquals(client.channels.size, 0);
  const { ignoredMessages, invalidMessages } = client.stats();
  assertEquals({ ignoredMessages, invalidMessages }, { ignoredMessages: 2, invalidMessages: 1 });
  await client.close();
});

for (const protocol of ["", "foxglove.sdk.v2"]) {
  test(`connect() closes a transport with subprotocol "${protocol}" and says so`, async () => {
    const server = new ScriptedServer({ protocol });
    server.info();
    const error = await assertRejects(() => connect(server.clientEnd), ConnectionError);
    assertEquals(error.code, "subprotocol");
    assertStringIncludes(error.message, protocol === "" ? "no subprotocol" : '"foxglove.sdk.v2"');
    assertEquals(await server.closed, { code: 1002, reason: "Unsupported subprotocol" });
  });
}

test("connect() refuses a subprotocol that is not among those asked for", async () => {
  const server = new ScriptedServer({ protocol: "foxglove.websocket.v1" });
  const options: ConnectOptions = { subprotocols: ["foxglove.sdk.v1"] };
  await assertRejects(() => connect(server.clientEnd, options), ConnectionError, "foxglove.sdk.v1");
  assertEquals((await server.closed).code, 1002);
});

test("connect() gives up in bounded time on a socket with a wrong subprotocol that does not close", async () => {
  const clock = new ManualClock();
  const { socket, client } = fake({ clock });
  await nextTurn();
  socket.open("chat");
  await nextTurn();
  clock.advance(2000);
  await assertRejects(() => client, ConnectionError, '"chat"');
  assertEquals(clock.delays, 0);
});

test("connect() rejects when no serverInfo comes within the time limit, and cuts the connection", async () => {
  const clock = new ManualClock();
  const server = new ScriptedServer();
  const client = connect(server.clientEnd, { timeoutMs: 500, clock });
  clock.advance(499);
  clock.advance(1);
  await assertRejects(() => client, TimeoutError, "No serverInfo from the transport within 500 ms");
  assertEquals((await server.closed).code, 1006);
  assertEquals(clock.delays, 0);
});

test("connect() waits 10 s by default, and leaves no timer behind when it succeeds", async () => {
  const clock = new ManualClock();
  const server = new ScriptedServer();
  const connecting = connect(server.clientEnd, { clock });
  clock.advance(9_999);
  server.info();
  const client = await connecting;
  assertEquals(clock.delays, 0);
  await client.close();
  assertEquals(clock.delays, 0);
});

test("connect() rejects with the reason of its signal, and cuts the connection", async () => {
  const server = new ScriptedServer();
  const controller = new AbortController();
  const client = connect(server.clientEnd, { signal: controller.signal });
  controller.abort(new Error("changed my mind"));
  await assertRejects(() => client, Error, "changed my mind");
  assertEquals((await server.closed).code, 1006);
});

test("connect() with an aborted signal makes no socket, and cuts a transport that was given", async () => {
  const signal = AbortSignal.abort(new Error("too late"));
  let made = 0;
  const webSocket = () => {
    made++;
    return new FakeWebSocket(URL).socket;
  };
  await assertRejects(() => connect(URL, { signal, webSocket }), Error, "too late");
  assertEquals(made, 0);
  const server = new ScriptedServer();
  await assertRejects(() => connect(server.clientEnd, { signal }), Error, "too late");
  assertEquals((await server.closed).code, 1006);
});

test("the signal of connect() means nothing once it has resolved", async () => {
  const controller = new AbortController();
  const { server, client } = await ScriptedServer.connected({ client: { signal: controller.signal } });
  controller.abort();
  await server.settle(client);
  await client.close();
});

test("connect() rejects when the connection ends before serverInfo", async () => {
  const server = new ScriptedServer();
  server.transport.close(1013, "Try again later");
  const error = await assertRejects(() => connect(server.clientEnd), ConnectionError);
  assertEquals(error.closeCode, 1013);
  assertStringIncludes(error.message, 'before serverInfo (code 1013, "Try again later")');
});

test("connect() offers all names of the protocol, newest first, or those asked for", async () => {
  const all = fake();
  await nextTurn();
  assertEquals(all.socket.offered, ["foxglove.sdk.v1.1", "foxglove.sdk.v1", "foxglove.websocket.v1"]);
  const one = fake({ subprotocols: ["foxglove.websocket.v1"] });
  await nextTurn();
  assertEquals(one.socket.offered, ["foxglove.websocket.v1"]);
  for (const { socket, client } of [all, one]) {
    socket.end(1006);
    await assertRejects(() => client, ConnectionError);
  }
});

test("connect() works on a WebSocket, and knows its address", async () => {
  const { socket, client: connecting } = fake();
  await nextTurn();
  assertEquals(socket.binaryType, "arraybuffer");
  socket.open("foxglove.sdk.v1.1");
  socket.raise("message", { data: INFO });
  const client = await connecting;
  assertEquals([client.url, client.protocol], [URL, "foxglove.sdk.v1.1"]);
  const closing = client.close({ code: 3001, reason: "bye" });
  assertEquals(socket.closes, [[3001, "bye"]]);
  socket.end(3001, "bye");
  await closing;
});

test("connect() takes a WebSocket that is open", async () => {
  const socket = new FakeWebSocket(URL);
  socket.open("foxglove.sdk.v1");
  const connecting = connect(socket.socket);
  socket.raise("message", { data: INFO });
  const client = await connecting;
  assertEquals([client.url, client.protocol], [URL, "foxglove.sdk.v1"]);
  const closing = client.close();
  socket.end(1000);
  await closing;
});

test("connect() rejects with the text of a failed socket, whether or not a close follows", async () => {
  const cases: [object, string][] = [
    [{ message: "connect ECONNREFUSED" }, `Cannot connect to "${URL}" (connect ECONNREFUSED)`],
    [{ error: new Error("no route") }, `Cannot connect to "${URL}" (no route)`],
    [{}, `Cannot connect to "${URL}":`],
  ];
  for (const [members, text] of cases) {
    const { socket, client } = fake();
    await nextTurn();
    socket.raise("error", members);
    const error = await assertRejects(() => client, ConnectionError, text);
    assertStringIncludes(error.message, "foxglove.sdk.v1");
    assertEquals(error.closeCode, 1006);
  }
});

test("connect() rejects when the socket closes without ever opening", async () => {
  const { socket, client } = fake();
  await nextTurn();
  socket.end(1006);
  await assertRejects(() => client, ConnectionError, `Cannot connect to "${URL}"`);
});

test("connect() rejects when the factory throws or rejects", async () => {
  const fail = () => {
    throw new SyntaxError("bad port");
  };
  for (const webSocket of [fail, () => Promise.reject(new SyntaxError("bad port"))]) {
    const error = await assertRejects(() => connect(URL, { webSocket }), ConnectionError, "bad port");
    assertInstanceOf(error.cause, SyntaxError);
  }
});

test("connect() closes a socket that its factory delivers too late", async () => {
  const socket = new FakeWebSocket(URL);
  const controller = new AbortController();
  let deliver = (_socket: WebSocket) => {};
  const webSocket = () => new Promise<WebSocket>((resolve) => deliver = resolve);
  const client = connect(URL, { webSocket, signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => client, Error, "enough");
  deliver(socket.socket);
  await nextTurn();
  assertEquals(socket.closes.length, 1);
});

test("connect() says what to do where the runtime has no WebSocket", async () => {
  const original = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  Object.defineProperty(globalThis, "WebSocket", { value: undefined, configurable: true, writable: true });
  try {
    const error = await assertRejects(() => connect(URL), FoxgloveError, "@foxwire/foxwire/node");
    assertEquals(error.code, "no_websocket");
  } finally {
    if (original) Object.defineProperty(globalThis, "WebSocket", original);
  }
});

test("connect() refuses an address that is none of a WebSocket", async () => {
  const schemes = ["localhost:8765", "http://localhost:8765", "", "ws://", "ws:localhost"];
  const others = ["ws://127.0.0.1:1 x", "ws://127.0.0.1:65536", "ws://a b", "ws://localhost/#x", "ws://localhost#"];
  for (const address of [...schemes, ...others]) {
    await assertRejects(() => connect(address), TypeError, "ws://localhost:8765");
  }
});
