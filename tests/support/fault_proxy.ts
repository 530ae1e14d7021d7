/** A port that leads to another one and does what networks do: falls silent, resets, cuts, and gives one byte at a time. */
import { connect, type Socket } from "node:net";
import { TcpListener } from "../../src/runtime/tcp_listener.ts";

/** Towards the server, and towards the client. */
export type Direction = "up" | "down";

/** What happens to a connection once so many bytes have passed in one direction. */
export interface Fault {
  after: number;
  /** An end in order, a reset, or silence in which nothing passes any more, in either direction and not even an end. */
  how: "end" | "reset" | "silence";
}

const NO_FAULT: Fault = { after: Infinity, how: "end" };

/** One direction of a connection. */
class Lane {
  readonly from: Socket;
  readonly to: Socket;
  passed = 0;
  readonly #link: Link;
  readonly #trickle: boolean;
  #fault: Fault;

  constructor(link: Link, { from, to, fault, trickle }: { from: Socket; to: Socket; fault: Fault; trickle: boolean }) {
    this.from = from;
    this.to = to;
    this.#link = link;
    this.#fault = fault;
    this.#trickle = trickle;
    from.on("data", (data: Uint8Array) => this.take(data));
    this.#failIfDue();
  }

  /** Passes on what has come, and takes more only after that. */
  take(data: Uint8Array): void {
    this.from.pause();
    this.#pass(data).then(() => this.#link.silent || this.from.resume());
  }

  async #pass(data: Uint8Array): Promise<void> {
    let rest = data;
    while (rest.length > 0 && !this.to.writableEnded && !this.to.destroyed) {
      await this.#link.voice;
      const piece = rest.subarray(0, this.#trickle ? 1 : this.#fault.after - this.passed);
      rest = rest.subarray(piece.length);
      this.passed += piece.length;
      // Written alone: in a segment of its own, as Nagle's algorithm is off.
      await new Promise((resolve) => this.to.write(piece, resolve));
      this.#failIfDue();
    }
  }

  #failIfDue(): void {
    const { after, how } = this.#fault;
    if (this.passed < after) return;
    this.#fault = NO_FAULT;
    if (how === "silence") this.#link.mute();
    else if (how === "reset") this.to.resetAndDestroy();
    else this.to.end();
  }
}

/** One connection. */
class Link {
  readonly near: Socket;
  readonly far: Socket;
  readonly lanes: Record<Direction, Lane>;
  /** Settles when something may pass. */
  voice: Promise<void> = Promise.resolve();
  silent = false;
  #speak = () => {};
  /** Ends that nobody has heard of. */
  #missed: (() => void)[] = [];

  constructor(near: Socket, far: Socket, { faults, trickle }: Pick<FaultProxy, "faults" | "trickle">) {
    this.near = near;
    this.far = far;
    for (const socket of [near, far]) socket.setNoDelay(true);
    near.on("close", () => this.#ended(far));
    far.on("close", () => this.#ended(near));
    this.lanes = {
      up: new Lane(this, { from: near, to: far, fault: faults.up ?? NO_FAULT, trickle }),
      down: new Lane(this, { from: far, to: near, fault: faults.down ?? NO_FAULT, trickle }),
    };
  }

  /** From now on nobody hears of anybody. */
  mute(): void {
    if (this.silent) return;
    this.silent = true;
    this.voice = new Promise((resolve) => this.#speak = resolve);
    for (const socket of [this.near, this.far]) socket.pause();
  }

  /** What was held back goes on, ends too. */
  unmute(): void {
    this.silent = false;
    this.#speak();
    for (const socket of [this.near, this.far]) socket.resume();
    for (const tell of this.#missed.splice(0)) tell();
  }

  #ended(other: Socket): void {
    if (this.silent) this.#missed.push(() => other.destroy());
    else other.destroy();
  }
}

/** Stays where it is while servers come and go behind it. */
export class FaultProxy extends TcpListener {
  /** Where connections lead to. */
  target: number;
  /** What happens to the next connection, and to that one alone. */
  faults: Partial<Record<Direction, Fault>> = {};
  /** Whether connections get one byte at a time, in both directions. */
  trickle = false;
  /** How many connections there were. */
  met = 0;
  readonly #links = new Set<Link>();
  #last: Link | undefined;

  private constructor(target: number) {
    super();
    this.target = target;
  }

  static start(target: number): Promise<FaultProxy> {
    return new FaultProxy(target).listen();
  }

  /** How many bytes of the last connection have passed. */
  passed(direction: Direction): number {
    return this.#last?.lanes[direction].passed ?? 0;
  }

  /** Nothing passes on the connections there are, and nobody hears of an end. */
  mute(): void {
    for (const link of this.#links) link.mute();
  }

  /** What was held back goes on. */
  unmute(): void {
    for (const link of this.#links) link.unmute();
  }

  /** Begins with its first byte: Node's own WebSocket leaves a connection behind that says nothing. */
  protected override serve(near: Socket): void {
    this.keep(near);
    near.once("data", (first: Uint8Array) => {
      near.pause();
      const far = connect(this.target, "127.0.0.1");
      this.keep(far);
      const link = new Link(near, far, this);
      this.met++;
      this.faults = {};
      this.#last = link;
      this.#links.add(link);
      link.lanes.up.take(first);
    });
  }
}
