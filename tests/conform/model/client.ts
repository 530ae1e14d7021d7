/** One client of the model, as the features see it: what it may be sent, and what it has asked for. */
import { Buffer } from "node:buffer";
import type { Faults } from "./faults.ts";
import type { Protocol } from "./handshake.ts";
import { array, Invalid, type Json } from "./invalid.ts";
import type { Model } from "./model.ts";
import type { ModelSocket } from "./socket.ts";

const LEVELS = { info: 0, warning: 1, error: 2 } as const;

/** So many bad entries of a list are answered; the rest is not read. */
const BAD_ENTRIES = 1_000;

/** How much a status weighs. */
export type StatusLevel = keyof typeof LEVELS;

export class Client {
  /** Counted from 1 for each server. */
  readonly number: number;
  readonly protocol: Protocol;
  readonly faults: Faults;
  readonly #socket: ModelSocket;
  readonly #model: Model;
  #complaints = 0;

  constructor(model: Model, socket: ModelSocket, about: { number: number; protocol: Protocol }) {
    this.#model = model;
    this.#socket = socket;
    this.number = about.number;
    this.protocol = about.protocol;
    this.faults = model.faults;
  }

  json(message: Json): void {
    this.#socket.sendText(JSON.stringify(message));
  }

  binary(opcode: number, ...members: Buffer[]): void {
    this.#socket.sendBinary(Buffer.concat([Buffer.from([opcode]), ...members]));
  }

  status(level: StatusLevel, message: string, id?: string): void {
    const { faults } = this;
    if (id === undefined && ++this.#complaints > 20 && faults.has("status/many-close")) return this.close(1008);
    if (id === undefined && this.#complaints > 1 && faults.has("status/first-only")) return;
    const text = faults.has("status/level-as-text");
    const number = LEVELS[level] + (faults.has("status/levels-from-1") ? 1 : 0);
    const noId = faults.has("status/null-id") ? { id: null } : {};
    const body = faults.has("status/message-as-text")
      ? { text: message }
      : { message: faults.has("status/other-texts") ? `Error: ${message}` : message };
    const to = id === undefined && faults.has("status/to-all") ? this.#model.clients : [this];
    for (const other of to) {
      other.json({ op: "status", level: text ? level : number, ...body, ...(id === undefined ? noId : { id }) });
    }
  }

  /** Does something for each entry of a list; a bad one is answered for itself. */
  each(message: Json, list: string, act: (entry: unknown) => void): void {
    const all = array(message, list);
    const entries = this.faults.has("batch/first-only") ? all.slice(0, 1) : all;
    let bad = 0;
    for (const entry of entries) {
      try {
        act(entry);
      } catch (error) {
        this.refuse(error, `${message.op}, ${list}`);
        if (this.faults.has("batch/ends-at-a-bad-one")) return;
        if (++bad === BAD_ENTRIES && !this.faults.has("batch/each-bad-one-answered")) return;
      }
    }
  }

  /** Tells the client what it has sent wrong, and where. */
  refuse(error: unknown, where: string): void {
    if (!(error instanceof Invalid)) throw error;
    if (this.faults.has("malformed/ends-all")) return this.#model.cut();
    if (this.faults.has("malformed/closes")) return this.close(1002);
    if (this.faults.has("malformed/silent")) return;
    const level = this.faults.has("malformed/as-warning") ? "warning" : "error";
    this.status(level, `Invalid message: ${where}: ${error.message}`);
    if (this.faults.has("malformed/answered-twice")) this.status(level, `Invalid message: ${where}`);
  }

  close(code: number): void {
    this.#socket.close(code);
  }
}
