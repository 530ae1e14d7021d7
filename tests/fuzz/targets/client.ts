/**
 * The client, at the level of transports: its API is in use while a server greets it, answers it and talks to it rightly,
 * wrongly and in any order, and connections are lost. It does exactly what the model says.
 */
import type { FoxgloveClient } from "../../../src/client/client.ts";
import { connect } from "../../../src/client/connect.ts";
import { ConnectionGraphView } from "../../../src/client/connection_graph.ts";
import type { Feed } from "../../../src/client/feed.ts";
import type { Publisher } from "../../../src/client/publisher.ts";
import { type LinkedTransport, linkedTransports } from "../../../src/transport/linked.ts";
import { Mortals } from "../../support/garbage.ts";
import type { Random } from "../../support/random.ts";
import { Mismatch, type Play, type Raw, shown, type Target } from "../case.ts";
import { ClientModel } from "../models/client_model.ts";
import type { ReaderModel } from "../models/subscription_model.ts";
import { graphOf, inGroups, Listener, Sent, stateOf, stateText, textOfItem } from "./client_view.ts";
import { corpusFor } from "../traffic/corpus.ts";
import { FEED_ITEMS, FeedModel } from "../models/feed_model.ts";
import { pickOf } from "../traffic/mutate.ts";
import type { Members } from "../readers/read_json.ts";
import { type Outcome, REQUEST_MS, REQUESTS, resolved } from "../models/request_model.ts";
import { serverInfo, ServerTraffic } from "../traffic/server_traffic.ts";
import { API_STEPS, type Step } from "./client_steps.ts";
import { SteppedClock } from "./turns.ts";

interface Setup {
  protocol: string;
  /** Whether the client asks a silent server for a sign of life. */
  asks: boolean;
  corpus: number;
}

type StepOf<Do extends Step["do"]> = Extract<Step, { do: Do }>;

/** Something to read from, and what it has to give. */
interface Reading {
  readonly feed: Feed<object | bigint>;
  readonly model: FeedModel;
  close(): void;
}

const PROTOCOLS = ["foxglove.sdk.v1.1", "foxglove.sdk.v1", "foxglove.websocket.v1"];
const CODES = [1000, 1001, 1006, 1011, 3999, undefined];
/** Longer than the client waits before it connects again. */
const RECONNECT_MS = 200;
const RAW = { encoding: "raw" };
/** Of the ids of playback requests, which are different in each client but for this chance. */
const [CHANCE, PREFIX] = [0.25, "9-"];

