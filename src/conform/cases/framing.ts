/**
 * Cases of WebSocket frames, on raw sockets.
 *
 * @module
 */
import { bytes } from "../bytes.ts";
import type { ConformCase, Level, Scene } from "../case.ts";
import { clientFrame, closeFrame, type FrameOptions, FRAMES } from "../frames.ts";
import type { RawSocket } from "../raw_socket.ts";
import { check, same } from "../steps/check.ts";
import { rfc } from "../steps/sources.ts";

const NEEDS = { rawSocket: true } as const;
const RFC = (section: string) => rfc(6455, section);

/** A WebSocket whose frames a case writes itself. */
async function opened(scene: Scene): Promise<RawSocket> {
  return await (await scene.raw()).upgrade(scene.protocol);
}

/** Fails unless a ping is answered. */
async function expectPong(socket: RawSocket, payload = "alive"): Promise<void> {
  socket.write(clientFrame(FRAMES.ping, payload));
  const pong = await socket.frameOf(FRAMES.pong, "a pong");
  same(new TextDecoder().decode(pong.payload), payload, "payload of the pong");
}

/** Sends a harmless request in frames that are made here; fails unless it is answered. */
async function understood(scene: Scene, send: (socket: RawSocket, text: string) => unknown): Promise<void> {
  const { message, isAnswer } = scene.probe();
  const socket = await opened(scene);
  await send(socket, JSON.stringify(message));
  for (;;) {
    const { payload } = await socket.frameOf(FRAMES.text, `an answer to ${message.op}`);
    if (isAnswer(JSON.parse(new TextDecoder().decode(payload)))) return;
  }
}

/** A rule that a frame ends the connection, with one of these codes. */
function ends(
  name: string,
  rule: string,
  section: string,
  frames: readonly Uint8Array[],
  codes = [1002],
): ConformCase[] {
  const tried = async (scene: Scene): Promise<number> => {
    const socket = await opened(scene);
    socket.write(...frames);
    const code = await socket.closeCode();
    await socket.ended();
    return code;
  };
  const entry = (suffix: string, level: Level, rule: string) => ({
    name: `framing/${name}${suffix}`,
    level,
    rule,
    source: RFC(section),
    needs: NEEDS,
  });
  return [
    { ...entry("", "must", `${rule} ends the connection`), run: async (scene) => void await tried(scene) },
    {
      ...entry("-code", "extra", `${rule} ends the connection with code ${codes.join(" or ")}`),
      async run(scene) {
        const code = await tried(scene);
        check(codes.includes(code), `a Close frame with code ${codes.join(" or ")}`, code);
      },
    },
  ];
}

/** A text message that is understood although its frames are unusual. */
function reads(name: string, rule: string, section: string, frames: (text: string) => Uint8Array[]): ConformCase {
  return {
    name: `framing/${name}`,
    level: "must",
    rule,
    source: RFC(section),
    needs: NEEDS,
    run: (scene) => understood(scene, (socket, text) => socket.write(...frames(text))),
  };
}

/** A text message in fragments, with frames between them. */
function fragments(text: string, cuts: readonly number[], between: readonly Uint8Array[] = []): Uint8Array[] {
  const whole = bytes(text);
  return [...cuts, whole.length].flatMap((end, index) => {
    const part = whole.slice(cuts[index - 1] ?? 0, end);
    const opcode = index === 0 ? FRAMES.text : FRAMES.continuation;
    return [clientFrame(opcode, part, { fin: index === cuts.length }), ...(index < cuts.length ? between : [])];
  });
}

/** A close, and the code that comes back. */
function closes(name: string, rule: string, frame: Uint8Array, code: number): ConformCase {
  return {
    name: `framing/${name}`,
    // The SDK's server cuts the connection instead, and viewers live with it.
    level: "should",
    rule,
    source: RFC("5.5.1"),
    needs: NEEDS,
    async run(scene) {
      const socket = await opened(scene);
      socket.write(frame);
      const echoed = await socket.closeCode();
      check(code === 1000 && echoed === 1005 || echoed === code, `a Close frame with code ${code}`, echoed);
      await socket.ended();
    },
  };
}

const text = (payload: string | Uint8Array, options?: FrameOptions) => clientFrame(FRAMES.text, payload, options);
const NOT_UTF8 = new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]);
const BLANKS = (count: number) => " ".repeat(count);

