/**
 * WebSocket frames as a server writes them: whole messages, unmasked, uncompressed.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Message } from "../transport/transport.ts";

const FINAL = 0x80;
const TEXT = 0x01;
const BINARY = 0x02;

/** From here on bytes are written where they lie; below, copying them is cheaper than one more part of a write. */
const UNCOPIED_BYTES = 256 * 1024;

const NOTHING = new Uint8Array(0);

/**
 * Lays out the frames of a batch for one write.
 *
 * @returns One buffer, or several where large payloads lie between that are not copied.
 */
export function encodeFrames(batch: readonly Message[]): Uint8Array[] {
  const writer = new FrameWriter(batch);
  for (const message of batch) writer.add(message);
  return writer.finish();
}

class FrameWriter {
  readonly #parts: Uint8Array[] = [];
  readonly #bytes: Buffer;
  #start = 0;
  #end = 0;

  constructor(batch: readonly Message[]) {
    let size = 0;
    for (const message of batch) size += copiedBytes(message);
    this.#bytes = Buffer.allocUnsafe(size);
  }

  add(message: Message): void {
    if (typeof message === "string") this.#text(message);
    else if (message instanceof Uint8Array) this.#binary(NOTHING, message);
    else this.#binary(message.head, message.body);
  }

  finish(): Uint8Array[] {
    this.#cut();
    return this.#parts;
  }

  #text(text: string): void {
    this.#header(TEXT, Buffer.byteLength(text));
    this.#end += this.#bytes.write(text, this.#end);
  }

  #binary(head: Uint8Array, body: Uint8Array): void {
    this.#header(BINARY, head.length + body.length);
    this.#copy(head);
    if (body.length < UNCOPIED_BYTES) return this.#copy(body);
    this.#cut();
    this.#parts.push(body);
  }

  #header(opcode: number, length: number): void {
    const bytes = this.#bytes;
    let end = this.#end;
    bytes[end++] = FINAL | opcode;
    if (length < 126) {
      bytes[end++] = length;
    } else if (length < 0x1_0000) {
      bytes[end++] = 126;
      end = bytes.writeUInt16BE(length, end);
    } else {
      bytes[end++] = 127;
      end = bytes.writeUInt32BE(Math.floor(length / 0x1_0000_0000), end);
      end = bytes.writeUInt32BE(length >>> 0, end);
    }
    this.#end = end;
  }

  #copy(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Ends a part: what follows is not contiguous with it. */
  #cut(): void {
    if (this.#end > this.#start) this.#parts.push(this.#bytes.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}

/** How many bytes of its frame a message takes in the buffer of the batch. */
function copiedBytes(message: Message): number {
  if (typeof message === "string") return frameBytes(Buffer.byteLength(message));
  if (message instanceof Uint8Array) return frameBytes(message.length) - uncopied(message);
  const { head, body } = message;
  return frameBytes(head.length + body.length) - uncopied(body);
}

function frameBytes(length: number): number {
  return length + (length < 126 ? 2 : length < 0x1_0000 ? 4 : 10);
}

function uncopied({ length }: Uint8Array): number {
  return length < UNCOPIED_BYTES ? 0 : length;
}
