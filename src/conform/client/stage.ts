/**
 * Where a case for clients plays: the connections of the client under test, and the driver that tells it what to do.
 *
 * @module
 */
import { SUBPROTOCOLS } from "../../protocol/constants.ts";
import type { TcpEnd, TcpSink } from "../../runtime/tcp_listener.ts";
import { Bell } from "../bell.ts";
import type { JsonObject } from "../case.ts";
import { Mismatch, Skip } from "../mismatch.ts";
import { shown } from "../steps/check.ts";
import { WireLog } from "../wire_log.ts";
import { type ClientCase, type Instruction, type Report, REPORTS, type Skill, SKILLS } from "./case.ts";
import type { Driver } from "./driver.ts";
import type { Observations } from "./rules.ts";
import { type Channel, type EndHost, ServerEnd } from "./server_end.ts";

/** The channel that every scene has, unless it says otherwise. */
export const CONFORM: Channel = {
  id: 1,
  topic: "/conform",
  schema: { name: "Conform", encoding: "jsonschema", data: '{"type":"object"}' },
};

/** How long to wait. */
export interface Patience {
  /** Milliseconds until the client connects: it may have to be started first. */
  connectMs: number;
  /** Milliseconds for everything else that has to come. */
  answerMs: number;
  /** Milliseconds in which nothing must come. */
  quietMs: number;
  /** Milliseconds for a whole case, from its first connection on. */
  caseMs: number;
}

/** What a stage is set up with. */
export interface StageOptions {
  case: ClientCase;
  patience: Patience;
  seen: Observations;
  keys: Set<string>;
  /** What the driver has said that it cannot, so far. */
  cannot: Set<string>;
  /** `undefined` where somebody else makes the client connect. */
  driver: Driver | undefined;
  /** Under which names the server may meet the client. */
  protocols: readonly string[];
}

/** What a scene may say otherwise when it begins. */
export interface Opening {
  info?: JsonObject;
  channels?: readonly Channel[];
}

/** One scene. */
export class Stage implements EndHost {
  readonly seen: Observations;
  readonly keys: Set<string>;
  readonly quietMs: number;
  /** What went over the wire, and to and from the driver. */
  readonly log = new WireLog();
  readonly #case: ClientCase;
  readonly #options: StageOptions;
  readonly #bell = new Bell();
  readonly #arrived: ServerEnd[] = [];
  readonly #all: ServerEnd[] = [];
  readonly #used = new Set<Skill>();
  #reports: Report[] = [];
  /** The first line of the driver that was meant as a report and is none. */
  #noReport = "";
  #tags = 0;
  /** How many connections cases have asked for. */
  #taken = 0;
  #deadline = Infinity;

  constructor(options: StageOptions) {
    this.#options = options;
    this.#case = options.case;
    this.seen = options.seen;
    this.keys = options.keys;
    this.quietMs = options.patience.quietMs;
  }

  /** Whether the client has connected at all. */
  get met(): boolean {
    return this.#all.length > 0;
  }

  /** Whether there is a driver. */
  get driven(): boolean {
    return this.#options.driver !== undefined;
  }

