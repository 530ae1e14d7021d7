/**
 * A message of a subscription.
 *
 * @module
 */
import { parseNearlyJson } from "../protocol/json_codec.ts";
import { utf8Decode } from "../util/bytes.ts";
import type { ServerChannel } from "./server_channel.ts";

/** Makes a message's `value` of its bytes; `undefined` when it has none. */
export type Decode<T> = (data: Uint8Array, channel: ServerChannel) => T | undefined;

/** What a message comes with. */
export type Received = Pick<ReceivedMessage, "channel" | "logTime" | "receiveTime" | "data">;

/** A message that a {@link MessageSubscription} gives. */
export class ReceivedMessage<T = unknown> {
  /** The channel as it was advertised when the message came. */
  readonly channel: ServerChannel;
  /** When the message was made, as the server says: nanoseconds, since 1970 unless the server has its own zero. */
  readonly logTime: bigint;
  /** When it arrived here: nanoseconds since 1970 on this machine's wall clock, to the millisecond. */
  readonly receiveTime: bigint;
  /** The message as it came, in its channel's encoding; yours to keep, and to change when you are its only reader. */
  readonly data: Uint8Array;
  #decode: Decode<T> | undefined;
  #value: T | undefined;

  /** @ignore Made by a subscription. `decode` must not throw. */
  constructor({ channel, logTime, receiveTime, data }: Received, decode: Decode<T> | undefined) {
    this.channel = channel;
    this.logTime = logTime;
    this.receiveTime = receiveTime;
    this.data = data;
    this.#decode = decode;
  }

  /**
   * The message decoded: by the subscription's `decode`, or else, on channels with encoding `"json"`, by `JSON.parse`,
   * where `NaN` and `Infinity`, as Python writes them, are `null`. Decoded when first asked for. `undefined` on other channels, and when the bytes cannot be decoded: the client's
   * `error` event then says why.
   */
  get value(): T | undefined {
    const decode = this.#decode;
    if (decode !== undefined) {
      this.#decode = undefined;
      this.#value = decode(this.data, this.channel);
    }
    return this.#value;
  }
}

/** Decodes messages of encoding `"json"`, and no others. */
export function decodeJson(data: Uint8Array, channel: ServerChannel): unknown {
  return channel.encoding === "json" ? parseNearlyJson(utf8Decode(data)) : undefined;
}
