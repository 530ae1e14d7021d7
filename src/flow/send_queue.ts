/**
 * What goes out to one peer: two lanes, both bounded, sent in batches as fast as the transport takes them.
 *
 * @module
 */
import { type Message, messageBytes, type Transport } from "../transport/transport.ts";
import { type Clock, systemClock } from "../util/time.ts";
import { Coalescer } from "./coalescer.ts";
import { Lane, messageCost } from "./lane.ts";
import { resolveLimits, type SendQueueLimits } from "./limits.ts";

export type { SendQueueLimits } from "./limits.ts";

/** Options of a {@link SendQueue}. The callbacks may call the queue, and close it. */
export interface SendQueueOptions {
  transport: Pick<Transport, "send" | "buffered">;
  /** Default: the machine's. */
  clock?: Clock;
  /** Those left out have the values of `SEND_QUEUE_LIMITS`. */
  limits?: Partial<SendQueueLimits>;
  /** The control lane is over its budget. Called once; the queue then takes nothing more, but sends what it has. */
  onOverflow?: () => void;
  /** A data message of `key`, of `bytes`, was dropped. */
  onDrop?: (key: number, bytes: number) => void;
  /** After drops: the data lane has come down to half of its budget. */
  onRecover?: () => void;
}

/** What waits in a lane. */
export interface LaneStats {
  messages: number;
  bytes: number;
}

/** Figures of a {@link SendQueue}. Bytes are payload bytes, without overhead. */
export interface SendQueueStats {
  control: LaneStats;
  data: LaneStats;
  /** Bytes that wait in the transport; `undefined` where it cannot tell. */
  bufferedBytes: number | undefined;
  /** Calls of `transport.send`. */
  batches: number;
  sentMessages: number;
  sentBytes: number;
  /** Data messages that were lost because the peer is too slow. */
  droppedMessages: number;
  droppedBytes: number;
  /** Data messages that were forgotten at a barrier, see {@link SendQueue.purge}. */
  purgedMessages: number;
  purgedBytes: number;
  /** Messages whose place a later one took, see {@link SendQueue.latest}. */
  replacedMessages: number;
  replacedBytes: number;
  /** Time of the clock since which the transport has been too full to get more; `undefined` while it is not. */
  stalledSince: number | undefined;
}

/** Control messages have no key. */
const NO_KEY = -1;

/**
 * Queues messages for one peer. Control goes ahead of data and is never lost; data gives way, oldest first.
 *
 * The first message on an idle queue is sent at once, what follows is gathered until the turn ends (`clock.defer`) or
 * `batchBytes` wait, and leaves in one `send`. Under load data is held a little longer, see {@link Coalescer}.
 * Nothing is sent while the transport has more than `transportBytes` of its own; its drain event then goes to
 * {@link drain}. Never polls.
 */
