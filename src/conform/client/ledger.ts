/**
 * What both sides of one connection have said, to tell whether what the client sends next is allowed.
 *
 * @module
 */
import type { JsonMessage, JsonObject } from "../case.ts";
import { shown } from "../steps/check.ts";
import { CLIENT_OPCODES, readClientData, readPlaybackRequest, readServiceCall, type ServiceCall } from "./binary.ts";
import type { Observations } from "./rules.ts";
import { bytesInWords, messageInWords } from "../words.ts";
import { checkShape } from "./shapes.ts";

/** A message of the client: parsed JSON, or the bytes of a binary one. */
export type Heard = JsonMessage | Uint8Array;

/** What an op needs to have been declared. */
const CAPABILITIES: Readonly<Record<string, string>> = {
  advertise: "clientPublish",
  unadvertise: "clientPublish",
  getParameters: "parameters",
  setParameters: "parameters",
  subscribeParameterUpdates: "parametersSubscribe",
  unsubscribeParameterUpdates: "parametersSubscribe",
  subscribeConnectionGraph: "connectionGraph",
  unsubscribeConnectionGraph: "connectionGraph",
  fetchAsset: "assets",
};
const BINARY_CAPABILITIES = ["", "clientPublish", "services", "playbackControl"];

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What the values of a parameter's type have to be; `null` stands for a number that JSON cannot say. */
const VALUES: Readonly<Record<string, (value: unknown) => boolean>> = {
  byte_array: (value) => typeof value === "string" && BASE64.test(value),
  float64: (value) => typeof value === "number" || value === null,
  float64_array: (value) => Array.isArray(value) && value.every((entry) => typeof entry === "number" || entry === null),
};

/** The ledger of one connection. */
export class Ledger {
  readonly #seen: Observations;
  #greeted = false;
  /** Everything that was declared, ever: what was under way when it was withdrawn is no mistake. */
  readonly #capabilities = new Set<string>();
  #encodings: readonly string[] | undefined;
  readonly #channels = new Set<number>();
  readonly #services = new Set<number>();
  /** Channels by subscription. */
  readonly #subscriptions = new Map<number, number>();
  /** Subscriptions that ended with their channel. */
  readonly #ended = new Set<number>();
  readonly #clientChannels = new Set<number>();
  readonly #calls = new Set<number>();
  readonly #assets = new Set<number>();

  constructor(seen: Observations) {
    this.#seen = seen;
  }

  /** The server sends this. */
  said(message: JsonMessage | Uint8Array): void {
    if (message instanceof Uint8Array) this.#saidBinary(message);
    else this.#SAID[message.op]?.(message);
  }

  /** The client has sent a text message. @returns What it is, if it is JSON with an op. */
  heardText(payload: Uint8Array): JsonMessage | undefined {
    const text = this.#decoded(payload);
    const message = text === undefined ? undefined : parsed(text);
    this.#look("sent/json", message !== undefined, shown(text));
    if (message === undefined) return undefined;
    this.#look("sent/after-server-info", this.#greeted, shown(message));
    this.#shape(message);
    this.#capability(CAPABILITIES[message.op], message);
    this.#HEARD[message.op]?.(message);
    return message;
  }

  /** The client has sent a binary message. */
  heardBinary(frame: Uint8Array): void {
    this.#look("sent/after-server-info", this.#greeted, messageInWords(frame, "client"));
    const [opcode = 0] = frame;
    const hear = this.#HEARD_BINARY[opcode];
    this.#look("sent/known", hear !== undefined, `opcode ${opcode}`);
    this.#capability(BINARY_CAPABILITIES[opcode], frame);
    if (hear === undefined) return;
    try {
      hear(frame);
      this.#look("sent/binary", true, "");
    } catch {
      this.#look("sent/binary", false, messageInWords(frame, "client"));
    }
  }

