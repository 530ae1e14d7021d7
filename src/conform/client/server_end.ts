/**
 * The scripted server's end of one connection: it sends what a case says, right or wrong, and keeps what the client
 * sent.
 *
 * @module
 */
import { bytes } from "../bytes.ts";
import type { JsonMessage, JsonObject } from "../case.ts";
import { Mismatch } from "../mismatch.ts";
import type { Sendable } from "../peer.ts";
import type { TcpEnd, TcpSink } from "../../runtime/tcp_listener.ts";
import { serverData } from "./binary.ts";
import { closePayload, type Frame, FrameReader, FRAMES, serverFrame } from "../frames.ts";
import { type Heard, Ledger } from "./ledger.ts";
import type { WireLog } from "../wire_log.ts";
import { counted, messageInWords } from "../words.ts";
import type { Observations } from "./rules.ts";
import { type Acceptance, acceptance, checkUpgrade, readUpgrade, type UpgradeRequest } from "./upgrade.ts";

/** A channel as a case speaks of it, in the form of `foxglove.sdk.v1`. */
export interface Channel {
  id: number;
  topic: string;
  encoding?: string;
  schema?: { name: string; encoding: string; data: string };
}

/** What an end needs of the scene that it is part of. */
export interface EndHost {
  readonly seen: Observations;
  /** The keys of all upgrades of this run. */
  readonly keys: Set<string>;
  readonly log: WireLog;
  /** Something has come. */
  changed(): void;
  /** What `look` finds. @throws {Mismatch} when it finds nothing in time. */
  until<T>(expected: string, look: () => T | undefined, came?: () => string): Promise<T>;
}

/** One connection of the client under test. */
export class ServerEnd implements TcpSink {
  request: UpgradeRequest | undefined;
  /** What was agreed on. */
  protocol = "";
  /** The subscription that liveness is seen by, if there is one, and its channel. */
  watched: { id: number; channelId: number } | undefined;
  /** How the client ended the connection, as far as it has. */
  closeCode: number | "none" | undefined;
  ended = false;
  readonly #tcp: TcpEnd;
  readonly #host: EndHost;
  readonly #number: number;
  readonly #ledger: Ledger;
  readonly #frames = new FrameReader();
  readonly #schemas = new Map<string, number>();
  #heard: Heard[] = [];
  #pongs: string[] = [];
  #head = "";
  #fragments: Frame[] = [];
  #closing = false;

  /** @param number Which of the scene's connections it is, from 1. */
  constructor(tcp: TcpEnd, host: EndHost, number: number) {
    this.#tcp = tcp;
    this.#host = host;
    this.#number = number;
    this.#ledger = new Ledger(host.seen);
  }

