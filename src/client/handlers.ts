/**
 * What the client does on each op of a server: one small function per op.
 *
 * @module
 */
import { ProtocolError } from "../protocol/errors.ts";
import type { Entry, MessageOf, ServerMessage } from "../protocol/messages.ts";
import type { Events } from "../util/events.ts";
import { type Catalogue, setAll, takeAll } from "./catalogue.ts";
import type { ClientEvents } from "./client_events.ts";
import { type ClientCounters, countFailure } from "./client_stats.ts";
import type { Features } from "./features.ts";
import type { Publishers } from "./publishers.ts";
import { refusedChannel } from "./second_chances.ts";
import { type ServerChannel, serverChannel } from "./server_channel.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** What the handlers work on. */
export interface ClientParts {
  readonly catalogue: Catalogue;
  readonly subscriptions: Subscriptions;
  readonly publishers: Publishers;
  readonly features: Features;
  readonly events: Events<ClientEvents>;
  readonly counters: ClientCounters;
}

type Message = ServerMessage<true>;
type Handlers = { readonly [Op in Message["op"]]?: (parts: ClientParts, message: MessageOf<Message, Op>) => void };

const HANDLERS: Handlers = {
  messageData: ({ subscriptions }, message) => subscriptions.deliver(message),
  serverInfo({ catalogue, publishers, features, events }, { op: _, ...serverInfo }) {
    const { sessionId } = catalogue.serverInfo;
    catalogue.serverInfo = serverInfo;
    publishers.advertise();
    features.refresh();
    events.emit("serverInfo", serverInfo);
    if (serverInfo.sessionId !== sessionId) events.emit("session", { serverInfo, attempts: 0 });
  },
  advertise(parts, message) {
    const channels = setAll(parts.catalogue.channels, valid(parts, message.channels).map(serverChannel));
    parts.subscriptions.advertised(channels);
    if (channels.length > 0) parts.events.emit("advertise", { channels });
    for (const channel of channels) warnOfSchema(parts, channel);
  },
  unadvertise(parts, message) {
    const channels = take(parts, parts.catalogue.channels, message.channelIds);
    parts.subscriptions.unadvertised(channels);
    if (channels.length > 0) parts.events.emit("unadvertise", { channels });
  },
  advertiseServices(parts, message) {
    const services = setAll(parts.catalogue.services, valid(parts, message.services));
    parts.features.services.advertised();
    if (services.length > 0) parts.events.emit("advertiseServices", { services });
  },
  unadvertiseServices(parts, message) {
    const services = take(parts, parts.catalogue.services, message.serviceIds);
    parts.features.services.unadvertised(services);
    if (services.length > 0) parts.events.emit("unadvertiseServices", { services });
  },
  status({ catalogue, subscriptions, events }, { op: _, ...status }) {
    const channelId = refusedChannel(status.message);
    if (channelId !== undefined) subscriptions.refused(channelId);
    if (status.id !== undefined) catalogue.statuses.set(status.id, status);
    events.emit("status", status);
  },
  removeStatus({ catalogue, events }, { statusIds }) {
    for (const id of statusIds) catalogue.statuses.delete(id);
    events.emit("removeStatus", { statusIds });
  },
  time({ catalogue, features, events }, { timestamp }) {
    catalogue.time = timestamp;
    features.times.push(timestamp);
    events.emit("time", timestamp);
  },
  serviceCallResponse: ({ features }, message) => features.services.answered(message),
  serviceCallFailure: ({ features }, message) => features.services.failed(message),
  parameterValues: (parts, message) => parts.features.parameters.received(valid(parts, message.parameters), message.id),
  fetchAssetResponse: ({ features }, message) => features.assets.answered(message),
  connectionGraphUpdate({ features, events }, { op: _, ...update }) {
    if (features.graph.received(update)) events.emit("connectionGraph", update);
  },
  playbackState({ subscriptions, features, events }, { op: _, ...state }) {
    if (state.didSeek) {
      // What nobody has read yet is of before the jump.
      subscriptions.forgetUnread();
      features.times.forgetUnread();
    }
    features.playback.received(state);
    events.emit("playbackState", state);
  },
};

/** Does what a message of the server means; one that means nothing to this client is counted. */
export function handleMessage(parts: ClientParts, message: Message): void {
  const handler = HANDLERS[message.op] as ((parts: ClientParts, message: Message) => void) | undefined;
  if (handler === undefined) parts.counters.ignoredMessages++;
  else handler(parts, message);
}

/** Counts what could not be read or taken, and tells the user unless a newer peer explains it. */
export function handleFailure({ counters, events, features }: ClientParts, error: unknown): void {
  if (error instanceof ProtocolError) features.broken(error);
  if (countFailure(counters, error)) events.emit("error", { error, during: "message from the server" });
}

/** The good entries of a batch; the bad ones are reported. */
function valid<T>(parts: ClientParts, entries: readonly Entry<T>[]): T[] {
  return entries.filter((entry) => {
    if (!(entry instanceof ProtocolError)) return true;
    handleFailure(parts, entry);
    return false;
  }) as T[];
}

/** Takes out of `map` what has one of these ids; ids that mean nothing are counted. */
function take<T>(parts: ClientParts, map: Map<number, T>, entries: readonly Entry<number>[]): T[] {
  const ids = valid(parts, entries);
  const taken = takeAll(map, ids);
  parts.counters.ignoredMessages += ids.length - taken.length;
  return taken;
}

function warnOfSchema({ events }: ClientParts, channel: ServerChannel): void {
  if (channel.schemaMissing === undefined) return;
  const message = `Channel "${channel.topic}" has no usable schema: ${channel.schemaMissing}`;
  events.emit("warning", { code: "schema_missing", message, channel });
}
