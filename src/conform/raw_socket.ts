/**
 * A WebSocket client made of bytes: it sends whatever a case says, right or wrong.
 *
 * @module
 */
import type { TcpClientEnd } from "../runtime/tcp.ts";
import { Bell } from "./bell.ts";
import { bytes, type Piece } from "./bytes.ts";
import { type Frame, FrameReader, FRAMES } from "./frames.ts";
import { Mismatch } from "./mismatch.ts";
import { WireLog } from "./wire_log.ts";
import { headInWords } from "./wire_words.ts";
import { bytesInWords, dataInWords } from "./words.ts";

/** What a server answered to a request. */
export interface HttpAnswer {
  status: number;
  /** By name in lower case; repeated ones joined by ", ". */
  headers: Record<string, string>;
}

/** What a request says that is not as it should be. */
export interface RequestOptions {
  method?: string;
  path?: string;
  /** Lines of `Sec-WebSocket-Protocol`. */
  protocols?: readonly string[];
  /** Other header lines; `undefined` leaves a usual one out. */
  headers?: Record<string, string | undefined>;
  /** Bytes right behind the request, in the same packet. */
  behind?: Uint8Array;
  /** Write the request in small pieces. */
  slowly?: true;
}

/** The key of every handshake here. */
export const KEY = "AAECAwQFBgcICQoLDA0ODw==";
/** What has to come back for it. */
export const ACCEPT = "Bz3qJYTGdOe8gUSpLosEdiLKDrk=";

const USUAL_HEADERS = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": KEY,
};

/** What a socket is made with. */
export interface RawSocketSettings {
  /** How long to wait for each answer, in milliseconds. */
  answerMs: number;
  /** The number of this connection in its case. */
  number?: number;
  /** Where people read what went over it. */
  log?: WireLog;
}

/** A TCP connection to the server under test. */
export class RawSocket {
  readonly #url: URL;
  readonly #answerMs: number;
  readonly #number: number;
  readonly #log: WireLog;
  #end: TcpClientEnd | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  readonly #reader = new FrameReader();
  #frames: Frame[] = [];
  /** After the answer to a handshake: bytes are frames then. */
  #upgraded = false;
  #closed = false;
  readonly #bell = new Bell();

  private constructor(url: string, { answerMs, number = 0, log = new WireLog() }: RawSocketSettings) {
    this.#url = new URL(url);
    this.#answerMs = answerMs;
    this.#number = number;
    this.#log = log;
  }

