/**
 * The server and the client as users have them, on real sockets: the main job, rude peers and a stalled one.
 * `tests/runtime/server_test.ts` runs it for each way to serve.
 */
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { connect, type FoxgloveClient } from "../../client.ts";
import { webSocket } from "../../src/runtime/node.ts";
import { FoxgloveServer, type ServerOptions } from "../../src/server/server.ts";
import { clientFrame, OPCODES, RawSocket } from "../support/raw_socket.ts";
import { test } from "../support/test.ts";
import type { Listen } from "../support/listeners.ts";
import { nextEvent, recordEvents } from "../support/wire_client.ts";

const MIB = 1024 * 1024;

/** What an adapter enforces by itself. */
export interface ServerTraits {
  /** It ends a message over the limit while it arrives; else the session does when it has arrived. */
  limitsMessages: boolean;
  /** It says with a close code what was wrong with a frame, and takes none that is not masked (Deno.serve does). */
  checksFrames: boolean;
  /** It has ping. */
  pings: boolean;
  /** Sockets come to `accept()` from somebody else, whose handshake is not ours to judge. */
  foreignHandshake?: boolean;
}

interface Scene {
  server: FoxgloveServer;
  /** What went wrong on the server: stays empty. */
  errors: unknown[];
  port: number;
  client(): Promise<FoxgloveClient>;
}

/** Declares the tests. */
export function serverSuite(name: string, listen: Listen, traits: ServerTraits): void {
  const on = (sentence: string, body: (scene: Scene) => Promise<void>, options: ServerOptions = {}) =>
    test(`${name}: ${sentence}`, () => play(listen, options, body));
  mainJob(on);
  keepAlive(on, traits);
  rudePeers(on, traits);
  slowPeers(on);
}

type On = (sentence: string, body: (scene: Scene) => Promise<void>, options?: ServerOptions) => void;

async function play(listen: Listen, options: ServerOptions, body: (scene: Scene) => Promise<void>): Promise<void> {
  const server = new FoxgloveServer({ name: "robot", ...options });
  const errors: unknown[] = [];
  server.on("error", ({ error }) => errors.push(error));
  const { port, stop } = await listen(server);
  // Node 20 has no WebSocket of its own.
  const socket = "WebSocket" in globalThis ? {} : { webSocket };
  try {
    await body({ server, errors, port, client: () => connect(`ws://127.0.0.1:${port}`, socket) });
    assertEquals(errors, []);
  } finally {
    await server.close();
    await stop();
  }
}

function mainJob(on: On): void {
  on("a client receives every message of a topic, in order, and its queue runs dry", async ({ server, client }) => {
    const pose = server.channel<{ x: number }>("/pose", { encoding: "json" });
    const viewer = await client();
    const messages = viewer.subscribe<{ x: number }>("/pose", { highWaterMark: Infinity });
    await nextEvent(server, "subscribe");
    for (let x = 0; x < 5000; x++) pose.publish({ x }, { logTime: BigInt(x) });
    for (let x = 0; x < 5000; x++) {
      const { value } = await messages.next();
      assert(value?.value?.x === x && value.logTime === BigInt(x), `message ${x}`);
    }
    assertEquals([messages.dropped, [...server.clients][0]?.queuedBytes], [0, 0]);
    await viewer.close();
  });

  on("a caller reuses one buffer for all sizes of messages and all clients", async ({ server, client }) => {
    const raw = server.channel("/raw", { encoding: "raw" });
    const sizes = [0, 1, 100, 65_536, 256 * 1024, MIB];
    const viewers = [await client(), await client()];
    const inboxes = viewers.map((viewer) => viewer.subscribe("/raw"));
    while (raw.subscribers < 2) await nextEvent(server, "subscribe");
    const buffer = new Uint8Array(MIB);
    for (const [i, size] of sizes.entries()) raw.publish(buffer.subarray(0, size).fill(i + 1));
    buffer.fill(0xff);
    for (const inbox of inboxes) {
      for (const [i, size] of sizes.entries()) {
        const data = (await inbox.next()).value?.data;
        assert(data?.length === size && data.every((byte) => byte === i + 1), `message of ${size} bytes`);
      }
    }
    for (const viewer of viewers) await viewer.close();
  });

  on("a client subscribes in the turn of the advertisement, and publishes back", async ({ server, client }) => {
    const events = recordEvents(server);
    const viewer = await client();
    const late = viewer.subscribe("/late");
    const channel = server.channel("/late", { encoding: "json" });
    await nextEvent(server, "subscribe");
    channel.publish("hello");
    assertEquals((await late.next()).value?.value, "hello");
    const message = nextEvent(server, "message");
    viewer.publisher({ topic: "/goal", encoding: "json" }).publish({ x: 1 });
    await message;
    const gone = nextEvent(server, "disconnect");
    await viewer.close();
    await gone;
    assertEquals(events, [
      "connect 1",
      "subscribe 1 /late",
      "advertise 1 /goal",
      'message 1 /goal {"x":1}',
      "unsubscribe 1 /late",
      "unadvertise 1 /goal",
      "disconnect 1 1000",
    ]);
  }, { clientPublish: true });
}

