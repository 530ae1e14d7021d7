/**
 * The rules that everything a client sends is held against, in whichever scene.
 *
 * @module
 */
import { choice, rfc, sdk, spec } from "../steps/sources.ts";
import type { Source } from "../case.ts";
import type { ConformRule } from "../case.ts";

const RFC = (section: string): Source => rfc(6455, section);

function must(name: string, rule: string, source: Source): ConformRule {
  return { name, level: "must", rule, source };
}

function should(name: string, rule: string, source: Source): ConformRule {
  return { name, level: "should", rule, source };
}

/** In the order in which they are reported. */
export const SENT_RULES = [
  must(
    "sent/request",
    "The upgrade is a GET by HTTP/1.1 with Host, Upgrade, Connection, version 13 and a key of 16 bytes",
    RFC("4.1"),
  ),
  must("sent/new-key", "Each connection has a key of its own", RFC("4.1")),
  must("sent/masked", "Every frame is masked", RFC("5.3")),
  must("sent/reserved-bits", "No reserved bit is set: no extension was agreed on", RFC("5.2")),
  must(
    "sent/frames",
    "Frames have an opcode that exists, control frames are whole and of 125 bytes at most",
    RFC("5.4, 5.5"),
  ),
  must("sent/utf8", "Text messages are UTF-8", RFC("5.6")),
  must(
    "sent/after-server-info",
    "Nothing is sent before serverInfo has come",
    spec("Protocol overview: the server greets with serverInfo"),
  ),
  must("sent/json", "A text message is a JSON object with a string op", spec("JSON messages")),
  must(
    "sent/known",
    "Ops and opcodes are ones of the protocol",
    spec("Protocol overview: summary of messages sent by the client"),
  ),
  must(
    "sent/members",
    "Members that a message needs are there, with their types",
    spec("Protocol overview: summary of messages sent by the client"),
  ),
  should(
    "sent/no-null",
    "Optional members are left out and not null: some servers refuse the message",
    sdk("Parameter: a setParameters with a null is refused"),
  ),
  must("sent/binary", "Binary messages have all their members, with lengths that fit", spec("Binary messages")),
  must(
    "sent/id-range",
    "Ids are unsigned integers of 32 bits, channel ids of a server from 0 below 2^53",
    spec("Protocol overview: summary of messages sent by the client"),
  ),
  must(
    "sent/capabilities",
    "Only what the server declares in its capabilities is used",
    spec("Server Info: capabilities"),
  ),
  must(
    "sent/encodings",
    "Messages are published in one of the supportedEncodings, where the server has any",
    spec("Server Info: supportedEncodings"),
  ),
  must("sent/subscription-ids", "A subscription id is used once at a time", spec("Subscribe")),
  should(
    "sent/subscribed-once",
    "A channel is subscribed to once: servers ignore the second",
    sdk("on_subscribe: to a channel twice"),
  ),
  must("sent/channels", "Only channels of this connection are subscribed to", spec("Subscribe")),
  must(
    "sent/subscriptions",
    "Only subscriptions that there are, or were until their channel went, are cancelled",
    spec("Unsubscribe"),
  ),
  must(
    "sent/client-channel-ids",
    "An id of a client's channel is used once at a time",
    spec("Client Advertise"),
  ),
  must(
    "sent/client-channels",
    "A channel is advertised before anything is published on it, or it is taken away",
    spec("Client Message Data"),
  ),
  must("sent/call-ids", "A call id is used once at a time", spec("Service Call Request")),
  must("sent/services", "Only services of this connection are called", spec("Service Call Request")),
  must("sent/asset-ids", "The id of an asset request is used once at a time", spec("Fetch Asset")),
  must(
    "sent/parameters",
    "A parameter's value is what its type says: padded base64, numbers",
    spec("Set Parameters: type"),
  ),
  must(
    "sent/playback",
    "A playback request has a command that exists, a speed above 0, and 0 or 1 for hasSeek",
    choice("Time and playback: playbackControlRequest"),
  ),
] as const satisfies readonly ConformRule[];

/** What was seen of a rule. */
export interface Observed {
  /** How often it was looked at. */
  looks: number;
  /** What broke it, the first few. */
  broken: Breach[];
}

/** One breach of a rule. */
export interface Breach {
  /** The case in whose scene it was. */
  during: string;
  /** What was sent. */
  got: string;
}

const KEPT_BREACHES = 3;

/** Collects what is seen of each rule, over all scenes. */
export class Observations {
  readonly #seen = new Map<string, Observed>(SENT_RULES.map(({ name }) => [name, { looks: 0, broken: [] }]));
  /** The case that is played. */
  during = "";

  /** Counts one look at a rule. @param got What was sent, if it breaks the rule. */
  look(rule: string, got?: string): void {
    const seen = this.of(rule);
    seen.looks++;
    if (got !== undefined && seen.broken.length < KEPT_BREACHES) seen.broken.push({ during: this.during, got });
  }

  of(rule: string): Observed {
    const seen = this.#seen.get(rule);
    if (seen === undefined) throw new Error(`There is no rule "${rule}"`);
    return seen;
  }
}
