/**
 * The server under test, as one case sees it.
 *
 * @module
 */
import type { Subprotocol } from "../protocol/constants.ts";
import type { Barrier, Probe } from "./barrier.ts";
import type { Greeting, PeerOptions, Scene } from "./case.ts";
import { readGreeting } from "./greeting.ts";
import { Skip } from "./mismatch.ts";
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
  readonly #setting: Setting;
  readonly #peers: WebSocketPeer[] = [];
  readonly #sockets: RawSocket[] = [];
  #over = false;

  constructor(setting: Setting, greeting: Greeting) {
    this.#setting = setting;
    this.greeting = greeting;
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
    const settings = { answerMs, barrier, log: this.log, number: this.#peers.length + 1 };
    const peer = await WebSocketPeer.open(url, protocols, open, settings);
    this.#peers.push(peer);
    await this.#checkGoesOn();
    if (!ungreeted) peer.greeting = await readGreeting(peer);
    return peer;
  }

  async raw(): Promise<RawSocket> {
    const socket = await RawSocket.connect(this.url, this.answerMs);
    this.#sockets.push(socket);
    await this.#checkGoesOn();
    return socket;
  }

  probe(): Probe {
    const probe = this.#setting.barrier.probe();
    if (probe === undefined) throw new Skip("the server answers no harmless request");
    return probe;
  }

  /** Ends what the case has left open. */
  async leave(): Promise<void> {
    this.#over = true;
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
