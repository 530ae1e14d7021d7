/**
 * A driver for `deno task conform --client`: it makes Foxwire's client do what the conformance suite says. Copy its shape for
 * a client in any language; docs/conformance.md says what each line means.
 *
 *   deno task conform --client --command "deno run -A examples/conform_driver.ts"        (or: bun …, node …)
 *
 * You see one line per rule, all of them `ok`; on Deno but for `handshake/wrong-accept`, which Deno's own WebSocket lets
 * pass. The suite gives the address as the last argument.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { connect, type Publisher } from "@foxwire/foxwire/client";

const report = (line: object) =>
  console.log(JSON.stringify(line, (_, value) => typeof value === "bigint" ? String(value) : value));
const utf8 = (text: string) => new TextEncoder().encode(text);
const fromBase64 = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const client = await connect(process.argv[2] ?? "ws://127.0.0.1:8765");
client.on("status", (status) => report({ got: "status", ...status }));
client.on("time", (timestamp) => report({ got: "time", timestamp }));
client.on("playbackState", (state) => report({ got: "playbackState", ...state }));
client.on("connectionGraph", (update) => report({ got: "graph", ...update }));
client.on("error", ({ error }) => console.error(String(error)));
client.on("advertise", ({ channels }) => {
  for (const { topic, encoding, schema } of channels) {
    const { name: schemaName, encoding: schemaEncoding, data } = schema ?? {};
    report({ got: "channel", topic, encoding, schemaName, schemaEncoding, schema: data });
  }
});

/** What goes on until it is ended, by what it was begun with. */
const open = new Map<string, { close(): unknown }>();

async function watch<T>(key: string, items: AsyncIterable<T> & { close(): unknown }, each: (item: T) => void) {
  open.set(key, items);
  for await (const item of items) each(item);
}

const end = (key: string) => open.get(key)?.close();

function publisherOf(topic: string, encoding: string): Publisher<Uint8Array> {
  const publisher = open.get(`publish ${topic}`) ??
    client.publisher<Uint8Array>({ topic, encoding, encode: (data) => data });
  open.set(`publish ${topic}`, publisher);
  return publisher as Publisher<Uint8Array>;
}

/** One line of the suite; which members there are depends on `do`. */
// deno-lint-ignore no-explicit-any
type Instruction = any;

/** What each instruction does. Those with a tag answer with what they give. */
const INSTRUCTIONS: Record<string, (instruction: Instruction) => unknown> = {
  subscribe: ({ topic }) =>
    watch(topic, client.subscribe(topic, { decode: text }), ({ logTime, value }) => {
      report({ got: "message", topic, logTime, data: value });
    }),
  unsubscribe: ({ topic }) => end(topic),
  publish: ({ topic, encoding, data }) => void publisherOf(topic, encoding).publish(utf8(data)),
  unadvertise: ({ topic }) => end(`publish ${topic}`),
  callService: async ({ service, encoding, data }) => {
    return { data: await client.callService(service, utf8(data), { encoding, decode: text }) };
  },
  getParameters: async ({ names }) => ({ parameters: Object.fromEntries(await client.getParameters(names)) }),
  setParameters: async ({ parameters }) => {
    const settings = parameters.map(({ name, type, value }: Instruction) => {
      return { name, type, value: type === "byte_array" ? fromBase64(value) : value };
    });
    return { parameters: Object.fromEntries(await client.setParameters(settings)) };
  },
  subscribeParameters: ({ names }) =>
    watch(`parameters ${names}`, client.parameterUpdates(names), (update) => {
      report({ got: "parameters", parameters: [update] });
    }),
  unsubscribeParameters: ({ names }) => end(`parameters ${names}`),
  fetchAsset: async ({ uri }) => ({ data: text(await client.fetchAsset(uri)) }),
  subscribeGraph: () => open.set("graph", client.connectionGraph()),
  unsubscribeGraph: () => end("graph"),
  play: () => client.playback.play(),
  pause: () => client.playback.pause(),
  seek: ({ time }) => client.playback.seek(BigInt(time)),
  setSpeed: ({ speed }) => client.playback.setSpeed(speed),
  close: () => client.close(),
};

async function follow({ do: name, ...instruction }: Instruction): Promise<void> {
  const { tag } = instruction;
  try {
    const run = INSTRUCTIONS[name];
    if (run === undefined) return report({ cannot: name });
    const answer = await run(instruction);
    if (tag !== undefined) report({ got: "answer", tag, ...answer as object });
  } catch (error) {
    report({ got: "failure", tag, message: (error as Error).message });
  }
}

createInterface({ input: process.stdin })
  .on("line", (line) => follow(JSON.parse(line)))
  .on("close", () => process.exit()); // the suite is gone
