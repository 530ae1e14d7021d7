/**
 * What one client is told of, and what not: the server's channels, or its services.
 *
 * @module
 */
import { type Advertised, inBatches } from "./batches.ts";
import type { ChannelRegistry } from "./channels.ts";
import type { ServiceRegistry } from "./services.ts";
import type { Session } from "./session.ts";

/** What announcing needs of the session. */
export interface AnnouncementHooks<Info> {
  /** Whether it exists for the client: own code decides. */
  isAllowed(info: Info): boolean;
  /** Whether the control lane takes more. */
  hasRoom(): boolean;
  /** Tells the client of some. */
  tell(infos: Info[]): void;
  /** Tells the client that one is gone. */
  tellGone(id: number): void;
}

/**
 * Tells a client as there is room: however much there is, it never overflows the control lane. What the client may not
 * know of is decided once and stays so: nobody hears of the end of what it never heard of.
 *
 * Own code that is asked may do anything meanwhile. So everything is decided first, and only then something is told.
 */
export class Announcements<Info extends { readonly id: number }> {
  readonly #hooks: AnnouncementHooks<Info>;
  readonly #hidden = new Set<number>();
  /** Batches that there was no room for yet. */
  #waiting: Info[][] = [];

  constructor(hooks: AnnouncementHooks<Info>) {
    this.#hooks = hooks;
  }

  /** Decides what of these exists for the client. */
  decide(items: readonly Advertised<Info>[]): void {
    for (const { info } of items) if (!this.#hooks.isAllowed(info)) this.#hidden.add(info.id);
  }

  /** Whether something does not exist for the client. */
  hides(id: number): boolean {
    return this.#hidden.has(id);
  }

  /** The client is to be told of these, as far as they exist for it. @returns How many do. */
  add(items: readonly Advertised<Info>[]): number {
    const visible = items.filter(({ info }) => !this.#hidden.has(info.id));
    this.#waiting.push(...inBatches(visible));
    return visible.length;
  }

  /** Tells what there is room for; the rest waits for the next call. */
  announce(): void {
    while (this.#waiting.length > 0 && this.#hooks.hasRoom()) this.#hooks.tell(this.#waiting.shift()!);
  }

  /** Something is gone: the client is told, unless it has not heard of it. */
  removed(id: number): void {
    if (!this.#hidden.delete(id) && !this.#forget(id)) this.#hooks.tellGone(id);
  }

  /** @returns Whether the client was to be told of it, and now never will. */
  #forget(id: number): boolean {
    const index = this.#waiting.findIndex((batch) => batch.some((info) => info.id === id));
    if (index < 0) return false;
    const left = this.#waiting[index]!.filter((info) => info.id !== id);
    // Empty batches would pile up where things come and go while the client stands still.
    this.#waiting.splice(index, 1, ...(left.length === 0 ? [] : [left]));
    return true;
  }
}

/** Tells clients of what is new. The filters of all are asked before any is told: they may add and remove things. */
export function announceAdded(
  sessions: readonly Session[],
  channels: ChannelRegistry,
  services: ServiceRegistry,
): void {
  const [newChannels, newServices] = [channels.added(), services.added()];
  for (const { shownChannels, shownServices } of sessions) {
    shownChannels.decide(newChannels.map(({ advertised }) => advertised));
    shownServices.decide(newServices.map(({ advertised }) => advertised));
  }
  const [toldChannels, toldServices] = [channels.takeAdded(newChannels), services.takeAdded(newServices)];
  for (const { shownChannels, shownServices } of sessions) {
    shownChannels.add(toldChannels);
    shownServices.add(toldServices);
  }
  for (const session of sessions) session.announce();
}
