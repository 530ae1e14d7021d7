/**
 * What clients ask of the assets: each request is answered, once.
 *
 * @module
 */
import type { Message } from "../transport/transport.ts";
import { encodeServerMessage } from "../protocol/codec.ts";
import { describe, quote } from "../protocol/describe.ts";
import type { ClientMessage, MessageOf } from "../protocol/messages.ts";
import { type FoxgloveError, TimeoutError } from "../util/errors.ts";
import type { Events } from "../util/events.ts";
import type { Clock } from "../util/time.ts";
import { type AssetBody, type AssetHandler, AssetReader, checkSize } from "./asset.ts";
import { checkFunction } from "./checks.ts";
import { failureText, startLimit } from "./failures.ts";
import type { ServerLimits } from "./limits.ts";
import type { ServerEvents } from "./server_events.ts";
import type { Session } from "./session.ts";
import { Turns } from "./turns.ts";

type FetchAsset = MessageOf<ClientMessage<true>, "fetchAsset">;

/** What the assets need of their server. */
export interface AssetHost {
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly events: Events<ServerEvents>;
}

/** What is kept of one client. */
interface ClientState {
  /** The requests in flight, by request id. */
  readonly requests: Map<number, Request>;
  /** One stream is read at a time, and the next when its body has gone: no more than one waits in memory. */
  readonly streams: Turns;
  /** One body waits for the client at a time. Bytes need no reading, so a stream that stalls does not stop them. */
  readonly bodies: Turns;
}

/** A request whose answer has not gone out. */
interface Request {
  readonly session: Session;
  readonly state: ClientState;
  readonly id: number;
  readonly uri: string;
  readonly abandoned: AbortController;
  /** Stops the time limit. */
  cancelLimit: () => void;
}

/** Answers the asset requests of every client. */
export class AssetRequests {
  readonly #host: AssetHost;
  readonly #handlers = new Set<{ readonly handler: AssetHandler }>();
  readonly #states = new Map<Session, ClientState>();

  constructor(host: AssetHost) {
    this.#host = host;
  }

