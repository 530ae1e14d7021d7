/** Our server is started again on its port, as another one; our client has everything open and goes on. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { connect, type Feed, type FoxgloveClient, ServiceError, type Subprotocol, SUBPROTOCOLS } from "../../client.ts";
import { webSocket } from "../../src/runtime/node.ts";
import { type ListeningServer, serve } from "../../src/runtime/serve.ts";
import { deferred, within } from "../../src/util/async.ts";
import { systemClock } from "../../src/util/time.ts";
import { quietPort } from "../support/quiet_port.ts";
import { test } from "../support/test.ts";

/** A robot that talks all the time, and says which one it is in everything. */
class Robot {
  readonly number: number;
  readonly server: ListeningServer;
  /** What clients have published. */
  readonly goals: string[] = [];
  #talking = true;

  private constructor(number: number, server: ListeningServer) {
    this.number = number;
    this.server = server;
  }

  static async start(number: number, port: number): Promise<Robot> {
    const server = await serve({ port, name: `robot ${number}`, connectionGraph: true, clientPublish: true });
    const robot = new Robot(number, server);
    robot.#declare();
    return robot;
  }

  async stop(): Promise<void> {
    this.#talking = false;
    await this.server.close();
  }

  #declare(): void {
    const { server, number } = this;
    // Other ids than the robot before: the ones of "/pose" and "/who" are then those of something else.
    for (let i = 0; i < 3 * (number % 2); i++) {
      server.channel(`/other${i}`, { encoding: "json" });
      server.service(`/other${i}`, {}, () => "wrong");
    }
    const schema = { name: `Pose${number}`, encoding: "jsonschema", data: { title: `${number}` } };
    const pose = server.channel("/pose", { encoding: "json", schema });
    server.service("/who", {}, () => number);
    server.service("/never", {}, () => new Promise(() => {}));
    server.service(`/only${number}`, {}, () => number);
    server.graph.publish("/image", `${number}`);
    server.on("message", ({ data }) => this.goals.push(new TextDecoder().decode(data)));
    this.#talk((turn) => {
      pose.publish(number);
      server.time(BigInt(number));
      server.parameters.set("count", [number, turn]);
    });
  }

  #talk(say: (turn: number) => void, turn = 0): void {
    if (!this.#talking) return;
    say(turn);
    systemClock.defer(() => this.#talk(say, turn + 1));
  }
}

/** Notes which robot each thing is from. */
class Listener {
  /** Numbers of robots by what was heard, since the last session began. */
  readonly #heard = new Map<string, Set<number>>();
  #changed = deferred<void>();

  hear(what: string, robot: number | undefined): void {
    if (robot === undefined) return;
    this.#heard.set(what, (this.#heard.get(what) ?? new Set()).add(robot));
    this.#changed.resolve();
  }

  /** Reads a feed until it ends. */
  async read<T extends object | bigint>(what: string, feed: Feed<T>, robotOf: (item: T) => number | undefined) {
    for await (const item of feed) this.hear(what, robotOf(item));
  }

  /** Nothing that was heard before counts any more. */
  begin(): void {
    this.#heard.clear();
  }

  /** Waits until so many kinds of things were heard. @returns The robots they were from. */
  async robots(kinds: number): Promise<number[]> {
    while (this.#heard.size < kinds) {
      this.#changed = deferred();
      await within(this.#changed.promise, `more than ${[...this.#heard.keys()]}`, { timeoutMs: 10_000 });
    }
    return [...new Set([...this.#heard.values()].flatMap((robots) => [...robots]))];
  }
}

/** Opens one of everything. @returns What settles when all of it has ended. */
function openAll(client: FoxgloveClient, listener: Listener): Promise<unknown> {
  const lastOf = (value: unknown) => (value as number[] | undefined)?.[0];
  client.on("session", () => listener.begin());
  client.on("advertise", ({ channels }) => {
    for (const { topic, schema } of channels) {
      if (topic === "/pose") listener.hear("schema", Number(JSON.parse(schema?.data as string).title));
    }
  });
  client.on("time", (time) => listener.hear("time event", Number(time)));
  return Promise.all([
    listener.read("message", client.subscribe<number>("/pose"), ({ value }) => value),
    listener.read("time", client.timeUpdates(), Number),
    listener.read("parameter", client.parameterUpdates(["count"]), ({ value }) => lastOf(value)),
    listener.read("any parameter", client.parameterUpdates(), ({ value }) => lastOf(value)),
    listener.read("graph", client.connectionGraph(), (graph) => {
      const [id] = graph.publishers.get("/image") ?? [];
      return id === undefined ? undefined : Number(id);
    }),
  ]);
}

const KINDS = 7;

function open(port: number, protocol: Subprotocol): Promise<FoxgloveClient> {
  const socket = "WebSocket" in globalThis ? {} : { webSocket };
  const reconnect = { minDelayMs: 5, maxDelayMs: 50 };
  return connect(`ws://127.0.0.1:${port}`, { ...socket, reconnect, subprotocols: [protocol] });
}

/** Publishes until a robot has heard it. */
async function publishTo(robot: Robot, publish: () => boolean): Promise<void> {
  while (robot.goals.length === 0) {
    publish();
    await new Promise<void>((resolve) => systemClock.defer(resolve));
  }
}

for (const protocol of SUBPROTOCOLS) {
  test(`a server that comes back three times on its port finds everything open again, under ${protocol}`, async () => {
    const port = await quietPort();
    let robot = await Robot.start(1, port);
    const client = await open(port, protocol);
    const errors: unknown[] = [];
    client.on("error", ({ error }) => errors.push(error));
    const listener = new Listener();
    const ended = openAll(client, listener);
    const goal = client.publisher<string>({ topic: "/goal", encoding: "json" });
    const last = client.callService("/only4", {}, { timeoutMs: 60_000 });
    for (let number = 1; number <= 4; number++) {
      assertEquals(await listener.robots(KINDS), [number]);
      assertEquals([await client.callService("/who"), client.serverInfo.name], [number, `robot ${number}`]);
      await publishTo(robot, () => goal.publish(`goal ${number}`));
      assert(robot.goals.every((text) => text === `"goal ${number}"`), `${robot.goals}`);
      if (number === 4) break;
      const never = client.callService("/never").catch((error: unknown) => error);
      const session = new Promise((resolve) => client.on("session", resolve));
      // So that the call is on its way.
      await client.getParameters(["count"]);
      await robot.stop();
      // A server that goes in order answers its calls before.
      assertInstanceOf(await never, ServiceError);
      robot = await Robot.start(number + 1, port);
      await within(session, "session", { timeoutMs: 10_000 });
    }
    const { reconnects, subscriptions, ignoredMessages, invalidMessages } = client.stats();
    assertEquals([await last, reconnects, subscriptions, ignoredMessages, invalidMessages], [4, 3, 1, 0, 0]);
    await client.close();
    await ended;
    await robot.stop();
    assertEquals(errors, []);
  });
}
