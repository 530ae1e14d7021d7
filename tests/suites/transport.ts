/**
 * The Transport contract, checked on whatever connects two ends. `tests/runtime/` has a runner for each way.
 */
import { assert, assertEquals, assertFalse, assertGreater } from "@std/assert";
import { DRAIN_BYTES, type Message, messageBytes, type Transport } from "../../src/transport/transport.ts";
import type { Listen } from "../support/listeners.ts";
import { test } from "../support/test.ts";
import { TransportEnd, TransportServer } from "../support/transport_end.ts";

/** Two ends that are each other's peer. */
export interface Connection {
  server: TransportEnd;
  client: TransportEnd;
  /** Frees what is left when both have ended. */
  stop(): Promise<void>;
}

/** A way to connect two ends. */
export interface TransportHarness {
  open(): Promise<Connection>;
  /** Whether `terminate()` of these ends reaches the peer as a cut connection, not as a close. */
  cuts: { server: boolean; client: boolean };
  /** The code that ends get when a close had none: Bun's server sends 1000. Default 1005. */
  codeless?: number[];
}

/** A harness of a real server and a real client. */
export function socketHarness(
  listen: Listen,
  connect: (url: string) => Transport | Promise<Transport>,
  traits: Omit<TransportHarness, "open">,
): TransportHarness {
  return { ...traits, open: () => openSockets(listen, connect) };
}

async function openSockets(listen: Listen, connect: (url: string) => Transport | Promise<Transport>) {
  const core = new TransportServer();
  const { port, stop } = await listen(core);
  const client = new TransportEnd(await connect(`ws://127.0.0.1:${port}/`));
  const server = await core.next();
  const finish = async () => {
    await stop();
    assertEquals(core.errors, []);
  };
  return { server, client, stop: finish };
}

const MIB = 1024 * 1024;

/** Lengths at which the frame's header or the way of a message changes. */
const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536, 256 * 1024 - 1, 256 * 1024, MIB, 16 * MIB];

/** Bytes that differ from place to place and from seed to seed. */
export function pattern(length: number, seed = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) + seed) & 0xff;
  return bytes;
}

/** Equality of messages; says where long ones differ and does not print them. */
export function assertMessage(actual: string | Uint8Array | undefined, expected: string | Uint8Array): void {
  assertEquals(typeof actual, typeof expected);
  assertEquals(actual?.length, expected.length);
  if (typeof expected === "string") return assert(actual === expected, `Text of ${expected.length} differs`);
  const index = expected.findIndex((byte, i) => byte !== actual![i]);
  assertEquals(index, -1, `Message of ${expected.length} bytes differs at byte ${index}`);
}

const NOTHING = new Uint8Array(0);

/** Declares the tests. */
export function transportSuite(name: string, harness: TransportHarness): void {
  const on = (sentence: string, body: (connection: Connection) => Promise<void>) =>
    test(`${name}: ${sentence}`, async () => {
      const connection = await harness.open();
      try {
        await body(connection);
      } finally {
        await end(connection);
      }
    });
  const both = (sentence: string, body: (sender: TransportEnd, receiver: TransportEnd) => Promise<void>) => {
    on(`server to client, ${sentence}`, ({ server, client }) => body(server, client));
    on(`client to server, ${sentence}`, ({ server, client }) => body(client, server));
  };
  messages(both);
  lengths(both);
  ownership(both);
  floods(on, both);
  pings(on);
  closes(harness, on, both);
  closeCodes(on);
  cuts(harness, on, both);
  afterEnds(both);
  endsFromInside(both);
}

async function end({ server, client, stop }: Connection): Promise<void> {
  for (const { transport } of [server, client]) transport.terminate();
  await Promise.all([server.closed(), client.closed()]);
  await stop();
  for (const { closes, late } of [server, client]) assertEquals([closes.length, late], [1, 0], "closes, late calls");
}

type On = (sentence: string, body: (connection: Connection) => Promise<void>) => void;
type Both = (sentence: string, body: (sender: TransportEnd, receiver: TransportEnd) => Promise<void>) => void;

function messages(both: Both): void {
  both("a batch arrives whole, in order and of its kinds", async (sender, receiver) => {
    const split = { head: pattern(13), body: pattern(500, 1) };
    sender.transport.send(["", "text", NOTHING, Uint8Array.of(1), "grüße 🦊", split, { head: NOTHING, body: NOTHING }]);
    const received = await receiver.received(7);
    const whole = new Uint8Array([...split.head, ...split.body]);
    const expected = ["", "text", NOTHING, Uint8Array.of(1), "grüße 🦊", whole, NOTHING];
    for (const [index, message] of expected.entries()) assertMessage(received[index], message);
  });

  both("two parts arrive as one message, also among others", async (sender, receiver) => {
    const lengths = [1, 125 - 13, 126 - 13, 65_536 - 13, 256 * 1024, MIB, 16 * MIB - 13];
    const split = lengths.map((length) => ({ head: pattern(13, length), body: pattern(length, 7) }));
    sender.transport.send(split.flatMap((message) => ["before", message, "after"]));
    const received = await receiver.received(3 * lengths.length);
    for (const [index, { head, body }] of split.entries()) {
      const whole = received[3 * index + 1] as Uint8Array;
      assertEquals([received[3 * index], received[3 * index + 2]], ["before", "after"]);
      assertMessage(whole.subarray(0, 13), head);
      assertMessage(whole.subarray(13), body);
    }
  });
}

