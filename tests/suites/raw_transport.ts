/**
 * What the server side of an adapter makes of a peer that is slow, rude or gone, driven by bytes on a raw socket.
 * `tests/runtime/` has a runner for each adapter.
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { delay } from "@std/async";
import { DRAIN_BYTES } from "../../src/transport/transport.ts";
import { clientFrame, closeFrame, type Frame, OPCODES, RawSocket } from "../support/raw_socket.ts";
import type { Listen } from "../support/listeners.ts";
import { test } from "../support/test.ts";
import { type TransportEnd, TransportServer } from "../support/transport_end.ts";
import { assertMessage, pattern } from "./transport.ts";

/** What an adapter enforces by itself. */
export interface RawTraits {
  /** Faults of the peer are answered with a close code; otherwise the connection is only cut, and masks are not asked for. */
  answersFaults: boolean;
  /** `terminate()` cuts the connection even when the peer does not take part. */
  cuts: boolean;
}

const { text, binary, continuation, ping, pong, close } = OPCODES;
const MIB = 1024 * 1024;

type Body = (peer: RawSocket, end: TransportEnd, port: number) => Promise<void>;

/** Declares the tests. */
export function rawTransportSuite(name: string, listen: Listen, traits: RawTraits): void {
  const on = (sentence: string, body: Body) =>
    test(`${name}: ${sentence}`, async () => {
      const core = new TransportServer();
      const { port, stop } = await listen(core);
      const peer = await RawSocket.open(port);
      const end = await core.next();
      try {
        await body(peer, end, port);
      } finally {
        await peer.destroy();
        await end.closed();
        assertEquals([end.closes.length, end.late], [1, 0], "closes, late calls");
        await stop();
        assertEquals(core.errors, []);
      }
    });
  frames(on);
  interleaving(on, name, listen);
  faults(on, traits);
  closes(on, traits);
  cuts(on);
  slowness(on, traits);
}

type On = (sentence: string, body: Body) => void;

function frames(on: On): void {
  on("fragments with a ping between them make one message", async (peer, end) => {
    peer.send(
      clientFrame(text, "one ", { fin: false }),
      clientFrame(ping, "hello"),
      clientFrame(continuation, "two ", { fin: false }),
      clientFrame(continuation, "three"),
    );
    assertEquals(await end.received(1), ["one two three"]);
    const { opcode, payload } = await peer.readFrame();
    assertEquals([opcode, new TextDecoder().decode(payload)], [pong, "hello"]);
  });

  on("a frame that arrives byte by byte is read", async (peer, end) => {
    for (const byte of clientFrame(binary, pattern(20))) {
      peer.write(Uint8Array.of(byte));
      await delay(1);
    }
    assertMessage((await end.received(1))[0], pattern(20));
  });

  on("lengths are written in the shortest form", async (peer, end) => {
    for (const length of [0, 125, 126, 65_535, 65_536]) end.transport.send([pattern(length)]);
    const header = [[0x82, 0], [0x82, 125], [0x82, 126, 0, 126], [0x82, 126, 0xff, 0xff]];
    for (const [index, expected] of [...header, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]].entries()) {
      assertEquals([...await peer.read(expected.length)], expected);
      await peer.read([0, 125, 126, 65_535, 65_536][index]!);
    }
  });
}

function interleaving(on: On, name: string, listen: Listen): void {
  on("answers to pings come between whole frames of a flood", async (peer, end) => {
    const sizes = [10, 300, 70_000, 300 * 1024, 5];
    for (let round = 0; round < 40; round++) {
      peer.send(clientFrame(ping, `${round}`));
      end.transport.send(sizes.map((size) => pattern(size, round)));
      if (round % 8 === 0) await delay(1);
    }
    await assertFlood(peer, sizes, 40);
  });

  test(`${name}: frames that come in the packet of the request are delivered`, async () => {
    const core = new TransportServer();
    const { port, stop } = await listen(core);
    const peer = await RawSocket.connect(port);
    const behind = clientFrame(text, "at once");
    const answer = await peer.request({ protocols: ["foxglove.sdk.v1"], behind });
    assertEquals(answer.status, 101);
    const end = await core.next();
    assertEquals(await end.received(1), ["at once"]);
    await peer.destroy();
    await end.closed();
    await stop();
  });
}

/** Reads the data frames and pongs of a flood: each sequence by itself is in order. */
async function assertFlood(peer: RawSocket, sizes: number[], rounds: number): Promise<void> {
  let data = 0;
  let pongs = 0;
  while (data < sizes.length * rounds || pongs < rounds) {
    const { opcode, payload } = await peer.readFrame();
    if (opcode === pong) {
      assertEquals(new TextDecoder().decode(payload), `${pongs++}`);
    } else {
      assertEquals(opcode, binary);
      assertMessage(payload, pattern(sizes[data % sizes.length]!, Math.floor(data++ / sizes.length)));
    }
  }
}

const BAD_UTF8 = Uint8Array.of(0x66, 0xc3, 0x28);

const FAULTS: [what: string, code: number, frame: Uint8Array][] = [
  ["a text that is not UTF-8", 1007, clientFrame(text, BAD_UTF8)],
  ["a frame that is not masked", 1002, clientFrame(binary, "bare", { masked: false })],
  ["an opcode that does not exist", 1002, clientFrame(3, "what")],
  ["a reserved bit", 1002, clientFrame(binary, "bits", { reserved: 2 })],
  ["a compressed frame where nothing was agreed", 1002, clientFrame(binary, "bits", { reserved: 4 })],
  ["a fragment of nothing", 1002, clientFrame(continuation, "lost")],
  ["a ping that is too long", 1002, clientFrame(ping, pattern(126))],
];

