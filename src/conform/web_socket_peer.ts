/**
 * A {@link Peer} on a standard `WebSocket`.
 *
 * @module
 */
import type { Barrier } from "./barrier.ts";
import { Bell } from "./bell.ts";
import type { JsonMessage } from "./case.ts";
import { Mismatch } from "./mismatch.ts";
import type { Peer, Received, Sendable } from "./peer.ts";
import { shown } from "./steps/check.ts";
import { hasId, isBinary, isOp, LEVELS, OPCODES } from "./steps/messages.ts";
import type { WireLog } from "./wire_log.ts";
import { kindInWords, messageInWords, othersInWords } from "./words.ts";

/** Opens a socket; it may still be connecting. */
export type OpenSocket = (url: string, protocols: string[]) => WebSocket | Promise<WebSocket>;

/** What a peer is made with. */
export interface PeerSettings {
  /** How long it waits for one answer, in milliseconds. */
  answerMs: number;
  /** The number of this connection in its case. */
  number: number;
  log: WireLog;
  barrier: Barrier;
}

/** Silence of this length is an answer, from a server that gives no other. */
const QUIET_MS = 300;
/** How many times the wait for one answer the answer to a harmless request may be behind others. */
const SETTLE_ANSWERS = 3;
/** Where a server sends more than a case reads, something is wrong. */
const INBOX_BYTES = 256 * 2 ** 20;

/** What a server may send at any time, and what answers nothing. */
const UNASKED_OPS: ReadonlySet<unknown> = new Set([
  "serverInfo",
  "removeStatus",
  "advertise",
  "unadvertise",
  "advertiseServices",
  "unadvertiseServices",
]);
const UNASKED_OPCODES: readonly number[] = [OPCODES.data, OPCODES.time, OPCODES.playback];

/** A connection to the server under test. */
export class WebSocketPeer implements Peer {
  readonly #socket: WebSocket;
  readonly #settings: PeerSettings;
  readonly #inbox: Received[] = [];
  #inboxBytes = 0;
  #end: { code: number; reason: string } | undefined;
  /** Why nothing more is read. */
  #broken: Mismatch | undefined;
  #opened = false;
  readonly #bell = new Bell();
  greeting: readonly Received[] = [];

  private constructor(socket: WebSocket, settings: PeerSettings) {
    this.#socket = socket;
    this.#settings = settings;
    socket.binaryType = "arraybuffer";
    this.#opened = socket.readyState === WebSocketState.open;
    socket.addEventListener("open", () => {
      this.#opened = true;
      this.#bell.ring();
    });
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", ({ code, reason }) => this.#ended(code, reason));
    // Deno and old Node versions may send no close after it.
    socket.addEventListener("error", () => socket.readyState === WebSocketState.closed && this.#ended(1006, ""));
  }

  /** Connects, and reads nothing. @throws {Mismatch} when the server does not take the connection. */
  static async open(
    url: string,
    protocols: readonly string[],
    open: OpenSocket,
    settings: PeerSettings,
  ): Promise<WebSocketPeer> {
    const peer = new WebSocketPeer(await open(url, [...protocols]), settings);
    const what = `a connection for ${protocols.join(", ")}`;
    await peer.#until(() => peer.#opened, what).catch((error) => {
      peer.#socket.close();
      throw error;
    });
    return peer;
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  /** What went over the wire, of all connections of its case. */
  get wire(): readonly string[] {
    return this.#settings.log.lines();
  }

  get answerMs(): number {
    return this.#settings.answerMs;
  }

