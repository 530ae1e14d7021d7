/**
 * What every adapter has in common.
 *
 * @module
 */
import { describe } from "../protocol/describe.ts";
import { checkMembers, namesOf } from "../server/checks.ts";
import type { UpgradeRequest } from "../server/handshake.ts";
import type { FoxgloveServer } from "../server/server.ts";
import { FoxgloveError } from "../util/errors.ts";

/** What an adapter needs of a {@link FoxgloveServer}. */
export type ServerCore = Pick<FoxgloveServer, "admit" | "accept" | "limits" | "handleError">;

/** @throws {TypeError} when what a function of an adapter was given is no server of ours: arguments are easily swapped. */
export function checkServer(server: unknown, called: string): void {
  if (typeof (Object(server) as Partial<ServerCore>).admit === "function") return;
  throw new TypeError(`${called} needs a FoxgloveServer first, got ${describe(server)}`);
}

/** What your code knows of a client by itself. */
export interface UpgradeOptions {
  /** Stands on the client as `client.identity`: whom your middleware has found. Default: what `authorize` says. */
  identity?: unknown;
  /**
   * The client's address, where a proxy is in between: what a header of the proxy says of it. Believe one only that your own
   * proxy sets, whatever the client has sent. Default: what the runtime says.
   */
  address?: string | undefined;
}

const UPGRADE_OPTIONS = namesOf<keyof UpgradeOptions>({ identity: true, address: true });

/** @throws {TypeError} when `upgrade()` of an adapter was called with something else. */
export function checkUpgrade(server: unknown, request: Request, options: UpgradeOptions): void {
  checkServer(server, "upgrade()");
  const { url, headers } = Object(request) as Partial<Request>;
  if (typeof url !== "string" || typeof headers?.get !== "function") {
    throw new TypeError(
      `upgrade() needs the Request second, got ${describe(request)}: in Hono c.req.raw, in Fresh ctx.req`,
    );
  }
  checkMembers(options, UPGRADE_OPTIONS, "options of upgrade()");
}

/** Where to listen. */
export interface ListenOptions {
  /** Name or IP address to bind to. */
  host: string;
  /** TCP port; 0 picks a free one. */
  port: number;
  /** Given: clients come by TLS. */
  tls?: TlsOptions | undefined;
}

/** What a server shows to prove who it is, in PEM: the texts of the files, not their names. */
export interface TlsOptions {
  /** The certificate, followed by those between it and one that clients trust. */
  cert: string;
  /** Its private key. */
  key: string;
}

/** Listens for connections and gives them to a server. */
export interface Listener {
  /** The port that is listened on. */
  readonly port: number;
  /** Stops listening. Connections that are open live on. */
  stop(): void;
  /** Stops listening and cuts what is still connected. */
  close(): Promise<void>;
}

/** Seconds of silence after which a runtime that pings its peers by itself gives one up. */
export const IDLE_SECONDS = 30;

/** An HTTP answer to a request that becomes no connection. */
export interface Refusal {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Scheme and authority of an address; both are missing in Bun when a request has no `Host`, and either may be odd. */
const ORIGIN = /^[a-z]+:\/\/[^/?#]*/i;

/** A request in the form of fetch, as the handshake sees it. */
export function fetchUpgradeRequest({ method, url, headers }: Request, address: string | undefined): UpgradeRequest {
  return { method, url: url.replace(ORIGIN, ""), headers, address };
}

/** A refusal in the form of fetch. */
export function refusalResponse({ status, headers, body }: Refusal): Response {
  return new Response(body, { status, headers });
}

/** Addresses that stand for every one of this machine, and one of them that clients here can use. */
const LOCAL: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** The address for clients on this machine of a server that is bound to `host`. */
export function localUrl(scheme: "ws" | "wss", host: string, port: number): string {
  return `${scheme}://${hostPort(LOCAL[host] ?? host, port)}`;
}

function hostPort(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** What it means for a user that listening failed. */
export function listenError(cause: unknown, { host, port }: ListenOptions): FoxgloveError {
  const { code } = cause as { code?: string };
  const inUse = code === "EADDRINUSE";
  const detail = inUse ? "the port is in use" : code ?? String(cause);
  return new FoxgloveError(`Cannot listen on ${hostPort(host, port)}: ${detail}`, {
    code: inUse ? "address_in_use" : "listen_failed",
    cause,
  });
}