function keepAlive(on: On, { pings }: ServerTraits): void {
  if (!pings) {
    on("a client's round trip is not known", async ({ server, client }) => {
      const viewer = await client();
      assertEquals([...server.clients][0]?.stats().rttMs, undefined);
      await viewer.close();
    }, { limits: { idleMs: 1 } });
    return;
  }

  on("idle: a peer that answers no ping is cut off, and one that does lives", async ({ server, port, client }) => {
    const viewer = await client();
    const gone = nextEvent(server, "disconnect");
    const silent = await RawSocket.open(port);
    const { client: cut, code, reason } = await gone;
    assertEquals([cut.id, code, reason], [2, 1006, "No sign of life for 300 ms"]);
    assertEquals([...server.clients].map(({ id }) => id), [1]);
    const { rttMs } = [...server.clients][0]!.stats();
    assert(rttMs !== undefined && rttMs >= 0 && rttMs < 300, `round trip of ${rttMs} ms`);
    await viewer.close();
    await silent.destroy();
  }, { limits: { idleMs: 300 } });
}

/** Does something rude on a socket of its own, while a client goes on to receive. */
type Rudeness = (peer: RawSocket, port: number) => Promise<void>;

const text = (message: string) => clientFrame(OPCODES.text, message);
const binary = (...bytes: number[]) => clientFrame(OPCODES.binary, new Uint8Array(bytes));

/** Every message is answered with a status, and the connection lives. */
function answeredWithStatus(...frames: Uint8Array[]): Rudeness {
  return async (peer) => {
    for (const frame of frames) {
      peer.send(frame);
      const answer = JSON.parse(new TextDecoder().decode((await nextText(peer)).payload));
      assertEquals([answer.op, answer.level], ["status", 2]);
      assert(answer.message.startsWith("Invalid message: "), answer.message);
    }
  };
}

async function nextText(peer: RawSocket) {
  for (;;) {
    const frame = await peer.readFrame();
    if (frame.opcode === OPCODES.text && !isGreeting(frame.payload)) return frame;
  }
}

