/** Connections that are reset at every byte of their beginning, by either side. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import type { FoxgloveClient } from "../../../client.ts";
import { ConnectionError } from "../../../src/util/errors.ts";
import { messageData, serviceCall } from "../../support/raw_bytes.ts";
import { clientFrame, OPCODES, RawSocket } from "../../support/raw_socket.ts";
import { type On, type Scene, until } from "./scene.ts";

function isComplete({ channels, services }: FoxgloveClient): boolean {
  return channels.size === 1 && services.size === 1;
}

/** What the server has raised, less what it has raised to the contrary: nothing of a client that is gone stays. */
function open(events: string[]): Record<string, number> {
  const count = (name: string) => events.filter((event) => event.startsWith(`${name} `)).length;
  return {
    clients: count("connect") - count("disconnect"),
    subscriptions: count("subscribe") - count("unsubscribe"),
    advertisements: count("advertise") - count("unadvertise"),
  };
}

const NOTHING = { clients: 0, subscriptions: 0, advertisements: 0 };

/** One client whose first connection is reset after so many bytes of the server. @returns Whether that one was greeted. */
async function resetAfter(after: number, { proxy, client }: Scene): Promise<boolean> {
  proxy.faults = { down: { after, how: "reset" } };
  const reconnect = { minDelayMs: 0, maxDelayMs: 10 };
  const connected = await client({ reconnect }).catch((error: unknown) => error);
  if (connected instanceof Error) {
    assertInstanceOf(connected, ConnectionError, `after ${after} bytes: ${connected}`);
    return false;
  }
  await until(`everything after ${after} bytes`, () => isComplete(connected as FoxgloveClient));
  await (connected as FoxgloveClient).close();
  return true;
}

function prepare({ server }: Scene): void {
  server.channel("/pose", { encoding: "json" });
  server.service("/add", {}, () => 1);
}

/** How many bytes of the server a whole beginning has. */
async function greetingBytes({ proxy, client }: Scene): Promise<number> {
  const whole = await client();
  await until("whole greeting", () => isComplete(whole));
  await whole.close();
  return proxy.passed("down");
}

const KEY_LINES = "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\nSec-WebSocket-Protocol: foxglove.sdk.v1\r\n";
const REQUEST = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  `Sec-WebSocket-Version: 13\r\n${KEY_LINES}\r\n`;

const json = (message: object) => clientFrame(OPCODES.text, JSON.stringify(message));

/** What a client begins with. */
const FRAMES = [
  json({ op: "subscribe", subscriptions: [{ id: 1, channelId: 1 }] }),
  json({ op: "advertise", channels: [{ id: 1, topic: "/cmd", encoding: "json", schemaName: "" }] }),
  clientFrame(OPCODES.binary, messageData(1, "{}")),
  clientFrame(OPCODES.binary, serviceCall(1, 1, "json", "{}")),
];

/** Sends so many bytes of a request, or of what follows it, and resets. */
async function sendPart({ port, traits }: Scene, bytes: number): Promise<void> {
  const beyond = bytes - REQUEST.length;
  const peer = beyond > 0 ? await RawSocket.open(port) : await RawSocket.connect(port);
  const all = beyond > 0 ? joined(FRAMES) : new TextEncoder().encode(REQUEST);
  peer.write(all.subarray(0, beyond > 0 ? beyond : bytes));
  // Some resets come with what they cut, some after it.
  if (bytes % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  if (bytes !== REQUEST.length || traits.freesRequests) peer.reset();
  else await peer.destroy();
  await peer.end();
}

function joined(parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** So many at one time. */
const AT_ONCE = 32;

/** Declares the tests. */
export function resetRows(on: On): void {
  on("a client whose first connection is reset at any byte of its beginning says so, or gets everything", async (
    scene,
  ) => {
    prepare(scene);
    const all = await greetingBytes(scene);
    const greeted: boolean[] = [];
    for (let bytes = 0; bytes < all; bytes++) greeted.push(await resetAfter(bytes, scene));
    assert(greeted.length > 300 && greeted.includes(false) && greeted.includes(true), `${greeted}`);
    await until("end of all clients", () => scene.server.clients.size === 0);
    assertEquals(open(scene.events), NOTHING);
  });

  on("a client that resets at any byte of its request or its first messages leaves nothing behind", async (scene) => {
    const { server, events, witness } = scene;
    prepare(scene);
    const other = await witness();
    const all = REQUEST.length + joined(FRAMES).length;
    for (let bytes = 0; bytes <= all; bytes += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, all - bytes + 1) }, (_, i) => sendPart(scene, bytes + i));
      await Promise.all([...some, other.sees(5)]);
    }
    await until("end of all but one", () => server.clients.size === 1);
    assertEquals(open(events), { ...NOTHING, clients: 1, subscriptions: 1 });
    assert(events.some((event) => event.endsWith("/cmd {}")), "some were whole");
  });
}
