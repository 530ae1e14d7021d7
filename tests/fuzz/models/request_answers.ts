/** What calls and fetches are answered with. */
import { bytes, text, u32, u8 } from "../../support/raw_bytes.ts";
import { allows, LIMIT_MS, type ServerKind, SERVICES, SLOW_MS } from "../targets/server_fixture.ts";
import { assetKey, frameKey, jsonKey, type Keyed } from "./keys.ts";
import type { SessionModel, Waiting } from "./session_model.ts";

/** A call as it comes. */
export interface CallRequest {
  serviceId: number;
  callId: number;
  encoding: string;
  data: Uint8Array;
}

/** What the answers depend on. */
export interface AnswerContext {
  readonly kind: ServerKind;
  readonly now: number;
  readonly services: ReadonlyMap<number, string>;
  readonly limits: { readonly serviceCalls: number; readonly assetRequests: number };
}

/** Answers a `fetchAsset`. */
export function fetchAsset(
  context: AnswerContext,
  client: SessionModel,
  request: { uri: string; requestId: number },
): void {
  const { uri, requestId } = request;
  const { kind, now, limits: { assetRequests: limit } } = context;
  const answer = (body: Uint8Array | string, due = now) => ({ due, answer: assetKey(requestId, body) });
  const refusal = kind === "bare"
    ? "Server does not support assets capability"
    : client.assets.has(requestId)
    ? `Request ID was already used: ${requestId}; the request is still in flight`
    : client.assets.size >= limit
    ? `Too many asset requests in flight: the limit is ${limit}`
    : undefined;
  if (refusal !== undefined) return client.expect(assetKey(requestId, refusal));
  // Also what needs no time is in flight until the step is over.
  const found = allows(kind, "fetch", uri) ? assetOf(uri, answer, now) : answer(`Asset not found: ${quoted(uri)}`);
  client.assets.set(requestId, found);
}

/** Answers a `serviceCallRequest`. */
export function callService(context: AnswerContext, client: SessionModel, request: CallRequest): void {
  const { serviceId, callId, encoding, data } = request;
  const refusal = refusalOf(context, client, request);
  if (refusal !== undefined) return client.expect(failureKey(serviceId, callId, refusal));
  const name = context.services.get(serviceId)!;
  const value = encoding === "json" ? jsonOf(data) : { value: data };
  if (value === undefined) return client.expect(failureKey(serviceId, callId, "Cannot decode request as JSON: *"));
  answerCall(context, client, { ...request, name, ...value });
}

function refusalOf(
  { kind, services, limits: { serviceCalls: limit } }: AnswerContext,
  { calls }: SessionModel,
  { serviceId, callId, encoding }: CallRequest,
): string | undefined {
  const name = services.get(serviceId);
  if (kind === "bare") return "Server does not support services capability";
  if (name === undefined || !allows(kind, "call", name)) return `Unknown service ID: ${serviceId}`;
  const wanted = SERVICES[name]!.encoding;
  if (wanted !== undefined && wanted !== encoding) {
    return `Unsupported encoding: ${quoted(encoding)}; service ${quoted(name)} takes ${quoted(wanted)}`;
  }
  if (calls.has(callId)) return `Call ID was already used: ${callId}; the call is still in flight`;
  if (calls.size >= limit) return `Too many service calls in flight: the limit is ${limit}`;
}

function answerCall(
  { now }: AnswerContext,
  client: SessionModel,
  { serviceId, callId, encoding, data, name, value }: CallRequest & { name: string; value: unknown },
): void {
  const response = (payload: string | Uint8Array) =>
    frameKey(bytes(u8(3), u32(serviceId), u32(callId), text(encoding), payload));
  const fail = (message: string) => failureKey(serviceId, callId, message);
  const wait = (ms: number, answer: Keyed) => client.calls.set(callId, { due: now + ms, answer, service: name });
  const answers: Record<string, () => unknown> = {
    "/measure": () => client.expect(response(`{"type":"${typeof value}","bytes":${data.length}}`)),
    "/mirror": () => client.expect(response(data)),
    "/fail": () => client.expect(fail("planned é")),
    "/silent": () => client.expect(encoding === "json" ? response("{}") : fail("Cannot encode undefined")),
    "/slow": () => wait(SLOW_MS, response('{"late":true}')),
    "/never": () => wait(LIMIT_MS, fail(`Service "/never" did not answer within ${LIMIT_MS} ms`)),
  };
  answers[name]!();
}

/** A call has failed. */
export function failureKey(serviceId: number, callId: number, message: string): Keyed {
  return jsonKey({ op: "serviceCallFailure", serviceId, callId, message });
}

/** A text as error texts quote it. */
function quoted(text: string): string {
  return JSON.stringify(text.length <= 40 ? text : `${text.slice(0, 40)}…`);
}

function jsonOf(data: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data)) };
  } catch {
    return undefined;
  }
}

function assetOf(uri: string, answer: (body: Uint8Array | string, due?: number) => Waiting, now: number): Waiting {
  const answers: Record<string, () => Waiting> = {
    file: () => answer(bytes(uri)),
    throw: () => answer(`planned ${uri}`),
    slow: () => answer(bytes(uri), now + SLOW_MS),
    never: () => answer(`Asset ${quoted(uri)} did not come within ${LIMIT_MS} ms`, now + LIMIT_MS),
    stream: () => answer(bytes(uri, "!")),
    broken: () => answer("planned break"),
  };
  const kind = uri.split(":")[0]!;
  return Object.hasOwn(answers, kind) ? answers[kind]!() : answer(`Asset not found: ${quoted(uri)}`);
}
