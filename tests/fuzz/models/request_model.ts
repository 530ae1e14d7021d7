/** The requests of a client and their answers, by the rules of docs/behaviour.md alone. */
import type { Members } from "../readers/read_json.ts";
import { repaired } from "../readers/read_server.ts";
import { valueText } from "./same.ts";

/** Requests of one kind that a client sends before the first is answered. */
export const REQUESTS = 4;
/** Milliseconds that a request has. */
export const REQUEST_MS = 1_000;

/** How a request of the user's has ended: a value, or the class and the code of an error. */
export type Outcome = string;

/** What was answered, as an outcome. */
export function resolved(value: unknown): Outcome {
  return `value ${valueText(value)}`;
}

export const failed = {
  connection: "ConnectionError connection",
  gone: "ConnectionError service_gone",
  timeout: "TimeoutError timeout",
  capability: "FoxgloveError capability",
  decode: "FoxgloveError decode",
  broken: "ProtocolError invalid_message",
  type: "TypeError undefined",
};

interface Entry<Context> {
  /** Of the user's request; `undefined` for one of the client's own. */
  readonly handle: number | undefined;
  readonly context: Context;
  readonly due: Due;
  sent: boolean;
}

/** When the time of a request is up, and which of all requests it is: of two at the same time the older fails first. */
export interface Due {
  readonly at: number;
  readonly order: number;
}

/** What a model of requests tells. */
export interface RequestHooks {
  settled(handle: number, outcome: Outcome): void;
  /** An answer has come that nobody waits for; `late`: any more. */
  stray(late: boolean): void;
}

/** Requests of one kind, by id. */
export class RequestModel<Context> {
  readonly #entries = new Map<number, Entry<Context>>();
  readonly #hooks: RequestHooks;
  readonly #start: (id: number, context: Context) => Outcome | boolean;
  #lastId = 0;

  /** @param start Sends one: says how it fails, or whether it was sent. */
  constructor(hooks: RequestHooks, start: (id: number, context: Context) => Outcome | boolean) {
    this.#hooks = hooks;
    this.#start = start;
  }

  /** Ids of those that were sent and wait. */
  get waiting(): number[] {
    return [...this.#entries].filter(([, { sent }]) => sent).map(([id]) => id);
  }

  run(handle: number | undefined, context: Context, due: Due): void {
    this.#entries.set(++this.#lastId, { handle, context, due, sent: false });
    this.sendWaiting();
  }

  sendWaiting(): void {
    for (const [id, entry] of this.#entries) {
      if (this.waiting.length >= REQUESTS) return;
      if (entry.sent) continue;
      const started = this.#start(id, entry.context);
      if (typeof started === "string") this.#settle(id, started);
      else entry.sent = started;
    }
  }

  /** An answer has come. */
  take(id: number, outcome: (context: Context) => Outcome, fits: (context: Context) => boolean = () => true): void {
    const entry = this.#entries.get(id);
    if (entry?.sent && fits(entry.context)) this.#settle(id, outcome(entry.context));
    else this.#hooks.stray(entry === undefined && id > 0 && id <= this.#lastId);
  }

  /** Those that a test picks have failed. */
  release(outcome: Outcome, isOver: (context: Context, sent: boolean) => boolean = () => true): void {
    for (const [id, { context, sent }] of this.#entries) if (isOver(context, sent)) this.#settle(id, outcome);
  }

  /** Of which the time is up first. */
  get next(): Due | undefined {
    return [...this.#entries.values()].map(({ due }) => due).reduce<Due | undefined>(earlier, undefined);
  }

  /** The time of a request is up. */
  expire(due: Due): void {
    for (const [id, entry] of this.#entries) if (entry.due === due) this.#settle(id, failed.timeout);
    this.sendWaiting();
  }

  #settle(id: number, outcome: Outcome): void {
    const { handle } = this.#entries.get(id)!;
    this.#entries.delete(id);
    if (handle !== undefined) this.#hooks.settled(handle, outcome);
  }
}

/** A call: what for, of what, and where it went. */
export interface CallContext {
  readonly name: string;
  /** The request is bytes, with the encoding `raw`. */
  readonly raw: boolean;
  service: Members | undefined;
}

/** What a call comes to when its response is there. */
export function responseOf({ service }: CallContext, encoding: string, data: Uint8Array): Outcome {
  const used = encoding || (service?.response as Members | undefined)?.encoding || "";
  if (used !== "json") return resolved(data);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
    return resolved(text === "" ? undefined : nearlyJson(text));
  } catch {
    return failed.decode;
  }
}

function nearlyJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(repaired(text));
  }
}

/** The one that is up first. */
export function earlier(one: Due | undefined, other: Due | undefined): Due | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.at < one.at || (other.at === one.at && other.order < one.order) ? other : one;
}