function lengths(both: Both): void {
  both("binary messages of every length up to 16 MiB arrive", async (sender, receiver) => {
    for (const length of LENGTHS) sender.transport.send([pattern(length, length)]);
    const received = await receiver.received(LENGTHS.length);
    for (const [index, length] of LENGTHS.entries()) assertMessage(received[index], pattern(length, length));
  });

  both("texts of every length up to 16 MiB arrive", async (sender, receiver) => {
    const texts = [...LENGTHS.map((length) => "x".repeat(length)), "é".repeat(126 / 2), "é".repeat(65_536 / 2)];
    for (const text of texts) sender.transport.send([text]);
    const received = await receiver.received(texts.length);
    for (const [index, text] of texts.entries()) assertMessage(received[index], text);
  });
}

function ownership(both: Both): void {
  both("views into larger buffers arrive, and stay as they were", async (sender, receiver) => {
    const large = pattern(MIB);
    const views = [large.subarray(7, 7), large.subarray(7, 107), large.subarray(7, 7 + 300 * 1024)];
    sender.transport.send([...views, { head: large.subarray(3, 16), body: large.subarray(99, 199) }]);
    const received = await receiver.received(4);
    for (const [index, view] of views.entries()) assertMessage(received[index], view);
    assertMessage(received[3], new Uint8Array([...large.subarray(3, 16), ...large.subarray(99, 199)]));
    assertMessage(large, pattern(MIB));
  });

  both("received bytes are the receiver's to keep and to change", async (sender, receiver) => {
    const count = 200;
    for (let i = 0; i < count; i++) sender.transport.send([pattern(100, i), pattern(1000, i)]);
    const received = await receiver.received(2 * count) as Uint8Array[];
    for (let i = 0; i < count; i++) received[2 * i]!.fill(0xee);
    sender.transport.send([pattern(50_000, 3)]);
    await receiver.received(2 * count + 1);
    for (let i = 0; i < count; i++) assertMessage(received[2 * i + 1], pattern(1000, i));
    assert(received.every((bytes) => bytes.constructor === Uint8Array), "plain Uint8Array everywhere");
  });
}

/** A message that says its number, of a length that depends on it. */
function numbered(number: number): Message {
  if (number % 7 === 0) return `message ${number}`;
  const length = number % 1000 === 1 ? 300 * 1024 : 4 + number % 300;
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, number);
  return number % 3 === 0 ? { head: bytes.subarray(0, 4), body: bytes.subarray(4) } : bytes;
}

function assertNumbered(received: (string | Uint8Array)[]): void {
  for (const [number, data] of received.entries()) {
    const seen = typeof data === "string" ? data : new DataView(data.buffer, data.byteOffset).getUint32(0);
    assertEquals(seen, number % 7 === 0 ? `message ${number}` : number);
    if (typeof data !== "string") assertEquals(data.length, messageBytes(numbered(number)));
  }
}

function sendNumbered(transport: Transport, count: number, batch: number): void {
  for (let first = 0; first < count; first += batch) {
    transport.send(Array.from({ length: Math.min(batch, count - first) }, (_, i) => numbered(first + i)));
  }
}

function floods(on: On, both: Both): void {
  both("batches of thousands arrive in order", async (sender, receiver) => {
    sendNumbered(sender.transport, 20_000, 5_000);
    assertNumbered(await receiver.received(20_000));
  });

  both("thousands of batches in one turn arrive in order", async (sender, receiver) => {
    sendNumbered(sender.transport, 3_000, 1);
    assertNumbered(await receiver.received(3_000));
  });

  on("both directions at once keep their order", async ({ server, client }) => {
    for (const end of [server, client]) sendNumbered(end.transport, 5_000, 100);
    for (const end of [server, client]) assertNumbered(await end.received(5_000));
  });

  both("drain comes when much was waiting, and buffered() is low then", async (sender, receiver) => {
    const { transport } = sender;
    if (transport.buffered() === undefined) return;
    assertEquals(transport.buffered(), 0);
    // More than any kernel takes at once.
    for (let i = 0; i < 24; i++) transport.send([pattern(MIB, i)]);
    assertGreater(transport.buffered()!, DRAIN_BYTES);
    await sender.until(() => sender.drains > 0 && transport.buffered()! <= DRAIN_BYTES, "drain");
    await receiver.received(24);
  });
}

