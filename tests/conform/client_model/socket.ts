/** The model client's WebSocket: RFC 6455 by hand, with switches for what may be wrong. */
import { createHash, randomBytes } from "node:crypto";
import { SUBPROTOCOLS } from "../../../src/protocol/constants.ts";
import {
  clientFrame,
  closeFrame,
  type Frame,
  type FrameOptions,
  OPCODES,
  RawSocket,
} from "../../support/raw_socket.ts";
import type { Fault } from "./faults.ts";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KNOWN: ReadonlySet<number> = new Set(Object.values(OPCODES));

export class ModelSocket {
  /** Whether `serverInfo` has come. */
  greeted = false;
  readonly protocol: string;
  readonly #raw: RawSocket;
  readonly #has: (fault: Fault) => boolean;

  constructor(raw: RawSocket, protocol: string, has: (fault: Fault) => boolean) {
    this.#raw = raw;
    this.protocol = protocol;
    this.#has = has;
  }

  /** @throws when the server does not answer as it should. */
  static async connect(port: number, has: (fault: Fault) => boolean): Promise<ModelSocket> {
    const raw = await RawSocket.connect(port);
    try {
      return await open(raw, has);
    } catch (error) {
      await raw.destroy();
      throw error;
    }
  }

  send(message: string | Uint8Array): void {
    const bytes = typeof message === "string" ? new TextEncoder().encode(message) : message;
    if (this.#has("sends bad UTF-8") && typeof message === "string") bytes[bytes.length - 2] = 0xff;
    this.#write(typeof message === "string" ? OPCODES.text : OPCODES.binary, bytes);
  }

  sendClose(code: number): void {
    this.#raw.send(closeFrame(code));
    this.#raw.finish();
  }

  destroy(): Promise<void> {
    return this.#raw.destroy();
  }

  /** The messages of the server, until it or something that must not be ends the connection. */
  async *messages(): AsyncGenerator<string | Uint8Array> {
    try {
      yield* this.#messages();
    } finally {
      await this.destroy();
    }
  }

  async *#messages(): AsyncGenerator<string | Uint8Array> {
    let parts: Frame[] = [];
    while (true) {
      const frame = await this.#raw.readFrame();
      if (!this.#isAllowed(frame, parts.length > 0)) return;
      if (frame.opcode === OPCODES.close) return await this.#closed(frame);
      if (frame.opcode === OPCODES.ping) this.#pong(frame);
      if (frame.opcode >= OPCODES.close || frame.payload.length > 65_535 && this.#has("knows no long frames")) continue;
      parts.push(frame);
      if (!frame.fin && !this.#has("knows no fragments")) continue;
      const [{ opcode }] = parts as [Frame];
      const payload = joined(parts);
      parts = [];
      if (opcode === OPCODES.binary) yield payload;
      else yield new TextDecoder("utf-8", { fatal: true }).decode(payload);
    }
  }

  #isAllowed({ opcode, reserved }: Frame, continuing: boolean): boolean {
    if (this.#has("takes any frame")) return true;
    if (!KNOWN.has(opcode) || reserved !== 0) return false;
    return opcode !== OPCODES.continuation || continuing || this.#has("knows no fragments");
  }

  async #closed({ payload }: Frame): Promise<void> {
    const code = this.#has("answers a close by another code") ? 3000 : payload[0]! << 8 | payload[1]!;
    if (!this.#has("does not answer a close")) this.#raw.send(closeFrame(code));
    await this.#raw.end();
  }

  #pong({ payload }: Frame): void {
    if (this.#has("ignores pings")) return;
    const parts = { fin: !this.#has("sends pongs in parts") };
    this.#raw.send(clientFrame(OPCODES.pong, this.#has("sends empty pongs") ? "" : payload, parts));
  }

  #write(opcode: number, payload: Uint8Array): void {
    const options: FrameOptions = {
      masked: !this.#has("does not mask"),
      reserved: this.#has("sets reserved bits") ? 4 : 0,
    };
    this.#raw.send(clientFrame(opcode, payload, options));
  }
}

async function open(raw: RawSocket, has: (fault: Fault) => boolean): Promise<ModelSocket> {
  const key = (has("has one key") ? new Uint8Array(16) : randomBytes(16)) as Uint8Array;
  const encoded = btoa(String.fromCharCode(...key));
  const offered = has("offers other names")
    ? ["chat"]
    : has("offers oldest first")
    ? [...SUBPROTOCOLS].reverse()
    : [...SUBPROTOCOLS];
  const version = has("speaks version 8") ? "8" : "13";
  const { status, headers } = await raw.request({
    protocols: [offered.join(", ")],
    headers: { "Sec-WebSocket-Key": encoded, "Sec-WebSocket-Version": version },
  });
  if (has("loses what is glued")) await raw.read(raw.unread);
  const accept = createHash("sha1").update(encoded + MAGIC).digest("base64");
  const chosen = headers["sec-websocket-protocol"];
  if (status !== 101) throw new Error(`status ${status}`);
  if (headers["sec-websocket-accept"] !== accept && !has("does not check the key")) throw new Error("wrong key");
  if (chosen === undefined && !has("takes no subprotocol")) throw new Error("no subprotocol");
  if (chosen !== undefined && !offered.includes(chosen) && !has("takes any subprotocol")) {
    throw new Error("wrong subprotocol");
  }
  return new ModelSocket(raw, chosen ?? "", has);
}

function joined(parts: readonly Frame[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { payload }) => sum + payload.length, 0));
  let at = 0;
  for (const { payload } of parts) {
    whole.set(payload, at);
    at += payload.length;
  }
  return whole;
}
