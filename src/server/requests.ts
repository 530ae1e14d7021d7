/**
 * What the server does on each op of a client: one small function per op.
 *
 * @module
 */
import { type BrokenRequest, ProtocolError } from "../protocol/errors.ts";
import type { ClientMessage, Entry, MessageOf } from "../protocol/messages.ts";
import type { Session } from "./session.ts";

type Request = ClientMessage<true>;
type Handlers = { readonly [Op in Request["op"]]: (session: Session, message: MessageOf<Request, Op>) => void };

const HANDLERS: Handlers = {
  subscribe: (session, { subscriptions }) =>
    each(session, subscriptions, (entry) => session.subscriptions.subscribe(entry)),
  unsubscribe: (session, { subscriptionIds }) =>
    each(session, subscriptionIds, (id) => session.subscriptions.unsubscribe(id)),
  advertise(session, { channels }) {
    if (!session.host.hasCapability("clientPublish")) return refuse(session, "clientPublish");
    each(session, channels, (channel) => session.channels.advertise(channel));
  },
  unadvertise: (session, { channelIds }) => each(session, channelIds, (id) => session.channels.unadvertise(id)),
  messageData: (session, { channelId, data }) => session.channels.message(channelId, data),
  getParameters(session, request) {
    if (supported(session, "parameters")) session.host.parameters.get(session, request);
  },
  setParameters(session, request) {
    if (supported(session, "parameters")) session.host.parameters.set(session, request);
  },
  subscribeParameterUpdates(session, request) {
    if (supported(session, "parametersSubscribe")) session.host.parameters.subscribe(session, request);
  },
  unsubscribeParameterUpdates(session, request) {
    if (supported(session, "parametersSubscribe")) session.host.parameters.unsubscribe(session, request);
  },
  subscribeConnectionGraph(session) {
    if (supported(session, "connectionGraph")) session.host.graph.subscribe(session);
  },
  unsubscribeConnectionGraph(session) {
    if (supported(session, "connectionGraph")) session.host.graph.release(session);
  },
  playbackControlRequest(session, request) {
    const { playback } = session.host;
    if (playback.serves(session)) playback.request(session, request);
    else refuse(session, "playbackControl");
  },
  fetchAsset(session, request) {
    if (session.host.hasCapability("assets")) session.host.assets.fetch(session, request);
    else fail(session, { kind: "fetchAsset", requestId: request.requestId }, unsupported("assets"));
  },
  serviceCallRequest(session, request) {
    const { serviceId, callId } = request;
    if (session.host.hasCapability("services")) session.host.calls.call(session, request);
    else fail(session, { kind: "serviceCall", serviceId, callId }, unsupported("services"));
  },
};

/** Does what a client asked for. */
export function handleRequest(session: Session, message: Request): void {
  (HANDLERS[message.op] as (session: Session, message: Request) => void)(session, message);
}

/** Answers a message, or an entry of one, that does not follow the protocol. */
export function refuseInvalid(session: Session, error: ProtocolError): void {
  const text = `Invalid message: ${error.message}`;
  session.countInvalid();
  session.status("error", text);
  if (error.request !== undefined) fail(session, error.request, text);
}

/** Entries of a batch in order; a bad one is answered for itself. */
function each<T>(session: Session, entries: readonly Entry<T>[], handle: (entry: T) => void): void {
  for (const entry of entries) {
    if (entry instanceof ProtocolError) refuseInvalid(session, entry);
    else handle(entry);
  }
}

/** Whether the server has a capability; if not, the client is told. */
function supported(session: Session, capability: string): boolean {
  const has = session.host.hasCapability(capability);
  if (!has) refuse(session, capability);
  return has;
}

function refuse(session: Session, capability: string): void {
  session.status("error", unsupported(capability));
}

function unsupported(capability: string): string {
  return `Server does not support ${capability} capability`;
}

/** The failure answer of a request that carries an id: none is left waiting. */
function fail(session: Session, request: BrokenRequest, text: string): void {
  if (request.kind === "fetchAsset") {
    session.send({ op: "fetchAssetResponse", requestId: request.requestId, error: text });
  } else if (request.kind === "serviceCall") {
    const { serviceId, callId } = request;
    session.send({ op: "serviceCallFailure", serviceId, callId, message: text });
  }
}
