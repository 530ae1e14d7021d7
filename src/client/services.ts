/**
 * Calls of a server's services.
 *
 * @module
 */
import type { BrokenRequest, ProtocolError } from "../protocol/errors.ts";
import { parseNearlyJson } from "../protocol/json_codec.ts";
import type { AdvertisedService, MessageOf, ServerMessage } from "../protocol/messages.ts";
import type { WaitOptions } from "../util/async.ts";
import { utf8Decode } from "../util/bytes.ts";
import { ConnectionError, FoxgloveError } from "../util/errors.ts";
import { jsonEncode } from "../util/json.ts";
import { type RequestHost, Requests } from "./requests.ts";

/** A service has answered that it failed. `code` is `"service_failed"`. */
export class ServiceError extends FoxgloveError {
  /** What `name` of its instances is, also in minified code. */
  static override readonly name: string = "ServiceError";
  /** Name of the service. */
  readonly service: string;
  /** What the server says of it. */
  readonly reason: string;

  /**
   * Makes an error.
   *
   * @param service Name of the service.
   * @param reason What the server says of it.
   */
  constructor(service: string, reason: string) {
    super(`Service "${service}" failed: ${reason}`, { code: "service_failed" });
    this.service = service;
    this.reason = reason;
  }
}

/** How to call a service. */
export interface CallServiceOptions<T = unknown> extends WaitOptions {
  /** Milliseconds for everything: until the service is there, and until it has answered. Default 35 000. */
  timeoutMs?: number;
  /** Encoding of the request. Default: the one that the service declares, else `"json"`. */
  encoding?: string;
  /** Makes the result of the response's bytes. Default: `JSON.parse` for encoding `"json"`, else the bytes. */
  decode?: (data: Uint8Array, encoding: string) => T;
}

type Response = MessageOf<ServerMessage, "serviceCallResponse">;
type Failure = MessageOf<ServerMessage, "serviceCallFailure">;

/** A call that is not answered. */
interface Call {
  readonly name: string;
  readonly request: unknown;
  readonly encoding: string | undefined;
  /** The service it went to; `undefined` while there is none. */
  service: AdvertisedService | undefined;
}

/** The calls of a client. */
export class Services {
  readonly #host: RequestHost;
  readonly #requests: Requests<Response, Call>;

  constructor(host: RequestHost) {
    this.#host = host;
    this.#requests = new Requests(host);
  }

  async call<T>(name: string, request: unknown, options: CallServiceOptions<T>): Promise<T> {
    const { encoding, decode = decodeResponse as (data: Uint8Array, encoding: string) => T, ...wait } = options;
    const call: Call = { name, request, encoding, service: undefined };
    const response = await this.#requests.run({
      what: () => call.service === undefined ? `service "${name}"` : `answer from service "${name}"`,
      context: call,
      start: (id) => this.#trySend(id, call),
    }, wait);
    const used = response.encoding || call.service?.response?.encoding || "";
    try {
      return decode(response.data, used);
    } catch (cause) {
      const message = `Cannot decode response of service "${name}" with encoding "${used}"`;
      throw new FoxgloveError(message, { code: "decode", cause });
    }
  }

  /** Services are there: calls may wait for one of them. */
  advertised(): void {
    this.#requests.sendWaiting();
  }

  /** Services are gone: what they have not answered they never will. */
  unadvertised(services: readonly AdvertisedService[]): void {
    for (const { id, name } of services) {
      const error = new ConnectionError(`Service "${name}" has gone without an answer`, { code: "service_gone" });
      this.#requests.release(error, ({ service }) => service?.id === id);
    }
  }

  answered(response: Response): void {
    this.#take(response)?.resolve(response);
  }

  failed(failure: Failure): void {
    const pending = this.#take(failure);
    pending?.reject(new ServiceError(pending.context.name, failure.message));
  }

  /** An answer has come that could not be read. */
  broken(request: BrokenRequest & { kind: "serviceCall" }, error: ProtocolError): void {
    this.#take(request)?.reject(error);
  }

  /** Gives up the calls that were sent; the others may find their service on the next connection. */
  connectionLost(error: ConnectionError): void {
    this.#requests.release(error, ({ service }) => service !== undefined);
  }

  /** The client is over: nothing need wait for a service any more. */
  end(error: ConnectionError): void {
    this.#requests.release(error);
  }

  /** The pending call that an answer is for: both ids have to be right. */
  #take({ serviceId, callId }: { serviceId: number; callId: number }) {
    return this.#requests.take(callId, ({ service }) => service?.id === serviceId);
  }

  /** Sends a call if its service is there. */
  #trySend(id: number, call: Call): void | false {
    const { over, lost, catalogue } = this.#host;
    if (over !== undefined) throw over;
    if (lost !== undefined) return false;
    for (const service of catalogue.services.values()) {
      if (service.name === call.name) return this.#send(id, call, service);
    }
    return false;
  }

  #send(id: number, call: Call, service: AdvertisedService): void {
    const request = encodeRequest(call, service);
    call.service = service;
    this.#host.send({ op: "serviceCallRequest", serviceId: service.id, callId: id, ...request });
  }
}

function encodeRequest({ name, request, ...call }: Call, service: AdvertisedService) {
  const encoding = call.encoding ?? (service.request?.encoding || undefined);
  if (request instanceof Uint8Array) {
    if (encoding !== undefined) return { encoding, data: request };
    throw new TypeError(`Cannot call "${name}": it declares no encoding, so bytes need the encoding option`);
  }
  if (encoding === undefined || encoding === "json") return { encoding: "json", data: jsonEncode(request) };
  throw new TypeError(`Cannot call "${name}": encoding "${encoding}" needs a Uint8Array, got ${typeof request}`);
}

/** JSON as its value; nothing at all, which some servers send for an empty response, as `undefined`. */
function decodeResponse(data: Uint8Array, encoding: string): unknown {
  if (encoding !== "json") return data;
  return data.length === 0 ? undefined : parseNearlyJson(utf8Decode(data));
}
