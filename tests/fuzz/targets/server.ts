/**
 * The server, at the level of transports: several clients that come and go, say right and wrong things in any order, and get
 * exactly what the model says, nobody anything else. Time and turns are in the hands of the run.
 */
import type { ServerClient } from "../../../src/server/server_client.ts";
import { type LinkedTransport, linkedTransports } from "../../../src/transport/linked.ts";
import { Mortals } from "../../support/garbage.ts";
import type { Random } from "../../support/random.ts";
import { Mismatch, type Play, type Raw, shown, type Target } from "../case.ts";
import { ClientTraffic } from "../traffic/client_traffic.ts";
import { corpusFor } from "../traffic/corpus.ts";
import { GraphBook } from "../models/graph_book.ts";
import { type Keyed, keyed, type Lane } from "../models/keys.ts";
import { pickOf, randomBytes } from "../traffic/mutate.ts";
import { Planned, ServerFixture, type ServerKind, SERVICES, SLOW_MS } from "./server_fixture.ts";
import { publishedKey, ServerModel } from "../models/server_model.ts";
import type { SessionModel } from "../models/session_model.ts";
import { macrotask, SteppedClock } from "./turns.ts";

interface Setup {
  kind: ServerKind;
  corpus: number;
}

type Step =
  | { do: "join"; seat: number; protocol: string }
  | { do: "leave"; seat: number; how: "close" | "cut" }
  | { do: "say"; said: [seat: number, raw: Raw][] }
  | { do: "wait"; ms: number }
  | { do: "publish"; channel: number; time: number; payload: Uint8Array }
  | { do: "open channel"; topic: string }
  | { do: "close channel"; id: number }
  | { do: "open service"; name: string }
  | { do: "close service"; id: number }
  | { do: "set"; name: string; value: number }
  | { do: "time"; time: number }
  | { do: "played"; time: number }
  | { do: "session"; id: string }
  | { do: "status"; message: string };

type StepOf<Do extends Step["do"]> = Extract<Step, { do: Do }>;

const PROTOCOLS = ["foxglove.sdk.v1.1", "foxglove.sdk.v1", "foxglove.websocket.v1"];
const SEATS = 4;
/** No subscription has this id: the answer shows that the connection lives, and that everything before was answered. */
const PROBE = '{"op":"unsubscribe","subscriptionIds":[3134917549]}';
/** Turns in which a stream may still deliver. */
const PATIENCE = 200;

/** The client's end of a connection. */
class Peer {
  readonly end: LinkedTransport;
  readonly graph = new GraphBook();
  received: Raw[] = [];
  closed: { code: number; reason: string } | undefined;

  constructor(end: LinkedTransport) {
    this.end = end;
    end.bind({
      message: (data) => void this.received.push(data),
      drain() {},
      close: (code, reason) => void (this.closed = { code, reason }),
    });
  }
}

/** Events of one kind that undo each other. */
const PAIRS = [["connect", "disconnect"], ["subscribe", "unsubscribe"], ["advertise", "unadvertise"]] as const;

class ServerPlay implements Play<Step> {
  readonly #clock = new SteppedClock();
  readonly #ownClock = new SteppedClock();
  readonly #fixture: ServerFixture;
  readonly #model: ServerModel;
  readonly #traffic: ClientTraffic;
  readonly #peers = new Map<number, { peer: Peer; client: ServerClient }>();
  readonly #published: string[] = [];
  readonly #balance: Record<string, number> = {};
  #opened = 0;

