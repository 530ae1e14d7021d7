/** The connection of one client, below the protocol: handshake, messages from frames, control frames, the end. */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Faults } from "./faults.ts";
import { type Frame, OPCODES, readClose, readFrame, Violation, writeFrame } from "./frames.ts";
import { handshake, type Protocol } from "./handshake.ts";
import { utf8 } from "./bytes.ts";

/** Who is told of what happens. */
export interface SocketHandler {
  opened(protocol: Protocol): void;
  text(message: string): void;
  binary(message: Buffer): void;
  /** Whether much waits for one of the clients. */
  isAnyoneSlow(): boolean;
  /** A frame breaks the rules. */
  broken(): void;
}

/** A client's connection. */
export class ModelSocket {
  readonly #socket: Socket;
  readonly #faults: Faults;
  readonly #handler: SocketHandler;
  /** What came and was not read yet. */
  #bytes: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];
  /** Of the message whose fragments come in. */
  #opcode: number | undefined;
  #open = false;
  #over = false;

  constructor(socket: Socket, faults: Faults, handler: SocketHandler) {
    this.#socket = socket;
    this.#faults = faults;
    this.#handler = handler;
    socket.setNoDelay();
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
  }

  sendText(text: string): void {
    const opcode = this.#faults.has("framing/json-in-binary") ? OPCODES.binary : OPCODES.text;
    this.#write(opcode, Buffer.from(text));
  }

  sendBinary(bytes: Buffer): void {
    this.#write(OPCODES.binary, bytes);
  }

  /** Ends the connection with a Close frame. */
  close(code?: number): void {
    if (this.#over) return;
    const payload = Buffer.alloc(code === undefined ? 0 : 2);
    if (code !== undefined) payload.writeUInt16BE(code);
    this.#write(OPCODES.close, payload);
    this.#end();
  }

  #end(): void {
    this.#over = true;
    this.#socket.end();
  }

  #write(opcode: number, payload: Buffer): void {
    if (this.#faults.has("harm/waits-for-the-slowest") && this.#handler.isAnyoneSlow()) return;
    if (!this.#over) this.#socket.write(writeFrame(opcode, payload, this.#faults));
  }

  #take(chunk: Buffer): void {
    if (this.#over) return;
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (!this.#open) this.#readHead();
    if (!this.#open) return;
    try {
      this.#readFrames();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#handler.broken();
      this.close(error.code);
    }
  }

  #readHead(): void {
    const end = this.#bytes.indexOf("\r\n\r\n");
    if (end < 0) return this.#faults.has("handshake/one-packet") ? this.#end() : undefined;
    const head = this.#bytes.subarray(0, end).toString("latin1");
    const { protocol, bytes } = handshake(head, this.#faults);
    this.#bytes = this.#faults.has("handshake/loses-what-follows") ? Buffer.alloc(0) : this.#bytes.subarray(end + 4);
    this.#socket.write(bytes);
    if (protocol === undefined) return this.#end();
    this.#open = true;
    this.#handler.opened(protocol);
  }

  #readFrames(): void {
    while (!this.#over) {
      const frame = readFrame(this.#bytes, this.#faults);
      if (frame === undefined) {
        if (this.#faults.has("framing/whole-packets-only")) this.#bytes = Buffer.alloc(0);
        return;
      }
      const rest = this.#bytes.subarray(frame.size);
      this.#bytes = this.#faults.has("framing/first-of-packet-only") ? Buffer.alloc(0) : rest;
      this.#frame(frame);
    }
  }

  #frame(frame: Frame): void {
    if (frame.opcode === OPCODES.close) return this.#closeAsked(frame.payload);
    if (frame.opcode === OPCODES.ping) return this.#ping(frame.payload);
    if (frame.opcode !== OPCODES.pong) this.#data(frame);
  }

  #closeAsked(payload: Buffer): void {
    if (this.#faults.has("framing/bad-close-ignored") && isBadClose(payload)) return;
    const code = readClose(payload, this.#faults);
    if (this.#faults.has("framing/close-not-echoed")) return this.#end();
    if (this.#faults.has("framing/close-not-ended")) return this.#write(OPCODES.close, payload.subarray(0, 2));
    this.close(this.#faults.has("framing/close-code-of-its-own") ? 1011 : code);
  }

  #ping(payload: Buffer): void {
    const faults = this.#faults;
    if (faults.has("framing/control-breaks-message")) this.#parts = [];
    if (faults.has("framing/ping-unanswered")) return;
    this.#write(OPCODES.pong, faults.has("framing/pong-empty") ? Buffer.alloc(0) : payload);
  }

  #data({ fin, opcode, payload }: Frame): void {
    if (!fin && this.#faults.has("framing/fragments-refused")) throw new Violation(1003, "no fragments");
    if (opcode === OPCODES.continuation) this.#checkContinues();
    else this.#begin(opcode);
    this.#parts.push(payload);
    if (!fin) return;
    const message = Buffer.concat(this.#parts);
    const isText = this.#opcode === OPCODES.text;
    this.#parts = [];
    this.#opcode = undefined;
    if (isText) this.#handler.text(this.#text(message));
    else this.#handler.binary(message);
  }

  #checkContinues(): void {
    if (this.#opcode !== undefined) return;
    if (!this.#faults.has("framing/stray-continuation-accepted")) throw new Violation(1002, "nothing to continue");
    this.#opcode = OPCODES.text;
  }

  #begin(opcode: number): void {
    if (this.#opcode !== undefined && !this.#faults.has("framing/interleaved-accepted")) {
      throw new Violation(1002, "a message begins within another");
    }
    this.#parts = [];
    this.#opcode = opcode;
  }

  #text(message: Buffer): string {
    try {
      return utf8(message);
    } catch {
      if (this.#faults.has("framing/bad-utf8-accepted")) return message.toString();
      throw new Violation(this.#faults.has("framing/bad-utf8-code") ? 1002 : 1007, "a text is no UTF-8");
    }
  }
}

function isBadClose(payload: Buffer): boolean {
  return payload.length === 1 || payload.length > 1 && payload.readUInt16BE() === 1005;
}
