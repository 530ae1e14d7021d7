/**
 * Who may connect: the rules of the protocol, room for one more, and what the server's user says.
 *
 * @module
 */
import { describe } from "../protocol/describe.ts";
import { within } from "../util/async.ts";
import type { Events } from "../util/events.ts";
import type { Clock } from "../util/time.ts";
import { checkOptionalFunction } from "./checks.ts";
import { isPromiseLike } from "./failures.ts";
import { type Accepted, type Admission, negotiate, type Refusal, refuse, type UpgradeRequest } from "./handshake.ts";
import type { ServerLimits } from "./limits.ts";
import type { ServerEvents } from "./server_events.ts";

/** What a refused client is told. */
export interface AuthorizationRefusal {
  /** 401: it should say who it is, or who else. 403: it may not, whoever it is. Default 403. */
  status?: 401 | 403;
  /** One line of text; the client learns nothing else. Default `"Not authorized"`. */
  reason?: string;
  /** With 401, how to say who one is: the header `WWW-Authenticate`. Default `"Bearer"`. */
  challenge?: string;
}

/** What lets a client in and says who it is. */
export interface Authorization {
  /** Stands on the client as `client.identity`. Nothing (`undefined`, `null`, `false`, `""`, 0) lets nobody in: somebody was looked up and not found. */
  identity: NonNullable<unknown>;
}

/**
 * Decides whether a client may connect, before the upgrade. It may be async, and has 10 s (`limits.authorizeMs`). Only
 * `true`, or `{ identity }`, lets the client in; `false` refuses it with 403. Anything else does so too, and raises the
 * server's `error` event. When it throws, or takes too long, the client is refused with 500, and the event is raised.
 *
 * Browsers send no headers of a page's choice with a WebSocket, only cookies: there, put a token in the URL.
 */
export type Authorize = (
  request: Pick<UpgradeRequest, "url" | "headers" | "address">,
) => AuthorizationVerdict | Promise<AuthorizationVerdict>;

/** What {@link Authorize} answers. */
export type AuthorizationVerdict = boolean | Authorization | AuthorizationRefusal;

/** Who may connect. */
export interface AdmissionOptions {
  /** Decides for each client; left out: all may. */
  authorize?: Authorize;
  /**
   * Origins of pages that may connect: `["https://app.example.com"]`. Others are refused with 403; programs, which send
   * no `Origin`, are not. Left out: all may, also pages of strangers that are open on this machine.
   */
  allowedOrigins?: string[];
}

/** What the decision needs of its server. */
export interface AdmissionHost extends AdmissionOptions {
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly events: Events<ServerEvents>;
  /** How many clients there are. */
  clients(): number;
}

/** Decides on requests to open a connection. */
export class Admissions {
  readonly #host: AdmissionHost;
  readonly #origins: ReadonlySet<string> | undefined;
  readonly #closing = new AbortController();
  /** Requests that wait for their authorization: each may become a client. */
  #waiting = 0;

  constructor(host: AdmissionHost) {
    checkOptionalFunction(host.authorize, "authorize");
    this.#host = host;
    this.#origins = host.allowedOrigins && normalOrigins(host.allowedOrigins);
  }

  admit(request: UpgradeRequest): Admission | Promise<Admission> {
    const admission = negotiate(request);
    if (!admission.accepted) return admission;
    const refusal = this.#unavailable() ?? this.#badOrigin(request);
    if (refusal !== undefined) return refusal;
    return this.#host.authorize === undefined ? admission : this.#authorized(request, admission);
  }

  /** Lets nobody in any more, also none of those who wait for their authorization. */
  close(): void {
    this.#closing.abort();
  }

  #unavailable(): Refusal | undefined {
    if (this.#closing.signal.aborted) return unavailable("Server is closing");
    if (this.#host.clients() + this.#waiting >= this.#host.limits.clients) {
      return unavailable("Server has as many clients as it allows");
    }
  }

  #badOrigin({ headers }: UpgradeRequest): Refusal | undefined {
    const origin = headers.get("Origin");
    if (this.#origins === undefined || origin === null || this.#origins.has(origin.toLowerCase())) return undefined;
    return refuse(403, "Origin is not allowed");
  }