  /** A connection of the client. */
  arrive(tcp: TcpEnd): TcpSink {
    const end = new ServerEnd(tcp, this, this.#all.length + 1);
    if (!this.met) this.#deadline = performance.now() + this.#options.patience.caseMs;
    this.#arrived.push(end);
    this.#all.push(end);
    return end;
  }

  changed(): void {
    this.#bell.ring();
  }

  /** Ends what is left. */
  leave(): void {
    for (const end of this.#all) end.cut();
  }

  /** The next connection of the client, which has asked for its upgrade and waits. */
  async connection(expected = "a connection of the client"): Promise<ServerEnd> {
    if (this.#taken++ > 0) this.#use("reconnect");
    const { connectMs } = this.#options.patience;
    const end = await this.until(expected, () => this.#nextUpgrade(), () => "none", connectMs);
    const { offered } = end.request!;
    const chosen = this.#choose(offered);
    if (chosen === undefined) {
      if (this.#case.protocol !== undefined) throw new Skip(`the client offers ${shown(offered)}`);
      throw new Mismatch(`an offer of ${this.#options.protocols.join(", ")}`, `an offer of ${shown(offered)}`);
    }
    end.protocol = chosen;
    return end;
  }

  #nextUpgrade(): ServerEnd | undefined {
    const at = this.#arrived.findIndex(({ request, ended }) => request !== undefined && !ended);
    return at < 0 ? undefined : this.#arrived.splice(at, 1)[0];
  }

  #choose(offered: readonly string[]): string | undefined {
    const { protocol } = this.#case;
    const fits = (name: string) =>
      this.#options.protocols.includes(name) && offered.includes(name) &&
      (protocol === undefined || name === protocol ||
        protocol === "foxglove.sdk.*" && name.startsWith("foxglove.sdk."));
    return SUBPROTOCOLS.find(fits);
  }

  /** Answers attempts to connect by 503, and counts them. */
  async refuseFor(ms: number): Promise<number> {
    this.#use("reconnect");
    let attempts = 0;
    const refuse = () => {
      for (let end = this.#nextUpgrade(); end !== undefined; end = this.#nextUpgrade()) {
        attempts++;
        end.write(new TextEncoder().encode("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"));
        end.end();
      }
    };
    await this.#bell.wait(() => (refuse(), false), ms);
    return attempts;
  }

  /** The next connection, upgraded; nothing was said yet. */
  async opened(): Promise<ServerEnd> {
    const end = await this.connection();
    end.accept({ protocol: end.protocol, accept: end.request!.accept });
    return end;
  }

  /** The next connection, upgraded and greeted, with a channel "/conform" that has id 1. */
  async greeted({ info, channels = [CONFORM] }: Opening = {}): Promise<ServerEnd> {
    const end = await this.opened();
    end.send(end.serverInfo(info));
    end.advertise(...channels);
    return end;
  }

  /** As {@link greeted}, and the client subscribes to "/conform". */
  async subscribed(opening: Opening = {}): Promise<{ end: ServerEnd; id: number }> {
    const end = await this.greeted(opening);
    return { end, id: await this.subscribe(end) };
  }

  /** Makes the client subscribe, and gives the id of its subscription. */
  async subscribe(end: ServerEnd, { topic, id }: Channel = CONFORM): Promise<number> {
    this.tell({ do: "subscribe", topic });
    return await this.subscription(end, id, topic);
  }

  /** The id of the client's subscription to a channel, which it sends by itself. */
  async subscription(end: ServerEnd, channelId: number, topic: string): Promise<number> {
    const entryOf = (message: JsonObject) =>
      (message.subscriptions as JsonObject[] | undefined)?.find((entry) => entry.channelId === channelId);
    const what = `of channel ${channelId}, which is "${topic}"`;
    const message = await end.expect("subscribe", (message) => entryOf(message) !== undefined, what);
    const id = Number(entryOf(message)!.id);
    if (topic === CONFORM.topic) end.watched = { id, channelId };
    return id;
  }

  /** Tells the driver what to do; a client without one has to be subscribed to "/conform" all the time. */
  tell(instruction: Instruction): void {
    const { driver } = this.#options;
    if (driver === undefined) {
      if (instruction.do === "subscribe" && instruction.topic === CONFORM.topic) return;
      throw new Skip("nobody can tell the client what to do: needs --command");
    }
    this.#use(instruction.do);
    const line = JSON.stringify(instruction);
    this.log.note(0, `told the driver: ${line}`);
    driver.write(line);
  }

  /** The next connection, greeted, and what else was sent; the client has taken all of it when this settles. */
  async ready(opening: Opening, ...more: object[]): Promise<ServerEnd> {
    const end = await this.greeted(opening);
    end.send(...more);
    await this.settled(end);
    return end;
  }

  /**
   * Waits until the client has taken what was sent to it, and done what it was told: it subscribes to a topic that nobody
   * knew of. Without a sign of that kind nobody could tell what it does not do from what it has not done yet.
   */
  async settled(end: ServerEnd): Promise<void> {
    if (this.#cannotAny("subscribe")) {
      await end.ping(this.tag());
      return await this.quiet();
    }
    const channel = { id: 9000 + ++this.#tags, topic: `/barrier/${this.#tags}` };
    end.advertise(channel);
    await this.subscribe(end, channel);
  }

  /** A name for a request, by which the driver answers. */
  tag(): string {
    return `tag ${++this.#tags}`;
  }

  /** The first report that `is` takes; all others stay. */
  async reported(got: Skill, what: string, is: (report: Report) => boolean = () => true): Promise<Report> {
    if (!this.driven) throw new Skip("nobody tells what the client received: needs --command");
    this.#use(got);
    return await this.until(`the driver to report ${what}`, () => {
      const at = this.#reports.findIndex((report) => report.got === got && is(report));
      return at < 0 ? undefined : this.#reports.splice(at, 1)[0];
    }, () => this.#reports.length === 0 ? "no report" : `only ${this.#reports.map(shown).join("; ")}`);
  }

  /** The answer to a request. */
  async answered(tag: string, got: "answer" | "failure" = "answer"): Promise<Report> {
    const reports = (report: Report) => report.tag === tag;
    const other = got === "answer" ? "failure" : "answer";
    const report = await this.reported(got, `{"got":"${got}","tag":"${tag}",…}`, reports).catch((error) => {
      const instead = this.reports(other).find(reports);
      throw instead === undefined ? error : new Mismatch(`${got} of "${tag}"`, shown(instead));
    });
    return report;
  }

  /** What was reported of a kind and not taken. */
  reports(got: Skill): Report[] {
    return this.#reports.filter((report) => report.got === got);
  }

  /** A line of the driver. Those that do not begin as a JSON object are its own business. */
  line(text: string): void {
    if (!text.startsWith("{")) return;
    this.log.note(0, `the driver says: ${text}`);
    const report = parsedReport(text);
    if (report === undefined) this.#noReport ||= `; the driver has said what is no report: ${shown(text)}`;
    for (const skill of [report?.cannot].flat()) if (typeof skill === "string") this.#options.cannot.add(skill);
    if (report?.got !== undefined) this.#reports.push(report as Report);
    this.changed();
  }

  /**
   * Fails unless the client goes on: messages of its subscription arrive, which is the strongest that can be seen; else it
   * answers a ping.
   */
  async alive(end: ServerEnd, after: string): Promise<void> {
    try {
      if (this.driven && !this.#cannotAny("subscribe", "message")) await this.#receives(end);
      else await this.#answers(end);
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      throw new Mismatch(`the client to go on after ${after}: ${error.expected}`, error.got);
    }
  }

  async #receives(end: ServerEnd): Promise<void> {
    const id = end.watched?.id ?? await this.subscribe(end);
    // Twice: an exception that nobody catches may end a program a turn later, with the next message read already.
    for (let round = 0; round < 2; round++) {
      const data = `{"alive":"${this.tag()}"}`;
      end.publish(id, data);
      await this.message(data);
    }
  }

  async #answers(end: ServerEnd): Promise<void> {
    if (end.watched !== undefined) {
      const { channelId } = end.watched;
      const next = { ...CONFORM, id: channelId === 2000 ? 2001 : 2000 };
      end.send({ op: "unadvertise", channelIds: [channelId] }, end.advertisement(next));
      await this.subscription(end, next.id, next.topic);
    }
    await end.ping(this.tag());
  }

  /** Waits until the driver reports a message with this data. */
  async message(data: string, topic = CONFORM.topic): Promise<Report> {
    const what = `{"got":"message","topic":"${topic}","data":${shown(JSON.stringify(data))},…}`;
    return await this.reported("message", what, (report) => report.topic === topic && report.data === data);
  }

  /** Lets some time pass in which nothing is expected. */
  async quiet(ms: number = this.quietMs): Promise<void> {
    await this.#bell.wait(() => false, ms);
  }

  async until<T>(expected: string, look: () => T | undefined, came = () => "nothing", ms?: number): Promise<T> {
    const { driver, patience } = this.#options;
    const limit = Math.min(ms ?? patience.answerMs, Math.round(this.#deadline - performance.now()));
    let found: T | undefined;
    await this.#bell.wait(() => {
      found = look();
      if (found === undefined) this.#skipped();
      if (found === undefined && driver?.ended !== undefined) throw new Mismatch(expected, driver.ended);
      return found !== undefined;
    }, limit);
    if (found !== undefined) return found;
    throw new Mismatch(expected, `${came()} within ${limit} ms${this.#noReport}${driver?.errors ?? ""}`);
  }

  #use(skill: Skill): void {
    this.#used.add(skill);
    this.#skipped();
  }

  #skipped(): void {
    for (const skill of this.#used) {
      if (this.#cannotAny(skill)) throw new Skip(`the driver says that its client cannot: ${skill}`);
    }
  }

  #cannotAny(...skills: Skill[]): boolean {
    return skills.some((skill) => this.#options.cannot.has(skill));
  }
}

function isOneOf(words: readonly unknown[], word: unknown): boolean {
  return words.includes(word);
}

/** What a line of the driver says; nothing when it is no JSON, or neither `got` nor `cannot` with words that exist. */
function parsedReport(text: string): JsonObject | undefined {
  try {
    const report = JSON.parse(text) as JsonObject;
    const cannot = [report.cannot ?? []].flat();
    const isKnown = report.got === undefined ? report.cannot !== undefined : isOneOf(REPORTS, report.got);
    return isKnown && cannot.every((skill) => isOneOf(SKILLS, skill)) ? report : undefined;
  } catch {
    return undefined;
  }
}
