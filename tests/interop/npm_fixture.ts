/** The server of npm `@foxglove/ws-protocol` with what docs/conformance.md asks of a server under test, as far as it can. */
import type { ClientChannel, FetchAssetResponse, Parameter } from "@foxglove/ws-protocol";
import { type WebSocket as NodeWebSocket, WebSocketServer } from "ws";
import { PeerServer } from "../support/ws_protocol_peer.ts";

type Server = InstanceType<typeof PeerServer>;
type Client = { connection: unknown };

const CAPABILITIES = ["assets", "clientPublish", "parameters", "parametersSubscribe", "services", "time"];
const ENCODINGS = ["json", "protobuf", "ros1", "cdr"];

const PARAMETERS: Parameter[] = [
  { name: "int", value: 1 },
  { name: "float", value: 1, type: "float64" },
  { name: "string", value: "text" },
  { name: "bool", value: true },
  { name: "bytes", value: "AAECAwQFBgcICQoLDA0ODw==", type: "byte_array" },
  { name: "list", value: [1, 2.5], type: "float64_array" },
  { name: "nested", value: { a: [1, { b: true }] } },
  { name: "read_only", value: "fixed" },
  { name: "ticks", value: 0 },
];

const utf8 = (text: string) => new TextEncoder().encode(text);
const now = () => BigInt(Date.now()) * 1_000_000n;

/** A running server. */
export interface NpmFixture {
  url: string;
  stop(): Promise<void>;
}

/** Starts it on a free port. */
export async function startNpmFixture(): Promise<NpmFixture> {
  const server = new PeerServer({ name: "reference", capabilities: CAPABILITIES, supportedEncodings: ENCODINGS });
  const handleProtocols = (protocols: Set<string>) => server.handleProtocols(protocols);
  const listener = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols });
  const sockets = new Set<NodeWebSocket>();
  listener.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    // deno-lint-ignore no-explicit-any -- its interface predates the types of `ws`
    server.handleConnection(socket as any, "peer");
    // After its own, which it sets as a property.
    socket.addEventListener("close", () => sockets.delete(socket));
  });
  server.on("error", () => {});
  new Echoes(server);
  const stopServices = addServices(server);
  addAssets(server);
  const values = addParameters(server);
  const timer = setInterval(ticker(server, values), 100);
  await new Promise((resolve) => listener.once("listening", resolve));
  const { port } = listener.address() as { port: number };
  const stop = async () => {
    clearInterval(timer);
    stopServices();
    // One that waits for the answer to its close has a timer until it has ended: Deno's listener does not wait for that.
    await Promise.all([...sockets].map((socket) => {
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.terminate();
      return closed;
    }));
    await new Promise((resolve) => listener.close(resolve));
  };
  return { url: `ws://127.0.0.1:${port}`, stop };
}

/** Channels, time and the parameter that counts. */
function ticker(server: Server, values: Map<string, Parameter>): () => void {
  const schema = '{"title":"Counter","type":"object","properties":{"count":{"type":"integer"}}}';
  const counter = server.addChannel({ topic: "/counter", encoding: "json", schemaName: "Counter", schema });
  const bytes = server.addChannel({ topic: "/bytes", encoding: "raw", schemaName: "", schema: "" });
  const all = Uint8Array.from({ length: 256 }, (_, value) => value);
  let count = 0;
  return () => {
    server.sendMessage(counter, now(), utf8(`{"count":${count}}`));
    server.broadcastTime(now());
    if (count++ % 10 > 0) return;
    server.sendMessage(bytes, now(), all);
    const ticks = { name: "ticks", value: Math.floor(count / 10) };
    values.set("ticks", ticks);
    server.updateParameterValues([ticks]);
  };
}

/** Services, of which one fails and one is too slow. @returns Forgets the calls that wait. */
function addServices(server: Server): () => void {
  const schema = (schemaName: string) => ({
    encoding: "json",
    schemaName,
    schemaEncoding: "jsonschema",
    schema: JSON.stringify({ title: schemaName, type: "object" }),
  });
  const add = server.addService({
    name: "/add",
    type: "Add",
    request: schema("AddRequest"),
    response: schema("AddResponse"),
  });
  const [, fail, slow] = ["echo", "fail", "slow"].map((type) =>
    server.addService({ name: `/${type}`, type, requestSchema: "", responseSchema: "" })
  );
  const waiting = new Set<ReturnType<typeof setTimeout>>();
  server.on("serviceCallRequest", ({ serviceId, callId, encoding, data }, connection) => {
    const failed = (message: string) =>
      server.sendServiceCallFailure({ op: "serviceCallFailure", serviceId, callId, message }, connection);
    if (serviceId === fail) return failed("Failure on purpose");
    if (serviceId === slow) return void waiting.add(setTimeout(() => failed("No answer within 1 s"), 1_000));
    if (serviceId === add && encoding !== "json") return failed(`Unsupported encoding: ${encoding}`);
    const answer = serviceId === add ? utf8(JSON.stringify({ sum: sumOf(bytesOf(data)) })) : bytesOf(data);
    const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
    server.sendServiceCallResponse({ serviceId, callId, encoding, data: view }, connection);
  });
  return () => waiting.forEach((timer) => clearTimeout(timer));
}