function isGreeting(payload: Uint8Array): boolean {
  return /^\{"op":"(serverInfo|advertise)"/.test(new TextDecoder().decode(payload));
}

function closedWith(code: number, ...frames: Uint8Array[]): Rudeness {
  return async (peer) => {
    peer.send(...frames);
    assertEquals((await peer.readClose()).code, code);
    await peer.end();
  };
}

function rudePeers(on: On, { limitsMessages, checksFrames, foreignHandshake }: ServerTraits): void {
  const rude = (sentence: string, rudeness: Rudeness) =>
    on(`${sentence}; others go on`, (scene) => beside(scene, rudeness));
  rude("garbage text is answered", answeredWithStatus(text("garbage"), text("[1]"), text('{"op":"fly"}'), text("{}")));
  rude(
    "unknown opcodes and truncated messages are answered",
    answeredWithStatus(binary(0x77), binary(1, 2), binary(2)),
  );
  rude(
    "wrong types are answered",
    answeredWithStatus(text('{"op":"subscribe","subscriptions":[{"id":"1","channelId":1}]}')),
  );
  const notUtf8 = clientFrame(OPCODES.text, new Uint8Array([0xff]));
  if (checksFrames) {
    rude("a text that is not UTF-8 ends its connection with 1007", closedWith(1007, notUtf8));
    rude("a frame that is not masked ends its connection", async (peer) => {
      peer.send(clientFrame(OPCODES.text, "x", { masked: false }));
      await peer.end();
    });
  } else {
    rude("a text that is not UTF-8 ends its connection", async (peer) => {
      peer.send(notUtf8);
      await peer.end();
    });
  }
  rude("a reset in the middle of a frame ends only its connection", (peer) => {
    peer.send(clientFrame(OPCODES.binary, "x", { claimedLength: 1000 }));
    peer.reset();
    return peer.end();
  });
  rude("a message of 17 MiB ends its connection with 1009", async (peer) => {
    peer.send(clientFrame(OPCODES.binary, limitsMessages ? "" : new Uint8Array(17 * MIB), { claimedLength: 17 * MIB }));
    assertEquals((await peer.readClose()).code, 1009);
  });
  rude("requests with an odd Host, or none in HTTP/1.0, are answered", async (_peer, port) => {
    for (const head of ["GET /a?b HTTP/1.0\r\n", "GET / HTTP/1.1\r\nHost: [\r\n", "GET / HTTP/1.1\r\nHost: a b\r\n"]) {
      const odd = await RawSocket.connect(port);
      odd.write(`${head}Connection: close\r\n\r\n`);
      const status = Number((await odd.read(12)).toString().slice(9));
      // Some runtimes refuse such a Host by themselves; in an application's server the answer is the application's.
      assert([200, 400, 426].includes(status), `${head.trim()}: ${status}`);
      await odd.destroy();
    }
  });
  if (foreignHandshake) return;
  rude("an upgrade with a bad key is answered with 400", async (_peer, port) => {
    const bad = await RawSocket.connect(port);
    const { status } = await bad.request({ protocols: ["foxglove.sdk.v1"], headers: { "Sec-WebSocket-Key": "short" } });
    assertEquals(status, 400);
    await bad.destroy();
  });
}

async function beside({ server, port, client }: Scene, rudeness: Rudeness): Promise<void> {
  const channel = server.channel("/t", { encoding: "json" });
  const viewer = await client();
  const messages = viewer.subscribe("/t");
  await nextEvent(server, "subscribe");
  const peer = await RawSocket.open(port);
  channel.publish("before");
  await rudeness(peer, port);
  await peer.destroy();
  channel.publish("after");
  assertEquals((await messages.next()).value?.value, "before");
  assertEquals((await messages.next()).value?.value, "after");
  await viewer.close();
}

function slowPeers(on: On): void {
  const budget = 2 * MIB;
  const limits = { dataBytes: budget, closeMs: 200 };
  on("one stalled reader costs its budget at most, and seven others lose nothing", async ({ server, port, client }) => {
    const channel = server.channel("/big", { encoding: "raw" });
    const viewers = await Promise.all(Array.from({ length: 7 }, client));
    const inboxes = viewers.map((viewer) => viewer.subscribe("/big", { highWaterMark: Infinity }));
    const stalled = await RawSocket.open(port);
    stalled.pause();
    stalled.send(text(`{"op":"subscribe","subscriptions":[{"id":1,"channelId":${channel.id}}]}`));
    while (channel.subscribers < 8) await nextEvent(server, "subscribe");
    const slow = [...server.clients].find((each) => each.id === server.stats().clients)!;
    const message = new Uint8Array(65_536);
    let highest = 0;
    for (let i = 0; i < 600; i++) {
      new DataView(message.buffer).setUint32(0, i);
      channel.publish(message);
      highest = Math.max(highest, slow.queuedBytes);
      for (const inbox of inboxes) assertEquals(sequence((await inbox.next()).value?.data), i);
    }
    assertGreater(slow.stats().droppedMessages, 0);
    assertLessOrEqual(highest, budget + 65_536);
    assertEquals(inboxes.map(({ dropped }) => dropped), [0, 0, 0, 0, 0, 0, 0]);
    for (const other of server.clients) if (other !== slow) assertEquals(other.stats().droppedMessages, 0);
    for (const viewer of viewers) await viewer.close();
    await stalled.destroy();
  }, { limits });

  on("close() ends in bounded time beside a stalled reader", async ({ server, port }) => {
    const channel = server.channel("/big", { encoding: "raw" });
    const stalled = await RawSocket.open(port);
    stalled.pause();
    stalled.send(text(`{"op":"subscribe","subscriptions":[{"id":1,"channelId":${channel.id}}]}`));
    await nextEvent(server, "subscribe");
    for (let i = 0; i < 100; i++) channel.publish(new Uint8Array(MIB));
    await server.close({ timeoutMs: 100 });
    assertEquals(server.clients.size, 0);
    await stalled.destroy();
  }, { limits });
}

function sequence(data: Uint8Array | undefined): number | undefined {
  return data && new DataView(data.buffer, data.byteOffset).getUint32(0);
}
