/**
 * A small server of the whole protocol, to prove the conformance suite: without faults it passes, and each of the faults in
 * `faults.ts` makes it fail. It shares no code with `src/server`, nor with our codec.
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { TcpListener } from "../../../src/runtime/tcp_listener.ts";
import { Assets } from "./assets.ts";
import { Reader, u64 } from "./bytes.ts";
import { Channels } from "./channels.ts";
import { Client } from "./client.ts";
import type { FaultName, Faults } from "./faults.ts";
import { Graph } from "./graph.ts";
import type { Protocol } from "./handshake.ts";
import { integer, Invalid, type Json, object, string } from "./invalid.ts";
import { Parameters } from "./parameters.ts";
import { Playback } from "./playback.ts";
import { Publish } from "./publish.ts";
import { Services } from "./services.ts";
import { ModelSocket } from "./socket.ts";

/** A capability, or the channels: what it does on which message. */
export interface Feature {
  /** What is declared for it. */
  capabilities(client: Client): readonly string[];
  /** What else `serverInfo` says for it. */
  describe?(client: Client): Json;
  /** What a new client is sent. */
  greet?(client: Client): void;
  readonly ops: Record<string, (client: Client, message: Json) => void>;
  readonly opcodes?: Record<number, (client: Client, message: Reader) => void>;
  /** A client has gone. */
  gone?(client: Client): void;
  /** Whether a client has it. */
  serves?(client: Client): boolean;
}

/** What a model server is like. */
export interface ModelOptions {
  faults?: Iterable<FaultName>;
  /** Channels alone, without any capability. */
  bare?: boolean;
  /** Whether each client's channel has an echo of its own, not each topic: a server may do so. */
  echoesEach?: boolean;
}

const TIME_MS = 20;

/** Waits for a client that does not read. */
const MUCH_BYTES = 4 * 1024 * 1024;

/** How long a new client is shown the status `hello`. */
const HELLO_MS = 200;

const OPCODE_NAMES: Record<number, string> = { 1: "messageData", 2: "serviceCallRequest", 3: "playbackControlRequest" };

/** What is said by a server that has not got what an op or opcode asks for. */
const CAPABILITY_OF: Record<string, string> = {
  advertise: "clientPublish",
  unadvertise: "clientPublish",
  getParameters: "parameters",
  setParameters: "parameters",
  subscribeParameterUpdates: "parametersSubscribe",
  unsubscribeParameterUpdates: "parametersSubscribe",
  subscribeConnectionGraph: "connectionGraph",
  unsubscribeConnectionGraph: "connectionGraph",
  1: "clientPublish",
  3: "playbackControl",
};

export class Model extends TcpListener {
  readonly faults: Faults;
  readonly echoesEach: boolean;
  readonly clients = new Set<Client>();
  readonly channels: Channels;
  readonly graph: Graph;
  readonly publish: Publish;
  readonly services: Services;
  readonly #features: Feature[];
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  readonly #sockets = new Set<Socket>();
  #connections = 0;

  private constructor({ faults = [], bare = false, echoesEach = false }: ModelOptions) {
    super();
    this.faults = new Set(faults);
    this.echoesEach = echoesEach;
    this.graph = new Graph(this);
    this.channels = new Channels(this);
    this.publish = new Publish(this);
    this.services = new Services(this);
    const others = () => [
      this.publish,
      this.services,
      new Parameters(this),
      new Assets(this),
      this.graph,
      new Playback(this),
    ];
    if (this.faults.has("time/not-declared")) this.every(TIME_MS, () => this.#sendTime());
    this.#features = [this.channels, ...(bare ? [] : others())];
  }

  static start(options: ModelOptions = {}): Promise<Model> {
    return new Model(options).listen();
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  override stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    return super.stop();
  }

  /** Does something again and again until the server stops. */
  every(ms: number, act: () => void): void {
    this.#timers.push(setInterval(act, ms));
  }

  /** Does something once, unless the server stops before. */
  after(ms: number, act: () => void): void {
    this.#timers.push(setTimeout(act, ms));
  }

  protected override serve(socket: Socket): void {
    let client: Client | undefined;
    const opened = (protocol: Protocol) => {
      client = new Client(this, connection, { number: ++this.#connections, protocol });
      const few = this.faults.has("connection/ten-clients") && this.clients.size >= 10;
      if (few || this.faults.has("connection/twenty-in-all") && this.#connections > 20) return client.close(1013);
      this.#greet(client);
    };
    const connection = new ModelSocket(socket, this.faults, {
      opened,
      text: (message) => this.#text(client!, message),
      binary: (message) => this.#binary(client!, message),
      isAnyoneSlow: () => [...this.#sockets].some(({ writableLength }) => writableLength > MUCH_BYTES),
      broken: () => this.faults.has("framing/one-breaks-all") && this.cut(),
    });
    this.#sockets.add(socket);
    this.keep(socket, () => {
      this.#sockets.delete(socket);
      if (client === undefined) return;
      this.clients.delete(client);
      for (const feature of this.#features) feature.gone?.(client);
    });
  }

  /** Of a server that has no playback. */
  #sendTime(): void {
    for (const client of this.clients) client.binary(2, u64(BigInt(Date.now()) * 1_000_000n));
  }

  /** Features that a client has. */
  #of(client: Client): Feature[] {
    return this.#features.filter((feature) => feature.serves?.(client) ?? true);
  }

  #greet(client: Client): void {
    this.clients.add(client);
    const features = this.#of(client);
    const has = (fault: FaultName) => this.faults.has(fault);
    const early = has("greeting/advertise-first");
    if (early) this.channels.greet(client);
    if (!this.faults.has("greeting/no-server-info")) client.json(this.#serverInfo(client, features));
    for (const feature of features) if (!early || feature !== this.channels) feature.greet?.(client);
    if (has("greeting/warns")) client.status("warning", "Welcome");
    client.status("info", "hello", "hello");
    if (this.faults.has("status/never-removed")) return;
    const ids = this.faults.has("status/removed-by-one-id") ? "hello" : ["hello"];
    this.after(HELLO_MS, () => this.clients.has(client) && client.json({ op: "removeStatus", statusIds: ids }));
  }

  #serverInfo(client: Client, features: readonly Feature[]): Json {
    const has = (fault: FaultName) => this.faults.has(fault);
    const declared = features.flatMap((feature) => feature.capabilities(client));
    const capabilities = has("greeting/capabilities-twice") ? [...declared, ...declared] : declared;
    const described = Object.assign({}, ...features.map((feature) => feature.describe?.(client) ?? {}));
    return {
      op: "serverInfo",
      ...(has("greeting/no-name") ? {} : { name: "Model" }),
      ...(has("greeting/no-capabilities") ? {} : { capabilities }),
      ...described,
      metadata: has("greeting/numbers-in-metadata") ? { version: 1 } : { version: "1" },
      sessionId: has("greeting/null-session")
        ? null
        : has("greeting/session-as-number")
        ? 1
        : has("greeting/session-of-each-client")
        ? `session ${client.number}`
        : "session",
    };
  }

  #text(client: Client, text: string): void {
    let op = "text";
    try {
      const message = parse(text, this.faults);
      op = string(message, "op");
      this.#json(client, op, message);
    } catch (error) {
      if (error instanceof RangeError) this.cut();
      else client.refuse(error, op);
    }
  }

  #json(client: Client, op: string, message: Json): void {
    const handler = this.#of(client).map(({ ops }) => Object.hasOwn(ops, op) ? ops[op] : undefined).find((found) =>
      found
    );
    if (handler !== undefined) return handler(client, message);
    if (op === "fetchAsset") return this.#noAssets(client, message);
    this.#unknown(client, op, "op is unknown");
  }