  #look(rule: string, kept: boolean, got: string): void {
    this.#seen.look(rule, kept ? undefined : got);
  }

  #decoded(payload: Uint8Array): string | undefined {
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
      this.#look("sent/utf8", true, "");
      return text;
    } catch {
      this.#look("sent/utf8", false, bytesInWords(payload));
      return undefined;
    }
  }

  /** Each of these rules has been looked at, whether or not something is wrong. */
  #shape(message: JsonMessage): void {
    const problems = new Map<string, string>();
    const known = checkShape(message, (rule, problem) => problems.set(rule, problem));
    this.#look("sent/known", known, `op "${message.op}"`);
    for (const rule of ["sent/members", "sent/no-null", "sent/id-range"]) this.#seen.look(rule, problems.get(rule));
  }

  #capability(needed: string | undefined, message: Heard): void {
    if (needed === undefined || needed === "") return;
    const what = `${messageInWords(message, "client")}, without capability "${needed}"`;
    this.#look("sent/capabilities", this.#capabilities.has(needed), what);
  }

  #saidBinary(frame: Uint8Array): void {
    const view = new DataView(frame.buffer, frame.byteOffset);
    if (frame[0] === 3 && frame.length >= 9) this.#calls.delete(view.getUint32(5, true));
    if (frame[0] === 4 && frame.length >= 5) this.#assets.delete(view.getUint32(1, true));
  }

  readonly #SAID: Readonly<Record<string, (message: JsonObject) => void>> = {
    serverInfo: ({ capabilities, supportedEncodings }) => {
      this.#greeted = true;
      for (const capability of stringsIn(capabilities)) this.#capabilities.add(capability);
      this.#encodings = Array.isArray(supportedEncodings) ? stringsIn(supportedEncodings) : undefined;
    },
    advertise: ({ channels }) => objectsIn(channels).forEach(({ id }) => this.#channels.add(id as number)),
    unadvertise: ({ channelIds }) => numbersIn(channelIds).forEach((id) => this.#endChannel(id)),
    advertiseServices: ({ services }) => objectsIn(services).forEach(({ id }) => this.#services.add(id as number)),
    serviceCallFailure: ({ callId }) => this.#calls.delete(callId as number),
  };

  #endChannel(channelId: number): void {
    for (const [id, channel] of this.#subscriptions) {
      if (channel !== channelId) continue;
      this.#subscriptions.delete(id);
      this.#ended.add(id);
    }
  }

  readonly #HEARD: Readonly<Record<string, (message: JsonObject) => void>> = {
    subscribe: ({ subscriptions }) => objectsIn(subscriptions).forEach((entry) => this.#subscribe(entry)),
    unsubscribe: ({ subscriptionIds }) => numbersIn(subscriptionIds).forEach((id) => this.#unsubscribe(id)),
    advertise: ({ channels }) => objectsIn(channels).forEach((channel) => this.#advertise(channel)),
    unadvertise: ({ channelIds }) => numbersIn(channelIds).forEach((id) => this.#unadvertise(id)),
    setParameters: ({ parameters }) => objectsIn(parameters).forEach((parameter) => this.#parameter(parameter)),
    fetchAsset: ({ requestId }) => this.#once(this.#assets, requestId as number, "sent/asset-ids", "fetchAsset"),
  };

  readonly #HEARD_BINARY: Readonly<Record<number, (frame: Uint8Array) => void>> = {
    [CLIENT_OPCODES.messageData]: (frame) => {
      const { channelId } = readClientData(frame);
      const known = this.#clientChannels.has(channelId);
      this.#look("sent/client-channels", known, `messageData on channel ${channelId}, which is not advertised`);
    },
    [CLIENT_OPCODES.serviceCall]: (frame) => this.#call(readServiceCall(frame)),
    [CLIENT_OPCODES.playbackControl]: (frame) => {
      const { command, speed, hasSeek } = readPlaybackRequest(frame);
      const good = command <= 1 && hasSeek <= 1 && Number.isFinite(speed) && speed > 0;
      this.#look("sent/playback", good, `command ${command}, speed ${speed}, hasSeek ${hasSeek}`);
    },
  };

  #subscribe(entry: JsonObject): void {
    const [id, channelId] = [entry.id as number, entry.channelId as number];
    this.#look("sent/channels", this.#channels.has(channelId), `subscribe to channel ${channelId}, which there is not`);
    this.#look("sent/subscription-ids", !this.#subscriptions.has(id), `subscribe with id ${id}, which is in use`);
    const twice = [...this.#subscriptions.values()].includes(channelId);
    this.#look("sent/subscribed-once", !twice, `subscribe to channel ${channelId}, which has a subscription`);
    this.#subscriptions.set(id, channelId);
    this.#ended.delete(id);
  }

  #unsubscribe(id: number): void {
    const known = this.#subscriptions.delete(id) || this.#ended.delete(id);
    this.#look("sent/subscriptions", known, `unsubscribe ${id}, which is no subscription`);
  }

  #advertise(channel: JsonObject): void {
    this.#once(this.#clientChannels, channel.id as number, "sent/client-channel-ids", "advertise");
    if (this.#encodings === undefined) return;
    const taken = this.#encodings.includes(channel.encoding as string);
    const what = `encoding ${shown(channel.encoding)}, of supportedEncodings ${shown(this.#encodings)}`;
    this.#look("sent/encodings", taken, what);
  }

  #unadvertise(id: number): void {
    const known = this.#clientChannels.delete(id);
    this.#look("sent/client-channels", known, `unadvertise ${id}, which is not advertised`);
  }

  #parameter({ name, value, type }: JsonObject): void {
    const fits = typeof type === "string" && Object.hasOwn(VALUES, type) ? VALUES[type] : undefined;
    if (value === undefined) return;
    const good = fits?.(value) ?? value !== null;
    this.#look("sent/parameters", good, `${shown(name)} of type ${shown(type ?? "none")} is ${shown(value)}`);
  }

  #call({ serviceId, callId }: ServiceCall): void {
    this.#look("sent/services", this.#services.has(serviceId), `call of service ${serviceId}, which there is not`);
    this.#once(this.#calls, callId, "sent/call-ids", "call");
  }

  #once(ids: Set<number>, id: number, rule: string, what: string): void {
    this.#look(rule, !ids.has(id), `${what} with id ${id}, which is in use`);
    ids.add(id);
  }
}

function parsed(text: string): JsonMessage | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return typeof (value as JsonObject).op === "string" ? value as JsonMessage : undefined;
  } catch {
    return undefined;
  }
}

function objectsIn(list: unknown): JsonObject[] {
  const entries: unknown[] = Array.isArray(list) ? list : [];
  return entries.filter((entry): entry is JsonObject => typeof entry === "object" && entry !== null);
}

function numbersIn(list: unknown): number[] {
  return Array.isArray(list) ? list.filter((entry) => typeof entry === "number") : [];
}

function stringsIn(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((entry) => typeof entry === "string") : [];
}
