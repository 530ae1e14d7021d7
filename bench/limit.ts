/**
 * The limit of a runtime: a raw loop over node:net that writes ready-made frames and does nothing else. Same flags as
 * server.ts; the `--k` messages of a turn are one ready-made buffer and one write.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { type ServerFlags, serverFlags } from "./flags.ts";
import { type LoadedServer, runLoad } from "./load.ts";

const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 0x81;
const BINARY = 0x82;
const HEADER_BYTES = 13;
const GREETING = [
  { op: "serverInfo", name: "limit", capabilities: [] },
  { op: "advertise", channels: [{ id: 1, topic: "/t", encoding: "raw", schemaName: "", schema: "" }] },
];

/** A client that has subscribed, and its ready-made frames. */
interface Client {
  readonly socket: Socket;
  readonly frames: Buffer;
}

const flags = serverFlags();
const perWrite = flags.rate > 0 ? 1 : flags.k;
const clients: Client[] = [];
const listener = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.on("close", () => clients.splice(0, clients.length, ...clients.filter((other) => other.socket !== socket)));
  void greet(socket).then((subscription) => clients.push({ socket, frames: framesFor(subscription, flags) }));
});

/** Answers the handshake, says what there is. @returns The subscription id that the client chose. */
async function greet(socket: Socket): Promise<number> {
  const head = (await chunk(socket)).toString("latin1");
  const header = (name: string) => new RegExp(`^${name}: *(.*)\r$`, "im").exec(head)?.[1] ?? "";
  const accept = createHash("sha1").update(header("Sec-WebSocket-Key") + KEY_SUFFIX).digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n` +
      `Sec-WebSocket-Protocol: ${header("Sec-WebSocket-Protocol").split(",", 1)[0]}\r\n\r\n`,
  );
  for (const message of GREETING) socket.write(frame(TEXT, Buffer.from(JSON.stringify(message))));
  return Number(/"id":(\d+)/.exec(unmask(await chunk(socket)))?.[1]);
}

/** The next chunk; the sink sends nothing that could be split or joined with something else. */
function chunk(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => socket.once("data", resolve));
}

/** The text of a masked frame of less than 126 bytes. */
function unmask(frame: Buffer): string {
  const mask = frame.subarray(2, 6);
  return Buffer.from(frame.subarray(6).map((byte, i) => byte ^ mask[i & 3]!)).toString();
}

function frame(first: number, payload: Buffer): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 0x1_0000 ? 4 : 10);
  header[0] = first;
  header[1] = length < 126 ? length : length < 0x1_0000 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

function framesFor(subscription: number, { size }: ServerFlags): Buffer {
  const message = Buffer.alloc(HEADER_BYTES + size);
  message[0] = 1;
  message.writeUInt32LE(subscription, 1);
  return Buffer.concat(Array<Buffer>(perWrite).fill(frame(BINARY, message)));
}

/** Ready-made frames go out as they are; a stamped payload has to be put into a frame of its own. */
function publish(payload: Uint8Array): void {
  for (const { socket, frames } of clients) {
    if (flags.rate === 0) socket.write(frames);
    else socket.write(stamped(frames, payload));
  }
}

function stamped(template: Buffer, payload: Uint8Array): Buffer {
  const copy = Buffer.from(template);
  copy.set(payload, copy.length - payload.length);
  return copy;
}

function close(): Promise<unknown> {
  for (const { socket } of clients) socket.end(frame(0x88, Buffer.from([1001 >> 8, 1001 & 255])));
  return new Promise((resolve) => listener.close(resolve));
}

await new Promise<void>((resolve) => listener.listen(flags.port, "127.0.0.1", resolve));
const { port } = listener.address() as { port: number };
const server: LoadedServer = {
  url: `ws://127.0.0.1:${port}`,
  messagesPerPublish: perWrite,
  subscribers: () => clients.length,
  queuedBytes: () => Math.max(0, ...clients.map(({ socket }) => socket.writableLength)),
  publish,
  dropped: () => 0,
  close,
};
await runLoad(server, flags);
