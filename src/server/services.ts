/**
 * The services of a server, and telling clients about them.
 *
 * @module
 */
import type { AdvertisedService } from "../protocol/messages.ts";
import { type Advertised, advertised, inBatches } from "./batches.ts";
import { advertisedService, Service, type ServiceHandler, type ServiceOptions } from "./service.ts";
import type { Session } from "./session.ts";

/** A service with what answers its calls. */
export interface ServiceEntry {
  readonly service: Service;
  readonly advertised: Advertised<AdvertisedService>;
  readonly handler: ServiceHandler<never>;
  /** Makes the handler's request of its bytes. */
  readonly decode: ServiceOptions["decode"];
  /** Milliseconds that the handler has. */
  readonly timeoutMs: number;
}

/** What happens when the set of services changes. */
export interface ServiceHooks {
  /** The first service since the last {@link ServiceRegistry.takeAdded} was added. */
  added(): void;
  /** A service was made, or is gone, whether clients have heard of it or not. */
  came(name: string): void;
  went(name: string): void;
  /** A service that clients know of is gone. */
  removed(entry: ServiceEntry): void;
}

/** Longer than this no timer of a runtime runs. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** All services by id. Ids start at 1 and are never used again. */
export class ServiceRegistry {
  readonly #entries = new Map<number, ServiceEntry>();
  readonly #names = new Set<string>();
  readonly #added = new Set<ServiceEntry>();
  readonly #hooks: ServiceHooks;
  #nextId = 1;

  constructor(hooks: ServiceHooks) {
    this.#hooks = hooks;
  }

  /** A service that clients have been told of; others are unknown to them, whatever they guess. */
  get(id: number): ServiceEntry | undefined {
    const entry = this.#entries.get(id);
    return entry !== undefined && this.#added.has(entry) ? undefined : entry;
  }

  /** Names of the live services. */
  names(): Iterable<string> {
    return this.#names;
  }

  /** Every service as it is advertised. */
  all(): Advertised<AdvertisedService>[] {
    return Array.from(this.#entries.values(), ({ advertised }) => advertised);
  }

  add(name: string, options: ServiceOptions & { timeoutMs: number }, handler: ServiceHandler<never>): Service {
    const { timeoutMs, decode } = options;
    checkTimeout(name, timeoutMs);
    // Callers know a service by its name: they would never find the second one.
    if (this.#names.has(name)) throw new TypeError(`Cannot add service "${name}": there is one of this name already`);
    const id = this.#nextId;
    const info = advertisedService(id, name, options);
    const service = new Service(info, () => this.#remove(id));
    const entry: ServiceEntry = {
      service,
      advertised: advertised(info, { op: "advertiseServices", services: [info] }),
      handler,
      decode,
      timeoutMs,
    };
    this.#nextId++;
    this.#entries.set(id, entry);
    this.#names.add(name);
    this.#added.add(entry);
    if (this.#added.size === 1) this.#hooks.added();
    this.#hooks.came(name);
    return service;
  }

  /** The services added since the last call that are still there. */
  takeAdded(): Advertised<AdvertisedService>[] {
    const added = Array.from(this.#added, ({ advertised }) => advertised);
    this.#added.clear();
    return added;
  }

  #remove(id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#names.delete(entry.service.name);
    this.#hooks.went(entry.service.name);
    // One that nobody has heard of yet leaves as quietly as it came.
    if (!this.#added.delete(entry)) this.#hooks.removed(entry);
  }
}

/** Tells a client of those services that exist for it, in batches: no `advertiseServices` is too large for a peer. */
export function advertiseServices(session: Session, services: readonly Advertised<AdvertisedService>[]): void {
  const visible = session.hiddenServices.sift(services, ({ name }) => session.host.allows(session, "call", name));
  for (const batch of inBatches(visible)) session.send({ op: "advertiseServices", services: batch });
}

/** Tells a client of the end of a service, unless it never heard of it. */
export function unadvertiseService(session: Session, id: number): void {
  if (!session.hiddenServices.delete(id)) session.send({ op: "unadvertiseServices", serviceIds: [id] });
}

function checkTimeout(name: string, timeoutMs: number): void {
  if (timeoutMs === Infinity || (timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) return;
  throw new RangeError(
    `Cannot add service "${name}": timeoutMs is ${timeoutMs}, need a number above 0 up to ${MAX_TIMEOUT_MS}, or Infinity`,
  );
}
