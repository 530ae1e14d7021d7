/**
 * A WebSocket client made of bytes, on node:net, which all three server runtimes have: it sends whatever a test says,
 * right or wrong, and reads only when it is asked to.
 */
import { Buffer } from "node:buffer";
import { createConnection, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { AssertionError } from "@std/assert";
import { deadline } from "@std/async";
import { clientFrame, closeFrame, type FrameOptions, FRAMES as OPCODES } from "../../src/conform/frames.ts";

export { clientFrame, closeFrame, type FrameOptions, OPCODES };

/** One frame as it is on the wire. */
export interface Frame {
  opcode: number;
  payload: Uint8Array;
  fin: boolean;
  /** RSV1 to RSV3 as the bits 4, 2, 1. */
  reserved: number;
}

/** What a server answered to a request. */
export interface HttpAnswer {
  status: number;
  /** By name in lower case; repeated ones joined by ", ". */
  headers: Record<string, string>;
  /** Empty after status 101: what follows are frames. */
  body: string;
}

/** What a request says that is not as it should be. */
export interface RequestOptions {
  method?: string;
  path?: string;
  /** Lines of `Sec-WebSocket-Protocol`. */
  protocols?: string[];
  /** Other header lines; `undefined` leaves a usual one out. */
  headers?: Record<string, string | undefined>;
  /** Bytes right behind the request, in the same packet. */
  behind?: Uint8Array;
}

const USUAL_HEADERS = {
  Host: "127.0.0.1",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "AAECAwQFBgcICQoLDA0ODw==",
};

/** No answer takes so long unless something is wrong. */
const LIMIT_MS = 20_000;

export class RawSocket {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #length = 0;
  #closed = false;
  /** Several may wait at once: for an answer and for the end. */
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static connect(port: number): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ port, host: "127.0.0.1", noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => resolve(new RawSocket(socket)));
    });
  }

  /** Connects by TLS. @param ca The certificate to trust, in PEM. */
  static connectTls(port: number, ca: string): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({ port, host: "127.0.0.1", servername: "localhost", ca });
      socket.once("error", reject);
      socket.once("secureConnect", () => resolve(new RawSocket(socket)));
    });
  }

  /** Opens a WebSocket and fails unless it is accepted. */
  static async open(port: number, protocol = "foxglove.sdk.v1"): Promise<RawSocket> {
    const socket = await RawSocket.connect(port);
    const answer = await socket.request({ protocols: [protocol] });
    if (answer.status !== 101) throw new AssertionError(`Handshake failed: ${answer.status} ${answer.body}`);
    return socket;
  }

  /** How many bytes have come that were not read. */
  get unread(): number {
    return this.#length;
  }

  /** Whether the connection is over. */
  get closed(): boolean {
    return this.#closed;
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Sends frames in one packet, as far as the kernel allows. */
  send(...frames: Uint8Array[]): void {
    this.write(Buffer.concat(frames));
  }

  /** Sends a `subscribe` of one channel. */
  subscribe(id: number, channelId: number): void {
    const message = { op: "subscribe", subscriptions: [{ id, channelId }] };
    this.send(clientFrame(OPCODES.text, JSON.stringify(message)));
  }

  /** Stops reading from the kernel. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads on. */
  resume(): void {
    this.#socket.resume();
  }

  /** Sends a request and does not wait for the answer. */
  writeRequest({ method = "GET", path = "/", protocols = [], headers = {}, behind }: RequestOptions): void {
    const lines = Object.entries({ ...USUAL_HEADERS, ...headers })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .concat(protocols.map((value) => `Sec-WebSocket-Protocol: ${value}\r\n`));
    const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
    this.write(behind === undefined ? head : Buffer.concat([head, behind]));
  }

  /** Sends a request, an upgrade unless `options` say otherwise, and reads the answer. */
  async request(options: RequestOptions = {}): Promise<HttpAnswer> {
    this.writeRequest(options);
    const head = (await this.#readHead()).toString("latin1");
    const [statusLine, ...lines] = head.trimEnd().split("\r\n");
    const headers: Record<string, string> = {};
    for (const line of lines) addHeader(headers, line);
    const status = Number(statusLine?.split(" ")[1]);
    const body = status === 101 ? "" : (await this.read(Number(headers["content-length"] ?? 0))).toString();
    return { status, headers, body };
  }

  /** Reads one frame of the server. */
  async readFrame(): Promise<Frame> {
    const [first, second] = await this.read(2) as unknown as [number, number];
    let length = second & 0x7f;
    if (length === 126) length = (await this.read(2)).readUInt16BE(0);
    else if (length === 127) length = Number((await this.read(8)).readBigUInt64BE(0));
    const payload = await this.read(length);
    return { fin: (first & 0x80) !== 0, reserved: first >> 4 & 7, opcode: first & 0x0f, payload };
  }

  /** Reads frames up to a Close, and that one's code; `undefined` when it has none. */
  async readClose(): Promise<{ code: number | undefined; reason: string }> {
    let frame = await this.readFrame();
    while (frame.opcode !== OPCODES.close) frame = await this.readFrame();
    const payload = Buffer.from(frame.payload);
    const code = payload.length === 0 ? undefined : payload.readUInt16BE(0);
    return { code, reason: payload.subarray(2).toString() };
  }

  /** Reads exactly so many bytes. */
  async read(length: number): Promise<Buffer> {
    await this.#until(() => this.#length >= length, `${length} bytes`);
    const all = this.#joined();
    this.#keep(all.subarray(length));
    return all.subarray(0, length);
  }

  /** Waits until the server has ended the connection, whatever it still sends. */
  async end(): Promise<void> {
    this.resume();
    await this.#wait(() => this.#closed, "end of the connection");
  }

  /** Ends the connection in order, without a Close frame. */
  finish(): void {
    this.#socket.end();
  }

  /** Ends the connection with a reset where the runtime can, as a peer does that crashes. */
  reset(): void {
    if (typeof this.#socket.resetAndDestroy === "function") this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Ends the connection and waits until it is gone. */
  async destroy(): Promise<void> {
    this.#socket.destroy();
    await this.#wait(() => this.#closed, "end of the connection");
  }

  async #readHead(): Promise<Buffer> {
    const end = () => this.#joined().indexOf("\r\n\r\n");
    await this.#until(() => end() >= 0, "an HTTP answer");
    return await this.read(end() + 4);
  }

  /** All that has come and was not read, in one piece. */
  #joined(): Buffer {
    if (this.#chunks.length !== 1) this.#keep(Buffer.concat(this.#chunks));
    return this.#chunks[0]!;
  }

  #keep(rest: Buffer): void {
    this.#chunks = [rest];
    this.#length = rest.length;
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    await this.#wait(() => condition() || this.#closed, what);
    if (!condition()) throw new AssertionError(`Connection ended after ${this.#length} bytes, before ${what}`);
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }

  async #wait(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return;
    let look = () => {};
    const met = new Promise<void>((resolve) => {
      look = () => {
        if (condition()) resolve();
      };
    });
    this.#waiting.add(look);
    await deadline(met, LIMIT_MS).catch(() => {
      throw new AssertionError(`No ${what} within ${LIMIT_MS} ms, only ${this.#length} bytes`);
    }).finally(() => this.#waiting.delete(look));
  }
}

function addHeader(headers: Record<string, string>, line: string): void {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon).toLowerCase();
  const value = line.slice(colon + 1).trim();
  headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
}
