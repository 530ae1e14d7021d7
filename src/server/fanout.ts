/**
 * The way of one message to every subscriber of its channel: encoded once, four bytes changed per client.
 *
 * @module
 */
import type { SendQueue } from "../flow/send_queue.ts";
import { setSubscriptionId, writeMessageDataHeader } from "../protocol/server_binary.ts";
import { MESSAGE_DATA_HEADER_BYTES as HEADER } from "../protocol/constants.ts";
import type { Slab } from "../util/slab.ts";
import type { ServerClient } from "./server_client.ts";

/** A client's interest in a channel. */
export interface Subscriber {
  /** Who it is; a client has one interest in a channel at most. */
  readonly client: ServerClient;
  /** The id the client chose: goes into every frame. */
  readonly id: number;
  readonly queue: SendQueue;
  /** Where this client's frames are cut from: a client that stalls must not keep the others' memory. */
  readonly slab: Slab;
}

/** From here on a payload is shared by all clients behind a header of their own; below, copying it is faster. */
const SHARED_BYTES = 256 * 1024;

/** A message that is the caller's no more. */
interface OwnedMessage {
  readonly payload: Uint8Array;
  /** Nanoseconds. */
  readonly logTime: bigint;
}

/** The subscribers of one channel. */
export class Fanout {
  // Replaced and never changed, so that a send that ends a subscription on its way does not disturb the loop.
  #subscribers: readonly Subscriber[] = [];
  readonly #byClient = new Map<ServerClient, Subscriber>();
  #latched: OwnedMessage | undefined;

  get size(): number {
    return this.#subscribers.length;
  }

  /** Adds a subscriber, which gets the latched message, if there is one, before anything else. */
  add(subscriber: Subscriber): void {
    this.#subscribers = [...this.#subscribers, subscriber];
    this.#byClient.set(subscriber.client, subscriber);
    if (this.#latched !== undefined) sendAll([subscriber], this.#latched);
  }

  remove(subscriber: Subscriber): void {
    this.#subscribers = this.#subscribers.filter((other) => other !== subscriber);
    this.#byClient.delete(subscriber.client);
  }

  /** The subscription of a client; `undefined` without one. */
  of(client: ServerClient): Subscriber | undefined {
    return this.#byClient.get(client);
  }

  /**
   * Queues `payload` for every subscriber, or for one alone.
   *
   * @param owned Whether the caller gives the payload away; otherwise it is copied before this returns.
   */
  send(message: OwnedMessage, owned: boolean, only?: Subscriber): void {
    const subscribers = only === undefined ? this.#subscribers : [only];
    sendAll(subscribers, owned || message.payload.length < SHARED_BYTES ? message : copyOf(message));
  }

  /** Queues a message for every subscriber, and keeps it for those that come later. `owned` as with {@link send}. */
  latch(message: OwnedMessage, owned: boolean): void {
    const kept = owned ? message : copyOf(message);
    this.#latched = kept;
    sendAll(this.#subscribers, kept);
  }

  /** Forgets the latched message. */
  unlatch(): void {
    this.#latched = undefined;
  }
}

function copyOf({ payload, logTime }: OwnedMessage): OwnedMessage {
  return { payload: payload.slice(), logTime };
}

function sendAll(subscribers: readonly Subscriber[], message: OwnedMessage): void {
  if (message.payload.length < SHARED_BYTES) sendCopies(subscribers, message);
  else sendShared(subscribers, message);
}

function sendCopies(subscribers: readonly Subscriber[], { payload, logTime }: OwnedMessage): void {
  let source: Uint8Array | undefined;
  for (const { id, queue, slab } of subscribers) {
    const frame = slab.take(HEADER + payload.length);
    if (source === undefined) {
      writeMessageDataHeader(frame, id, logTime);
      frame.set(payload, HEADER);
      source = frame;
    } else {
      frame.set(source);
      setSubscriptionId(frame, id);
    }
    queue.data(frame, id);
  }
}

function sendShared(subscribers: readonly Subscriber[], { payload: body, logTime }: OwnedMessage): void {
  for (const { id, queue } of subscribers) {
    const head = new Uint8Array(HEADER);
    writeMessageDataHeader(head, id, logTime);
    queue.data({ head, body }, id);
  }
}
