/**
 * One lane of a send queue: messages in their order, as a ring that grows.
 *
 * @module
 */
import type { Message } from "../transport/transport.ts";

/**
 * Bytes that a waiting message costs on top of its own, so that a flood of tiny ones stays near its budget. Measured: a
 * view cut from a slab and its place in the ring take 100 to 250 bytes of heap on V8, about 140 on JSC.
 */
export const MESSAGE_OVERHEAD = 256;

const MIN_CAPACITY = 16;

/** An empty lane keeps room for at most so many messages: what waits between two batches, not what a stall took. */
const EMPTY_CAPACITY = 512;

/** What a message of `bytes` counts against a budget. */
export function messageCost(bytes: number): number {
  return bytes + MESSAGE_OVERHEAD;
}

/**
 * Messages in order, each with its size and a key. Positions count up and never start again; a position's slot in the
 * ring is its low bits, so the capacity is a power of two.
 */
export class Lane {
  #messages: (Message | undefined)[] = [];
  #sizes: number[] = [];
  #keys: number[] = [];
  #head = 0;
  #tail = 0;
  #bytes = 0;
  /** Positions of the messages that may be replaced, by key; below the head they mean nothing. */
  #replaceable: Map<number, number> | undefined;

  /** How many messages wait. */
  get count(): number {
    return this.#tail - this.#head;
  }

  /** Bytes of the messages that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What they count against the lane's budget. */
  get cost(): number {
    return this.#bytes + this.count * MESSAGE_OVERHEAD;
  }

  /** Key of the oldest message; call it only when there is one. */
  get firstKey(): number {
    return this.#keys[this.#slot(this.#head)] as number;
  }

  /** Appends a message of `bytes`. */
  push(message: Message, bytes: number, key: number): void {
    if (this.count === this.#messages.length) this.#grow();
    this.#put(this.#tail++, message, bytes, key);
    this.#bytes += bytes;
  }

  /** Appends a message that {@link replace} finds; `key` must be used for such messages alone. */
  pushReplaceable(message: Message, bytes: number, key: number): void {
    (this.#replaceable ??= new Map()).set(key, this.#tail);
    this.push(message, bytes, key);
  }

  /** Puts `message` in the place of the replaceable one of `key`. @returns Bytes of the old one; `undefined`: none waits. */
  replace(message: Message, bytes: number, key: number): number | undefined {
    const position = this.#replaceable?.get(key) ?? -1;
    if (position < this.#head) return undefined;
    const old = this.#sizes[this.#slot(position)] as number;
    this.#put(position, message, bytes, key);
    this.#bytes += bytes - old;
    return old;
  }

  /** Removes the oldest message; call it only when there is one. @returns Its bytes. */
  shift(): number {
    const slot = this.#slot(this.#head++);
    const bytes = this.#sizes[slot] as number;
    this.#messages[slot] = undefined;
    this.#bytes -= bytes;
    return bytes;
  }

  /** Moves the oldest messages into `batch` until they have cost `budget` or more. @returns What is left of it. */
  moveTo(batch: Message[], budget: number): number {
    let left = budget;
    while (left > 0 && this.#head < this.#tail) {
      batch.push(this.#messages[this.#slot(this.#head)] as Message);
      left -= messageCost(this.shift());
    }
    if (this.count === 0 && this.#messages.length > EMPTY_CAPACITY) this.clear();
    return left;
  }

  /** Forgets every message of `key`. */
  purge(key: number): void {
    let to = this.#head;
    for (let from = this.#head; from < this.#tail; from++) {
      const slot = this.#slot(from);
      if (this.#keys[slot] === key) this.#bytes -= this.#sizes[slot] as number;
      else this.#move(from, to++);
    }
    for (let position = to; position < this.#tail; position++) this.#messages[this.#slot(position)] = undefined;
    this.#tail = to;
    this.#replaceable?.delete(key);
  }

  /** Forgets everything. */
  clear(): void {
    this.#messages = [];
    this.#sizes = [];
    this.#keys = [];
    this.#head = this.#tail = this.#bytes = 0;
    this.#replaceable = undefined;
  }

  #slot(position: number): number {
    return position & (this.#messages.length - 1);
  }

  #put(position: number, message: Message, bytes: number, key: number): void {
    const slot = this.#slot(position);
    this.#messages[slot] = message;
    this.#sizes[slot] = bytes;
    this.#keys[slot] = key;
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    const slot = this.#slot(from);
    const key = this.#keys[slot] as number;
    this.#put(to, this.#messages[slot] as Message, this.#sizes[slot] as number, key);
    if (this.#replaceable?.has(key)) this.#replaceable.set(key, to);
  }

  #grow(): void {
    const [messages, sizes, keys, length] = [this.#messages, this.#sizes, this.#keys, this.#messages.length];
    const capacity = Math.max(MIN_CAPACITY, length * 2);
    this.#messages = new Array(capacity).fill(undefined);
    this.#sizes = new Array(capacity).fill(0);
    this.#keys = new Array(capacity).fill(0);
    for (let position = this.#head; position < this.#tail; position++) {
      const slot = position & (length - 1);
      this.#put(position, messages[slot] as Message, sizes[slot] as number, keys[slot] as number);
    }
  }
}
