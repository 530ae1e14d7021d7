/**
 * The server under test, as one case sees it.
 *
 * @module
 */
import type { Subprotocol } from "../protocol/constants.ts";
import { errorMessage } from "../util/errors.ts";
import type { Barrier, Probe } from "./barrier.ts";
import type { Greeting, PeerOptions, Scene } from "./case.ts";
import { readGreeting } from "./greeting.ts";
import { Mismatch, Skip } from "./mismatch.ts";
import { OTHER_OFFERS } from "./offers.ts";
import type { Peer } from "./peer.ts";
import { RawSocket } from "./raw_socket.ts";
import { type OpenSocket, WebSocketPeer } from "./web_socket_peer.ts";
import { WireLog } from "./wire_log.ts";

/** What all cases of a run have in common. */
export interface Setting {
  url: string;
  protocol: Subprotocol;
  answerMs: number;
  barrier: Barrier;
  open: OpenSocket;
}

/** One case's view: it keeps what the case opens, to close it. */
export class CaseScene implements Scene {
  readonly log: WireLog = new WireLog();
  readonly greeting: Greeting;
  readonly #greetingWire: readonly string[];
  readonly #setting: Setting;
  readonly #peers: WebSocketPeer[] = [];
  readonly #sockets: RawSocket[] = [];
  #connections = 0;
  #over = false;

  constructor(setting: Setting, { greeting, wire }: { greeting: Greeting; wire: readonly string[] }) {
    this.#setting = setting;
    this.greeting = greeting;
    this.#greetingWire = wire;
  }

  /** What went over the wire; for a case that has only looked at what the server said when the run began, that. */
  get wire(): readonly string[] {
    const lines = this.log.lines();
    return lines.length > 0 ? lines : ["(when the run began)", ...this.#greetingWire];
  }

  get url(): string {
    return this.#setting.url;
  }

  get protocol(): Subprotocol {
    return this.#setting.protocol;
  }

  get answerMs(): number {
    return this.#setting.answerMs;
  }

  async connect({ protocols = [this.protocol], ungreeted }: PeerOptions = {}): Promise<Peer> {
    const { url, open, answerMs, barrier } = this.#setting;
    const settings = { answerMs, barrier, log: this.log, number: ++this.#connections };
    const peer = await WebSocketPeer.open(url, protocols, open, settings);
    this.#peers.push(peer);
    await this.#checkGoesOn();
    if (!ungreeted) peer.greeting = await readGreeting(peer);
    return peer;
  }

  async raw(): Promise<RawSocket> {
    const settings = { answerMs: this.answerMs, log: this.log, number: ++this.#connections };
    const socket = await RawSocket.connect(this.url, settings).catch((error) => {
      throw new Mismatch("a TCP connection", errorMessage(error));
    });
    this.#sockets.push(socket);
    await this.#checkGoesOn();
    return socket;
  }

  probe(): Probe {
    const probe = this.#setting.barrier.probe();
    if (probe === undefined) throw new Skip("the server answers no harmless request", OTHER_OFFERS.probe);
    return probe;
  }

  async settingBack(run: () => Promise<void>, back: () => Promise<void>): Promise<void> {
    const failure = await run().then(() => undefined, (error) => ({ error }));
    if (failure !== undefined) this.log.cut();
    try {
      await back();
    } catch (error) {
      throw failure?.error ?? error;
    }
    if (failure !== undefined) throw failure.error;
  }

  /** Ends what the case has left open. */
  async leave(): Promise<void> {
    this.#over = true;
    this.log.cut();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#peers.map((peer) => peer.close()));
  }

  /** A case whose time is up may still be on its way: what it opens then is closed. */
  async #checkGoesOn(): Promise<void> {
    if (!this.#over) return;
    await this.leave();
    throw new Skip("the case is over");
  }
}
