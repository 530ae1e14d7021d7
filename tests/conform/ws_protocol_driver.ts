/** A driver of npm `@foxglove/ws-protocol`, which leaves to its user what it has no notion of: topics, and reconnecting. */
import process from "node:process";
import { createInterface } from "node:readline";
import type { Channel, IWebSocket, Service } from "@foxglove/ws-protocol";
import { WebSocket } from "ws";
import { PeerClient } from "../support/ws_protocol_peer.ts";

const report = (line: object) =>
  console.log(JSON.stringify(line, (_, value) => typeof value === "bigint" ? String(value) : value));
const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (data: ArrayBufferView) => new TextDecoder().decode(data);

report({ cannot: ["play", "pause", "seek", "setSpeed", "playbackState", "reconnect"] });

// Only the types of `send()` differ.
const ws = new WebSocket(process.argv[2]!, [PeerClient.SUPPORTED_SUBPROTOCOL]) as unknown as IWebSocket;
const client = new PeerClient({ ws });

const channels = new Map<number, Channel>();
const services = new Map<string, Service>();
const wanted = new Set<string>();
/** Topics by subscription. */
const subscriptions = new Map<number, string>();
const published = new Map<string, number>();
/** Tags by the ids of calls and asset requests. */
const tags = new Map<number, string>();
let requests = 0;

function subscribe({ id, topic }: Channel): void {
  if (wanted.has(topic)) subscriptions.set(client.subscribe(id), topic);
}

client.on("error", (error) => console.error(String(error)));
client.on("close", () => process.exit());
client.on("advertise", (entries) => {
  for (const channel of entries) {
    channels.set(channel.id, channel);
    report({ got: "channel", ...channel });
    subscribe(channel);
  }
});
client.on("unadvertise", (ids) => ids.forEach((id) => channels.delete(id)));
client.on("message", ({ subscriptionId, timestamp, data }) => {
  const topic = subscriptions.get(subscriptionId);
  if (topic !== undefined) report({ got: "message", topic, logTime: timestamp, data: text(data) });
});
client.on("status", ({ level, message }) => report({ got: "status", level, message }));
client.on("time", ({ timestamp }) => report({ got: "time", timestamp }));
client.on("advertiseServices", (entries) => entries.forEach((service) => services.set(service.name, service)));
client.on(
  "serviceCallResponse",
  ({ callId, data }) => report({ got: "answer", tag: tags.get(callId), data: text(data) }),
);
client.on("serviceCallFailure", ({ callId, message }) => report({ got: "failure", tag: tags.get(callId), message }));
client.on("parameterValues", ({ parameters, id }) => {
  report(id === undefined ? { got: "parameters", parameters } : { got: "answer", tag: id, parameters });
});
client.on("connectionGraphUpdate", (update) => report({ got: "graph", ...update }));
client.on("fetchAssetResponse", (response) => {
  const tag = tags.get(response.requestId);
  if ("data" in response) report({ got: "answer", tag, data: text(response.data) });
  else report({ got: "failure", tag, message: response.error });
});

function request(tag: string): number {
  tags.set(++requests, tag);
  return requests;
}

/** Which members an instruction has depends on `do`. */
// deno-lint-ignore no-explicit-any
type Instruction = any;

const INSTRUCTIONS: Record<string, (instruction: Instruction) => void> = {
  subscribe: ({ topic }) => {
    wanted.add(topic);
    for (const channel of channels.values()) if (channel.topic === topic) subscribe(channel);
  },
  unsubscribe: ({ topic }) => {
    wanted.delete(topic);
    for (const [id, name] of [...subscriptions]) {
      if (name !== topic) continue;
      client.unsubscribe(id);
      subscriptions.delete(id);
    }
  },
  publish: ({ topic, encoding, data }) => {
    const id = published.get(topic) ?? client.advertise({ topic, encoding, schemaName: "" });
    published.set(topic, id);
    client.sendMessage(id, utf8(data));
  },
  unadvertise: ({ topic }) => client.unadvertise(published.get(topic)!),
  callService: ({ tag, service, encoding, data }) => {
    const serviceId = services.get(service)?.id;
    if (serviceId === undefined) return report({ got: "failure", tag, message: "no such service" });
    client.sendServiceCallRequest({ serviceId, callId: request(tag), encoding, data: utf8(data) });
  },
  getParameters: ({ tag, names }) => client.getParameters(names, tag),
  setParameters: ({ tag, parameters }) => client.setParameters(parameters, tag),
  subscribeParameters: ({ names }) => client.subscribeParameterUpdates(names),
  unsubscribeParameters: ({ names }) => client.unsubscribeParameterUpdates(names),
  fetchAsset: ({ tag, uri }) => client.fetchAsset(uri, request(tag)),
  subscribeGraph: () => client.subscribeConnectionGraph(),
  unsubscribeGraph: () => client.unsubscribeConnectionGraph(),
  close: () => client.close(),
};

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { do: name, ...instruction } = JSON.parse(line);
    const run = INSTRUCTIONS[name];
    if (run === undefined) report({ cannot: name });
    else run(instruction);
  })
  .on("close", () => process.exit());