function faults(on: On, { answersFaults }: RawTraits): void {
  for (const [what, code, bad] of FAULTS) {
    if (!answersFaults && (bad[1]! & 0x80) === 0) continue;
    on(
      `${what} ends the connection with ${answersFaults ? code : "a cut"}, and only that one`,
      async (peer, end, port) => {
        const bystander = await RawSocket.open(port);
        peer.send(clientFrame(text, "before"), bad);
        if (answersFaults) assertEquals((await peer.readClose()).code, code);
        else await peer.end();
        assertEquals(await end.received(1), ["before"]);
        await peer.destroy();
        assertEquals((await end.closed()).code, 1006);
        bystander.send(closeFrame(1000));
        assertEquals((await bystander.readClose()).code, 1000);
        await bystander.destroy();
      },
    );
  }
  if (!answersFaults) return;

  on("16 MiB pass, one byte more ends the connection with 1009", async (peer, end) => {
    peer.send(clientFrame(binary, pattern(16 * MIB)));
    assertEquals((await end.received(1))[0]?.length, 16 * MIB);
    peer.send(clientFrame(binary, "", { claimedLength: 16 * MIB + 1 }));
    assertEquals((await peer.readClose()).code, 1009);
    await peer.destroy();
    await end.closed();
  });

  on("fragments of more than 16 MiB in all end the connection with 1009", async (peer, end) => {
    peer.send(clientFrame(binary, pattern(9 * MIB), { fin: false }), clientFrame(continuation, pattern(8 * MIB)));
    assertEquals((await peer.readClose()).code, 1009);
    assertEquals(end.messages, []);
    await peer.destroy();
    await end.closed();
  });
}

function closes(on: On, { cuts }: RawTraits): void {
  on("a close is echoed with its code", async (peer, end) => {
    peer.send(clientFrame(text, "last"), closeFrame(3001, "bye"));
    assertEquals((await peer.readClose()).code, 3001);
    assertEquals(await end.closed(), { code: 3001, reason: "bye" });
    assertEquals(end.messages, ["last"]);
    await peer.end();
  });

  on("a close without a code is echoed", async (peer, end) => {
    peer.send(closeFrame());
    assert([undefined, 1000].includes((await peer.readClose()).code));
    assertEquals((await end.closed()).code, 1005);
  });

  on("nothing is sent after a close", async (peer, end) => {
    end.transport.send(["before"]);
    end.transport.close(3001, "enough");
    end.transport.send(["after"]);
    assertEquals((await peer.readFrame()).opcode, text);
    assertEquals(await peer.readClose(), { code: 3001, reason: "enough" });
    peer.send(closeFrame(3001));
    await end.closed();
    await peer.end();
    assertEquals(peer.unread, 0);
  });

  on("a peer that never answers a close is ended by terminate", async (peer, end) => {
    end.transport.close(1001, "Going away");
    assertEquals((await peer.readFrame()).opcode, close);
    end.transport.terminate();
    await end.closed();
    if (cuts) await peer.end();
  });
}

function cuts(on: On): void {
  on("a peer that ends without a close counts as cut", async (peer, end) => {
    peer.finish();
    assertEquals((await end.closed()).code, 1006);
  });

  on("a peer that resets in the middle of a frame counts as cut", async (peer, end) => {
    peer.send(clientFrame(text, "whole"), clientFrame(binary, "half", { claimedLength: 5_000_000 }));
    await end.received(1);
    peer.reset();
    assertEquals((await end.closed()).code, 1006);
    assertEquals(end.messages, ["whole"]);
  });

  on("a peer that resets while much is waiting for it ends quietly", async (peer, end) => {
    peer.pause();
    for (let i = 0; i < 24; i++) end.transport.send([pattern(MIB, i)]);
    peer.reset();
    assertEquals((await end.closed()).code, 1006);
  });
}

function slowness(on: On, { cuts }: RawTraits): void {
  on("buffered() grows while the peer does not read, and nothing is lost", async (peer, end) => {
    peer.pause();
    const { transport } = end;
    let sent = 0;
    while ((transport.buffered() ?? Infinity) < 2 * MIB && sent < 64) transport.send([pattern(MIB, sent++)]);
    if (transport.buffered() === undefined) return;
    assertGreater(transport.buffered()!, DRAIN_BYTES);
    peer.resume();
    for (let i = 0; i < sent; i++) assertMessage((await peer.readFrame() as Frame).payload, pattern(MIB, i));
    await end.until(() => end.drains > 0 && transport.buffered()! <= DRAIN_BYTES, "drain");
  });

  on("terminate ends a stalled peer and frees what waits", async (peer, end) => {
    peer.pause();
    for (let i = 0; i < 32; i++) end.transport.send([pattern(MIB, i)]);
    await delay(20);
    end.transport.terminate();
    assertEquals((await end.closed()).code, 1006);
    assertEquals(end.transport.buffered(), 0);
    if (cuts) await peer.end();
  });

  on("close and then terminate end a stalled peer", async (peer, end) => {
    peer.pause();
    for (let i = 0; i < 32; i++) end.transport.send([pattern(MIB, i)]);
    end.transport.close(1001, "Going away");
    await delay(20);
    end.transport.terminate();
    await end.closed();
    if (cuts) await peer.end();
  });
}
