/**
 * The feeds of one kind that a client has handed out.
 *
 * @module
 */
import { Feed, type FeedOptions } from "./feed.ts";
import { type Ending, Inbox } from "./inbox.ts";
import type { ClientLimits } from "./limits.ts";

/** The inboxes of open feeds. `Note` is what their owner keeps with each. */
export class Feeds<T extends object | bigint, Note = void> {
  readonly #limits: ClientLimits;
  readonly #changed: () => void;
  readonly #inboxes = new Map<Inbox<T>, Note>();
  #everOpen = false;
  #ending: Ending | undefined;

  /** @param changed Is called when there is one more, and one less. */
  constructor(limits: ClientLimits, changed: () => void = () => {}) {
    this.#limits = limits;
    this.#changed = changed;
  }

  /** Those that are open. */
  get inboxes(): ReadonlyMap<Inbox<T>, Note> {
    return this.#inboxes;
  }

  /** Whether something that comes for none of them may be on its way since there was one. */
  get everOpen(): boolean {
    return this.#everOpen;
  }

  /** @throws {RangeError} when `highWaterMark` is not a positive number. */
  open({ highWaterMark, signal }: FeedOptions, note: Note): Feed<T> {
    const items = positive("highWaterMark", highWaterMark ?? this.#limits.subscriptionMessages);
    const inbox = new Inbox<T>({ items, bytes: Infinity });
    this.add(inbox, note, signal);
    return new Feed(inbox, () => this.close(inbox));
  }

  /** Opens one unless its signal has aborted, or nothing comes any more. */
  add(inbox: Inbox<T>, note: Note, signal: AbortSignal | undefined): void {
    inbox.listen(signal, (error) => this.close(inbox, { error }));
    if (this.#ending !== undefined) inbox.end(this.#ending);
    if (inbox.ended) return;
    this.#everOpen = true;
    this.#inboxes.set(inbox, note);
    this.#changed();
  }

  /** Gives an item to all. */
  push(item: T): void {
    for (const inbox of this.#inboxes.keys()) inbox.push(item);
  }

  /** Closes one, which forgets what was not read. */
  close(inbox: Inbox<T>, ending: Ending = {}): void {
    inbox.discard(ending);
    if (this.#inboxes.delete(inbox)) this.#changed();
  }

  /** Drops what was not read: it is of a session that is over. */
  forgetUnread(): void {
    for (const inbox of this.#inboxes.keys()) inbox.drop();
  }

  /** Nothing more comes: feeds end when what they have is read. Only the first ending counts. */
  end(ending: Ending): void {
    this.#ending ??= ending;
    for (const inbox of this.#inboxes.keys()) inbox.end(ending);
    this.#inboxes.clear();
  }
}

/** @throws {RangeError} when a limit makes no sense. */
export function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new RangeError(`Cannot subscribe: ${name} is ${value}, need a positive number`);
}
