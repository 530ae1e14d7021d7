/** The official SDK's server with our client connected to it. */
import { type ClientEvents, connect, type ConnectOptions, type FoxgloveClient } from "@foxwire/foxwire/client";
import { webSocket } from "@foxwire/foxwire/node";
import { Inbox } from "./inbox.ts";
import { PythonPeer, pythonTest } from "./python_peer.ts";
import { quietPort } from "./quiet_port.ts";

/** The subprotocols that the SDK's server speaks. */
export const SDK_PROTOCOLS = ["foxglove.sdk.v1", "foxglove.sdk.v1.1"] as const;

/** What the `start` of tests/interop/sdk_server.py takes. */
export interface SdkOptions {
  capabilities?: string[];
  encodings?: string[];
  session?: string;
  assets?: boolean;
  /** First and last time of the data, in nanoseconds. */
  playback?: [start: string, end: string];
}

/** Both ends. */
export interface SdkPair {
  robot: PythonPeer;
  client: FoxgloveClient;
  port: number;
  protocol: typeof SDK_PROTOCOLS[number];
}

/** Declares a test for each subprotocol: the body is given a server and a client, and need not end them. */
export function sdkTest(name: string, options: SdkOptions, body: (pair: SdkPair) => Promise<void>): void {
  for (const protocol of SDK_PROTOCOLS) {
    pythonTest(`SDK server, ${protocol}: ${name}`, async () => {
      const robot = new PythonPeer("sdk_server.py");
      // Quiet, for servers that come back on it.
      const { port } = await robot.do("start", { ...options, port: await quietPort() });
      const client = await connectToSdk(port, { subprotocols: [protocol] });
      await withPeer(robot, client, () => body({ robot, client, port, protocol }));
    });
  }
}

/** Runs a test and ends what it used; a peer that is in a bad way must not hide what a test says. */
export async function withPeer(robot: PythonPeer, client: FoxgloveClient, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    await robot.kill();
    await client.close();
    throw error;
  }
  await client.close();
  await robot.end();
}

/** Connects as users do. */
export function connectTo(port: number, options: ConnectOptions = {}): Promise<FoxgloveClient> {
  // Node 20 has no WebSocket of its own.
  return connect(`ws://127.0.0.1:${port}`, { ...("WebSocket" in globalThis ? {} : { webSocket }), ...options });
}

/**
 * Connects to the SDK's server and waits until it counts the client as one of its own: what it broadcasts between
 * `serverInfo` and that moment passes the client by (docs/interop.md).
 */
export async function connectToSdk(port: number, options: ConnectOptions = {}): Promise<FoxgloveClient> {
  const client = await connectTo(port, options);
  const added = heard(client, "advertise");
  while (![...client.channels.values()].some(({ topic }) => topic === "/ready")) await added.next();
  return client;
}

/** All events of a type from now on. */
export function heard<Type extends keyof ClientEvents>(client: FoxgloveClient, type: Type): Inbox<ClientEvents[Type]> {
  const inbox = new Inbox<ClientEvents[Type]>(`event ${type}`);
  client.on(type, (event) => inbox.put(event));
  return inbox;
}

/** Bytes or a text as the peers take and give them: in base64. */
export function base64(data: string | Uint8Array): string {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  return btoa(String.fromCharCode(...bytes));
}