function sumOf(payload: Uint8Array): number {
  const { a, b } = JSON.parse(new TextDecoder().decode(payload));
  return a + b;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

function addAssets(server: Server): void {
  const huge = Uint8Array.from({ length: 8 * 1024 * 1024 }, (_, index) => index % 251);
  const assets = new Map([
    ["package://everything/robot.urdf", utf8('<robot name="everything"><link name="base"/></robot>\n')],
    ["package://everything/huge.bin", huge],
  ]);
  server.on("fetchAsset", ({ uri, requestId }, connection) => {
    const data = assets.get(uri);
    const answer: FetchAssetResponse = data === undefined
      ? { op: 4, requestId, status: 1, error: `No such asset: ${uri}` }
      : { op: 4, requestId, status: 0, data: new DataView(data.buffer, data.byteOffset, data.byteLength) };
    server.sendFetchAssetResponse(answer, connection);
  });
}

function addParameters(server: Server): Map<string, Parameter> {
  const values = new Map(PARAMETERS.map((parameter) => [parameter.name, parameter]));
  const known = (names: string[]) => names.flatMap((name) => values.get(name) ?? []);
  server.on("getParameters", ({ parameterNames, id }, connection) => {
    server.publishParameterValues(
      known(parameterNames.length === 0 ? [...values.keys()] : parameterNames),
      id,
      connection,
    );
  });
  server.on("setParameters", ({ parameters, id }, connection) => {
    for (const parameter of parameters.filter(({ name }) => name !== "read_only")) {
      if (parameter.value === undefined) values.delete(parameter.name);
      else values.set(parameter.name, parameter);
    }
    const names = parameters.map(({ name }) => name);
    if (id !== undefined) server.publishParameterValues(known(names), id, connection);
    server.updateParameterValues(names.map((name) => values.get(name) ?? { name, value: undefined }));
  });
  return values;
}

/** What clients publish on `/x` is published on `/echo/x`, until the last who advertises `/x` has gone. */
class Echoes {
  readonly #server: Server;
  readonly #echoes = new Map<string, { id: number; publishers: number }>();
  /** Which echo each channel of each client has. */
  readonly #clients = new Map<unknown, Map<number, string>>();

  constructor(server: Server) {
    this.#server = server;
    server.on("advertise", ({ client, ...channel }) => this.#advertise(client, channel));
    server.on("unadvertise", ({ client, channelId }) => this.#release(client, channelId));
    server.on("message", ({ client, channel, data }) => {
      const echo = this.#echoes.get(this.#clients.get(client)?.get(channel.id) ?? "");
      if (echo !== undefined) server.sendMessage(echo.id, now(), bytesOf(data));
    });
  }

  #advertise(client: Client, { id, topic, encoding, schemaName, schema = "" }: ClientChannel): void {
    if (!this.#clients.has(client)) this.#greet(client);
    const key = JSON.stringify([topic, encoding, schemaName, schema]);
    this.#clients.get(client)!.set(id, key);
    const echo = this.#echoes.get(key);
    if (echo !== undefined) return void echo.publishers++;
    const echoId = this.#server.addChannel({ topic: `/echo${topic}`, encoding, schemaName, schema });
    this.#echoes.set(key, { id: echoId, publishers: 1 });
  }

  /** The server does not tell that a publisher has gone with its connection. */
  #greet(client: Client): void {
    this.#clients.set(client, new Map());
    (client.connection as unknown as NodeWebSocket).addEventListener("close", () => {
      for (const id of [...this.#clients.get(client)!.keys()]) this.#release(client, id);
      this.#clients.delete(client);
    });
  }

  #release(client: Client, id: number): void {
    const key = this.#clients.get(client)?.get(id) ?? "";
    this.#clients.get(client)?.delete(id);
    const echo = this.#echoes.get(key);
    if (echo === undefined || --echo.publishers > 0) return;
    this.#echoes.delete(key);
    this.#server.removeChannel(echo.id);
  }
}