  send(...messages: Sendable[]): void {
    for (const message of messages) {
      this.#settings.log.add(this.#settings.number, "->", message);
      const raw = typeof message === "string" || message instanceof Uint8Array;
      if (this.#end === undefined) this.#socket.send((raw ? message : JSON.stringify(message)) as string);
    }
  }

  async next(what = "a message"): Promise<Received> {
    await this.#until(() => this.#inbox.length > 0, what);
    return this.#take();
  }

  async answer(expected: string, is: (message: Received) => boolean): Promise<Received> {
    const end = performance.now() + this.#settings.answerMs;
    for (let passed = 1;; passed++) {
      const message = await this.next(expected);
      if (is(message)) return message;
      if (!isUnasked(message)) throw new Mismatch(expected, messageInWords(message));
      if (performance.now() > end) {
        throw new Mismatch(expected, `nothing that answers, but ${othersInWords(passed, message)}`);
      }
    }
  }

  async expect(op: string): Promise<JsonMessage> {
    return await this.answer(`"${op}"`, (message) => isOp(message, op)) as JsonMessage;
  }

  async expectBinary(opcode: number): Promise<Uint8Array> {
    return await this.answer(kindInWords(opcode), (message) => isBinary(message, opcode)) as Uint8Array;
  }

  async expectStatus(level: keyof typeof LEVELS, message?: string | RegExp): Promise<JsonMessage> {
    const what = `a status of level ${LEVELS[level]} (${level})${message === undefined ? "" : `: ${message}`}`;
    const isAnswer = (received: Received) => isOp(received, "status") && !isUnaskedStatus(received, level);
    const status = await this.answer(what, isAnswer) as JsonMessage;
    const { level: gotLevel, message: text } = status;
    if (gotLevel !== LEVELS[level] || !reads(text, message)) throw new Mismatch(what, shown(status));
    return status;
  }

  async settle(): Promise<Received[]> {
    const probe = this.#settings.barrier.probe();
    if (probe === undefined) return await this.#untilSilence();
    this.send(probe.message);
    const what = `the answer to ${this.#settings.barrier.name}`;
    const end = performance.now() + SETTLE_ANSWERS * this.#settings.answerMs;
    const messages: Received[] = [];
    for (;;) {
      const message = await this.next(what);
      if (probe.isAnswer(message)) return messages;
      messages.push(message);
      if (performance.now() > end) throw new Mismatch(what, othersInWords(messages.length, message));
    }
  }

  ask(...messages: Sendable[]): Promise<Received[]> {
    this.send(...messages);
    return this.settle();
  }

  async expectAlive(after: string): Promise<void> {
    try {
      await this.settle();
    } catch (error) {
      throw new Mismatch(
        `the connection to live on after ${after}`,
        error instanceof Mismatch ? error.got : `${error}`,
      );
    }
  }

  async expectClose(): Promise<{ code: number; reason: string }> {
    await this.#bell.wait(() => this.#end !== undefined, this.#settings.answerMs);
    if (this.#end === undefined) throw new Mismatch("the end of the connection", "a connection that is still open");
    return this.#end;
  }

  async close(code = 1000, reason = ""): Promise<void> {
    if (this.#end !== undefined) return;
    this.#settings.log.note(this.#settings.number, `the suite closes with code ${code}`);
    this.#socket.close(code, reason);
    await this.#bell.wait(() => this.#end !== undefined, this.#settings.answerMs);
  }

  #receive(data: unknown): void {
    if (this.#broken !== undefined) return;
    try {
      this.#keep(typeof data === "string" ? parsed(data) : new Uint8Array(data as ArrayBuffer), data as string);
    } catch (error) {
      this.#broken = error as Mismatch;
    }
    this.#bell.ring();
  }

  #keep(message: Received, raw: string | Uint8Array): void {
    this.#settings.log.add(this.#settings.number, "<-", typeof raw === "string" ? raw : message);
    this.#inboxBytes += sizeOf(message);
    if (this.#inboxBytes > INBOX_BYTES) throw new Mismatch("fewer messages", `more than ${INBOX_BYTES} bytes at once`);
    this.#inbox.push(message);
  }

  #take(): Received {
    const message = this.#inbox.shift()!;
    this.#inboxBytes -= sizeOf(message);
    return message;
  }

  #ended(code: number, reason: string): void {
    // Deno has code 0 for an abrupt end, and may tell of it twice.
    this.#end ??= { code: code || 1006, reason };
    this.#settings.log.note(
      this.#settings.number,
      `the connection is over, code ${this.#end.code}${reason && `, reason "${reason}"`}`,
    );
    this.#bell.ring();
  }

  /** All that comes before the server is silent, but for what flows by itself. */
  async #untilSilence(): Promise<Received[]> {
    const messages: Received[] = [];
    // A server may never be silent.
    const last = performance.now() + this.#settings.answerMs;
    let end = performance.now() + QUIET_MS;
    for (let left = QUIET_MS; left > 0; left = end - performance.now()) {
      await this.#bell.wait(() => this.#inbox.length > 0 || this.#end !== undefined, left);
      if (this.#inbox.length === 0) break;
      messages.push(this.#take());
      if (!isFlowing(messages.at(-1)!)) end = Math.min(last, performance.now() + QUIET_MS);
    }
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#end !== undefined) throw new Mismatch("an open connection", this.#endShown());
    return messages;
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    await this.#bell.wait(
      () => condition() || this.#end !== undefined || this.#broken !== undefined,
      this.#settings.answerMs,
    );
    if (condition()) return;
    if (this.#broken !== undefined) throw this.#broken;
    throw new Mismatch(what, this.#end === undefined ? `nothing in ${this.#settings.answerMs} ms` : this.#endShown());
  }

  #endShown(): string {
    const { code, reason } = this.#end!;
    return `the end of the connection with code ${code}${reason && ` and reason "${reason}"`}`;
  }
}

/** `WebSocket.OPEN` and so on: Node 20 has no global of that name. */
const WebSocketState = { open: 1, closed: 3 } as const;

function parsed(data: string): Received {
  let message: unknown;
  try {
    message = JSON.parse(data);
  } catch {
    throw new Mismatch("JSON in a text message", shown(data));
  }
  if (typeof (message as JsonMessage | null)?.op === "string") return message as JsonMessage;
  throw new Mismatch("a JSON object with a string `op`", shown(message));
}

function sizeOf(message: Received): number {
  // What JSON takes is not known any more, and does not matter.
  return message instanceof Uint8Array ? message.length : 1000;
}

function isUnasked(message: Received): boolean {
  if (message instanceof Uint8Array) return isFlowing(message);
  return UNASKED_OPS.has(message.op) || isUnaskedStatus(message) || isUpdate(message);
}

/** The value of a parameter that somebody has set: some servers tell everybody. */
function isUpdate(message: JsonMessage): boolean {
  return message.op === "parameterValues" && message.id === undefined;
}

function isFlowing(message: Received): boolean {
  return message instanceof Uint8Array && UNASKED_OPCODES.includes(message[0]!);
}

/** Statuses with an id tell of a state, and infos of whatever they like. */
function isUnaskedStatus(message: Received, wanted?: keyof typeof LEVELS): boolean {
  if (!isOp(message, "status")) return false;
  return hasId(message) || message.level === LEVELS.info && wanted !== "info";
}

function reads(text: unknown, wanted: string | RegExp | undefined): boolean {
  if (typeof text !== "string") return false;
  return wanted === undefined || (typeof wanted === "string" ? text === wanted : wanted.test(text));
}