class ClientPlay implements Play<Step> {
  readonly #setup: Setup;
  readonly #clock = new SteppedClock();
  readonly #model: ClientModel;
  readonly #traffic: ServerTraffic;
  readonly #sent = new Sent();
  readonly #readings: Reading[] = [];
  readonly #publishers: { publisher: Publisher; id: number }[] = [];
  readonly #outcomes = new Map<number, Outcome>();
  #server!: LinkedTransport;
  #client: FoxgloveClient | undefined;
  #listener!: Listener;
  #failure: unknown;
  #requests = 0;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.#traffic = new ServerTraffic(corpusFor(setup.corpus).server);
    this.#model = new ClientModel({ protocol: setup.protocol, prefix: PREFIX, swallowsSigns: setup.asks });
  }

  /** Connects; the server is still silent. */
  async start(): Promise<this> {
    const greeted = connect(() => this.#dial(), {
      clock: this.#clock,
      timeoutMs: Infinity,
      reconnect: { minDelayMs: 10, maxDelayMs: 100, connectTimeoutMs: Infinity },
      limits: {
        requests: REQUESTS,
        requestMs: REQUEST_MS,
        subscriptionMessages: FEED_ITEMS,
        idleMs: this.#setup.asks ? 30_000 : 0,
      },
    });
    greeted.then((client) => this.#connected(client), (error) => void (this.#failure = error));
    await this.#clock.settle();
    return this;
  }

  next(random: Random): Step {
    if (!this.#model.greeted && (this.#client === undefined || random.chance(0.5))) return this.#greet(random);
    if (this.#model.greeted && random.chance(0.006)) return { do: "drop", code: pickOf(random, CODES) };
    if (random.chance(0.35)) return pickOf(random, API_STEPS)(random, this.#readings.length, this.#publishers.length);
    return this.#model.greeted ? { do: "say", raws: this.#said(random) } : { do: "wait", ms: 10 };
  }

  async play(step: Step): Promise<number> {
    const random = Math.random;
    Math.random = () => CHANCE;
    try {
      (this.#steps[step.do] as (step: Step) => void)(step);
      await this.#settle(step);
    } finally {
      Math.random = random;
    }
    await this.#look(step);
    return step.do === "say" || step.do === "greet" ? step.raws.length : 0;
  }

  async finish(): Promise<void> {
    for (const feed of this.#readings.keys()) await this.play({ do: "read", feed });
    const client = this.#client;
    if (client === undefined) return this.#giveUp();
    const closed = client.close();
    this.#model.end();
    await this.#clock.settle();
    await closed;
    this.#compareOutcomes();
    if (this.#clock.delays > 0) throw new Mismatch(`${this.#clock.delays} timers are left when the client is closed`);
    for (const { feed } of this.#readings) await feed.next().catch(() => {});
  }

  /** Nobody was ever greeted. */
  async #giveUp(): Promise<void> {
    this.#server.terminate();
    await this.#clock.settle();
    if (this.#failure === undefined) throw new Mismatch("connect() goes on without a connection");
  }

  #connected(client: FoxgloveClient): void {
    this.#client = client;
    this.#listener = new Listener(client);
    mortals.add("clients", client);
  }

  #dial(): LinkedTransport {
    const [server, client] = linkedTransports({ protocol: this.#setup.protocol, clock: this.#clock });
    this.#server = server;
    server.bind({ message: (data) => this.#sent.take(data), drain() {}, close() {} });
    this.#model.connected();
    this.#sent.connected();
    return client;
  }

  // Steps

  #greet(random: Random): Step {
    const before = random.chance(0.3) ? this.#said(random) : [];
    const after = random.chance(0.3) ? this.#said(random) : [];
    return { do: "greet", raws: [...before, serverInfo(random), ...after] };
  }

  #said(random: Random): Raw[] {
    const { calls, assets, subscriptions } = this.#model;
    const hints = {
      protocol: this.#setup.protocol,
      subscriptionIds: subscriptions.ids,
      callIds: calls.waiting,
      assetIds: assets.waiting,
      parameterIds: this.#model.parameters.waiting,
      playbackIds: this.#model.playback.waiting,
      prefix: PREFIX,
    };
    const count = pickOf(random, [1, 1, 1, 1, 2, 3, 10]);
    return Array.from({ length: count }, () => this.#traffic.next(random, hints)).flat();
  }

  readonly #steps: { readonly [Do in Step["do"]]: (step: StepOf<Do>) => void } = {
    say: ({ raws }) => this.#say(raws),
    greet: ({ raws }) => this.#say(raws),
    drop: ({ code }) => {
      if (!this.#model.greeted) return;
      if (code === 1006) this.#server.terminate();
      else this.#server.close(code, "bye");
      this.#model.lose();
    },
    wait: () => {},
    subscribe: ({ topic }) =>
      this.#subscribe(topic, { channelId: undefined, matches: (channel) => channel.topic === topic }),
    "subscribe to one": ({ id }) => {
      if (!this.#model.channels.has(id)) return;
      this.#subscribe({ channelId: id }, { channelId: id, matches: (channel) => channel.id === id });
    },
    "subscribe to some": ({ odd }) => {
      const isWanted = (id: number) => (id % 2 === 1) === odd;
      this.#subscribe(({ id }: { id: number }) => isWanted(id), {
        channelId: undefined,
        matches: ({ id }) => isWanted(id as number),
      });
    },
    "watch parameters": ({ names }) => {
      const model = { feed: new FeedModel(), names };
      const feed = this.#try(() => this.#client?.parameterUpdates(names), () => this.#model.watchParameters(model));
      if (feed) this.#readings.push({ feed, model: model.feed, close: () => this.#model.unwatchParameters(model) });
    },
    "watch graph": () => {
      const model = new FeedModel(1);
      const feed = this.#try(() => this.#client?.connectionGraph(), () => this.#model.graph.open(model));
      if (feed) this.#readings.push({ feed, model, close: () => this.#model.graph.close(model) });
    },
    "watch time": () => {
      const model = new FeedModel();
      const feed = this.#client?.timeUpdates();
      if (feed === undefined) return;
      this.#model.times.push(model);
      const close = () => {
        model.close();
        this.#model.times.splice(this.#model.times.indexOf(model), this.#model.times.includes(model) ? 1 : 0);
      };
      this.#readings.push({ feed, model, close });
    },
    read: () => {},
    close: ({ feed }) => {
      const reading = this.#readings[feed];
      reading?.feed.close();
      reading?.close();
    },
    call: ({ name, raw }) => {
      const request = raw ? new Uint8Array([1, 2]) : {};
      this.#ask(
        (client) => client.callService(name, request, raw ? RAW : {}),
        (handle) => this.#model.call(handle, name, raw),
      );
    },
    fetch: () => this.#ask((client) => client.fetchAsset("a"), (handle) => this.#model.fetch(handle)),
    get: () => this.#ask((client) => client.getParameters(["gain"]), (handle) => this.#model.ask(handle, "get-")),
    set: () =>
      this.#ask(
        (client) => client.setParameters({ gain: 1, x: undefined }),
        (handle) => this.#model.ask(handle, "set-"),
      ),
    play: () => this.#ask((client) => client.playback.play({ speed: 2 }), (handle) => this.#model.play(handle)),
    seek: () => this.#ask((client) => client.playback.seek(5n), (handle) => this.#model.play(handle)),
    publisher: ({ topic, encoding }) => {
      let id: number | undefined;
      const make = () => this.#client?.publisher({ topic, encoding });
      const publisher = this.#try(make, () => (id = this.#model.publishers.open(encoding)) !== undefined);
      if (publisher) this.#publishers.push({ publisher, id: id! });
    },
    publish: ({ publisher: index, data }) => {
      const { publisher, id } = this.#publishers[index] ?? {};
      publisher?.publish(data);
      if (id !== undefined) this.#model.publish(id, data);
    },
    "close publisher": ({ publisher: index }) => {
      const { publisher, id } = this.#publishers[index] ?? {};
      publisher?.close();
      if (id !== undefined) this.#model.publishers.close(id);
    },
  };

  #say(raws: Raw[]): void {
    if (this.#model.lost && this.#model.greeted) return;
    this.#server.send(raws);
    for (const raw of raws) this.#model.receive(raw);
  }

  #subscribe(selector: Parameters<FoxgloveClient["subscribe"]>[0], wanted: Omit<ReaderModel, "feed">): void {
    if (this.#client === undefined) return;
    const reader = { ...wanted, feed: new FeedModel() };
    const feed = this.#client.subscribe(selector);
    this.#model.subscriptions.add(reader, this.#model.channels.values());
    this.#readings.push({ feed, model: reader.feed, close: () => this.#model.subscriptions.remove(reader) });
  }

  /** Does what may be refused, and fails unless the model refuses the same. */
  #try<T>(make: () => T | undefined, isAllowed: () => boolean): T | undefined {
    if (this.#client === undefined) return undefined;
    const allowed = isAllowed();
    try {
      const made = make();
      if (allowed) return made;
    } catch (error) {
      if (!allowed && textOfError(error).startsWith("FoxgloveError ")) return undefined;
      throw error;
    }
    throw new Mismatch("Was not refused");
  }

  #ask(ask: (client: FoxgloveClient) => Promise<unknown>, tell: (handle: number) => void): void {
    if (this.#client === undefined) return;
    const handle = ++this.#requests;
    ask(this.#client).then(
      (value) => this.#outcomes.set(handle, resolved(value)),
      (error) => this.#outcomes.set(handle, textOfError(error)),
    );
    tell(handle);
  }

  // Looks

  async #settle(step: Step): Promise<void> {
    await this.#clock.settle();
    const ms = step.do === "drop" ? RECONNECT_MS : step.do === "wait" ? step.ms : 0;
    await this.#clock.advance(ms);
    this.#model.wait(ms);
    this.#model.settle();
  }

  async #look(step: Step): Promise<void> {
    if (this.#client === undefined) {
      if (this.#model.greeted) throw new Mismatch(`Greeted, and not connected: ${this.#failure}\nafter ${shown(step)}`);
      return;
    }
    try {
      await this.#compare(this.#client, step);
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      throw new Mismatch(`${error.message}\nafter ${shown(step)}`);
    }
  }

  async #compare(client: FoxgloveClient, step: Step): Promise<void> {
    const model = this.#model;
    expect("counters", JSON.stringify(countersOf(client)), JSON.stringify(model.counters));
    expect("events", this.#listener.events.splice(0).join("\n"), model.events.splice(0).join("\n"));
    expect("errors", `${this.#listener.errors}`, `${model.errors}`);
    this.#listener.errors = model.errors = 0;
    expect("sent", this.#sent.texts(), inGroups(model.sent.splice(0)));
    this.#compareOutcomes();
    expect("state", stateOf(client), stateOfModel(model));
    for (const reading of this.#readings) compareFeed(reading, model);
    if (step.do === "read") await this.#read(this.#readings[step.feed]);
  }

  #compareOutcomes(): void {
    const [got, wanted] = [this.#outcomes, this.#model.outcomes].map((all) =>
      [...all].sort(([one], [other]) => one - other).join("\n")
    );
    expect("outcomes", got!, wanted!);
    this.#outcomes.clear();
    this.#model.outcomes.clear();
  }

  async #read(reading: Reading | undefined): Promise<void> {
    if (reading === undefined) return;
    const { feed, model } = reading;
    const items: string[] = [];
    while (feed.size > 0) items.push(textOfItem((await feed.next()).value!));
    expect("items", items.join("\n"), model.items.splice(0).join("\n"));
    if (model.ended === undefined) return;
    const end = await feed.next().then(({ done }) => done ? "done" : "more", () => "error");
    expect("end", end, model.ended);
  }
}

function compareFeed({ feed, model: { items, dropped } }: Reading, { graph }: ClientModel): void {
  expect("feed", `${feed.size} items, ${feed.dropped} dropped`, `${items.length} items, ${dropped} dropped`);
  if (feed instanceof ConnectionGraphView) expect("graph", graphOf(feed), graph.text());
}

function expect(what: string, got: string, wanted: string): void {
  if (got === wanted) return;
  let at = 0;
  while (got[at] === wanted[at]) at++;
  const from = Math.max(0, at - 60);
  throw new Mismatch(`${what}: ${shown(got.slice(from))}\nexpected ${shown(wanted.slice(from))}`);
}

function countersOf(client: FoxgloveClient): ClientModel["counters"] {
  const { invalidMessages, ignoredMessages, lateMessages, droppedMessages, reconnects } = client.stats();
  return { invalidMessages, ignoredMessages, lateMessages, droppedMessages, reconnects };
}

function textOfError(error: unknown): string {
  if (!(error instanceof Error)) return `Thrown: ${error}`;
  const { code, reason } = error as { code?: string; reason?: string };
  return `${error.constructor.name} ${code}${reason === undefined ? "" : ` ${reason}`}`;
}

/** Clients that a collector may take for held. */
const FEW = 5;

let mortals = new Mortals();

/** The client. */
export const client: Target<Setup, Step> = {
  name: "client",
  steps: 300,
  setup: (random) => ({ protocol: pickOf(random, PROTOCOLS), asks: random.chance(0.25), corpus: random.below(16) }),
  start: (setup) => new ClientPlay(setup).start(),
  async inspect() {
    await mortals.assertGone(FEW);
    mortals = new Mortals();
  },
};

/** What a client knows of its server, by the model. */
function stateOfModel(model: ClientModel): string {
  const channels = Array.from(model.channels.values(), ({ missing, ...channel }: Members) => ({ ...channel, missing }));
  return stateText({
    sessionId: model.info?.sessionId,
    channels,
    services: [...model.services.values()],
    statuses: [...model.statuses],
    time: model.time,
    playback: model.playbackState,
    subscriptions: model.subscriptions.ids.length,
    lost: model.lost,
  });
}
