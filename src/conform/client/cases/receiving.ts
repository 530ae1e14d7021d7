/**
 * Frames as they may come: in pieces, glued, long, empty, and control frames between them.
 *
 * @module
 */
import { bytes } from "../../bytes.ts";
import { check, same } from "../../steps/check.ts";
import { foxwire, rfc } from "../../steps/sources.ts";
import type { ClientCase } from "../case.ts";
import { serverData } from "../binary.ts";
import { FRAMES, serverFrame } from "../../frames.ts";
import type { ServerEnd } from "../server_end.ts";
import { CONFORM, type Stage } from "../stage.ts";

/** A frame cut into parts, with a ping between them. */
function fragments(opcode: number, payload: Uint8Array): Uint8Array {
  const cuts = [payload.subarray(0, 3), payload.subarray(3, 3), payload.subarray(3, 9), payload.subarray(9)];
  return bytes(...cuts.flatMap((part, i) => {
    const fin = i === cuts.length - 1;
    const frame = serverFrame(i === 0 ? opcode : FRAMES.continuation, part, { fin });
    return fin ? [frame] : [frame, serverFrame(FRAMES.ping, `between ${i}`)];
  }));
}

const LENGTHS = [124, 125, 126, 127, 65_535, 65_536, 1_048_576];

/** Frames after which RFC 6455 wants the connection to be failed. */
const FORBIDDEN: readonly { name: string; rule: string; frame: Uint8Array }[] = [
  {
    name: "bad-utf8",
    rule: "A text message that is not UTF-8",
    frame: serverFrame(FRAMES.text, new Uint8Array([0x7b, 0xff, 0x7d])),
  },
  { name: "reserved-bits", rule: "A frame with reserved bits", frame: serverFrame(FRAMES.text, "{}", { reserved: 7 }) },
  { name: "reserved-opcode", rule: "A frame with a reserved opcode", frame: serverFrame(3, "x") },
  {
    name: "stray-continuation",
    rule: "A continuation of nothing",
    frame: serverFrame(FRAMES.continuation, "x"),
  },
];

const forbidden: ClientCase[] = FORBIDDEN.map(({ name, rule, frame }) => ({
  name: `receiving/${name}`,
  level: "should",
  rule: `${rule} makes the client end the connection`,
  source: rfc(6455, "5 and 8.1"),
  async run(stage) {
    const { end } = await stage.subscribed();
    end.write(frame);
    await end.expectEnd("the client to end the connection");
  },
}));

async function published(stage: Stage, write: (end: ServerEnd, id: number) => void, ...texts: string[]) {
  const { end, id } = await stage.subscribed();
  write(end, id);
  for (const data of texts) await stage.message(data);
  return end;
}

export const receiving: readonly ClientCase[] = [
  {
    name: "receiving/one-byte-at-a-time",
    level: "must",
    rule: "Frames may come in any pieces",
    source: rfc(9293, "2.2", "TCP is a stream of bytes"),
    async run(stage) {
      const end = await stage.opened();
      await end.drip(end.frames(end.serverInfo(), end.advertisement(CONFORM)));
      await stage.subscribe(end);
      await stage.alive(end, "a greeting that came byte by byte");
    },
  },
  {
    name: "receiving/fragmented-text",
    level: "must",
    rule: "A text message may come in several frames, with pings between them",
    source: rfc(6455, "5.4"),
    async run(stage) {
      const end = await stage.opened();
      end.send(end.serverInfo());
      const whole = end.advertisement(CONFORM);
      end.frames(whole);
      end.write(fragments(FRAMES.text, new TextEncoder().encode(JSON.stringify(whole))));
      await stage.subscribe(end);
      await stage.alive(end, "an advertise in several frames");
    },
  },
  {
    name: "receiving/fragmented-binary",
    level: "must",
    rule: "A binary message may come in several frames, with pings between them",
    source: rfc(6455, "5.4"),
    driven: true,
    async run(stage) {
      const data = '{"in":"parts"}';
      await published(stage, (end, id) => end.write(fragments(FRAMES.binary, serverData(id, data))), data);
    },
  },
  {
    name: "receiving/glued",
    level: "must",
    rule: "Many messages in one packet all arrive, in their order",
    source: rfc(9293, "2.2", "TCP is a stream of bytes"),
    driven: true,
    async run(stage) {
      const texts = Array.from({ length: 200 }, (_, n) => `{"n":${n}}`);
      const { end, id } = await stage.subscribed();
      end.send(...texts.map((data, n) => serverData(id, data, BigInt(n))));
      const order: unknown[] = [];
      for (const _ of texts) order.push((await stage.reported("message", "200 messages")).data);
      same(order, texts, "messages in their order");
    },
  },
  {
    name: "receiving/lengths",
    level: "must",
    rule: "Frames of every length are read: those of 7, 16 and 64 bits",
    source: rfc(6455, "5.2"),
    driven: true,
    async run(stage) {
      const { end, id } = await stage.subscribed();
      for (const length of LENGTHS) {
        // 13 bytes of the message stand before its payload.
        const data = JSON.stringify("x".repeat(length - 15));
        end.publish(id, data);
        const { data: got } = await stage.reported("message", `a message in a frame of ${length} bytes`);
        check(got === data, `${data.length} characters`, `${String(got).length} characters`);
      }
    },
  },
  {
    name: "receiving/ping",
    level: "must",
    rule: "A ping is answered by a pong with the same payload",
    source: rfc(6455, "5.5.2"),
    async run(stage) {
      const { end } = await stage.subscribed();
      await end.ping("conform");
      await end.ping("x".repeat(125));
    },
  },
  {
    name: "receiving/unasked-pong",
    level: "must",
    rule: "A pong that nobody asked for is ignored",
    source: rfc(6455, "5.5.3"),
    async run(stage) {
      const { end } = await stage.subscribed();
      end.write(serverFrame(FRAMES.pong, "unasked"));
      await stage.alive(end, "a pong that it had not asked for");
    },
  },
  {
    name: "receiving/empty-binary",
    level: "should",
    rule: "An empty binary message means nothing",
    source: foxwire("Messages of a server"),
    async run(stage) {
      const { end } = await stage.subscribed();
      end.write(serverFrame(FRAMES.binary));
      await stage.alive(end, "an empty binary message");
    },
  },
  ...forbidden,
  {
    name: "receiving/close",
    level: "must",
    rule: "A Close frame is answered by one with its code, or without one",
    source: rfc(6455, "5.5.1"),
    async run(stage) {
      const { end } = await stage.subscribed();
      const code = await end.close(1001);
      check(code === 1001 || code === "none", "code 1001, or none", code);
    },
  },
  {
    name: "receiving/closes-itself",
    level: "should",
    rule: "A client that ends says so by a Close frame",
    source: rfc(6455, "7.1.2"),
    driven: true,
    async run(stage) {
      const { end } = await stage.subscribed();
      stage.tell({ do: "close" });
      await end.expectEnd("the client to end the connection");
      check(end.closeCode !== undefined, "a Close frame", "the end of the connection without one");
    },
  },
];
