/** One client of the model, as the features see it: what it may be sent, and what it has asked for. */
import { Buffer } from "node:buffer";
import type { Faults } from "./faults.ts";
import type { Protocol } from "./handshake.ts";
import { Invalid, type Json } from "./invalid.ts";
import type { ModelSocket } from "./socket.ts";

const LEVELS = { info: 0, warning: 1, error: 2 } as const;

/** How much a status weighs. */
export type StatusLevel = keyof typeof LEVELS;

export class Client {
  /** Counted from 1 for each server. */
  readonly number: number;
  readonly protocol: Protocol;
  readonly faults: Faults;
  readonly #socket: ModelSocket;

  constructor(socket: ModelSocket, about: { number: number; protocol: Protocol; faults: Faults }) {
    this.#socket = socket;
    this.number = about.number;
    this.protocol = about.protocol;
    this.faults = about.faults;
  }

  json(message: Json): void {
    this.#socket.sendText(JSON.stringify(message));
  }

  binary(opcode: number, ...members: Buffer[]): void {
    this.#socket.sendBinary(Buffer.concat([Buffer.from([opcode]), ...members]));
  }

  status(level: StatusLevel, message: string, id?: string): void {
    const { faults } = this;
    const text = faults.has("status/level-as-text");
    const number = LEVELS[level] + (faults.has("status/levels-from-1") ? 1 : 0);
    const noId = faults.has("status/null-id") ? { id: null } : {};
    const body = faults.has("status/message-as-text") ? { text: message } : { message };
    this.json({ op: "status", level: text ? level : number, ...body, ...(id === undefined ? noId : { id }) });
  }

  /** Does something for each entry of a batch; a bad one is answered for itself. */
  each<Entry>(entries: readonly Entry[], act: (entry: Entry) => void): void {
    if (this.faults.has("batch/first-only")) entries = entries.slice(0, 1);
    for (const entry of entries) {
      try {
        act(entry);
      } catch (error) {
        this.refuse(error);
        if (this.faults.has("batch/ends-at-a-bad-one")) return;
      }
    }
  }

  /** Tells the client what it has sent wrong. */
  refuse(error: unknown): void {
    if (!(error instanceof Invalid)) throw error;
    if (this.faults.has("malformed/closes")) return this.close(1002);
    if (this.faults.has("malformed/silent")) return;
    const level = this.faults.has("malformed/as-warning") ? "warning" : "error";
    this.status(level, `Invalid message: ${error.message}`);
  }

  close(code: number): void {
    this.#socket.close(code);
  }
}