  /** An answer at once is one at once: in `Deno.serve` a request that waits costs more. */
  #authorized({ url, headers, address }: UpgradeRequest, admission: Accepted): Admission | Promise<Admission> {
    try {
      const verdict = this.#host.authorize!({ url, headers, address });
      if (isPromiseLike(verdict)) return this.#authorizedLater(verdict, admission);
      return this.#concluded(verdict, admission);
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #authorizedLater(asked: PromiseLike<AuthorizationVerdict>, admission: Accepted): Promise<Admission> {
    const { limits: { authorizeMs: timeoutMs }, clock } = this.#host;
    const { signal } = this.#closing;
    this.#waiting++;
    try {
      const asking = within(Promise.resolve(asked), "answer of authorize", { signal, timeoutMs, clock });
      const verdict = await asking.finally(() => this.#waiting--);
      return this.#concluded(verdict, admission);
    } catch (error) {
      return this.#failed(error);
    }
  }

  #concluded(verdict: AuthorizationVerdict, admission: Accepted): Admission {
    const identity = identityOf(verdict);
    if (verdict === true || identity !== undefined) return this.#unavailable() ?? { ...admission, identity };
    if (!isRefusal(verdict)) this.#host.events.emit("error", { error: noVerdict(verdict), during: "authorize" });
    return refusalOf(verdict);
  }

  #failed(error: unknown): Refusal {
    if (this.#closing.signal.aborted) return unavailable("Server is closing");
    this.#host.events.emit("error", { error, during: "authorize" });
    return refuse(500, "Internal server error");
  }
}

/** Who a client is; `undefined` when the verdict does not say. */
function identityOf(verdict: AuthorizationVerdict): unknown {
  return (Object(verdict) as Partial<Authorization>).identity || undefined;
}

const MEMBERS: readonly string[] = ["identity", "status", "reason", "challenge"];

/** Whether a verdict is one that lets nobody in, and not the mistake of somebody who expects that it lets in, or redirects. */
function isRefusal(verdict: unknown): boolean {
  if (typeof verdict !== "object" || verdict === null) return verdict === false;
  const { status = 403 } = verdict as { status?: unknown };
  return (status === 401 || status === 403) && Object.keys(verdict).every((name) => MEMBERS.includes(name));
}

/** Members by their names: values may be secret. */
function noVerdict(verdict: unknown): TypeError {
  const isObject = typeof verdict === "object" && verdict !== null;
  const shown = isObject ? `{ ${Object.keys(verdict).join(", ")} }` : describe(verdict);
  return new TypeError(
    `authorize answered ${shown}, need true, { identity }, false, or { status, reason } with status 401 or 403`,
  );
}

/** Anything but a refusal, such as nothing at all, is a plain one. */
function refusalOf(verdict: AuthorizationVerdict): Refusal {
  const { status, reason = "Not authorized", challenge = "Bearer" } = Object(verdict) as AuthorizationRefusal;
  if (status !== 401) return refuse(403, reason);
  return refuse(401, reason, { "WWW-Authenticate": challenge.replace(NOT_PRINTABLE, "") });
}

/** What could end a header line and begin another. */
const NOT_PRINTABLE = /[^\x20-\x7e]/g;

function unavailable(text: string): Refusal {
  return refuse(503, text, { "Retry-After": "5" });
}

function normalOrigins(origins: readonly string[]): ReadonlySet<string> {
  if (Array.isArray(origins)) return new Set(origins.map(normalOrigin));
  throw new TypeError(
    `Invalid allowedOrigins: ${describe(origins)}, need an array such as ["https://app.example.com"]`,
  );
}

/** An origin as browsers send it. */
function normalOrigin(origin: string): string {
  if (origin === "null") return origin;
  if (!URL.canParse(origin) || !origin.includes("://")) {
    throw new TypeError(`Invalid origin in allowedOrigins: "${origin}"; write it as "https://app.example.com"`);
  }
  const { origin: normal } = new URL(origin);
  // Of other schemes than http(s) and ws(s) it is "null", but desktop programs send them.
  return normal === "null" ? origin.toLowerCase().replace(/\/$/, "") : normal;
}
