/**
 * `serve()`: a server and its listener, on whichever runtime this is.
 *
 * @module
 */
import { checkMembers, described } from "../server/checks.ts";
import { FoxgloveServer, type ServerCloseOptions, type ServerOptions } from "../server/server.ts";
import { SERVER_OPTIONS } from "../server/server_options.ts";
import { type Listener, localUrl, type TlsOptions } from "./adapter.ts";

export type { TlsOptions };

/** Options of {@link serve}. */
export interface ServeOptions extends ServerOptions {
  /** Name or IP address to bind to; `"0.0.0.0"` lets the whole network in. Default `"127.0.0.1"`: this machine only. */
  host?: string;
  /** TCP port; 0 picks a free one. Default 8765, where viewers look. */
  port?: number;
  /** Certificate and key in PEM, the texts: clients then connect by `wss://`, as pages from `https://` must. */
  tls?: TlsOptions;
}

const HOST = "127.0.0.1";
const PORT = 8765;

function checkPort(port: unknown): void {
  if (Number.isInteger(port) && port as number >= 0 && port as number <= 65535) return;
  const need = "need an integer from 0 to 65535";
  if (typeof port === "number") throw new RangeError(`Cannot listen on port ${port}, ${need}`);
  throw new TypeError(`Cannot listen on port ${described(port)}, ${need}`);
}

/** A {@link FoxgloveServer} that listens; made by {@link serve}. */
export class ListeningServer extends FoxgloveServer {
  /** Where it is bound to. */
  readonly host: string;
  readonly #scheme: "ws" | "wss";
  #listener!: Listener;

  /** @ignore */
  private constructor({ host = HOST, port: _, tls, ...options }: ServeOptions) {
    super(options);
    this.host = host;
    this.#scheme = tls === undefined ? "ws" : "wss";
  }

  /** @ignore {@link serve} does this. */
  static async listen(options: ServeOptions): Promise<ListeningServer> {
    checkMembers(options, [...SERVER_OPTIONS, "host", "port", "tls"], "options of serve()");
    const { port = PORT, tls } = options;
    checkPort(port);
    if (tls !== undefined) (await import("./tls.ts")).checkTls(tls);
    const server = new ListeningServer(options);
    const { listen } = "Bun" in globalThis ? await import("./bun_serve.ts") : await import("./node_http.ts");
    server.#listener = await listen(server, { host: server.host, port, tls });
    return server;
  }

  /** The TCP port that it listens on. */
  get port(): number {
    return this.#listener.port;
  }

  /** The address for clients on this machine: `"ws://127.0.0.1:8765"`, with `tls` `"wss://127.0.0.1:8765"`. */
  get url(): string {
    return localUrl(this.#scheme, this.host, this.port);
  }

  /** Stops listening, then ends every connection as `FoxgloveServer.close()` does. Idempotent, and bounded in time. */
  override async close(options?: ServerCloseOptions): Promise<void> {
    const closed = super.close(options);
    this.#listener.stop();
    await closed;
    await this.#listener.close();
  }
}

/**
 * Starts a server that listens for clients, on Deno, Bun and Node alike.
 *
 * @throws {RangeError} when the port is out of range.
 * @throws {TypeError} when the port is no number, or another option is not what it should be.
 * @throws {FoxgloveError} `code` is `"address_in_use"` when the port is taken, `"listen_failed"` when it may not be used,
 * `"tls"` when certificate or key cannot be.
 *
 * @example
 * ```ts
 * import { serve } from "@foxwire/foxwire/server";
 *
 * const server = await serve({ name: "robot", port: 0 });
 * const pose = server.channel("/pose", { encoding: "json" });
 * pose.publish({ x: 1, y: 2 });
 * console.log(`Listening on ${server.url}`);
 * await server.close();
 * ```
 */
export function serve(options: ServeOptions = {}): Promise<ListeningServer> {
  return ListeningServer.listen(options);
}
