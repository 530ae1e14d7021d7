/** The client of npm `@foxglove/ws-protocol` against our server, on real sockets. */
import { assertEquals } from "@std/assert";
import { type ListeningServer, serve, type ServeOptions } from "@foxwire/foxwire/server";
import type { MessageData, ServerInfo, StatusMessage } from "@foxglove/ws-protocol";
import { WebSocket as NodeWebSocket } from "ws";
import { nextEvent } from "../support/wire_client.ts";
import { Inbox } from "../support/inbox.ts";
import { test } from "../support/test.ts";
import { PeerClient } from "../support/ws_protocol_peer.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (data: ArrayBufferView) => new TextDecoder().decode(data);

/** The reference client, connected, with everything that it hears. */
async function setUp(options: ServeOptions = {}) {
  const server = await serve({ name: "robot", port: 0, ...options });
  // The runtime's own WebSocket where there is one: `ws` for Node 20.
  const Socket = globalThis.WebSocket ?? NodeWebSocket;
  const client = new PeerClient({ ws: new Socket(server.url, [PeerClient.SUPPORTED_SUBPROTOCOL]) });
  const heard = {
    info: new Inbox<ServerInfo>("serverInfo"),
    added: new Inbox<string[]>("advertise"),
    removed: new Inbox<number[]>("unadvertise"),
    message: new Inbox<MessageData>("message"),
    status: new Inbox<StatusMessage>("status"),
    time: new Inbox<bigint>("time"),
  };
  client.on("serverInfo", (info) => heard.info.put(info));
  client.on("advertise", (channels) => heard.added.put(channels.map(({ topic }) => topic)));
  client.on("unadvertise", (ids) => heard.removed.put(ids));
  client.on("message", (message) => heard.message.put(message));
  client.on("status", (status) => heard.status.put(status));
  client.on("time", ({ timestamp }) => heard.time.put(timestamp));
  return { server, client, heard, closed: new Promise<void>((resolve) => client.on("close", () => resolve())) };
}

async function tearDown({ server, closed }: { server: ListeningServer; closed: Promise<void> }): Promise<void> {
  await server.close();
  await closed;
}

test("the npm client is greeted, subscribes, receives and unsubscribes", async () => {
  const peer = await setUp();
  const { server, client, heard } = peer;
  const channel = server.channel("/pose", { encoding: "json" });
  assertEquals((await heard.info.next()).name, "robot");
  while (!(await heard.added.next()).includes("/pose"));
  const subscriptionId = client.subscribe(channel.id);
  await nextEvent(server, "subscribe");
  for (let x = 0; x < 100; x++) channel.publish({ x }, { logTime: BigInt(x) });
  for (let x = 0; x < 100; x++) {
    const message = await heard.message.next();
    assertEquals([message.subscriptionId, message.timestamp, text(message.data)], [
      subscriptionId,
      BigInt(x),
      `{"x":${x}}`,
    ]);
  }
  client.unsubscribe(subscriptionId);
  await nextEvent(server, "unsubscribe");
  assertEquals(channel.subscribers, 0);
  await tearDown(peer);
});

test("the npm client sees channels come and go", async () => {
  const peer = await setUp();
  const { server, heard } = peer;
  await heard.info.next();
  const channel = server.channel("/later", { encoding: "raw" });
  while (!(await heard.added.next()).includes("/later"));
  channel.close();
  assertEquals(await heard.removed.next(), [channel.id]);
  await tearDown(peer);
});

test("the npm client publishes to our server", async () => {
  const peer = await setUp({ clientPublish: true, supportedEncodings: ["json"] });
  const { server, client, heard } = peer;
  await heard.info.next();
  const advertised = nextEvent(server, "advertise");
  const message = nextEvent(server, "message");
  const id = client.advertise({ topic: "/goal", encoding: "json", schemaName: "Goal" });
  assertEquals((await advertised).channel, { id, topic: "/goal", encoding: "json", schemaName: "Goal" });
  client.sendMessage(id, utf8('{"x":1}'));
  assertEquals(text((await message).data), '{"x":1}');
  const gone = nextEvent(server, "unadvertise");
  client.unadvertise(id);
  await gone;
  await tearDown(peer);
});

test("the npm client shows our statuses and our time", async () => {
  const peer = await setUp({ capabilities: ["time"] });
  const { server, client, heard } = peer;
  await heard.info.next();
  server.status("warning", "Low battery", { id: "battery" });
  assertEquals(await heard.status.next() as unknown, { op: "status", level: 1, message: "Low battery", id: "battery" });
  server.time(123_456_789_000n);
  assertEquals(await heard.time.next(), 123_456_789_000n);
  client.subscribe(99);
  assertEquals((await heard.status.next()).message, "Unknown channel ID: 99");
  await tearDown(peer);
});
