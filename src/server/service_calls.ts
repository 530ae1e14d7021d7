/**
 * The calls that clients make of services: each of them is answered, once.
 *
 * @module
 */
import { quote } from "../protocol/describe.ts";
import type { ClientMessage, MessageOf } from "../protocol/messages.ts";
import { utf8Decode } from "../util/bytes.ts";
import { FoxgloveError, TimeoutError } from "../util/errors.ts";
import type { Events } from "../util/events.ts";
import { jsonEncode } from "../util/json.ts";
import type { Clock } from "../util/time.ts";
import { failureText, isPromiseLike, startLimit } from "./failures.ts";
import type { ServerLimits } from "./limits.ts";
import type { ServerEvents } from "./server_events.ts";
import type { ServiceEntry, ServiceRegistry } from "./services.ts";
import type { Session } from "./session.ts";

type Request = MessageOf<ClientMessage<true>, "serviceCallRequest">;

/** What the calls need of their server. */
export interface ServiceCallHost {
  readonly services: ServiceRegistry;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly events: Events<ServerEvents>;
}

/** A call that waits for its handler. */
interface Call {
  readonly session: Session;
  readonly request: Request;
  readonly entry: ServiceEntry;
  readonly abandoned: AbortController;
  /** Stops the time limit. */
  cancelLimit: () => void;
}

/** Answers the service calls of every client. */
export class ServiceCalls {
  readonly #host: ServiceCallHost;
  /** The calls in flight, by call id. */
  readonly #calls = new Map<Session, Map<number, Call>>();

  constructor(host: ServiceCallHost) {
    this.#host = host;
  }

  /** Answers `serviceCallRequest`. */
  call(session: Session, request: Request): void {
    const entry = this.#host.services.get(request.serviceId);
    if (entry === undefined || session.shownServices.hides(request.serviceId)) {
      return fail(session, request, `Unknown service ID: ${request.serviceId}`);
    }
    const refusal = refusalOf(entry, request) ?? this.#refusalOf(session, request);
    if (refusal !== undefined) return fail(session, request, refusal);
    let value: unknown;
    try {
      value = (entry.decode ?? decodeRequest)(request.data, request.encoding);
    } catch (error) {
      return fail(session, request, failureText(error));
    }
    this.#start(session, request, entry, value);
  }

  /** A service is gone: what waits for it fails. */
  serviceRemoved(entry: ServiceEntry): void {
    const error = new FoxgloveError(`Service ${quote(entry.service.name)} was removed`, { code: "service_removed" });
    const all = Array.from(this.#calls.values(), (calls) => [...calls.values()]).flat();
    this.#abandon(all.filter((call) => call.entry === entry), error);
  }

  /** Forgets a client that is leaving: its calls fail, as far as it can still hear of it. */
  release(session: Session, reason: FoxgloveError): void {
    const calls = this.#calls.get(session);
    if (calls === undefined) return;
    this.#abandon([...calls.values()], reason);
    this.#calls.delete(session);
  }

  #refusalOf(session: Session, { callId }: Request): string | undefined {
    const calls = this.#calls.get(session);
    const limit = this.#host.limits.serviceCalls;
    if (calls?.has(callId)) return `Call ID was already used: ${callId}; the call is still in flight`;
    if ((calls?.size ?? 0) >= limit) return `Too many service calls in flight: the limit is ${limit}`;
  }

  #start(session: Session, request: Request, entry: ServiceEntry, value: unknown): void {
    const call: Call = { session, request, entry, abandoned: new AbortController(), cancelLimit: () => {} };
    const calls = this.#calls.get(session) ?? new Map<number, Call>();
    this.#calls.set(session, calls.set(request.callId, call));
    try {
      const result = this.#run(call, value);
      if (isPromiseLike(result)) this.#await(call, Promise.resolve(result));
      else this.#answer(call, result);
    } catch (error) {
      this.#failed(call, error);
    }
  }

  /** Runs the handler of a call. */
  #run({ session, request, entry, abandoned }: Call, value: unknown): unknown {
    const { encoding, data } = request;
    return entry.handler(value as never, { client: session, signal: abandoned.signal, encoding, data });
  }

  #await(call: Call, result: Promise<unknown>): void {
    result.then((result) => this.#answer(call, result)).catch((error) => this.#failed(call, error));
    // The handler may have closed the service, or the server.
    if (!this.#isInFlight(call)) return;
    call.cancelLimit = startLimit(this.#host.clock, call.entry.timeoutMs, () => this.#timeIsUp(call));
  }

  #answer(call: Call, result: unknown): void {
    if (!this.#isInFlight(call)) return;
    const { session, request: { serviceId, callId, encoding: asked }, entry } = call;
    const encoding = entry.service.info.response?.encoding ?? asked;
    const data = encodeResult(entry, encoding, result);
    // An `encode` or `toJSON` of own code may have closed the service.
    if (!this.#isInFlight(call)) return;
    this.#end(call);
    session.send({ op: "serviceCallResponse", serviceId, callId, encoding, data });
  }

  /** What a handler throws when nobody waits any more is no news: it was told to stop. */
  #failed(call: Call, error: unknown): void {
    if (!this.#isInFlight(call)) return;
    this.#end(call);
    fail(call.session, call.request, failureText(error));
    this.#host.events.emit("error", { error, during: `service ${quote(call.entry.service.name)}` });
  }

  #timeIsUp(call: Call): void {
    const { service, timeoutMs } = call.entry;
    this.#abandon([call], new TimeoutError(`Service ${quote(service.name)} did not answer within ${timeoutMs} ms`));
  }

  /** Answers calls before their handlers do. All are answered first: what listens to a signal may do anything. */
  #abandon(calls: readonly Call[], reason: FoxgloveError): void {
    for (const call of calls) {
      this.#end(call);
      fail(call.session, call.request, reason.message);
    }
    for (const { abandoned } of calls) abandoned.abort(reason);
  }

  #isInFlight(call: Call): boolean {
    return this.#calls.get(call.session)?.get(call.request.callId) === call;
  }

  #end(call: Call): void {
    call.cancelLimit();
    this.#calls.get(call.session)?.delete(call.request.callId);
  }
}

function decodeRequest(data: Uint8Array, encoding: string): unknown {
  if (encoding !== "json") return data;
  try {
    return JSON.parse(utf8Decode(data));
  } catch (error) {
    throw new TypeError(`Cannot decode request as JSON: ${failureText(error)}`, { cause: error });
  }
}

function refusalOf({ service }: ServiceEntry, { encoding }: Request): string | undefined {
  const { name, request } = service.info;
  if (request === undefined || request.encoding === encoding) return undefined;
  return `Unsupported encoding: ${quote(encoding)}; service ${quote(name)} takes ${quote(request.encoding)}`;
}

function encodeResult({ service, encode }: ServiceEntry, encoding: string, result: unknown): Uint8Array {
  const answer = encode === undefined ? result : encode(result, encoding);
  if (answer instanceof Uint8Array) return answer;
  // Nothing is an empty message, as in the requests of our client: many services have nothing to say.
  if (encoding === "json" && encode === undefined) return jsonEncode(result === undefined ? {} : result);
  throw new TypeError(
    `Cannot encode ${typeof answer} as the answer of service ${quote(service.name)}: encoding ${
      quote(encoding)
    } takes a Uint8Array`,
  );
}

function fail(session: Session, { serviceId, callId }: Request, message: string): void {
  session.send({ op: "serviceCallFailure", serviceId, callId, message });
}
