/**
 * A client that speaks the wire protocol by hand on a raw socket: JSON as written here, binary messages from
 * `raw_bytes.ts`. Nothing of `client.ts` or of our codec takes part, so neither can hide what the other does wrong.
 */
import { assertEquals, AssertionError } from "@std/assert";
import { utf8 } from "./raw_bytes.ts";
import { clientFrame, closeFrame, type Frame, OPCODES, RawSocket } from "./raw_socket.ts";

/** A JSON message of the server. */
export interface JsonMessage {
  op: string;
  [member: string]: unknown;
}

/** What a message of the server is: parsed JSON, or the bytes of a binary one. */
export type Received = JsonMessage | Uint8Array;

/** Levels of a status. */
export const LEVELS = { info: 0, warning: 1, error: 2 } as const;

/** An id that no test subscribes with, and the answer to its end: what came before it is complete. */
const NEVER_USED = 0xbad0_0bad;
const PROBE = { op: "unsubscribe", subscriptionIds: [NEVER_USED] };
const ANSWER = `Client is not subscribed with ID: ${NEVER_USED}; ignoring unsubscription`;

/** A client on a raw socket. It reads only when it is asked to. */
export class RawClient {
  /** For what a client should not do. */
  readonly socket: RawSocket;
  /** What came before anything was asked: `serverInfo`, `advertise` and so on. */
  greeting: Received[] = [];

  private constructor(socket: RawSocket) {
    this.socket = socket;
  }

  /** Connects and reads nothing. */
  static async open(port: number, protocol?: string): Promise<RawClient> {
    return new RawClient(await RawSocket.open(port, protocol));
  }

  /** Connects and reads the {@link greeting}. */
  static async greeted(port: number, protocol?: string): Promise<RawClient> {
    const client = await RawClient.open(port, protocol);
    client.greeting = await client.settle();
    return client;
  }

  /** Sends messages in one packet: an object as JSON, a string as a text message as it is, bytes as a binary one. */
  send(...messages: (object | string | Uint8Array)[]): void {
    this.socket.send(...messages.map(frameOf));
  }

  /** The next message; pings are answered meanwhile. Fails when the connection ends instead, or none comes. */
  async next(): Promise<Received> {
    for (let pings = 0; pings < 3; pings++) {
      const frame = await this.socket.readFrame();
      if (!frame.fin) throw new AssertionError("Server has sent a fragment");
      if (frame.opcode === OPCODES.text) return JSON.parse(utf8(frame.payload));
      // Not a Buffer, which is equal to no other bytes.
      if (frame.opcode === OPCODES.binary) return new Uint8Array(frame.payload);
      this.#answer(frame);
    }
    throw new AssertionError("No message from the server, only pings");
  }

  /** The next message, which is JSON of this op. */
  async expect(op: string): Promise<JsonMessage> {
    const message = await this.next();
    if (!(message instanceof Uint8Array) && message.op === op) return message;
    throw new AssertionError(`Expected "${op}", got ${shown(message)}`);
  }

  /** The next message, which is binary. */
  async expectBinary(): Promise<Uint8Array> {
    const message = await this.next();
    if (message instanceof Uint8Array) return message;
    throw new AssertionError(`Expected a binary message, got ${shown(message)}`);
  }

  /** Fails unless the next message is a status of exactly this level, text and, if given, id. */
  async expectStatus(level: keyof typeof LEVELS, message: string, id?: string): Promise<void> {
    assertEquals(await this.expect("status"), status(level, message, id));
  }

  /**
   * Everything up to the answer of a request that changes nothing. Control messages come in the order of their
   * requests; channel data that still waits in the server may come later.
   */
  async settle(): Promise<Received[]> {
    this.send(PROBE);
    const messages: Received[] = [];
    for (;;) {
      const message = await this.next();
      if (isAnswer(message)) return messages;
      messages.push(message);
    }
  }

  /** Sends, and gives everything up to the answer of a later request. */
  ask(...messages: (object | string | Uint8Array)[]): Promise<Received[]> {
    this.send(...messages);
    return this.settle();
  }

  /** Ends the connection with a Close frame, and waits until it is gone. */
  async close(code?: number, reason?: string): Promise<void> {
    this.socket.send(closeFrame(code, reason));
    await this.socket.readClose();
    await this.destroy();
  }

  /** Ends the connection at once. */
  destroy(): Promise<void> {
    return this.socket.destroy();
  }

  #answer({ opcode, payload }: Frame): void {
    if (opcode === OPCODES.ping) this.socket.send(clientFrame(OPCODES.pong, payload));
    if (opcode === OPCODES.close) throw new AssertionError(`Server has closed: ${closeText(payload)}`);
  }
}

/** A status as the server sends it. */
export function status(level: keyof typeof LEVELS, message: string, id?: string): JsonMessage {
  return { op: "status", level: LEVELS[level], message, ...(id === undefined ? {} : { id }) };
}

/** The text of a message that must be an error status, for texts of which only the beginning is fixed. */
export function errorText(message: Received | undefined): string {
  if (message instanceof Uint8Array || message?.op !== "status" || message.level !== LEVELS.error) {
    throw new AssertionError(`Expected an error status, got ${message && shown(message)}`);
  }
  return message.message as string;
}

function frameOf(message: object | string | Uint8Array): Uint8Array {
  if (message instanceof Uint8Array) return clientFrame(OPCODES.binary, message);
  return clientFrame(OPCODES.text, typeof message === "string" ? message : JSON.stringify(message));
}

function isAnswer(message: Received): boolean {
  return !(message instanceof Uint8Array) && message.op === "status" && message.message === ANSWER;
}

function closeText(payload: Uint8Array): string {
  const code = payload.length < 2 ? "no code" : (payload[0]! << 8) | payload[1]!;
  return `${code} ${utf8(payload.subarray(2))}`;
}

function shown(message: Received): string {
  return message instanceof Uint8Array ? `bytes [${message.slice(0, 32)}]` : JSON.stringify(message).slice(0, 500);
}
