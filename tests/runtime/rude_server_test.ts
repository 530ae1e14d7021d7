/** Servers that break WebSocket or HTTP: the client says so or connects again, and nothing of it harms the program. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { connect, type ConnectOptions, type FoxgloveClient, FoxgloveError } from "../../client.ts";
import { webSocket } from "../../src/runtime/node.ts";
import { within } from "../../src/util/async.ts";
import { OPCODES } from "../support/raw_socket.ts";
import { goodAnswer, RawServer, serverFrame, type UpgradeOf } from "../support/raw_server.ts";
import { test } from "../support/test.ts";

function open(port: number, options: ConnectOptions = {}): Promise<FoxgloveClient> {
  const socket = "WebSocket" in globalThis ? {} : { webSocket };
  return connect(`ws://127.0.0.1:${port}`, { ...socket, reconnect: { minDelayMs: 1, maxDelayMs: 5 }, ...options });
}

function write(socket: UpgradeOf["socket"], ...chunks: (string | Uint8Array)[]): void {
  for (const chunk of chunks) socket.write(chunk);
}

const ALIVE = serverFrame(OPCODES.text, '{"op":"status","level":0,"message":"alive"}');
const { text, binary, continuation, ping, pong, close } = OPCODES;

/** Frames that a server must not send. */
const FRAMES: Record<string, Uint8Array[]> = {
  "a text that is not UTF-8": [serverFrame(text, new Uint8Array([0x7b, 0xff, 0x7d]))],
  "half a character": [serverFrame(text, new Uint8Array([0xe2, 0x82]))],
  "an opcode that is reserved": [serverFrame(3, "x")],
  "a control opcode that is reserved": [serverFrame(11, "x")],
  "reserved bits": [serverFrame(text, "{}", { reserved: 7 })],
  "a frame that is masked": [serverFrame(text, "{}", { masked: true })],
  "a ping of 126 bytes": [serverFrame(ping, "x".repeat(126))],
  "a ping in two parts": [serverFrame(ping, "x", { fin: false })],
  "a continuation of nothing": [serverFrame(continuation, "x")],
  "a message within a message": [serverFrame(text, "{", { fin: false }), serverFrame(binary, "x")],
  "a length of 2^62 bytes": [new Uint8Array([0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0])],
  "a length with its highest bit": [new Uint8Array([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0])],
  "a close of one byte": [serverFrame(close, "x")],
  "a close with code 1005": [serverFrame(close, new Uint8Array([0x03, 0xed]))],
  "a close with a reason that is not UTF-8": [serverFrame(close, new Uint8Array([0x03, 0xe8, 0xff]))],
  "a pong that nobody asked for": [serverFrame(pong, "x")],
  "a message in a thousand parts": [
    serverFrame(text, "{", { fin: false }),
    ...Array.from({ length: 998 }, () => serverFrame(continuation, " ", { fin: false })),
    serverFrame(continuation, "}"),
  ],
};

for (const [what, frames] of Object.entries(FRAMES)) {
  test(`${what} from a server is borne, or ends its connection, and the next one is used`, async () => {
    // A connection that would wait for the rest of a message is ended by the server.
    const rude = (upgrade: UpgradeOf) => {
      write(upgrade.socket, ...goodAnswer(upgrade), ...frames, ALIVE);
      upgrade.socket.end();
    };
    const server = await RawServer.start(rude, (upgrade) => write(upgrade.socket, ...goodAnswer(upgrade), ALIVE));
    const client = await open(server.port);
    client.on("error", ({ error }) => assertInstanceOf(error, FoxgloveError));
    const alive = new Promise((resolve) => client.on("status", ({ message }) => message === "alive" && resolve(true)));
    await within(alive, "status of a server that is alive", { timeoutMs: 10_000 });
    const { reconnects } = client.stats();
    assert(reconnects <= 1, `${reconnects}`);
    // This server answers no close.
    await client.close({ timeoutMs: 10 });
    await server.stop();
  });
}

/** Answers to the request that do not open a connection. */
const ANSWERS: Record<string, (upgrade: UpgradeOf) => (string | Uint8Array)[]> = {
  "nothing, and closes": () => [],
  "garbage": () => ["\0\x01garbage\r\n\r\n"],
  "200": () => ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
  "302": () => ["HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"],
  "401": () => ["HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"],
  "503": () => ["HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"],
  "half a head": () => ["HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso"],
  "a subprotocol that was not offered": (upgrade) => goodAnswer({ ...upgrade, offered: ["chat"] }),
  "no subprotocol": (upgrade) => [
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Accept: ${upgrade.accept}\r\n\r\n`,
    serverFrame(text, '{"op":"serverInfo","name":"raw","capabilities":[]}'),
  ],
  "all right, and no serverInfo": (upgrade) => goodAnswer(upgrade).slice(0, 1),
  "a close instead of serverInfo": (upgrade) => [
    ...goodAnswer(upgrade).slice(0, 1),
    serverFrame(close, new Uint8Array([0x03, 0xe9])),
  ],
  "half of serverInfo": (upgrade) => {
    const [head, info] = goodAnswer(upgrade);
    return [head!, info!.slice(0, 20)];
  },
};

for (const [what, answer] of Object.entries(ANSWERS)) {
  test(`a server that answers ${what} makes connect() reject with a FoxgloveError, and nothing stays behind`, async () => {
    const server = await RawServer.start((upgrade) => {
      write(upgrade.socket, ...answer(upgrade));
      upgrade.socket.end();
    });
    const error = await within(open(server.port), "end of connect()", { timeoutMs: 15_000 }).catch((error) => error);
    assertInstanceOf(error, FoxgloveError);
    assert(["connection", "subprotocol"].includes(error.code), `${error.code}: ${error.message}`);
    await server.stop();
  });
}

test("a server that takes the connection and never says anything is given up at the time limit, and let go", async () => {
  const told: Promise<unknown>[] = [];
  // No standard WebSocket can cut an open connection: the server is told to close, and does so here.
  const keep = ({ socket }: UpgradeOf) => {
    told.push(new Promise((resolve) => socket.on("close", resolve)));
    socket.on("data", () => socket.destroy());
  };
  const server = await RawServer.start(keep, (upgrade) => {
    keep(upgrade);
    write(upgrade.socket, ...goodAnswer(upgrade).slice(0, 1));
  });
  for (let i = 0; i < 2; i++) {
    const error = await open(server.port, { timeoutMs: 200 }).catch((error) => error);
    assertEquals([error.name, error.code], ["TimeoutError", "timeout"]);
  }
  assertEquals(told.length, 2);
  await within(Promise.all(told), "end of both connections", { timeoutMs: 10_000 });
  await server.stop();
});