export class SendQueue {
  readonly #transport: Pick<Transport, "send" | "buffered">;
  readonly #clock: Clock;
  readonly #limits: SendQueueLimits;
  readonly #options: SendQueueOptions;
  readonly #control = new Lane();
  readonly #data = new Lane();
  readonly #coalescer: Coalescer;
  readonly #turn = () => this.#turnEnds();
  /** Makers of messages that go behind control, see {@link behindControl}. */
  readonly #behind: (() => Message | undefined)[] = [];
  /** Closed, or overflowed: takes nothing more. */
  #deaf = false;
  #closed = false;
  /** The end of this turn will be heard of: messages are gathered until then. */
  #armed = false;
  /** Inside `transport.send`, which may call back. */
  #sending = false;
  /** Data messages that came to wait in this turn. */
  #fresh = 0;
  /** Data was dropped, and `onRecover` has not been called since. */
  #lossy = false;
  /** What the transport had waiting when it was last asked. */
  #buffered = 0;
  #stalledSince: number | undefined;
  readonly #totals = {
    batches: 0,
    sentMessages: 0,
    sentBytes: 0,
    droppedMessages: 0,
    droppedBytes: 0,
    purgedMessages: 0,
    purgedBytes: 0,
    replacedMessages: 0,
    replacedBytes: 0,
  };

  constructor(options: SendQueueOptions) {
    this.#options = options;
    this.#transport = options.transport;
    this.#clock = options.clock ?? systemClock;
    this.#limits = resolveLimits(options.limits);
    this.#coalescer = new Coalescer(this.#limits.coalesceMicros);
  }

  /** What the control lane holds, in bytes with overhead. */
  get controlBytes(): number {
    return this.#control.cost;
  }

  /** What the peer costs now: both lanes with overhead, and what the transport has waiting as far as it can tell. */
  get queuedBytes(): number {
    return this.#closed ? 0 : this.#control.cost + this.#data.cost + (this.#transport.buffered() ?? 0);
  }

  /** Queues a message that is never lost. One that is larger than the lane's budget is taken when the lane is empty. */
  control(message: Message): void {
    if (this.#deaf) return;
    const bytes = messageBytes(message);
    if (this.#idle()) return this.#sendFirst(message, bytes);
    const cost = this.#control.cost + messageCost(bytes);
    if (cost > this.#limits.controlBytes && this.#control.count > 0) return this.#overflow();
    this.#control.push(message, bytes, NO_KEY);
    this.#stored();
  }

  /**
   * Queues a message that may be lost: the oldest are dropped when the lane is over its budget. One that is larger than
   * what the transport leaves of the budget is taken when nothing waits before it, and dropped otherwise.
   *
   * @param key For {@link purge} and `onDrop`: the subscription id. Never one that {@link latest} is used with.
   */
  data(message: Message, key: number): void {
    if (this.#deaf) return;
    this.#offer(message, messageBytes(message), key, false);
  }

  /** Queues a data message in the place of the waiting one of `key`, or as {@link data} does when none waits. */
  latest(message: Message, key: number): void {
    if (this.#deaf) return;
    const bytes = messageBytes(message);
    const replaced = this.#fits(bytes) ? this.#data.replace(message, bytes, key) : this.#giveUpPlace(key);
    if (replaced === undefined) this.#offer(message, bytes, key, true);
    else this.#replaced(replaced);
  }

  /**
   * Calls `make` once when no control waits and the transport takes more, at once if that is now, and sends what it
   * returns. For messages too large for a lane: one is made when its turn has come, so that it costs nothing before.
   */
  behindControl(make: () => Message | undefined): void {
    if (this.#deaf) return;
    this.#behind.push(make);
    this.#sendBehind();
  }

  /** Forgets the data messages of `key` that wait: a barrier, not a loss. */
  purge(key: number): void {
    this.#forget(() => this.#data.purge(key));
  }

  /** Forgets all data messages that wait: only control is worth sending now. */
  purgeAll(): void {
    this.#forget(() => this.#data.clear());
  }

  #forget(purge: () => void): void {
    const { count, bytes } = this.#data;
    if (count === 0) return;
    purge();
    this.#totals.purgedMessages += count - this.#data.count;
    this.#totals.purgedBytes += bytes - this.#data.bytes;
    this.#recover();
  }

  /** The transport has room again. */
  drain(): void {
    this.#look();
    if (this.#full()) return;
    this.#flush();
    this.#recover();
  }

  /** Sends what may be sent now, without waiting for the end of the turn. */
  flush(): void {
    this.#flush();
  }

  /** Figures of now. */
  stats(): SendQueueStats {
    return {
      control: laneStats(this.#control),
      data: laneStats(this.#data),
      bufferedBytes: this.#closed ? 0 : this.#transport.buffered(),
      ...this.#totals,
      stalledSince: this.#stalledSince,
    };
  }

  /** Frees everything. What is called later does nothing. */
  close(): void {
    this.#closed = this.#deaf = true;
    this.#stalledSince = undefined;
    this.#control.clear();
    this.#data.clear();
    this.#behind.length = 0;
  }

  /** Whether a message may leave at once: nothing waits, nothing was sent in this turn, the transport takes more. */
  #idle(): boolean {
    return !this.#armed && !this.#full();
  }

  #full(): boolean {
    return this.#buffered > this.#limits.transportBytes;
  }

  #waits(): boolean {
    return this.#control.count + this.#data.count > 0;
  }

  #offer(message: Message, bytes: number, key: number, replaceable: boolean): void {
    if (this.#idle() && !this.#coalescer.first(this.#clock.now())) return this.#sendFirst(message, bytes);
    if (!this.#admit(bytes, key)) return;
    if (replaceable) this.#data.pushReplaceable(message, bytes, key);
    else this.#data.push(message, bytes, key);
    this.#fresh++;
    this.#stored();
  }

  #sendFirst(message: Message, bytes: number): void {
    this.#arm();
    this.#send([message], bytes);
  }

  /** Whether a data message of `bytes` can wait beside others. */
  #fits(bytes: number): boolean {
    if (messageCost(bytes) <= this.#room()) return true;
    // The transport may have got rid of something without a word.
    this.#look();
    return messageCost(bytes) <= this.#room();
  }

  /** The waiting message of `key` is out of date, and what comes cannot take its place. */
  #giveUpPlace(key: number): undefined {
    const { count, bytes } = this.#data;
    this.#data.purge(key);
    this.#totals.replacedMessages += count - this.#data.count;
    this.#totals.replacedBytes += bytes - this.#data.bytes;
  }

  /** Makes room for a data message of `bytes`. @returns Whether it is taken; otherwise it counts as dropped. */
  #admit(bytes: number, key: number): boolean {
    const cost = messageCost(bytes);
    if (this.#data.cost + cost <= this.#room()) return true;
    // The transport may have got rid of something without a word.
    this.drain();
    const fits = cost <= this.#room() || (this.#data.count === 0 && !this.#full());
    if (fits) this.#dropUntil(this.#room() - cost);
    else this.#dropped(key, bytes);
    return fits && !this.#deaf;
  }

  /** What the transport leaves of the data budget: half of it at least, so that one large message costs no others. */
  #room(): number {
    const { dataBytes } = this.#limits;
    return Math.max(dataBytes / 2, dataBytes - this.#buffered);
  }

  /** Drops the oldest until the others cost at most `cost`. */
  #dropUntil(cost: number): void {
    while (this.#data.count > 0 && this.#data.cost > cost) {
      const key = this.#data.firstKey;
      this.#dropped(key, this.#data.shift());
    }
  }

  #dropped(key: number, bytes: number): void {
    this.#totals.droppedMessages++;
    this.#totals.droppedBytes += bytes;
    this.#lossy = true;
    this.#options.onDrop?.(key, bytes);
  }

  /** A waiting message of `bytes` was replaced, perhaps by a larger one. */
  #replaced(bytes: number): void {
    this.#totals.replacedMessages++;
    this.#totals.replacedBytes += bytes;
    this.#dropUntil(this.#room());
  }

  #overflow(): void {
    this.#deaf = true;
    this.#behind.length = 0;
    this.#options.onOverflow?.();
  }

  /** After a message has come to wait: sees to it that it will leave. */
  #stored(): void {
    if (this.#full()) return;
    this.#arm();
    if (this.#control.cost + this.#data.cost >= this.#limits.batchBytes) this.#flush();
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#clock.defer(this.#turn);
  }

  #turnEnds(): void {
    const fresh = this.#fresh;
    this.#fresh = 0;
    this.#armed = false;
    if (this.#holds(fresh)) this.#arm();
    else this.#flush();
  }

  /** Whether the data that waits, `fresh` of it from this turn, is to wait for more. */
  #holds(fresh: number): boolean {
    if (this.#data.count === 0 || this.#control.count > 0 || this.#full()) return false;
    return this.#coalescer.turn(this.#clock.now(), fresh);
  }

  #flush(): void {
    if (this.#sending) return;
    while (!this.#full() && (this.#waits() || this.#behind.length > 0)) {
      this.#arm();
      // A batch first, so that large messages in a row do not keep all data from going out.
      if (this.#waits()) this.#sendBatch();
      this.#sendBehind();
      this.#recover();
    }
  }

  #sendBehind(): void {
    while (this.#behind.length > 0 && this.#control.count === 0 && !this.#full() && !this.#sending) {
      const message = this.#behind.shift()?.();
      if (message !== undefined && !this.#closed) this.#sendFirst(message, messageBytes(message));
    }
  }

  #sendBatch(): void {
    const batch: Message[] = [];
    const bytes = this.#control.bytes + this.#data.bytes;
    const left = this.#control.moveTo(batch, this.#limits.batchBytes);
    this.#data.moveTo(batch, left);
    this.#send(batch, bytes - this.#control.bytes - this.#data.bytes);
  }

  #send(batch: Message[], bytes: number): void {
    this.#totals.batches++;
    this.#totals.sentMessages += batch.length;
    this.#totals.sentBytes += bytes;
    this.#sending = true;
    try {
      this.#transport.send(batch);
    } finally {
      this.#sending = false;
    }
    this.#look();
  }

  /** Asks the transport how much it has waiting. */
  #look(): void {
    if (this.#closed) return;
    this.#buffered = this.#transport.buffered() ?? 0;
    this.#stalledSince = this.#full() ? this.#stalledSince ?? this.#clock.now() : undefined;
  }

  #recover(): void {
    if (!this.#lossy || this.#data.cost > this.#limits.dataBytes / 2) return;
    this.#lossy = false;
    this.#options.onRecover?.();
  }
}

function laneStats(lane: Lane): LaneStats {
  return { messages: lane.count, bytes: lane.bytes };
}