function pings(on: On): void {
  on("a ping is answered with its bytes, between messages that stay whole", async ({ server, client }) => {
    const { transport } = server;
    if (transport.ping === undefined) return;
    const large = { head: pattern(13), body: pattern(MIB) };
    for (const data of [pattern(4, 1), NOTHING, pattern(125)]) {
      transport.send([large]);
      transport.ping(data);
      transport.send(["text"]);
    }
    assertEquals((await client.received(6)).filter((message) => message === "text").length, 3);
    const isAnswer = (data: Uint8Array) => data.length === 125;
    await server.until(() => server.pongs.some(isAnswer), "pong");
    assertMessage(server.pongs.find(isAnswer), pattern(125));
    assert(server.pongs.some((data) => data.length === 4 && data[0] === pattern(4, 1)[0]), "the first pong");
  });

  on("a ping after the end does nothing", async ({ server, client }) => {
    server.transport.close(1000);
    server.transport.ping?.(NOTHING);
    await Promise.all([server.closed(), client.closed()]);
    server.transport.ping?.(NOTHING);
    assertEquals(server.pongs, []);
  });
}

function closes(harness: TransportHarness, on: On, both: Both): void {
  const codeless = harness.codeless ?? [1005];
  const reason = "é".repeat(61) + "!";

  both("close tells the peer code and reason, and both end once", async (closer, other) => {
    closer.transport.close(3001, reason);
    assertEquals(await other.closed(), { code: 3001, reason });
    assertEquals((await closer.closed()).code, 3001);
  });

  both("a close without a code has none", async (closer, other) => {
    closer.transport.close();
    assert(codeless.includes((await other.closed()).code));
    await closer.closed();
  });

  on("both may close at once", async ({ server, client }) => {
    server.transport.close(3001, "server");
    client.transport.close(3002, "client");
    for (const end of [server, client]) assert([3001, 3002].includes((await end.closed()).code));
  });

  both("what was sent before a close arrives before it", async (closer, other) => {
    sendNumbered(closer.transport, 3_000, 1_000);
    closer.transport.send([pattern(8 * MIB)]);
    closer.transport.close(3001, "done");
    assertEquals((await other.closed()).code, 3001);
    assertMessage(other.messages.pop(), pattern(8 * MIB));
    assertEquals(other.messages.length, 3_000);
    assertNumbered(other.messages);
  });
}

function closeCodes(on: On): void {
  on("a server may close with 1001 and 1013", async ({ server, client }) => {
    server.transport.close(1013, "Too slow");
    assertEquals(await client.closed(), { code: 1013, reason: "Too slow" });
  });

  on("a client's other codes become 1000 where the runtime refuses them", async ({ server, client }) => {
    client.transport.close(1001, "Leaving");
    const { code, reason } = await server.closed();
    assert(code === 1000 || code === 1001, `code ${code}`);
    assertEquals(reason, "Leaving");
  });
}

function cuts(harness: TransportHarness, on: On, both: Both): void {
  for (const role of ["server", "client"] as const) {
    on(`terminate by the ${role} ends both, its own end with 1006 and in a later turn`, async (connection) => {
      const cutter = connection[role];
      const other = connection[role === "server" ? "client" : "server"];
      cutter.transport.terminate();
      assertEquals(cutter.closes, []);
      assertEquals((await cutter.closed()).code, 1006);
      const expected = harness.cuts[role] ? [1006] : [1000, 1005, 1006];
      assert(expected.includes((await other.closed()).code), `the peer got ${other}`);
    });
  }

  both("terminate frees what was waiting", async (cutter) => {
    for (let i = 0; i < 24; i++) cutter.transport.send([pattern(MIB, i)]);
    cutter.transport.terminate();
    await cutter.closed();
    assertEquals(cutter.transport.buffered(), 0);
  });
}

function afterEnds(both: Both): void {
  both("close, terminate and send in any order end it once", async (closer, other) => {
    closer.transport.close(3001, "first");
    closer.transport.close(3002, "second");
    closer.transport.send(["too late"]);
    closer.transport.terminate();
    closer.transport.terminate();
    closer.transport.close();
    await closer.closed();
    await other.closed();
    assertFalse(other.messages.includes("too late"));
  });

  both("nothing throws after the end", async (closer, other) => {
    closer.transport.close(1000);
    await Promise.all([closer.closed(), other.closed()]);
    for (const { transport } of [closer, other]) {
      transport.send(["text", pattern(10), { head: pattern(1), body: pattern(1) }]);
      transport.close(1000, "again");
      transport.close();
      transport.terminate();
      assertEquals(transport.buffered(), 0);
    }
  });
}

function endsFromInside(both: Both): void {
  both("a sink may close from inside a message", async (sender, receiver) => {
    const take = receiver.message.bind(receiver);
    receiver.message = (data) => {
      take(data);
      receiver.transport.close(3003, "enough");
    };
    sender.transport.send(["one"]);
    assertEquals((await sender.closed()).code, 3003);
    await receiver.closed();
  });

  both("a sink may terminate from inside a message", async (sender, receiver) => {
    const take = receiver.message.bind(receiver);
    receiver.message = (data) => {
      take(data);
      receiver.transport.terminate();
    };
    sender.transport.send(["one", "two", "three"]);
    assertEquals((await receiver.closed()).code, 1006);
    await sender.closed();
  });
}
