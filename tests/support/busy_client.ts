/** A client with one of everything under way, and the scripted server's right answers to it. */
import { assertEquals } from "@std/assert";
import type { FoxgloveClient } from "../../src/client/client.ts";
import { CAPABILITIES } from "../../src/protocol/constants.ts";
import type { ClientMessage, ServerInfo } from "../../src/protocol/messages.ts";
import { quiet } from "./scripted_robot.ts";
import type { ScriptedServer } from "./scripted_server.ts";

/** What a server says that has everything. */
export const EVERYTHING = { sessionId: "one", capabilities: [...CAPABILITIES] } satisfies Partial<ServerInfo>;

/** Ids and values of one server; another session has others. */
export interface Flavour {
  /** Id of the channel "/pose". */
  channelId: number;
  /** Id of the service "/add"; "/late" has the next one. */
  serviceId: number;
  /** What every value says. */
  value: string;
}

/** The flavour of a first session. */
export const FIRST: Flavour = { channelId: 1, serviceId: 1, value: "first" };

/** Requests, which fail with their connection; everything else that is waited for outlives it. */
export const REQUESTS = ["call", "get", "set", "asset", "play"] as const;

/** What can be waited for. */
export type Wait = typeof REQUESTS[number] | "message" | "lateCall" | "update" | "graph" | "time";

const STARTS: Record<Wait, (client: FoxgloveClient) => Promise<unknown>> = {
  message: async (client) => (await client.subscribe("/pose").next()).value?.value,
  update: async (client) => (await client.parameterUpdates(["gain"]).next()).value?.value,
  graph: async (client) => [...(await client.connectionGraph().next()).value?.publishers.get("/pose") ?? []].join(),
  time: async (client) => (await client.timeUpdates().next()).value,
  lateCall: (client) => client.callService("/late"),
  call: (client) => client.callService("/add", { a: 1 }),
  get: async (client) => (await client.getParameters(["gain"])).get("gain"),
  set: async (client) => (await client.setParameters({ name: "new" })).get("name"),
  asset: async (client) => new TextDecoder().decode(await client.fetchAsset("package://a")),
  play: async (client) => (await client.playback.play()).currentTime,
};

/** All that can be waited for. */
export const WAITS = Object.keys(STARTS) as Wait[];

/** What each wait gives when it is answered by a server of this flavour. */
export function expected({ value }: Flavour): Record<Wait, unknown> {
  const texts = { message: value, update: value, graph: value, lateCall: value, call: value, get: value };
  return { ...texts, set: "new", asset: value, time: 5n, play: 7n };
}

/** Waits that are under way. */
export class Busy {
  readonly client: FoxgloveClient;
  readonly #results = new Map<Wait, Promise<unknown>>();
  readonly #outcomes = new Map<Wait, unknown>();

  constructor(client: FoxgloveClient, waits: readonly Wait[] = WAITS) {
    this.client = client;
    this.start(waits);
  }

  /** Waits for these, perhaps again. */
  start(waits: readonly Wait[]): void {
    for (const wait of waits) {
      this.#outcomes.delete(wait);
      const result = STARTS[wait](this.client).catch((error: unknown) => error);
      this.#results.set(wait, result.then((outcome) => this.#outcomes.set(wait, outcome)));
    }
  }

  /** What has come of those that are over: a value, or the error. */
  get outcomes(): ReadonlyMap<Wait, unknown> {
    return this.#outcomes;
  }

  /** Those that nothing has come of. */
  get waiting(): Wait[] {
    return [...this.#results.keys()].filter((wait) => !this.#outcomes.has(wait));
  }

  /** Settles when nothing is waited for any more. */
  async over(): Promise<ReadonlyMap<Wait, unknown>> {
    await Promise.all(this.#results.values());
    return this.#outcomes;
  }
}

/** Advertises the channel and the first service of a flavour. */
export function advertise(server: ScriptedServer, { channelId, serviceId }: Flavour): void {
  server.advertise({ id: channelId, topic: "/pose" });
  addService(server, serviceId, "/add");
}

/** Advertises a service that takes and gives JSON. */
export function addService(server: ScriptedServer, id: number, name: string): void {
  const side = { encoding: "json", schemaName: "", schemaEncoding: "", schema: "" };
  server.send({ op: "advertiseServices", services: [{ id, name, type: "", request: side, response: side }] });
}

type Answers = {
  [Op in ClientMessage["op"]]?: (
    server: ScriptedServer,
    message: Extract<ClientMessage, { op: Op }>,
    flavour: Flavour,
  ) => void;
};

const NO_GRAPH = { subscribedTopics: [], advertisedServices: [], removedTopics: [], removedServices: [] };

const ANSWERS: Answers = {
  subscribe(server, { subscriptions }, { value }) {
    for (const { id } of subscriptions) server.data(id, value);
  },
  serviceCallRequest(server, { serviceId, callId }, { value }) {
    const data = new TextEncoder().encode(JSON.stringify(value));
    server.send({ op: "serviceCallResponse", serviceId, callId, encoding: "json", data });
  },
  getParameters: (server, { id }, { value }) =>
    server.send({ op: "parameterValues", parameters: [{ name: "gain", value }], ...(id === undefined ? {} : { id }) }),
  setParameters: (server, { id, parameters }) =>
    server.send({ op: "parameterValues", parameters, ...(id === undefined ? {} : { id }) }),
  subscribeParameterUpdates: (server, _message, { value }) =>
    server.send({ op: "parameterValues", parameters: [{ name: "gain", value }] }),
  subscribeConnectionGraph: (server, _message, { value }) =>
    server.send({
      op: "connectionGraphUpdate",
      ...NO_GRAPH,
      publishedTopics: [{ name: "/pose", publisherIds: [value] }],
    }),
  fetchAsset: (server, { requestId }, { value }) =>
    server.send({ op: "fetchAssetResponse", requestId, data: new TextEncoder().encode(value) }),
  playbackControlRequest: (server, { requestId }) =>
    server.send({ op: "playbackState", status: "playing", currentTime: 7n, speed: 1, didSeek: false, requestId }),
};

/** Answers a request as a good server does. */
export function answer(server: ScriptedServer, message: { op: string }, flavour: Flavour = FIRST): void {
  const give = ANSWERS[message.op as ClientMessage["op"]] as
    | ((server: ScriptedServer, message: { op: string }, flavour: Flavour) => void)
    | undefined;
  give?.(server, message, flavour);
}

/** Answers all that has come, and tells the time and of "/late", until nothing more comes. */
export async function answerAll(server: ScriptedServer, flavour: Flavour = FIRST): Promise<void> {
  addService(server, flavour.serviceId + 1, "/late");
  server.send({ op: "time", timestamp: 5n });
  await quiet();
  while (server.inbox.length > 0) {
    for (const message of server.inbox.splice(0)) answer(server, message, flavour);
    await quiet();
  }
}

/** Fails unless everything that is waited for is answered, and by a server of this flavour. */
export async function assertAnswered(busy: Busy, flavour: Flavour = FIRST): Promise<void> {
  assertEquals(busy.waiting, []);
  const outcomes = await busy.over();
  const all = expected(flavour);
  assertEquals(Object.fromEntries(outcomes), Object.fromEntries([...outcomes.keys()].map((wait) => [wait, all[wait]])));
}
