/**
 * The way of one message to every subscriber of its channel: encoded once, four bytes changed per client.
 *
 * @module
 */
import type { SendQueue } from "../flow/send_queue.ts";
import { setSubscriptionId, writeMessageDataHeader } from "../protocol/server_binary.ts";
import { MESSAGE_DATA_HEADER_BYTES as HEADER } from "../protocol/constants.ts";
import type { Slab } from "../util/slab.ts";

/** A client's interest in a channel. */
export interface Subscriber {
  /** The id the client chose: goes into every frame. */
  readonly id: number;
  readonly queue: SendQueue;
  /** Where this client's frames are cut from: a client that stalls must not keep the others' memory. */
  readonly slab: Slab;
}

/** From here on a payload is shared by all clients behind a header of their own; below, copying it is faster. */
const SHARED_BYTES = 256 * 1024;

/** The subscribers of one channel. */
export class Fanout {
  // Replaced and never changed, so that a send that ends a subscription on its way does not disturb the loop.
  #subscribers: readonly Subscriber[] = [];

  get size(): number {
    return this.#subscribers.length;
  }

  add(subscriber: Subscriber): void {
    this.#subscribers = [...this.#subscribers, subscriber];
  }

  remove(subscriber: Subscriber): void {
    this.#subscribers = this.#subscribers.filter((other) => other !== subscriber);
  }

  /**
   * Queues `payload` for every subscriber.
   *
   * @param logTime Nanoseconds.
   * @param owned Whether the caller gives the payload away; otherwise it is copied before this returns.
   */
  send(payload: Uint8Array, logTime: bigint, owned: boolean): void {
    if (payload.length < SHARED_BYTES) this.#sendCopies(payload, logTime);
    else this.#sendShared(owned ? payload : payload.slice(), logTime);
  }

  #sendCopies(payload: Uint8Array, logTime: bigint): void {
    const subscribers = this.#subscribers;
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

  #sendShared(body: Uint8Array, logTime: bigint): void {
    for (const { id, queue } of this.#subscribers) {
      const head = new Uint8Array(HEADER);
      writeMessageDataHeader(head, id, logTime);
      queue.data({ head, body }, id);
    }
  }
}
