/**
 * The services of a server.
 *
 * @module
 */
import { quote } from "../protocol/describe.ts";
import type { AdvertisedService } from "../protocol/messages.ts";
import { advertised } from "./batches.ts";
import { checkFunction, checkObject, checkOptionalFunction } from "./checks.ts";
import { Registry, type RegistryEntry, type RegistryHooks } from "./registry.ts";
import { advertisedService, Service, type ServiceHandler, type ServiceOptions } from "./service.ts";

/** A service with what answers its calls. */
export interface ServiceEntry extends RegistryEntry<AdvertisedService> {
  readonly service: Service;
  readonly handler: ServiceHandler<never>;
  /** Makes the handler's request of its bytes. */
  readonly decode: ServiceOptions["decode"];
  readonly encode: ServiceOptions["encode"];
  /** Milliseconds that the handler has. */
  readonly timeoutMs: number;
}

/** What happens when the set of services changes. */
export interface ServiceHooks extends RegistryHooks<ServiceEntry> {
  /** A service was made, or is gone, whether clients have heard of it or not. */
  came(name: string): void;
  went(name: string): void;
}

/** Longer than this no timer of a runtime runs. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** All services. */
export class ServiceRegistry extends Registry<AdvertisedService, ServiceEntry> {
  readonly #names = new Set<string>();
  readonly #hooks: ServiceHooks;

  constructor(hooks: ServiceHooks) {
    super(hooks);
    this.#hooks = hooks;
  }

  /** Names of the live services. */
  names(): Iterable<string> {
    return this.#names;
  }

  /** Makes a service. @param limitMs Milliseconds that the handler has if the options do not say. */
  make(name: string, options: ServiceOptions, handler: ServiceHandler<never>, limitMs: number): Service {
    const called = `service ${quote(String(name))}`;
    checkObject(options, `options of ${called}`);
    const { timeoutMs = limitMs, decode, encode } = options;
    checkTimeout(name, timeoutMs);
    checkFunction(handler, `handler of ${called}`);
    checkOptionalFunction(decode, `option decode of ${called}`);
    checkOptionalFunction(encode, `option encode of ${called}`);
    // Callers know a service by its name: they would never find the second one.
    if (this.#names.has(name)) throw new TypeError(`Cannot add service "${name}": there is one of this name already`);
    const info = advertisedService(this.nextId, name, options);
    const service = new Service(info, () => this.remove(info.id, () => this.#gone(name)));
    const told = advertised(info, { op: "advertiseServices", services: [info] });
    this.#names.add(name);
    this.add({ service, advertised: told, handler, decode, encode, timeoutMs });
    this.#hooks.came(name);
    return service;
  }

  #gone(name: string): void {
    this.#names.delete(name);
    this.#hooks.went(name);
  }
}

function checkTimeout(name: string, timeoutMs: number): void {
  if (timeoutMs === Infinity || (timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) return;
  throw new RangeError(
    `Cannot add service "${name}": timeoutMs is ${timeoutMs}, need a number above 0 up to ${MAX_TIMEOUT_MS}, or Infinity`,
  );
}
