/**
 * Messages in words, for those who look for what went wrong.
 *
 * @module
 */
import { readAsset, readData, readPlayback, readServiceResponse, readTime } from "./bytes.ts";
import { readClientData, readPlaybackRequest, readServiceCall } from "./client/binary.ts";
import type { Sendable } from "./peer.ts";

/** Who has sent a message: the two sides number their binary messages on their own. */
export type Side = "server" | "client";

/** A kind of binary message. */
interface Kind {
  name: string;
  /** Its members. @throws {Mismatch} when it is too short for them. */
  members(message: Uint8Array): string;
}

/** Longer ones are cut. */
const SHOWN_CHARACTERS = 240;
const SHOWN_BYTES = 24;
const BEGINNING_BYTES = 160;

const KINDS: Readonly<Record<Side, Readonly<Record<number, Kind>>>> = {
  server: {
    1: {
      name: "messageData",
      members(message) {
        const { subscriptionId, logTime, payload } = readData(message);
        return `of subscription ${subscriptionId}, log time ${logTime} ns, ${dataInWords(payload)}`;
      },
    },
    2: { name: "time", members: (message) => `${readTime(message)} ns` },
    3: {
      name: "serviceCallResponse",
      members(message) {
        const { serviceId, callId, encoding, payload } = readServiceResponse(message);
        return `of service ${serviceId} to call ${callId}, encoding "${encoding}", ${dataInWords(payload)}`;
      },
    },
    4: {
      name: "fetchAssetResponse",
      members(message) {
        const { requestId, status, error, data } = readAsset(message);
        return `to request ${requestId}, status ${status}, error "${error}", ${dataInWords(data)}`;
      },
    },
    5: {
      name: "playbackState",
      members(message) {
        const { status, currentTime, speed, didSeek, requestId } = readPlayback(message);
        return `status ${status}, time ${currentTime} ns, speed ${speed}, did seek ${didSeek}, request "${requestId}"`;
      },
    },
  },
  client: {
    1: {
      name: "messageData",
      members(message) {
        const { channelId, data } = readClientData(message);
        return `on channel ${channelId}, ${dataInWords(data)}`;
      },
    },
    2: {
      name: "serviceCallRequest",
      members(message) {
        const { serviceId, callId, encoding, data } = readServiceCall(message);
        return `of service ${serviceId}, call ${callId}, encoding "${encoding}", ${dataInWords(data)}`;
      },
    },
    3: {
      name: "playbackControlRequest",
      members(message) {
        const { command, speed, hasSeek, seekTime, requestId } = readPlaybackRequest(message);
        return `command ${command}, speed ${speed}, has seek ${hasSeek}, to ${seekTime} ns, request "${requestId}"`;
      },
    },
  },
};

/** A kind of binary message of the server: `"messageData (opcode 1)"`. */
export function kindInWords(opcode: number): string {
  return `${KINDS.server[opcode]?.name ?? "a binary message"} (opcode ${opcode})`;
}

/** A message: text as it is, of a binary one the members. */
export function messageInWords(message: Sendable, by: Side = "server"): string {
  if (!(message instanceof Uint8Array)) return cut(typeof message === "string" ? message : JSON.stringify(message));
  const kind = KINDS[by][message[0]!];
  if (message.length === 0) return "an empty binary message";
  if (kind === undefined) return `a binary message of unknown opcode ${message[0]}, ${bytesInWords(message)}`;
  try {
    return cut(`${kind.name} ${kind.members(message)}`);
  } catch (error) {
    return `${kind.name} that is malformed (${(error as Error).message}), ${bytesInWords(message)}`;
  }
}

/** Messages that came instead of what was waited for. */
export function othersInWords(count: number, last: Sendable): string {
  return `${counted(count, "other message")}, the last of them ${messageInWords(last)}`;
}

/** How many of something: `"1 byte"`, `"2 bytes"`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : noun.endsWith("s") ? "es" : "s"}`;
}

/** Bytes as a number of them, and as text if they are one. */
export function dataInWords(data: Uint8Array): string {
  const count = counted(data.length, "byte");
  if (data.length === 0) return count;
  return isText(data) ? `${count}: ${beginning(data)}${data.length > BEGINNING_BYTES ? "…" : ""}` : bytesInWords(data);
}

/** Bytes as a number of them, and in hexadecimal. */
export function bytesInWords(data: Uint8Array): string {
  return `${counted(data.length, "byte")}: ${hex(data)}`;
}

/** The first bytes in hexadecimal. */
export function hex(data: Uint8Array): string {
  const shown = [...data.subarray(0, SHOWN_BYTES)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return data.length > SHOWN_BYTES ? `${shown} …` : shown;
}

/** A text of which not too much is shown. */
export function cut(text: string): string {
  if (text.length <= SHOWN_CHARACTERS) return text;
  return `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)`;
}

/** The first bytes as text, without a character that is cut in two. */
function beginning(data: Uint8Array): string {
  return new TextDecoder().decode(data.subarray(0, BEGINNING_BYTES), { stream: true });
}

/** Bytes as text, whatever they are. */
export function decoded(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/** Whether bytes are a text that can be read. */
export function isText(data: Uint8Array): boolean {
  // What stands for bytes that are no UTF-8, and control characters but for blanks.
  // deno-lint-ignore no-control-regex
  return !/[\ufffd\0-\x08\x0e-\x1f\x7f]/.test(beginning(data));
}