  constructor({ kind, corpus }: Setup) {
    this.#fixture = new ServerFixture(kind, { clock: this.#clock, ownClock: this.#ownClock });
    this.#model = new ServerModel(kind);
    this.#traffic = new ClientTraffic(corpusFor(corpus).client);
    const { server } = this.#fixture;
    server.on("message", ({ client, channel, data }) => {
      this.#published.push(publishedKey(client.id, channel.topic, data));
    });
    for (const [came, went] of PAIRS) {
      this.#balance[came] = 0;
      server.on(came, () => void this.#balance[came]!++);
      server.on(went, () => void this.#balance[came]!--);
    }
  }

  next(random: Random): Step {
    const seats = [...this.#peers.keys()];
    if (seats.length === 0 || (seats.length < SEATS && random.chance(0.03))) return this.#join(random);
    if (random.chance(0.015)) {
      return { do: "leave", seat: pickOf(random, seats), how: pickOf(random, ["close", "cut"]) };
    }
    if (random.chance(0.12)) return this.#own(random) ?? { do: "status", message: "hello" };
    return { do: "say", said: this.#said(random, seats) };
  }

  async play(step: Step): Promise<number> {
    (this.#steps[step.do] as (step: Step) => void)(step);
    if (step.do === "wait") await this.#wait(step.ms);
    await this.#settle();
    this.#look(step);
    return step.do === "say" ? step.said.length : 0;
  }

  async finish(): Promise<void> {
    for (const [i, seat] of [...this.#peers.keys()].entries()) {
      await this.play({ do: "leave", seat, how: i % 2 === 0 ? "close" : "cut" });
    }
    const { server } = this.#fixture;
    const { clients, subscriptions, queuedBytes } = server.stats();
    const left = {
      clients,
      subscriptions,
      queuedBytes,
      set: server.clients.size,
      timers: this.#clock.delays,
      ...this.#balance,
    };
    const some = Object.entries(left).filter(([, count]) => count !== 0);
    if (some.length > 0) throw new Mismatch(`Left behind when all have left: ${shown(Object.fromEntries(some))}`);
    // What was left in a graph or a parameter would be seen by the next one.
    await this.play({ do: "join", seat: 0, protocol: PROTOCOLS[0]! });
    const questions = ['{"op":"getParameters","parameterNames":[]}', '{"op":"subscribeConnectionGraph"}'];
    await this.play({ do: "say", said: questions.map((raw) => [0, raw]) });
    await this.play({ do: "leave", seat: 0, how: "close" });
    // A handler that is still at work knows its call.
    await this.#ownClock.advance(SLOW_MS);
    kept.push(server);
  }

  // Steps

  #join(random: Random): Step {
    const free = Array.from({ length: SEATS }, (_, seat) => seat).filter((seat) => !this.#peers.has(seat));
    return { do: "join", seat: pickOf(random, free), protocol: pickOf(random, PROTOCOLS) };
  }

  #said(random: Random, seats: number[]): [number, Raw][] {
    const { channels, services } = this.#model;
    const hints = { channelIds: [...channels.keys()], serviceIds: [...services.keys()] };
    const said: [number, Raw][] = [];
    const seat = pickOf(random, seats);
    for (let i = pickOf(random, [1, 1, 1, 1, 2, 3, 8]); i > 0; i--) {
      const who = random.chance(0.9) ? seat : pickOf(random, seats);
      for (const raw of this.#traffic.next(random, hints)) said.push([who, raw]);
    }
    return said;
  }

  #own(random: Random): Step | undefined {
    const { channels, services, kind } = this.#model;
    const [channel, service] = [random.pick(channels.keys()), random.pick(services.keys())];
    const missing = Object.keys(SERVICES).find((name) => ![...services.values()].includes(name));
    const steps: (Step | undefined | false)[] = [
      { do: "wait", ms: pickOf(random, [10, 60, 150, 1_500]) },
      channel !== undefined &&
      { do: "publish", channel, time: random.below(1000), payload: randomBytes(random, random.below(30)) },
      channel !== undefined &&
      { do: "publish", channel, time: random.below(1000), payload: randomBytes(random, random.below(30)) },
      channels.size < 6 && { do: "open channel", topic: `/more ${++this.#opened}` },
      channels.size > 2 && channel !== undefined && { do: "close channel", id: channel },
      kind !== "bare" && missing !== undefined && { do: "open service", name: missing },
      kind !== "bare" && service !== undefined && random.chance(0.3) && { do: "close service", id: service },
      kind !== "bare" && { do: "set", name: "count", value: random.below(4) },
      kind !== "bare" && { do: "set", name: "gain", value: random.below(4) / 2 },
      kind !== "bare" && { do: "time", time: random.below(1000) },
      kind !== "bare" && { do: "played", time: 100 + random.below(901) },
      random.chance(0.2) && { do: "session", id: `session ${random.below(3)}` },
      { do: "status", message: "hello" },
    ];
    return pickOf(random, steps) || undefined;
  }

  readonly #steps: { readonly [Do in Step["do"]]: (step: StepOf<Do>) => void } = {
    join: ({ seat, protocol }) => {
      if (this.#peers.has(seat)) return;
      const [end, clientEnd] = linkedTransports({ protocol, clock: this.#clock });
      const client = this.#fixture.server.accept(end);
      mortals.add("sessions", client);
      this.#peers.set(seat, { peer: new Peer(clientEnd), client });
      this.#model.join(seat, protocol);
    },
    leave: ({ seat, how }) => {
      const { end } = this.#peers.get(seat)?.peer ?? {};
      if (how === "close") end?.close(1000, "bye");
      else end?.terminate();
      this.#peers.delete(seat);
      this.#model.leave(seat);
    },
    say: ({ said }) => {
      // What one client says arrives together; those who have begun first come first.
      for (const seat of new Set(said.map(([seat]) => seat))) {
        const raws = said.filter(([who]) => who === seat).map(([, raw]) => raw);
        this.#say(seat, [...raws, PROBE]);
      }
    },
    wait: () => {},
    publish: ({ channel, time, payload }) => {
      const logTime = BigInt(time);
      if (!this.#fixture.channels.has(channel)) return;
      this.#fixture.channels.get(channel)!.publish(payload, { logTime });
      this.#model.publish(channel, logTime, payload);
    },
    "open channel": ({ topic }) => {
      this.#fixture.openChannel(topic);
      this.#model.openChannel(topic);
    },
    "close channel": ({ id }) => {
      if (!this.#fixture.channels.has(id)) return;
      this.#fixture.channels.get(id)!.close();
      this.#fixture.channels.delete(id);
      this.#model.closeChannel(id);
    },
    "open service": ({ name }) => {
      if ([...this.#model.services.values()].includes(name)) return;
      this.#fixture.openService(name);
      this.#model.openService(name);
    },
    "close service": ({ id }) => {
      const name = this.#model.services.get(id);
      if (name === undefined) return;
      this.#fixture.services.get(name)!.close();
      this.#model.closeService(id);
    },
    set: ({ name, value }) => {
      this.#fixture.server.parameters.set(name, value);
      this.#model.setParameter(name, value);
    },
    time: ({ time }) => {
      this.#fixture.server.time(BigInt(time));
      this.#model.tellTime(BigInt(time));
    },
    played: ({ time }) => {
      this.#fixture.playback!.update({ currentTime: BigInt(time) });
      this.#model.played(BigInt(time));
    },
    session: ({ id }) => {
      this.#fixture.server.clearSession(id);
      this.#model.startSession(id);
    },
    status: ({ message }) => {
      this.#fixture.server.status("info", message, { id: "own" });
      this.#model.status(message);
    },
  };

  #say(seat: number, raws: Raw[]): void {
    const peer = this.#peers.get(seat)?.peer;
    const client = this.#model.clients.get(seat);
    if (peer === undefined || client === undefined) return;
    peer.end.send(raws);
    for (const raw of raws) this.#model.receive(client, raw);
  }

  // Looks

  /** Handlers are done before the server gives them up. */
  async #wait(ms: number): Promise<void> {
    await this.#ownClock.advance(ms);
    await this.#clock.settle();
    await this.#clock.advance(ms);
    this.#model.wait(ms);
  }

  async #settle(): Promise<void> {
    await this.#clock.settle();
    this.#model.wait(0);
    for (let i = 0; i < PATIENCE && this.#waits(); i++) {
      await macrotask();
      await this.#clock.settle();
    }
  }

  #waits(): boolean {
    for (const [seat, { peer }] of this.#peers) {
      if (peer.received.length < this.#model.clients.get(seat)!.expected.length) return true;
    }
    return false;
  }

  #look(step: Step): void {
    const models = [...this.#model.clients.values()];
    // Whoever asks for the graph has the others told before; who is closed in the middle leaves it in another turn.
    const updates = 1 +
      models.reduce((sum, { graphRequests, closed }) => sum + 2 * graphRequests.length + (closed ? 1 : 0), 0);
    for (const [seat, { peer, client }] of this.#peers) {
      const model = this.#model.clients.get(seat)!;
      try {
        this.#compare(peer, client, { model, updates });
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
        throw new Mismatch(`Client ${model.id} (${model.protocol}): ${error.message}\nafter ${shown(step)}`);
      }
      if (peer.closed !== undefined) {
        this.#peers.delete(seat);
        this.#model.leave(seat);
      }
    }
    for (const [seat, { peer }] of this.#peers) {
      if (this.#model.clients.get(seat)!.watchesGraph) peer.graph.expect(this.#model.graph());
    }
    this.#lookAtServer();
  }

  #compare(peer: Peer, client: ServerClient, { model, updates }: { model: SessionModel; updates: number }): void {
    const received = peer.received.map(keyed);
    for (const lane of ["control", "answers", "data", "time"] as const) sameLane(lane, received, model.expected);
    const graphs = peer.received.filter((_, i) => received[i]!.lane === "graph") as string[];
    if (graphs.length > updates) {
      throw new Mismatch(`${graphs.length} updates of the graph, expected ${updates} at most`);
    }
    peer.graph.update(graphs, model.watchesGraph, model.graphRequests);
    if (shown(peer.closed) !== shown(model.closed)) {
      throw new Mismatch(`Closed ${shown(peer.closed)}, expected ${shown(model.closed)}`);
    }
    const { invalidMessages, subscriptions } = client.stats();
    if (invalidMessages !== model.invalid) {
      throw new Mismatch(`Counts ${invalidMessages} invalid messages, expected ${model.invalid}`);
    }
    if (model.closed === undefined && subscriptions.length !== model.subscriptions.size) {
      throw new Mismatch(`Has ${subscriptions.length} subscriptions, expected ${model.subscriptions.size}`);
    }
    peer.received = [];
    model.expected = [];
    model.graphRequests = [];
  }

  #lookAtServer(): void {
    const { errors, server } = this.#fixture;
    for (const { error, during } of errors.splice(0)) {
      if (error instanceof Planned || during === 'service "/silent"') continue;
      throw new Mismatch(`Error during ${during}: ${error instanceof Error ? error.stack : error}`);
    }
    const told = this.#published.splice(0);
    const expected = this.#model.published.splice(0);
    if (told.join("\n") !== expected.join("\n")) {
      throw new Mismatch(`Published ${shown(told)}, expected ${shown(expected)}`);
    }
    if (server.clients.size !== this.#peers.size) {
      throw new Mismatch(`${server.clients.size} clients, expected ${this.#peers.size}`);
    }
  }
}

/** Fails when what is received on a lane is not what is expected. */
function sameLane(lane: Lane, received: readonly Keyed[], expected: readonly Keyed[]): void {
  const [got, wanted] = [received, expected].map((all) => all.filter((each) => each.lane === lane)) as [
    Keyed[],
    Keyed[],
  ];
  if (lane === "answers") { for (const keys of [got, wanted]) keys.sort((one, other) => one.key < other.key ? -1 : 1); }
  let next = 0;
  for (const { key, optional } of wanted) {
    if (got[next]?.key === key) next++;
    else if (!optional) {
      throw new Mismatch(`${lane} ${next}: ${shown(got[next]?.key ?? "nothing")}\nexpected ${shown(key)}`);
    }
  }
  if (next < got.length) throw new Mismatch(`${lane} ${next}: ${shown(got[next]!.key)}\nexpected nothing`);
}

/** Sessions that a collector may take for held. */
const FEW = 5;

/** Servers that are still there when their clients are not. */
const kept: unknown[] = [];
let mortals = new Mortals();

/** The server. */
export const server: Target<Setup, Step> = {
  name: "server",
  steps: 250,
  setup: (random) => ({
    kind: pickOf(random, ["full", "full", "tight", "guarded", "bare"] as const),
    corpus: random.below(16),
  }),
  start: (setup) => Promise.resolve(new ServerPlay(setup)),
  async inspect() {
    await mortals.assertGone(FEW);
    mortals = new Mortals();
    kept.length = 0;
  },
};