  /** Adds a handler; one that was added before is asked first. */
  add(handler: AssetHandler): Disposable {
    checkFunction(handler, "asset handler");
    const entry = { handler };
    this.#handlers.add(entry);
    return { [Symbol.dispose]: () => void this.#handlers.delete(entry) };
  }

  /** Answers `fetchAsset`. */
  fetch(session: Session, { uri, requestId }: FetchAsset): void {
    const state = this.#stateOf(session);
    const limit = this.#host.limits.assetRequests;
    if (state.requests.has(requestId)) {
      return fail(session, requestId, `Request ID was already used: ${requestId}; the request is still in flight`);
    }
    if (state.requests.size >= limit) {
      return fail(session, requestId, `Too many asset requests in flight: the limit is ${limit}`);
    }
    const abandoned = new AbortController();
    const request: Request = { session, state, id: requestId, uri, abandoned, cancelLimit: () => {} };
    state.requests.set(requestId, request);
    this.#startLimit(request);
    this.#answer(request).catch((error) => this.#failed(request, error));
  }

  /** Forgets a client that is leaving: its requests fail, as far as it can still hear of it. */
  release(session: Session, reason: FoxgloveError): void {
    const state = this.#states.get(session);
    if (state === undefined) return;
    this.#states.delete(session);
    this.#abandon([...state.requests.values()], reason);
  }

  async #answer(request: Request): Promise<void> {
    const { state, abandoned: { signal } } = request;
    // Also what is hidden is in flight until then: nobody can tell it from what is not there.
    const body = await (this.#exists(request) ? this.#find(request) : undefined);
    request.cancelLimit();
    if (body === undefined) return this.#refuse(request, `Asset not found: ${quote(request.uri)}`);
    if (body instanceof Uint8Array) return await this.#sendBytes(request, body);
    const reader = new AssetReader(checkStream(body), this.#host.limits.assetBytes);
    const cancel = () => reader.cancel(signal.reason);
    signal.addEventListener("abort", cancel);
    if (signal.aborted) return cancel();
    try {
      await state.streams.run(() => this.#sendStream(request, reader));
    } catch (error) {
      reader.cancel(error);
      throw error;
    }
  }

  /** Whether there may be such an asset for the client. */
  #exists({ session, uri }: Request): boolean {
    return session.host.allows(session, "fetch", uri);
  }

  /** Asks the handlers one after the other. */
  async #find({ session, uri, abandoned }: Request): Promise<AssetBody | undefined> {
    for (const { handler } of [...this.#handlers]) {
      const body = await handler(uri, { client: session, signal: abandoned.signal });
      if (body !== undefined || abandoned.signal.aborted) return body;
    }
  }

  async #sendStream(request: Request, reader: AssetReader): Promise<void> {
    await this.#behindControl(request, () => undefined);
    const body = await reader.read(() => this.#startLimit(request));
    request.cancelLimit();
    await this.#sendBytes(request, body);
  }

  async #sendBytes(request: Request, body: Uint8Array): Promise<void> {
    if (!this.#isInFlight(request)) return;
    const { state, id } = request;
    checkSize(body.length, this.#host.limits.assetBytes);
    await state.bodies.run(() =>
      this.#behindControl(request, () => {
        if (!this.#isInFlight(request)) return undefined;
        this.#end(request);
        return { head: responseHead(id), body };
      })
    );
  }

  /** Settles when `make` was called, behind the control messages of the client; not at all when it has left. */
  #behindControl(request: Request, make: () => Message | undefined): Promise<void> {
    return new Promise((resolve) => {
      request.session.sendBehindControl(() => {
        resolve();
        return make();
      });
    });
  }

  #refuse(request: Request, text: string): void {
    if (!this.#isInFlight(request)) return;
    this.#end(request);
    fail(request.session, request.id, text);
  }

  /** What a handler throws when nobody waits any more is no news: it was told to stop. */
  #failed(request: Request, error: unknown): void {
    if (!this.#isInFlight(request)) return;
    this.#refuse(request, failureText(error));
    this.#host.events.emit("error", { error, during: `asset ${quote(request.uri)}` });
  }

  /** Starts the time limit, or starts it again. */
  #startLimit(request: Request): void {
    request.cancelLimit();
    if (!this.#isInFlight(request)) return;
    const { assetMs } = this.#host.limits;
    const onTimeout = () => {
      const text = `Asset ${quote(request.uri)} did not come within ${assetMs} ms`;
      this.#abandon([request], new TimeoutError(text));
    };
    request.cancelLimit = startLimit(this.#host.clock, assetMs, onTimeout);
  }

  /** Answers requests before their handlers do. All are answered first: what listens to a signal may do anything. */
  #abandon(requests: readonly Request[], reason: FoxgloveError): void {
    for (const request of requests) this.#refuse(request, reason.message);
    for (const { abandoned } of requests) abandoned.abort(reason);
  }

  #isInFlight(request: Request): boolean {
    return request.state.requests.get(request.id) === request;
  }

  #end(request: Request): void {
    request.cancelLimit();
    request.state.requests.delete(request.id);
  }

  #stateOf(session: Session): ClientState {
    const state = this.#states.get(session) ??
      { requests: new Map<number, Request>(), streams: new Turns(), bodies: new Turns() };
    this.#states.set(session, state);
    return state;
  }
}

function checkStream(body: unknown): ReadableStream<Uint8Array> {
  // By what it can do, so that a stream of another realm, or a library's, will do.
  if (typeof (body as ReadableStream | null)?.getReader === "function") return body as ReadableStream<Uint8Array>;
  throw new TypeError(`Cannot send asset: handler gave ${describe(body)}, need a Uint8Array or a ReadableStream`);
}

function responseHead(requestId: number): Uint8Array {
  return encodeServerMessage({ op: "fetchAssetResponse", requestId, data: new Uint8Array() }) as Uint8Array;
}

function fail(session: Session, requestId: number, error: string): void {
  session.send({ op: "fetchAssetResponse", requestId, error });
}
