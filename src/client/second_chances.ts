/**
 * Subscriptions that are asked for again.
 *
 * @module
 */
import type { Clock } from "../util/time.ts";

/** Milliseconds until each further attempt: a race is over at once, a busy machine takes a moment. */
const DELAYS_MS = [10, 40, 160, 640] as const;

/** One subscription that was refused. */
interface Refused {
  times: number;
  cancel(): void;
}

/**
 * A server may refuse a subscription to a channel that it has just advertised: the official SDK's (0.30.3) takes them a
 * moment later than it advertises, and a client on the same machine is faster. Such a subscription is asked for again, a
 * few times, under the same id, so that nothing comes twice if it was taken after all.
 */
export class SecondChances {
  readonly #clock: Clock;
  readonly #subscribe: (subscriptionId: number) => void;
  readonly #refused = new Map<number, Refused>();

  /** @param subscribe Asks again. */
  constructor(clock: Clock, subscribe: (subscriptionId: number) => void) {
    this.#clock = clock;
    this.#subscribe = subscribe;
  }

  /** The server has refused a subscription that somebody wants. */
  refused(subscriptionId: number): void {
    const times = this.#refused.get(subscriptionId)?.times ?? 0;
    const ms = DELAYS_MS[times];
    if (ms === undefined) return;
    this.forget(subscriptionId);
    const cancel = this.#clock.delay(ms, () => this.#subscribe(subscriptionId));
    this.#refused.set(subscriptionId, { times: times + 1, cancel });
  }

  /** A subscription is wanted no more. */
  forget(subscriptionId: number): void {
    this.#refused.get(subscriptionId)?.cancel();
    this.#refused.delete(subscriptionId);
  }

  /** No subscription is wanted any more, or can be had. */
  clear(): void {
    for (const { cancel } of this.#refused.values()) cancel();
    this.#refused.clear();
  }
}

const REFUSAL = /^Unknown channel ID: (\d+)$/;

/** The channel of a refusal, as the official SDK's servers and ours word it; `undefined` for any other status. */
export function refusedChannel(status: string): number | undefined {
  const id = REFUSAL.exec(status)?.[1];
  return id === undefined ? undefined : Number(id);
}
