import { SendQueue, type SendQueueLimits, type SendQueueOptions } from "../../src/flow/send_queue.ts";
import { DRAIN_BYTES, type Message, messageBytes } from "../../src/transport/transport.ts";
import { FakeClock } from "../support/fake_clock.ts";

export const KIB = 1024;

/** A transport that keeps what it gets. It never lets go of it by itself. */
export class FakeTransport {
  readonly batches: (readonly Message[])[] = [];
  /** Bytes that the kernel has not got; `undefined`: this transport cannot tell. */
  waiting: number | undefined = 0;
  /** The kernel takes nothing: what is sent waits. */
  stalled = false;
  /** Called inside `send`, before anything has gone anywhere. */
  onSend: (batch: readonly Message[]) => void = () => {};

  send(batch: readonly Message[]): void {
    this.onSend(batch);
    this.batches.push(batch);
    if (this.stalled) { for (const message of batch) this.#wait(messageBytes(message)); }
  }

  buffered(): number | undefined {
    return this.waiting;
  }

  #wait(bytes: number): void {
    if (this.waiting !== undefined) this.waiting += bytes;
  }

  /** Lets the kernel take `bytes`. @returns Whether a drain event is due by the contract. */
  release(bytes = Infinity): boolean {
    if (this.waiting === undefined) return false;
    const before = this.waiting;
    this.waiting = Math.max(0, before - bytes);
    return before > DRAIN_BYTES && this.waiting <= DRAIN_BYTES;
  }

  /** All messages so far, as the text they carry. */
  get texts(): string[] {
    return this.batches.flat().map(textOf);
  }

  /** The batches so far, each as the texts of its messages. */
  get batchTexts(): string[][] {
    return this.batches.map((batch) => batch.map(textOf));
  }
}

/** A binary message of `size` bytes, or as many as it needs, that starts with `text`. */
export function frame(text: string, size = 0): Uint8Array {
  const utf8 = new TextEncoder().encode(text);
  const bytes = new Uint8Array(Math.max(size, utf8.length));
  bytes.set(utf8);
  return bytes;
}

/** The text of a {@link frame}, or of a text message. */
export function textOf(message: Message): string {
  if (typeof message === "string") return message;
  const bytes = message instanceof Uint8Array ? message : message.head;
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** What the callbacks of a queue were called with. */
export interface Heard {
  overflows: number;
  recoveries: number;
  drops: { key: number; bytes: number }[];
}

/** A queue on a fake clock and a fake transport. */
export function setup(
  limits: Partial<SendQueueLimits> = {},
  options: Partial<SendQueueOptions> = {},
): { queue: SendQueue; clock: FakeClock; transport: FakeTransport; heard: Heard } {
  const clock = new FakeClock();
  const transport = new FakeTransport();
  const heard: Heard = { overflows: 0, recoveries: 0, drops: [] };
  const queue = new SendQueue({
    transport,
    clock,
    limits,
    onOverflow: () => heard.overflows++,
    onRecover: () => heard.recoveries++,
    onDrop: (key, bytes) => heard.drops.push({ key, bytes }),
    ...options,
  });
  return { queue, clock, transport, heard };
}

/** Fills a stalled transport so far that the queue sends nothing more, with one data message `"fill"` of key 0. */
export function stall({ queue, clock, transport }: ReturnType<typeof setup>, bytes = 64 * KIB + 1): void {
  transport.stalled = true;
  queue.data(frame("fill", bytes), 0);
  clock.settle();
}
