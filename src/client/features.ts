/**
 * What a client asks a server for and watches, beside channels: one object that a connection's end and its return are
 * told to.
 *
 * @module
 */
import type { ProtocolError } from "../protocol/errors.ts";
import { ConnectionError } from "../util/errors.ts";
import { Assets } from "./assets.ts";
import { clientOver } from "./connection.ts";
import { GraphWatch } from "./connection_graph.ts";
import { Feeds } from "./feeds.ts";
import type { Ending } from "./inbox.ts";
import { Parameters } from "./parameters.ts";
import { PlaybackControl } from "./playback.ts";
import type { RequestHost } from "./requests.ts";
import { Services } from "./services.ts";

/** A host whose connection comes and goes. */
type Host = { -readonly [Member in keyof RequestHost]: RequestHost[Member] };

/** The concerns of a client. */
export class Features {
  readonly services: Services;
  readonly parameters: Parameters;
  readonly assets: Assets;
  readonly graph: GraphWatch;
  readonly playback: PlaybackControl;
  /** Servers tell the time unasked. */
  readonly times: Feeds<bigint>;
  readonly #host: Host;

  constructor({ send, ...setup }: Omit<RequestHost, "lost" | "over">) {
    const host: Host = {
      ...setup,
      lost: undefined,
      over: undefined,
      send(message) {
        if (this.lost !== undefined) throw this.lost;
        send(message);
      },
    };
    this.#host = host;
    this.services = new Services(host);
    this.parameters = new Parameters(host);
    this.assets = new Assets(host);
    this.graph = new GraphWatch(host);
    this.playback = new PlaybackControl(host);
    this.times = new Feeds(setup.limits);
  }

  /** An answer has come that could not be read: nobody need wait for it. */
  broken(error: ProtocolError): void {
    const { request } = error;
    if (request?.kind === "serviceCall") this.services.broken(request, error);
    if (request?.kind === "fetchAsset") this.assets.broken(request, error);
    if (request?.kind === "parameters") this.parameters.broken(request, error);
    if (request?.kind === "playback") this.playback.broken(request, error);
  }

  /** The connection is over: what was asked for will not be answered, and nothing can be sent until there is another. */
  connectionLost(cause: ConnectionError): void {
    const message = 'The connection is lost and the client is reconnecting: wait for state "connected"';
    this.#host.lost = new ConnectionError(message, { cause, closeCode: cause.closeCode });
    this.#release(cause);
  }

  #release(error: ConnectionError): void {
    for (const feature of [this.services, this.parameters, this.assets, this.graph, this.playback]) {
      feature.connectionLost(error);
    }
  }

  /**
   * There is a new connection, and its `serverInfo`: what was watched is watched again. The catalogue must be rid of the
   * services of the old one: calls that wait for a service take the first with its name.
   */
  resubscribe(): void {
    this.#host.lost = undefined;
    this.refresh();
  }

  /** There is a `serverInfo`, and perhaps capabilities that were missing for what is watched. */
  refresh(): void {
    this.parameters.refresh();
    this.graph.refresh();
  }

  /** The server is not the one it was: what came of the old one and nobody has read is dropped. */
  forgetUnread(): void {
    for (const feature of [this.parameters, this.graph, this.times]) feature.forgetUnread();
  }

  /** There will be no other connection. Feeds end when what they have is read. Only the first ending counts. */
  end(ending: Ending): void {
    const error = this.#host.over ??= clientOver(ending.error);
    this.#host.lost = error;
    this.#release(error);
    this.services.end(error);
    this.parameters.end(ending);
    this.graph.end(ending);
    this.times.end(ending);
  }
}