  data(data: Uint8Array): void {
    if (this.#head === "read") return this.#read(data);
    this.#head += String.fromCharCode(...data);
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const rest = Uint8Array.from(this.#head.slice(end + 4), (character) => character.charCodeAt(0));
    const head = this.#head.slice(0, end);
    this.#head = "read";
    this.#read(rest);
    readUpgrade(head).then((request) => {
      this.request = request;
      this.#note(`asks for a WebSocket, offers ${request.offered.join(", ")}`);
      checkUpgrade(request, this.#host.keys, this.#host.seen);
      this.#host.changed();
    });
  }

  closed(): void {
    this.ended = true;
    this.#note("the connection is over");
    this.#host.changed();
  }

  /** Opens the WebSocket. */
  accept(answer: Acceptance, ...glued: Uint8Array[]): void {
    this.protocol = answer.protocol ?? "";
    this.write(bytes(acceptance(answer), ...glued));
  }

  /** Sends messages, one frame each, in one write. */
  send(...messages: Sendable[]): void {
    this.write(this.frames(...messages));
  }

  /** The frames of messages, which count as said. */
  frames(...messages: Sendable[]): Uint8Array {
    return bytes(...messages.map((message) => {
      if (message instanceof Uint8Array) {
        this.#ledger.said(message);
        return serverFrame(FRAMES.binary, message);
      }
      if (typeof message === "string") return serverFrame(FRAMES.text, message);
      this.#ledger.said(message as JsonMessage);
      return serverFrame(FRAMES.text, JSON.stringify(message));
    }));
  }

  /** Writes bytes as they are. */
  write(data: Uint8Array): void {
    this.#host.log.addBytes(this.#number, "<-", data);
    this.#put(data);
  }

  /** Writes bytes one at a time, as far as TCP can be made to. */
  async drip(data: Uint8Array): Promise<void> {
    this.#host.log.addBytes(this.#number, "<-", data);
    this.#note("the suite sends this byte by byte");
    for (let at = 0; at < data.length && !this.ended; at++) {
      this.#put(data.subarray(at, at + 1));
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  #put(data: Uint8Array): void {
    if (!this.ended) this.#tcp.write(data);
  }

  /** Who the server is. */
  serverInfo(info: JsonObject = {}): JsonObject {
    this.#schemas.clear();
    return { op: "serverInfo", name: "conform", capabilities: [], sessionId: "one", ...info };
  }

  /** Channels as the subprotocol of this connection advertises them. */
  advertisement(...channels: Channel[]): JsonObject {
    if (this.protocol !== "foxglove.sdk.v1.1") return { op: "advertise", channels: channels.map(plainChannel) };
    const schemas: JsonObject[] = [];
    const entries = channels.map(({ id, topic, encoding = "json", schema }) => {
      if (schema === undefined) return { id, topic, encoding };
      const known = JSON.stringify(schema);
      const schemaId = this.#schemas.get(known) ?? this.#schemas.size + 1;
      if (!this.#schemas.has(known)) schemas.push({ id: schemaId, ...schema });
      this.#schemas.set(known, schemaId);
      return { id, topic, encoding, schemaId };
    });
    return { op: "advertise", ...(schemas.length > 0 && { schemas }), channels: entries };
  }

  /** Sends `advertise`. */
  advertise(...channels: Channel[]): void {
    this.send(this.advertisement(...channels));
  }

  /** Sends data to a subscription. */
  publish(subscriptionId: number, data: string, logTime?: bigint): void {
    this.send(serverData(subscriptionId, data, logTime));
  }

  /** Asks for a pong. */
  async ping(payload: string): Promise<void> {
    this.write(serverFrame(FRAMES.ping, payload));
    await this.#until(`a pong with payload "${payload}"`, () => this.#pongs.includes(payload) || undefined);
  }

  /** The first message that `is` takes, of those that were not taken yet; all others stay. */
  take(expected: string, is: (message: Heard) => boolean): Promise<Heard> {
    return this.#until(expected, () => {
      const at = this.#heard.findIndex(is);
      return at < 0 ? undefined : this.#heard.splice(at, 1)[0];
    });
  }

  /** The first JSON message of an op. */
  async expect(op: string, is: (message: JsonMessage) => boolean = () => true, what = ""): Promise<JsonMessage> {
    const takes = (message: Heard) => !(message instanceof Uint8Array) && message.op === op && is(message);
    return await this.take(`"${op}" from the client${what === "" ? "" : `, ${what}`}`, takes) as JsonMessage;
  }

  /** The first binary message of an opcode. */
  async expectBinary(opcode: number, name: string): Promise<Uint8Array> {
    const takes = (message: Heard) => message instanceof Uint8Array && message[0] === opcode;
    return await this.take(`${name} (opcode ${opcode}) from the client`, takes) as Uint8Array;
  }

  /** What came and was not taken. */
  get all(): readonly Heard[] {
    return this.#heard;
  }

  /** What came and was not taken, and is of this op, or a binary message of this opcode. */
  heard(kind: string | number): Heard[] {
    return this.#heard.filter((message) => kind === (message instanceof Uint8Array ? message[0] : message.op));
  }

  /** Waits until the client has closed, or cut, the connection. */
  expectEnd(expected: string): Promise<true> {
    const look = () => this.ended || this.closeCode !== undefined || undefined;
    return this.#host.until(expected, look, () => "the connection is open");
  }

  /** Closes as WebSocket has it, and waits for the client's answer. */
  async close(code: number): Promise<number | "none"> {
    this.#closing = true;
    this.write(serverFrame(FRAMES.close, closePayload(code)));
    const answered = await this.#until("a Close frame in answer to the server's", () => this.closeCode);
    this.#tcp.end();
    return answered;
  }

  /** Ends the connection by a reset, without a word. */
  cut(): void {
    if (!this.ended) this.#note("the suite cuts the connection");
    this.#tcp.cut();
  }

  /** Ends the connection in order, without a Close frame. */
  end(): void {
    this.#note("the suite ends the connection");
    this.#tcp.end();
  }

  /** What the client sent that nobody asked for, as text. */
  get came(): string {
    const messages = this.#heard.length === 0
      ? "nothing"
      : this.#heard.map((message) => messageInWords(message, "client")).join("; ");
    const code = this.closeCode === undefined ? "" : `, a Close frame with code ${this.closeCode}`;
    return `${messages}${code}${this.ended ? ", and the connection ended" : ""}`;
  }

  #log(direction: "->" | "<-", message: Sendable): void {
    this.#host.log.add(this.#number, direction, message);
  }

  #note(text: string): void {
    this.#host.log.note(this.#number, text);
  }

  #until<T>(expected: string, look: () => T | undefined): Promise<T> {
    return this.#host.until(expected, () => {
      const found = look();
      if (found === undefined && this.ended) throw new Mismatch(expected, `${this.came} first`);
      return found;
    }, () => this.came);
  }

  #read(data: Uint8Array): void {
    for (const frame of this.#frames.read(data)) this.#frame(frame);
    this.#host.changed();
  }

  #frame(frame: Frame): void {
    const { opcode, fin, reserved, masked, payload } = frame;
    const { seen } = this.#host;
    const what = `a frame with opcode ${opcode}, ${counted(payload.length, "byte")}`;
    seen.look("sent/masked", masked ? undefined : `${what}, not masked`);
    seen.look("sent/reserved-bits", reserved === 0 ? undefined : `${what}, reserved bits ${reserved}`);
    seen.look("sent/frames", this.#isWellFormed(frame) ? undefined : `${what}, ${fin ? "last" : "not last"} part`);
    if (opcode >= FRAMES.close) {
      this.#host.log.addFrame(this.#number, "->", frame);
      return this.#CONTROL[opcode]?.(payload);
    }
    this.#fragments.push(frame);
    if (fin) this.#message(this.#fragments.splice(0));
  }

  /** Continuations continue something, and nothing else comes between; control frames are small and whole. */
  #isWellFormed({ opcode, fin, payload }: Frame): boolean {
    if (opcode >= FRAMES.close) return opcode <= FRAMES.pong && fin && payload.length <= 125;
    return opcode <= FRAMES.binary && (opcode === FRAMES.continuation) === (this.#fragments.length > 0);
  }

  readonly #CONTROL: Readonly<Record<number, (payload: Uint8Array) => void>> = {
    [FRAMES.ping]: (payload) => this.write(serverFrame(FRAMES.pong, payload)),
    [FRAMES.pong]: (payload) => void this.#pongs.push(new TextDecoder().decode(payload)),
    [FRAMES.close]: (payload) => {
      this.closeCode = payload.length < 2 ? "none" : payload[0]! << 8 | payload[1]!;
      if (this.#closing) return;
      this.write(serverFrame(FRAMES.close, payload.subarray(0, 2)));
      this.#tcp.end();
    },
  };

  #message(fragments: Frame[]): void {
    const payload = bytes(...fragments.map(({ payload }) => payload));
    if (fragments[0]?.opcode === FRAMES.text) {
      const message = this.#ledger.heardText(payload);
      this.#log("->", message ?? payload);
      if (message !== undefined) this.#heard.push(message);
    } else if (payload.length > 0) {
      this.#log("->", payload);
      this.#ledger.heardBinary(payload);
      this.#heard.push(payload);
    }
  }
}

function plainChannel({ id, topic, encoding = "json", schema }: Channel): JsonObject {
  if (schema === undefined) return { id, topic, encoding, schemaName: "", schema: "" };
  return { id, topic, encoding, schemaName: schema.name, schema: schema.data, schemaEncoding: schema.encoding };
}
