/** A robot that comes and goes: each attempt of a client to connect meets a scripted server of its own. */
import { connect, type ConnectOptions } from "../../src/client/connect.ts";
import type { FoxgloveClient } from "../../src/client/client.ts";
import type { ClientEvents } from "../../src/client/client_events.ts";
import type { ServerInfo } from "../../src/protocol/messages.ts";
import { deferred, within } from "../../src/util/async.ts";
import { Inbox } from "./inbox.ts";
import { ManualClock } from "./manual_clock.ts";
import { nextTurn, ScriptedServer } from "./scripted_server.ts";

/** What such a robot and its client are like. */
export interface RobotOptions {
  info?: Partial<ServerInfo>;
  protocol?: string;
  client?: ConnectOptions;
}

/** Reconnects on the clock's first, second, fourth … 250 ms, without chance. */
export const SURE = { random: () => 0 };

/** The robot's side of a client that reconnects. */
export class ScriptedRobot {
  readonly clock = new ManualClock();
  readonly #attempts = new Inbox<ScriptedServer>("attempt to connect");
  /** Under which subprotocol the next attempts are met. */
  protocol = "foxglove.sdk.v1";
  /** How many attempts there were. */
  met = 0;
  /** Replaces what an attempt meets. */
  answer: (() => WebSocket | Promise<never>) | undefined;

  /** For `connect()`. */
  readonly factory = () => {
    this.met++;
    const server = new ScriptedServer({ protocol: this.protocol });
    this.#attempts.put(server);
    if (this.answer === undefined) return server.clientEnd;
    server.transport.terminate();
    return this.answer();
  };

  /** A robot with a client that has been greeted. */
  static async connected(
    { info = { sessionId: "one" }, client: options, protocol }: RobotOptions = {},
  ): Promise<{ robot: ScriptedRobot; server: ScriptedServer; client: FoxgloveClient; log: string[] }> {
    const robot = new ScriptedRobot();
    if (protocol !== undefined) robot.protocol = protocol;
    const connecting = connect(robot.factory, { clock: robot.clock, reconnect: SURE, ...options });
    const server = await robot.next();
    server.info(info);
    const client = await connecting;
    return { robot, server, client, log: logOf(client) };
  }

  /** The server that the next attempt meets, or has met. */
  next(): Promise<ScriptedServer> {
    return this.#attempts.next();
  }

  /** Cuts the connection of a client, and waits until it knows. */
  async lose(server: ScriptedServer, client: FoxgloveClient): Promise<void> {
    const lost = event(client, "state");
    server.transport.terminate();
    await lost;
  }

  /** Lets the client try once more. @returns The server that it meets, which has said nothing yet. */
  async retry(client: FoxgloveClient): Promise<ScriptedServer> {
    const { state } = client;
    if (state.status !== "reconnecting") throw new Error(`Cannot retry: the client is ${state.status}`);
    this.clock.advance(state.delayMs);
    return await this.next();
  }

  /** Lets the client try once more, and greets it. */
  async greet(client: FoxgloveClient, info: Partial<ServerInfo> = { sessionId: "one" }): Promise<ScriptedServer> {
    const server = await this.retry(client);
    const back = event(client, "state");
    server.info(info);
    await back;
    return server;
  }
}

/** The next event of a type. */
export function event<Type extends keyof ClientEvents>(
  client: FoxgloveClient,
  type: Type,
): Promise<ClientEvents[Type]> {
  const { promise, resolve } = deferred<ClientEvents[Type]>();
  const listener = client.on(type, (value) => {
    listener[Symbol.dispose]();
    resolve(value);
  });
  return within(promise, `event ${type}`, { timeoutMs: 5000 });
}

/** Everything that a client raises, in a few words each. */
function logOf(client: FoxgloveClient): string[] {
  const log: string[] = [];
  const write = (...words: unknown[]) => log.push(words.join(" "));
  client.on("advertise", ({ channels }) => write("advertise", channels.map(({ topic }) => topic)));
  client.on("unadvertise", ({ channels }) => write("unadvertise", channels.map(({ topic }) => topic)));
  client.on("advertiseServices", ({ services }) => write("advertiseServices", services.map(({ name }) => name)));
  client.on("unadvertiseServices", ({ services }) => write("unadvertiseServices", services.map(({ name }) => name)));
  client.on("removeStatus", ({ statusIds }) => statusIds[0]?.startsWith("settle") || write("removeStatus", statusIds));
  client.on("serverInfo", ({ name }) => write("serverInfo", name));
  client.on("state", (state) => write(state.status, ...(state.status === "reconnecting" ? [state.attempt] : [])));
  client.on("resumed", ({ attempts }) => write("resumed", attempts));
  client.on("session", ({ attempts }) => write("session", attempts));
  client.on("time", (time) => write("time", time));
  client.on("close", ({ code }) => write("close", code));
  client.on("error", ({ error, during }) => write("error", during, error));
  return log;
}

/** Lets everything that is on its way arrive. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 8; i++) await nextTurn();
}
