/**
 * Typed events whose listeners cannot harm the emitter. `EventTarget` is no choice here: a listener that throws or
 * rejects ends the process on Deno and Node.
 *
 * @module
 */

/** What the `error` event carries: the error, and the event or step in which it arose. */
export interface ErrorEvent {
  /** What was thrown or rejected. */
  error: unknown;
  /** Where it happened, for example `listener of "subscribe"`. */
  during: string;
}

/** Called for each event of its type; it may be async. */
export type Listener<Event> = (event: Event) => unknown;

/** Every map of events has `error`. */
export interface EventMap {
  /** A listener or handler failed, or a peer did something that the application should know of. */
  error: ErrorEvent;
}

/** A set of listeners per event type. `Map` gives the type of each event. */
export class Events<Map extends EventMap> {
  readonly #listeners: { [Type in keyof Map]?: Set<Listener<Map[Type]>> } = Object.create(null);
  readonly #types: readonly (keyof Map)[] | undefined;

  /** @param types All events that there are, so that a misspelt one is noticed; left out: any may be listened to. */
  constructor(types?: readonly (keyof Map)[]) {
    this.#types = types;
  }

  /** Calls `listener` on each event of `type`, until the returned `Disposable` is disposed or {@link off} is called. */
  on<Type extends keyof Map>(type: Type, listener: Listener<Map[Type]>): Disposable {
    if (typeof listener !== "function") {
      throw new TypeError(`Cannot listen to "${String(type)}": the listener is ${typeof listener}, need a function`);
    }
    if (this.#types?.includes(type) === false) {
      throw new TypeError(`Cannot listen to "${String(type)}": the events are ${this.#types.map(String).join(", ")}`);
    }
    (this.#listeners[type] ??= new Set()).add(listener);
    return { [Symbol.dispose]: () => this.off(type, listener) };
  }

  /** Removes a listener; one that was never added is no error. */
  off<Type extends keyof Map>(type: Type, listener: Listener<Map[Type]>): void {
    this.#listeners[type]?.delete(listener);
  }

  /** Whether anyone listens to `type`. */
  has(type: keyof Map): boolean {
    return (this.#listeners[type]?.size ?? 0) > 0;
  }

  /** Calls every listener of `type`; what one throws or rejects with is raised as `error`. Never throws. */
  emit<Type extends keyof Map>(type: Type, event: Map[Type]): void {
    const listeners = this.#listeners[type];
    if (listeners === undefined || listeners.size === 0) {
      if (type === "error") report(event as ErrorEvent);
      return;
    }
    for (const listener of [...listeners]) {
      guard(() => listener(event), (error) => this.#failed(type, error));
    }
  }

  #failed(type: keyof Map, error: unknown): void {
    const event: ErrorEvent = { error, during: `listener of "${String(type)}"` };
    // A failing `error` listener must not call itself again.
    if (type === "error") report(event);
    else this.emit("error", event as Map["error"]);
  }
}

/** Runs `call`, which may be async, and hands what it throws or rejects with to `onError`. Never throws. */
export function guard(call: () => unknown, onError: (error: unknown) => void): void {
  try {
    const result = call();
    if (result instanceof Promise) result.catch(onError);
  } catch (error) {
    onError(error);
  }
}

function report({ error, during }: ErrorEvent): void {
  console.error(`Foxwire: error in ${during}:`, error);
}