  /** Connects, and sends nothing. */
  static async connect(url: string, settings: RawSocketSettings): Promise<RawSocket> {
    // By need: browsers, which have no sockets, load this module too.
    const { connectTcp } = await import("../runtime/tcp.ts");
    const socket = new RawSocket(url, settings);
    const sink = { data: (bytes: Uint8Array) => socket.#receive(bytes), closed: () => socket.#close() };
    socket.#end = await connectTcp(url, sink, settings.answerMs);
    return socket;
  }

  /** Whether the connection is over. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Sends bytes in one packet, as far as the kernel allows. */
  write(...pieces: Piece[]): void {
    const data = bytes(...pieces);
    this.#log.addBytes(this.#number, "->", data);
    this.#end?.write(data);
  }

  /** Sends bytes in small packets. */
  async writeSlowly(data: Uint8Array, packetBytes = 1): Promise<void> {
    this.#log.addBytes(this.#number, "->", data);
    this.#log.note(this.#number, "the suite sends this in small pieces");
    for (let at = 0; at < data.length; at += packetBytes) {
      this.#end?.write(data.subarray(at, at + packetBytes));
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  /** Sends a request, an upgrade unless `options` say otherwise, and reads the head of the answer. */
  async request(options: RequestOptions = {}): Promise<HttpAnswer> {
    const request = this.#requestOf(options);
    // Servers may take more pieces for an attack.
    if (options.slowly) await this.writeSlowly(request, 16);
    else this.write(request, options.behind ?? "");
    return this.#answerOf(await this.#head());
  }

  /** What is said with a refusal. */
  async body({ headers }: HttpAnswer): Promise<string> {
    const length = headers["content-length"];
    await this.#wait(() => this.#closed || length !== undefined && this.#rest.length >= Number(length));
    this.#log.note(this.#number, dataInWords(this.#rest), "<-");
    return latin1(this.#rest);
  }

  /** Opens a WebSocket. @throws {Mismatch} unless the server accepts. */
  async upgrade(protocol: string, options: RequestOptions = {}): Promise<this> {
    const { status } = await this.request({ ...options, protocols: [protocol] });
    if (status !== 101) throw new Mismatch(`101 for a handshake with ${protocol}`, `${status}`);
    return this;
  }

  /** The next frame. */
  async frame(what = "a frame"): Promise<Frame> {
    await this.#until(() => this.#frames.length > 0, what);
    return this.#frames.shift()!;
  }

  /** The next frame of an opcode; others are passed over. */
  async frameOf(opcode: number, what: string): Promise<Frame> {
    const end = performance.now() + this.#answerMs;
    for (;;) {
      const frame = await this.frame(what);
      if (frame.opcode === opcode) return frame;
      if (frame.opcode === FRAMES.close) throw new Mismatch(what, `a Close frame with code ${closeCode(frame)}`);
      if (performance.now() > end) throw new Mismatch(what, `other frames for ${this.#answerMs} ms`);
    }
  }

  /** The code of the Close frame that has to come; 1005 when it has none, 1006 when the connection just ends. */
  async closeCode(): Promise<number> {
    const end = performance.now() + this.#answerMs;
    const isClose = ({ opcode }: Frame) => opcode === FRAMES.close;
    for (let left = this.#answerMs; left > 0; left = end - performance.now()) {
      await this.#bell.wait(() => this.#frames.length > 0 || this.#closed, left);
      const frame = this.#frames.find(isClose);
      if (frame !== undefined) return closeCode(frame);
      if (this.#closed) return 1006;
      this.#frames = [];
    }
    throw new Mismatch("the end of the connection", `none in ${this.#answerMs} ms`);
  }

  /** Waits for the end of the TCP connection. */
  async ended(what = "the end of the connection"): Promise<void> {
    await this.#wait(() => this.#closed);
    if (!this.#closed) throw new Mismatch(what, "a connection that is still open");
  }

  /** Reads no more, and stays connected: a client that has stopped. */
  pause(): void {
    this.#log.note(this.#number, "the suite reads no more");
    this.#end?.pause();
  }

  /** Ends the connection at once. */
  destroy(): void {
    if (!this.#closed) this.#log.note(this.#number, "the suite cuts the connection");
    this.#closed = true;
    this.#end?.cut();
  }

  #requestOf({ method = "GET", path, protocols = [], headers = {} }: RequestOptions): Uint8Array {
    const target = path ?? `${this.#url.pathname}${this.#url.search}`;
    const lines = Object.entries({ Host: this.#url.host, ...USUAL_HEADERS, ...headers })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .concat(protocols.map((value) => `Sec-WebSocket-Protocol: ${value}\r\n`));
    return bytes(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
  }

  async #head(): Promise<string> {
    let end = -1;
    await this.#until(() => (end = latin1(this.#rest).indexOf("\r\n\r\n")) >= 0, "an HTTP answer");
    const head = latin1(this.#rest.subarray(0, end));
    this.#log.note(this.#number, headInWords(head), "<-");
    this.#rest = this.#rest.subarray(end + 4);
    return head;
  }

  #answerOf(head: string): HttpAnswer {
    const [statusLine = "", ...lines] = head.split("\r\n");
    const headers: Record<string, string> = {};
    for (const line of lines) addHeader(headers, line);
    const status = Number(statusLine.split(" ")[1]);
    this.#upgraded = status === 101;
    if (this.#upgraded) this.#receive(new Uint8Array(0));
    return { status, headers };
  }

  #receive(data: Uint8Array): void {
    const all = bytes(this.#rest, data);
    this.#rest = this.#upgraded ? new Uint8Array(0) : all;
    const frames = this.#upgraded ? this.#reader.read(all) : [];
    for (const frame of frames) this.#log.addFrame(this.#number, "<-", frame);
    this.#frames.push(...frames);
    this.#bell.ring();
  }

  #close(): void {
    if (!this.#closed) this.#log.note(this.#number, "the connection is over");
    this.#closed = true;
    this.#bell.ring();
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    await this.#wait(() => condition() || this.#closed);
    if (condition()) return;
    const got = this.#closed ? "the end of the connection" : `nothing in ${this.#answerMs} ms`;
    throw new Mismatch(what, this.#rest.length === 0 ? got : `${got} but for ${bytesInWords(this.#rest)}`);
  }

  #wait(condition: () => boolean): Promise<void> {
    return this.#bell.wait(condition, this.#answerMs);
  }
}

function closeCode({ payload }: Frame): number {
  return payload.length < 2 ? 1005 : payload[0]! << 8 | payload[1]!;
}

function latin1(data: Uint8Array): string {
  return new TextDecoder("latin1").decode(data);
}

function addHeader(headers: Record<string, string>, line: string): void {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon).toLowerCase();
  const value = line.slice(colon + 1).trim();
  headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
}
