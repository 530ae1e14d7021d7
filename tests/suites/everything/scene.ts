/** The reference server as a process of its own, and a visitor who speaks the wire protocol by hand. */
import { assertEquals, AssertionError } from "@std/assert";
import { deadline } from "@std/async";
import { type Command, ExampleProcess } from "../../support/example_process.ts";
import { type JsonMessage, RawClient, type Received } from "../../support/raw_client.ts";
import { utf8 } from "../../support/raw_bytes.ts";
import { test } from "../../support/test.ts";

/** What a test has of the server. */
export interface Scene {
  readonly url: string;
  readonly port: number;
  /** A visitor, greeted; ended with the test. */
  visit(protocol?: string): Promise<Visitor>;
  /** A line that it will write to stderr; any other fails the test. */
  expectError(line: string): void;
}

/** Declares a test with a server of its own, which must have said one line and end in order. */
export type On = (name: string, body: (scene: Scene) => Promise<void>) => void;

/** Declares tests against the server on one runtime. */
export function onServer(prefix: string, command?: Command): On {
  return (name, body) => test(`${prefix}: ${name}`, () => play(body, command));
}

async function play(body: (scene: Scene) => Promise<void>, command: Command | undefined): Promise<void> {
  const server = new ExampleProcess("everything.ts", ["--port", "0"], command);
  const visitors: Visitor[] = [];
  const expected = new Set([""]);
  const visit = async (protocol?: string) => {
    const visitor = await Visitor.greeted(port, protocol);
    visitors.push(visitor);
    return visitor;
  };
  let port = 0;
  try {
    const [, url = ""] = await server.printed(/^Listening on (ws:\/\/127\.0\.0\.1:\d+)\n/);
    port = Number(new URL(url).port);
    await body({ url, port, visit, expectError: (line) => expected.add(line) });
    await Promise.all(visitors.map((visitor) => visitor.leave()));
  } finally {
    server.signal("SIGTERM");
    await Promise.all(visitors.map((visitor) => visitor.leave()));
    await server.exit();
  }
  const unexpected = server.errors.split("\n").filter((line) => !expected.has(line));
  assertEquals([await server.exit(), server.lines.length, unexpected], [0, 1, []]);
}

/** No message takes so long: the slowest comes after five seconds. */
const LIMIT_MS = 20_000;

const OPCODES = { data: 1, time: 2, response: 3, asset: 4, playback: 5 } as const;

/** A message of a channel, in bytes. */
export interface Data {
  logTime: bigint;
  payload: Uint8Array;
}

/** Reads what it asks for, and passes over what it does not. */
export class Visitor {
  readonly raw: RawClient;
  #subscriptions = 0;

  private constructor(raw: RawClient) {
    this.raw = raw;
  }

  static async greeted(port: number, protocol?: string): Promise<Visitor> {
    return new Visitor(await RawClient.greeted(port, protocol));
  }

  /** JSON messages of one kind in the greeting. */
  greeting(op: string): JsonMessage[] {
    return this.raw.greeting.filter((message): message is JsonMessage => {
      return !(message instanceof Uint8Array) && message.op === op;
    });
  }

  /** What is called so in the greeting: a channel or a service. */
  // deno-lint-ignore no-explicit-any -- JSON as it came
  advertised(list: "channels" | "services", name: string): any {
    const op = list === "channels" ? "advertise" : "advertiseServices";
    return this.greeting(op).flatMap((message) => message[list] as JsonMessage[])
      .find((entry) => entry.topic === name || entry.name === name);
  }

  send(...messages: (object | Uint8Array)[]): void {
    this.raw.send(...messages);
  }

  /** Subscribes; gives the subscription's id. */
  subscribe(topic: string | { channelId: number }): number {
    const channelId = typeof topic === "string" ? this.advertised("channels", topic).id : topic.channelId;
    const id = ++this.#subscriptions;
    this.send({ op: "subscribe", subscriptions: [{ id, channelId }] });
    return id;
  }

  unsubscribe(...subscriptionIds: number[]): void {
    this.send({ op: "unsubscribe", subscriptionIds });
  }

  /** The next JSON message of this kind that `fits`. */
  json(op: string, fits: (message: JsonMessage) => boolean = () => true): Promise<JsonMessage> {
    return this.#next(op, (message) => {
      return !(message instanceof Uint8Array) && message.op === op && fits(message) ? message : undefined;
    });
  }

  /** The next binary message of this kind. */
  binary(kind: keyof typeof OPCODES): Promise<Uint8Array> {
    return this.#next(kind, (message) => {
      return message instanceof Uint8Array && message[0] === OPCODES[kind] ? message : undefined;
    });
  }

  /** The next messages of a subscription. */
  async data(subscriptionId: number, count: number): Promise<Data[]> {
    const list: Data[] = [];
    while (list.length < count) {
      const message = await this.binary("data");
      const view = new DataView(message.buffer, message.byteOffset);
      if (view.getUint32(1, true) !== subscriptionId) continue;
      list.push({ logTime: view.getBigUint64(5, true), payload: message.subarray(13) });
    }
    return list;
  }

  /** The next messages of a subscription, JSON. */
  // deno-lint-ignore no-explicit-any -- JSON as it came
  async jsonData(subscriptionId: number, count: number): Promise<any[]> {
    return (await this.data(subscriptionId, count)).map(({ payload }) => JSON.parse(utf8(payload)));
  }

  leave(): Promise<void> {
    return this.raw.destroy();
  }

  /** Time and pings go on coming, whatever is missing: so there is a limit for all of it. */
  async #next<T>(what: string, pick: (message: Received) => T | undefined): Promise<T> {
    return await deadline(this.#look(pick), LIMIT_MS).catch((error) => {
      throw new AssertionError(`No ${what} within ${LIMIT_MS} ms: ${error.message}`);
    });
  }

  /** Ends with the connection. */
  async #look<T>(pick: (message: Received) => T | undefined): Promise<T> {
    for (;;) {
      const picked = pick(await this.raw.next());
      if (picked !== undefined) return picked;
    }
  }
}
