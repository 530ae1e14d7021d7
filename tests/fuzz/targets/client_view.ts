/** A client as its user and its server see it, as texts. */
import type { FoxgloveClient } from "../../../src/client/client.ts";
import { ConnectionGraphView } from "../../../src/client/connection_graph.ts";
import { ReceivedMessage } from "../../../src/client/received_message.ts";
import type { ServerChannel } from "../../../src/client/server_channel.ts";
import { ProtocolError } from "../../../src/protocol/errors.ts";
import { hexOf, Mismatch, type Raw, shown } from "../case.ts";
import { messageText } from "../models/received.ts";
import { readClient } from "../readers/read_client.ts";
import type { Members } from "../readers/read_json.ts";
import { valueText } from "../models/same.ts";

/** What there is at a server, from a client or its model. */
interface State {
  sessionId: unknown;
  channels: Members[];
  services: unknown[];
  statuses: [string, string][];
  time: bigint | undefined;
  playback: string | undefined;
  subscriptions: number;
  lost: boolean;
}

export function stateText({ channels, services, statuses, ...state }: State): string {
  const lists = [channels.map(valueText), services.map(valueText), statuses.map(valueText)];
  return [valueText(state), ...lists.map((list) => list.sort().join("\n"))].join("\n");
}

/** What a client knows of its server. */
export function stateOf(client: FoxgloveClient): string {
  const { state } = client.playback;
  return stateText({
    sessionId: client.serverInfo.sessionId,
    channels: Array.from(client.channels.values(), channelOf),
    services: [...client.services.values()],
    statuses: Array.from(client.statuses, ([id, { level, message }]) => [id, `${level} ${message}`]),
    time: client.time,
    playback: state && valueText(state),
    subscriptions: client.stats().subscriptions,
    lost: client.state.status !== "connected",
  });
}

function channelOf({ schemaMissing, ...channel }: ServerChannel): Members {
  return { ...channel, missing: schemaMissing !== undefined };
}

/** Hears what a client tells. */
export class Listener {
  readonly events: string[] = [];
  /** Messages that were not as they should be. */
  errors = 0;

  constructor(client: FoxgloveClient) {
    const tell = (text: string) => void this.events.push(text);
    const ids = (all: readonly { id: number }[]) => all.map(({ id }) => id).join(",");
    client.on("serverInfo", () => tell("serverInfo"));
    client.on("session", () => tell("session"));
    client.on("resumed", () => tell("resumed"));
    client.on("advertise", ({ channels }) => tell(`advertise ${ids(channels)}`));
    client.on("unadvertise", ({ channels }) => tell(`unadvertise ${ids(channels)}`));
    client.on("advertiseServices", ({ services }) => tell(`advertiseServices ${ids(services)}`));
    client.on("unadvertiseServices", ({ services }) => tell(`unadvertiseServices ${ids(services)}`));
    client.on("status", ({ level, message }) => tell(`status ${level} ${message}`));
    client.on("removeStatus", ({ statusIds }) => tell(`removeStatus ${statusIds}`));
    client.on("time", (time) => tell(`time ${time}`));
    client.on("connectionGraph", () => tell("connectionGraph"));
    client.on("playbackState", (state) => tell(`playbackState ${valueText(state)}`));
    client.on("warning", ({ channel }) => tell(`warning ${channel.id}`));
    client.on("error", ({ error, during }) => this.#failed(error, during));
  }

  #failed(error: unknown, during: string): void {
    if (error instanceof ProtocolError && error.code === "invalid_message") return void this.errors++;
    if (during.startsWith("advertise of ")) return;
    throw new Mismatch(`Error during ${during}: ${error instanceof Error ? error.stack : error}`);
  }
}

/** Something that a feed has given. */
export function textOfItem(item: object | bigint): string {
  if (item instanceof ConnectionGraphView) return "view";
  if (item instanceof ReceivedMessage) return messageText(item.channel as unknown as Members, item.logTime, item.data);
  return typeof item === "bigint" ? `${item}` : valueText(item);
}

/** The graph that a view shows. */
export function graphOf({ publishers, subscribers, providers }: ConnectionGraphView): string {
  return [publishers, subscribers, providers].map((nodes) => {
    return valueText(new Map(Array.from(nodes, ([name, ids]) => [name, [...ids]])));
  }).join("\n");
}

/** What was sent, by kind: requests of different kinds that wait for answers do not wait for each other. */
export function inGroups(texts: readonly string[]): string {
  const groups = [/^call /, /^fetch /, /^playback /, /^[gs]et-/];
  const rest = texts.filter((text) => !groups.some((group) => group.test(text)));
  return [...groups.map((group) => texts.filter((text) => group.test(text))), rest].flat().join("\n");
}

type Text = (members: Members) => string | undefined;

/** What a client has sent, as its server understands it. */
export class Sent {
  #texts: string[] = [];
  readonly #subscribed = new Set<string>();

  /** There is another connection. */
  connected(): void {
    this.#subscribed.clear();
  }

  take(raw: Raw): void {
    const reading = readClient(raw);
    if (reading.kind !== "message") throw new Mismatch(`Client has sent ${shown(raw)}, which is ${reading.kind}`);
    const text = this.#ops[reading.op]!(reading.members);
    if (text !== undefined) this.#texts.push(text);
  }

  /** All since the last time. */
  texts(): string {
    return inGroups(this.#texts.splice(0));
  }

  readonly #ops: Readonly<Record<string, Text>> = {
    subscribe: (members) => this.#subscribe(members.subscriptions as { id: number; channelId: number }[]),
    unsubscribe: ({ subscriptionIds }) => `unsubscribe ${subscriptionIds}`,
    advertise: ({ channels }) => `advertise ${(channels as Members[]).map(({ id }) => id)}`,
    unadvertise: ({ channelIds }) => `unadvertise ${channelIds}`,
    messageData: ({ channelId, data }) => `publish ${channelId} ${hexOf(data as Uint8Array)}`,
    getParameters: ({ id }) => `${id}`,
    setParameters: ({ id }) => `${id}`,
    subscribeParameterUpdates: () => undefined,
    unsubscribeParameterUpdates: () => undefined,
    subscribeConnectionGraph: () => "watch graph",
    unsubscribeConnectionGraph: () => "unwatch graph",
    fetchAsset: ({ requestId }) => `fetch ${requestId}`,
    serviceCallRequest: ({ serviceId, callId }) => `call ${serviceId} ${callId}`,
    playbackControlRequest: ({ requestId }) => `playback ${requestId}`,
  };

  /** A subscription that was refused is asked for again; one of id 0 asks for a sign of life. */
  #subscribe(subscriptions: { id: number; channelId: number }[]): string | undefined {
    const texts = subscriptions.map(({ id, channelId }) => `${id}:${channelId}`);
    if (subscriptions[0]!.id === 0 || texts.every((text) => this.#subscribed.has(text))) return undefined;
    for (const text of texts) this.#subscribed.add(text);
    return `subscribe ${texts}`;
  }
}
