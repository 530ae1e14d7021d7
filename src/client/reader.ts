/**
 * One call of `subscribe()`, from the inside: which channels it wants, and where their messages go.
 *
 * @module
 */
import { describe } from "../protocol/describe.ts";
import { FoxgloveError } from "../util/errors.ts";
import { Inbox, type InboxLimits } from "./inbox.ts";
import { type Decode, decodeJson, type Received, ReceivedMessage } from "./received_message.ts";
import type { ServerChannel } from "./server_channel.ts";

/**
 * Which channels to subscribe to: those of a topic, those that a function says yes to, or one alone by its id. Topics
 * and functions are asked again for every channel that appears; a function answers, and changes no subscription.
 */
export type ChannelSelector = string | ((channel: ServerChannel) => boolean) | { channelId: number };

/** @throws {TypeError} when a selector is none. */
export function checkSelector(selector: ChannelSelector): void {
  if (typeof selector === "string" || typeof selector === "function") return;
  if (typeof selector?.channelId === "number") return;
  throw new TypeError(`Cannot subscribe to ${describe(selector)}: need a topic, a function or { channelId }`);
}

/** What a {@link Reader} is made of. */
export interface ReaderOptions<T> {
  readonly selector: ChannelSelector;
  readonly limits: InboxLimits;
  readonly decode?: Decode<T> | undefined;
  /** Takes what the user's functions throw, and messages that are not what their encoding says. */
  report(error: unknown, during: string): void;
}

/** Takes the messages of the channels that a selector picks. */
export class Reader<T = unknown> extends Inbox<ReceivedMessage<T>> {
  readonly #options: ReaderOptions<T>;
  readonly #decode: Decode<T>;

  constructor(options: ReaderOptions<T>) {
    super(options.limits);
    this.#options = options;
    this.#decode = safely(options.decode ?? decodeJson as Decode<T>, options.report);
  }

  /** The id of the only channel it wants, if it named one. */
  get channelId(): number | undefined {
    const { selector } = this.#options;
    return typeof selector === "object" ? selector.channelId : undefined;
  }

  matches(channel: ServerChannel): boolean {
    const { selector, report } = this.#options;
    if (typeof selector === "string") return channel.topic === selector;
    if (typeof selector === "object") return channel.id === selector.channelId;
    try {
      return selector(channel);
    } catch (error) {
      report(error, `predicate of subscribe() on "${channel.topic}"`);
      return false;
    }
  }

  deliver(received: Received): void {
    this.push(new ReceivedMessage(received, this.#decode));
  }
}

function safely<T>(decode: Decode<T>, report: ReaderOptions<T>["report"]): Decode<T> {
  return (data, channel) => {
    try {
      return decode(data, channel);
    } catch (cause) {
      const message = `Cannot decode message on "${channel.topic}" with encoding "${channel.encoding}"`;
      report(new FoxgloveError(message, { code: "decode", cause }), "value of a message");
      return undefined;
    }
  };
}