/** The cases. */
export const FRAMING: readonly ConformCase[] = [
  {
    name: "framing/ping",
    level: "must",
    rule: "A ping is answered by a pong with the same payload, of 0 to 125 bytes",
    source: RFC("5.5.3"),
    needs: NEEDS,
    async run(scene) {
      const socket = await opened(scene);
      for (const payload of ["", "one", "x".repeat(125)]) await expectPong(socket, payload);
    },
  },
  {
    name: "framing/pong",
    level: "must",
    rule: "A pong that nobody has asked for is ignored",
    source: RFC("5.5.3"),
    needs: NEEDS,
    async run(scene) {
      const socket = await opened(scene);
      socket.write(clientFrame(FRAMES.pong, "unasked"));
      await expectPong(socket);
    },
  },
  {
    name: "framing/unmasked-itself",
    level: "must",
    rule: "Frames of a server are not masked, have no reserved bit set, and JSON is in text frames",
    source: RFC("5.1"),
    needs: NEEDS,
    async run(scene) {
      const { masked, reserved, opcode } = await (await opened(scene)).frame("serverInfo");
      same({ masked, reserved, opcode }, { masked: false, reserved: 0, opcode: FRAMES.text }, "first frame");
    },
  },
  closes(
    "close",
    "A Close frame is answered by one with the same code, and the connection ends",
    closeFrame(1000),
    1000,
  ),
  closes("close-own-code", "A code from 4000 to 4999 comes back as it is", closeFrame(4321, "bye"), 4321),
  closes("close-empty", "A Close frame without a code is answered by a Close frame", closeFrame(), 1000),
  ...ends("close-reserved", "A Close frame with code 1005, which stands for none,", "7.4.1", [closeFrame(1005)]),
  ...ends("close-short", "A Close frame with one byte", "5.5.1", [clientFrame(FRAMES.close, "x")]),
  ...ends("unmasked", "A frame of a client that is not masked", "5.1", [text("{}", { masked: false })]),
  ...ends("reserved-bits", "A frame with a reserved bit that no extension uses", "5.2", [text("{}", { reserved: 2 })]),
  ...ends("reserved-opcode", "A frame with a reserved opcode", "5.2", [clientFrame(3, "{}")]),
  ...ends("reserved-control", "A control frame with a reserved opcode", "5.2", [clientFrame(0xb, "")]),
  ...ends("control-fragment", "A control frame in fragments", "5.5", [clientFrame(FRAMES.ping, "x", { fin: false })]),
  ...ends("control-length", "A control frame of more than 125 bytes", "5.5", [
    clientFrame(FRAMES.ping, "x".repeat(126)),
  ]),
  ...ends("stray-continuation", "A continuation of nothing", "5.4", [clientFrame(FRAMES.continuation, "{}")]),
  ...ends("interleaved", "A message that begins within the fragments of another", "5.4", [
    text("{", { fin: false }),
    text("}"),
  ]),
  ...ends("utf8", "A text message that is not UTF-8", "8.1", [text(NOT_UTF8)], [1007]),
  ...ends("utf8-cut", "A text message that ends within a character", "8.1", [text(bytes("é").slice(0, 1))], [1007]),
  ...ends("huge", "A frame that claims 2^53 bytes", "5.2", [text("{", { claimedLength: 2 ** 53 })], [1002, 1008, 1009]),
  reads("fragments", "A message may come in fragments", "5.4", (message) => fragments(message, [1, 5, 9])),
  reads("empty-fragments", "Fragments may be empty", "5.4", (message) => fragments(message, [0, 5, 5])),
  reads(
    "control-between",
    "Control frames may come between the fragments of a message",
    "5.4",
    (message) => fragments(message, [3, 8], [clientFrame(FRAMES.ping, "between"), clientFrame(FRAMES.pong)]),
  ),
  reads("utf8-fragments", "A character may be cut by fragments", "8.1", (message) => {
    const named = message.replace(/\}$/, ',"é€😀":"é€😀"}');
    const at = bytes(named.slice(0, named.indexOf("é"))).length;
    return fragments(named, [at + 1, at + 3, at + 6]);
  }),
  reads("length-16", "A length may be written in two bytes", "5.2", (message) => [text(message + BLANKS(1000))]),
  reads("length-64", "A length may be written in eight bytes", "5.2", (message) => [text(message + BLANKS(100_000))]),
  {
    name: "framing/glued",
    level: "must",
    rule: "Several frames may come in one packet",
    source: rfc(9293, "2.2", "TCP is a stream of bytes, packets mean nothing"),
    needs: NEEDS,
    // Not by pongs: the latest ping alone need be answered (RFC 6455, 5.5.3).
    run: (scene) => {
      return understood(scene, (socket, message) => {
        socket.write(clientFrame(FRAMES.ping, "1"), clientFrame(FRAMES.ping, "2"), text(message));
      });
    },
  },
  {
    name: "framing/split",
    level: "must",
    rule: "A frame may come in packets of one byte",
    source: rfc(9293, "2.2", "TCP is a stream of bytes, packets mean nothing"),
    needs: NEEDS,
    run: (scene) => understood(scene, (socket, message) => socket.writeSlowly(text(message))),
  },
];