  #binary(client: Client, bytes: Buffer): void {
    if (bytes.length === 0 && this.faults.has("malformed/empty-closes")) return client.close(1002);
    if (bytes.length === 0 && !this.faults.has("malformed/empty-refused")) return;
    const opcode = bytes[0] ?? -1;
    try {
      this.#opcode(client, opcode, new Reader(bytes.subarray(1)));
    } catch (error) {
      client.refuse(error, OPCODE_NAMES[opcode] ?? "binary message");
    }
  }

  #opcode(client: Client, opcode: number, message: Reader): void {
    const handler = this.#of(client).map(({ opcodes }) => opcodes?.[opcode]).find((found) => found);
    if (handler !== undefined) return handler(client, message);
    if (opcode === 2) return this.services.refuseAll(client, message);
    this.#unknown(client, opcode, `opcode is ${opcode}`);
  }

  #unknown(client: Client, kind: string | number, reason: string): void {
    const capability = Object.hasOwn(CAPABILITY_OF, kind) ? CAPABILITY_OF[kind] : undefined;
    if (capability !== undefined) {
      if (this.faults.has("capability/undeclared-silent")) return;
      return client.status("error", `Server does not support ${capability} capability`);
    }
    if (this.faults.has("malformed/unknown-op-closes") && typeof kind === "string") return client.close(1003);
    if (this.faults.has("malformed/unknown-opcode-closes") && typeof kind === "number") return client.close(1003);
    if (this.faults.has("malformed/unknown-op-silent")) return;
    throw new Invalid(reason);
  }

  /** A request for an asset is answered also by a server that has none. */
  #noAssets(client: Client, message: Json): void {
    if (this.faults.has("capability/undeclared-silent")) return;
    Assets.refuse(client, integer(message, "requestId"), "Server does not support assets capability");
  }
}

function parse(text: string, faults: Faults): Json {
  try {
    if (faults.has("malformed/floats-refused") && /\d\.0[,}\]]/.test(text)) throw new Invalid("not an integer");
    const message = object(JSON.parse(text));
    checkMembers(message, faults);
    return message;
  } catch (error) {
    if (error instanceof Invalid || faults.has("malformed/deep-ends-all")) throw error;
    throw new Invalid("message is no JSON");
  }
}

/** What only a server with faults minds. */
function checkMembers(message: Json, faults: Faults): void {
  if (faults.has("malformed/deep-ends-all")) visit(message);
  if (faults.has("malformed/null-refused") && Object.values(message).includes(null)) {
    throw new Invalid("a member is null");
  }
  if (!faults.has("malformed/unknown-members")) return;
  const unknown = Object.keys(message).find((name) => !MEMBERS.has(name));
  if (unknown !== undefined) throw new Invalid(`unknown member ${unknown}`);
}

/** Members of all messages of clients. */
const MEMBERS = new Set([
  "op",
  "id",
  "subscriptions",
  "subscriptionIds",
  "channels",
  "channelIds",
  "parameterNames",
  "parameters",
  "uri",
  "requestId",
]);

/** By recursion, which has its limits. @throws {RangeError} */
function visit(value: unknown): void {
  if (typeof value === "object" && value !== null) { for (const member of Object.values(value)) visit(member); }
}
