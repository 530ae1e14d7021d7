/**
 * What a client makes of all that a server says, by the rules of docs/behaviour.md: a second implementation, as small as it
 * can be, which knows no transports, no promises and no codec.
 */
import type { FeedModel } from "./feed_model.ts";
import type { Raw } from "../case.ts";
import { BAD, type Broken, type Members } from "../readers/read_json.ts";
import { readServer, type Schemas } from "../readers/read_server.ts";
import {
  type CallContext,
  type Due,
  earlier,
  failed,
  type Outcome,
  REQUEST_MS,
  type RequestHooks,
  RequestModel,
  resolved,
  responseOf,
} from "./request_model.ts";
import { GraphWatchModel } from "./graph_watch_model.ts";
import { removeFrom, setAll } from "./lists.ts";
import { PublisherModel } from "./publisher_model.ts";
import { channelOf, dataOf, updateText } from "./received.ts";
import { valueText } from "./same.ts";
import { SubscriptionModel } from "./subscription_model.ts";

interface WatchModel {
  readonly feed: FeedModel;
  readonly names: readonly string[];
}

/** A client with its server, as far as the server has told. */
export class ClientModel {
  readonly counters = { invalidMessages: 0, ignoredMessages: 0, lateMessages: 0, droppedMessages: 0, reconnects: 0 };
  /** What the user hears, in this step. */
  events: string[] = [];
  /** How many errors the user hears of in this step. */
  errors = 0;
  /** What the client has to send in this step. */
  sent: string[] = [];
  readonly outcomes = new Map<number, Outcome>();
  now = 0;
  info: Members | undefined;
  channels = new Map<number, Members>();
  services = new Map<number, Members>();
  statuses = new Map<string, string>();
  time: bigint | undefined;
  playbackState: string | undefined;
  readonly subscriptions = new SubscriptionModel((text) => void this.sent.push(text));
  readonly publishers = new PublisherModel((text) => void this.sent.push(text), (encoding) => this.#takes(encoding));
  readonly graph = new GraphWatchModel({
    isConnected: () => !this.lost,
    isDeclared: () => this.declares("connectionGraph"),
    sent: (text) => void this.sent.push(text),
  });
  readonly watches: WatchModel[] = [];
  readonly times: FeedModel[] = [];
  readonly calls: RequestModel<CallContext>;
  readonly assets: RequestModel<string>;
  readonly parameters: RequestModel<"get-" | "set-">;
  readonly playback: RequestModel<undefined>;
  /** The client is told that its server is there: until then everything else is counted, and no more. */
  greeted = false;
  lost = false;
  #over = false;
  readonly prefix: string;
  readonly #swallowsSigns: boolean;
  readonly #hasTable: boolean;
  #schemas: Schemas | undefined;
  #asked = 0;
  #watchedAll = false;
  #everWatched = false;

  /** @param prefix Of the ids of playback requests. */
  constructor({ protocol, prefix, swallowsSigns }: { protocol: string; prefix: string; swallowsSigns: boolean }) {
    this.prefix = prefix;
    this.#swallowsSigns = swallowsSigns;
    this.#hasTable = protocol === "foxglove.sdk.v1.1";
    const hooks: RequestHooks = {
      settled: (handle, outcome) => void this.outcomes.set(handle, outcome),
      stray: (late) => this.#countStray(late),
    };
    this.calls = new RequestModel(hooks, (id, call) => this.#startCall(id, call));
    this.assets = new RequestModel(hooks, (id) => this.#ask("assets", `fetch ${id}`));
    this.parameters = new RequestModel(hooks, (id, prefix) => this.#ask("parameters", `${prefix}${id}`));
    this.playback = new RequestModel(hooks, (id) => this.#ask("playbackControl", `playback ${this.prefix}${id}`));
  }

  // What the server does

  /** There is a connection, and its server has said nothing yet. */
  connected(): void {
    this.#schemas = this.#hasTable ? new Map() : undefined;
    this.greeted = false;
  }

  /** The server has said something. */
  receive(raw: Raw): void {
    const reading = readServer(raw, this.#schemas);
    if (reading.kind === "nothing") return;
    if (reading.kind === "unknown") this.counters.ignoredMessages++;
    else if (reading.kind === "invalid") this.#invalid(reading.request);
    else if (this.greeted) this.#handlers[reading.op]!(reading.members as never);
    else if (reading.op === "serverInfo") this.#greet(reading.members);
    else this.counters.ignoredMessages++;
  }

  /** The connection is gone. */
  lose(): void {
    if (!this.greeted) return;
    this.lost = true;
    this.greeted = false;
    this.subscriptions.lose();
    this.publishers.lose();
    this.#loseRequests();
    this.playbackState = undefined;
    this.graph.lose();
    this.#watchedAll = false;
  }

  /** The user has closed the client. */
  end(): void {
    this.#over = this.lost = true;
    this.#loseRequests();
    this.calls.release(failed.connection);
  }

  /** Time goes on. */
  wait(ms: number): void {
    const end = this.now + ms;
    for (let due = this.#nextDue(end); due !== undefined; due = this.#nextDue(end)) {
      this.now = due.at;
      for (const requests of this.#requests) requests.expire(due);
    }
    this.now = end;
  }

  /** What was answered in this step has made room for what waits. */
  settle(): void {
    for (const requests of this.#requests) requests.sendWaiting();
  }

  // What the user does

  call(handle: number, name: string, raw: boolean): void {
    this.calls.run(handle, { name, raw, service: undefined }, this.#due());
  }

  fetch(handle: number): void {
    this.assets.run(handle, "", this.#due());
  }

  ask(handle: number, prefix: "get-" | "set-"): void {
    this.parameters.run(handle, prefix, this.#due());
  }

  play(handle: number): void {
    this.playback.run(handle, undefined, this.#due());
  }

  /** @returns Whether it may. */
  watchParameters(watch: WatchModel): boolean {
    if (!this.declares("parametersSubscribe")) return false;
    this.#everWatched = true;
    this.watches.push(watch);
    this.#refreshParameters();
    return true;
  }

  unwatchParameters(watch: WatchModel): void {
    watch.feed.close();
    if (removeFrom(this.watches, watch)) this.#refreshParameters();
  }

  publish(id: number, data: Uint8Array): void {
    if (this.publishers.publish(id, data) === false) this.counters.droppedMessages++;
  }

  declares(capability: string): boolean {
    return (this.info?.capabilities as string[]).includes(capability);
  }

  // Messages

  readonly #handlers: Readonly<Record<string, (members: never) => void>> = {
    serverInfo: (info: Members) => {
      const { sessionId } = this.info!;
      this.info = info;
      this.publishers.advertise();
      this.#refresh();
      this.events.push("serverInfo");
      if (info.sessionId !== sessionId) this.events.push("session");
    },
    advertise: ({ channels }: { channels: (Members | typeof BAD)[] }) => {
      const added = setAll(this.channels, this.#good(channels).map(channelOf));
      this.subscriptions.advertised(added);
      if (added.length > 0) this.events.push(`advertise ${idsOf(added)}`);
      for (const { id, missing } of added) if (missing) this.events.push(`warning ${id}`);
    },
    unadvertise: ({ channelIds }: { channelIds: (number | typeof BAD)[] }) => {
      const gone = this.#takeAll(this.channels, channelIds);
      for (const { id } of gone) this.subscriptions.unadvertised(id as number);
      if (gone.length > 0) this.events.push(`unadvertise ${idsOf(gone)}`);
    },
    advertiseServices: ({ services }: { services: (Members | typeof BAD)[] }) => {
      const added = setAll(this.services, this.#good(services));
      this.calls.sendWaiting();
      if (added.length > 0) this.events.push(`advertiseServices ${idsOf(added)}`);
    },
    unadvertiseServices: ({ serviceIds }: { serviceIds: (number | typeof BAD)[] }) => {
      const gone = this.#takeAll(this.services, serviceIds);
      for (const { id } of gone) this.calls.release(failed.gone, ({ service }) => service?.id === id);
      if (gone.length > 0) this.events.push(`unadvertiseServices ${idsOf(gone)}`);
    },
    status: ({ level, message, id }: { level: string; message: string; id?: string }) => {
      if (this.#swallowsSigns && message.includes(" 4294967295")) return;
      if (id !== undefined) this.statuses.set(id, `${level} ${message}`);
      this.events.push(`status ${level} ${message}`);
    },
    removeStatus: ({ statusIds }: { statusIds: string[] }) => {
      for (const id of statusIds) this.statuses.delete(id);
      this.events.push(`removeStatus ${statusIds}`);
    },
    time: ({ timestamp }: { timestamp: bigint }) => {
      this.time = timestamp;
      for (const feed of this.times) feed.push(`${timestamp}`);
      this.events.push(`time ${timestamp}`);
    },
    messageData: (message: Parameters<SubscriptionModel["deliver"]>[0]) => {
      const stray = this.subscriptions.deliver(message, this.channels);
      if (stray !== undefined) this.#countStray(stray === "late");
    },
    serviceCallResponse: (
      { serviceId, callId, encoding, data }: { serviceId: number; callId: number; encoding: string; data: Uint8Array },
    ) =>
      this.calls.take(callId, (call) => responseOf(call, encoding, data), ({ service }) => service?.id === serviceId),
    serviceCallFailure: ({ serviceId, callId, message }: { serviceId: number; callId: number; message: string }) =>
      this.calls.take(
        callId,
        () => `ServiceError service_failed ${message}`,
        ({ service }) => service?.id === serviceId,
      ),
    parameterValues: ({ parameters, id }: { parameters: (Members | typeof BAD)[]; id?: string }) =>
      this.#takeParameters(this.#good(parameters), id),
    fetchAssetResponse: ({ requestId, error, data }: { requestId: number; error?: string; data?: Uint8Array }) =>
      this.assets.take(requestId, () => error === undefined ? resolved(data) : `AssetError asset_failed ${error}`),
    connectionGraphUpdate: (update: Members) => {
      if (this.graph.update(update)) this.events.push("connectionGraph");
      else this.#countStray(this.graph.everOpen);
    },
    playbackState: (state: Members) => {
      if (state.didSeek) {
        this.subscriptions.forgetUnread();
        for (const feed of this.times) feed.forget();
      }
      this.playbackState = valueText(state);
      this.#takePlayback(state.requestId as string, () => resolved(state));
      this.events.push(`playbackState ${valueText(state)}`);
    },
  };

  #greet(info: Members): void {
    this.greeted = true;
    if (!this.lost) return void (this.info = info);
    this.#replace(info);
    this.lost = false;
    this.subscriptions.resume();
    this.publishers.resume();
    this.#refresh();
    this.calls.sendWaiting();
  }

  /** Another connection: what there was is gone. */
  #replace(info: Members): void {
    this.counters.reconnects++;
    const [channels, services, statuses] = [[...this.channels.keys()], [...this.services.keys()], [
      ...this.statuses.keys(),
    ]];
    const { sessionId } = this.info!;
    const resumed = sessionId !== undefined && sessionId === info.sessionId;
    for (const map of [this.channels, this.services, this.statuses]) map.clear();
    this.time = undefined;
    this.info = info;
    if (!resumed) this.#forgetUnread();
    if (channels.length > 0) this.events.push(`unadvertise ${channels}`);
    if (services.length > 0) this.events.push(`unadvertiseServices ${services}`);
    if (statuses.length > 0) this.events.push(`removeStatus ${statuses}`);
    this.events.push("serverInfo", resumed ? "resumed" : "session");
  }

  #forgetUnread(): void {
    this.subscriptions.forgetUnread();
    for (const { feed } of this.watches) feed.forget();
    for (const feed of this.times) feed.forget();
    this.graph.forgetUnread();
  }

  get #requests(): RequestModel<never>[] {
    return [this.calls, this.assets, this.parameters, this.playback] as unknown as RequestModel<never>[];
  }

  #loseRequests(): void {
    this.calls.release(failed.connection, ({ service }) => service !== undefined);
    for (const requests of [this.assets, this.parameters, this.playback]) requests.release(failed.connection);
  }

  #invalid(request: Broken | undefined): void {
    this.counters.invalidMessages++;
    if (!this.greeted) return;
    this.errors++;
    const outcome = () => failed.broken;
    if (request?.kind === "serviceCall") {
      this.calls.take(request.callId, outcome, ({ service }) => service?.id === request.serviceId);
    }
    if (request?.kind === "fetchAsset") this.assets.take(request.requestId, outcome);
    if (request?.kind === "parameters") this.#takeParameter(request.id, outcome);
    if (request?.kind === "playback") this.#takePlayback(request.requestId, outcome);
  }

  #countStray(late: boolean): void {
    if (late) this.counters.lateMessages++;
    else this.counters.ignoredMessages++;
  }

  #due(): Due {
    return { at: this.now + REQUEST_MS, order: ++this.#asked };
  }

  #nextDue(end: number): Due | undefined {
    const next = this.#requests.map((requests) => requests.next).reduce(earlier, undefined);
    return next !== undefined && next.at <= end ? next : undefined;
  }

  #ask(capability: string, text: string): Outcome | boolean {
    if (this.lost) return failed.connection;
    if (!this.declares(capability)) return failed.capability;
    this.sent.push(text);
    return true;
  }

  #startCall(id: number, call: CallContext): Outcome | boolean {
    if (this.#over) return failed.connection;
    if (this.lost) return false;
    const service = [...this.services.values()].find(({ name }) => name === call.name);
    if (service === undefined) return false;
    const encoding = (service.request as Members | undefined)?.encoding || "json";
    if (!call.raw && encoding !== "json") return failed.type;
    call.service = service;
    this.sent.push(`call ${service.id} ${id}`);
    return true;
  }

  #takeParameter(id: string, outcome: () => Outcome): void {
    const [, prefix, number] = /^(get-|set-)([1-9][0-9]*)$/.exec(id) ?? [];
    this.parameters.take(Number(number), outcome, (asked) => asked === prefix);
  }

  /** Answers to other clients are nobody's loss. */
  #takePlayback(id: string, outcome: () => Outcome): void {
    if (!id.startsWith(this.prefix)) return;
    const number = id.slice(this.prefix.length);
    this.playback.take(/^[1-9][0-9]*$/.test(number) ? Number(number) : NaN, outcome);
  }

  #takeParameters(parameters: Members[], id: string | undefined): void {
    if (id === undefined && this.watches.length === 0) this.#countStray(this.#everWatched);
    if (id === undefined || id.startsWith("set-")) {
      for (const { names, feed } of this.watches) {
        for (const each of parameters) {
          if (names.length === 0 || names.includes(each.name as string)) feed.push(updateText(each));
        }
      }
    }
    if (id === undefined) return;
    const values = parameters.filter(({ value }) => value !== undefined).map((each) =>
      [each.name, dataOf(each)] as const
    );
    this.#takeParameter(id, () => resolved(new Map(values)));
  }

  // Watches

  #refresh(): void {
    this.#refreshParameters();
    this.graph.refresh();
  }

  #refreshParameters(): void {
    if (this.lost || !this.declares("parametersSubscribe")) return;
    const all = this.watches.some(({ names }) => names.length === 0);
    const becomesAll = all && !this.#watchedAll;
    this.#watchedAll = all;
    // Some servers take no notice of a subscription to all: they are asked what there is.
    if (becomesAll) this.parameters.run(undefined, "get-", this.#due());
  }

  // Publishers

  #takes(encoding: string): boolean {
    const supported = this.info!.supportedEncodings as string[] | undefined ?? [];
    return this.declares("clientPublish") && (supported.length === 0 || supported.includes(encoding));
  }

  // Lists

  #good<T>(entries: readonly (T | typeof BAD)[]): T[] {
    const good = entries.filter((entry) => entry !== BAD) as T[];
    const bad = entries.length - good.length;
    this.counters.invalidMessages += bad;
    this.errors += bad;
    return good;
  }

  #takeAll(map: Map<number, Members>, entries: readonly (number | typeof BAD)[]): Members[] {
    const ids = this.#good(entries);
    const taken = ids.flatMap((id) => {
      const value = map.get(id);
      return value !== undefined && map.delete(id) ? [value] : [];
    });
    this.counters.ignoredMessages += ids.length - taken.length;
    return taken;
  }
}

function idsOf(all: readonly Members[]): string {
  return all.map(({ id }) => id).join(",");
}
