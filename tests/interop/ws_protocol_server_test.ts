/** Our client against the server of npm `@foxglove/ws-protocol`, on real sockets. */
import { assertEquals } from "@std/assert";
import { connect, type FoxgloveClient, type ServerChannel } from "@foxwire/foxwire/client";
import { webSocket } from "@foxwire/foxwire/node";
import { type WebSocket as NodeWebSocket, WebSocketServer } from "ws";
import { Inbox } from "../support/inbox.ts";
import { test } from "../support/test.ts";
import { PeerServer } from "../support/ws_protocol_peer.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

interface Peer {
  server: InstanceType<typeof PeerServer>;
  client: FoxgloveClient;
  sockets: NodeWebSocket[];
  close(): Promise<void>;
}

/** The reference server on a socket, and our client connected to it. */
async function setUp(): Promise<Peer> {
  const server = new PeerServer({
    name: "reference",
    capabilities: ["clientPublish", "time"],
    supportedEncodings: ["json"],
  });
  const listener = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    handleProtocols: (protocols) => server.handleProtocols(protocols),
  });
  const sockets: NodeWebSocket[] = [];
  listener.on("connection", (socket) => {
    sockets.push(socket);
    // deno-lint-ignore no-explicit-any -- its interface predates the types of `ws`
    server.handleConnection(socket as any, "peer");
  });
  await new Promise((resolve) => listener.once("listening", resolve));
  const { port } = listener.address() as { port: number };
  // Node 20 has no WebSocket of its own.
  const options = "WebSocket" in globalThis ? {} : { webSocket };
  const client = await connect(`ws://127.0.0.1:${port}`, options);
  const close = async () => {
    await client.close();
    for (const socket of sockets) socket.terminate();
    await new Promise((resolve) => listener.close(resolve));
  };
  return { server, client, sockets, close };
}

const POSE = { topic: "/pose", encoding: "json", schemaName: "Pose", schema: '{"type":"object"}' };

test("our client knows the npm server, its channels and their schemas", async () => {
  const { server, client, close } = await setUp();
  const added = new Inbox<ServerChannel>("advertise");
  client.on("advertise", ({ channels }) => channels.forEach((channel) => added.put(channel)));
  assertEquals(client.serverInfo.name, "reference");
  assertEquals(client.protocol, "foxglove.websocket.v1");
  server.addChannel(POSE);
  const { topic, encoding, schema } = await added.next();
  assertEquals([topic, encoding, schema?.name, schema?.data], ["/pose", "json", "Pose", '{"type":"object"}']);
  await close();
});

test("our client receives what the npm server sends, also on topics that come later", async () => {
  const { server, client, close } = await setUp();
  const subscription = client.subscribe<{ x: number }>("/pose");
  const subscribed = new Promise<number>((resolve) => server.on("subscribe", resolve));
  const id = server.addChannel(POSE);
  assertEquals(await subscribed, id);
  for (let x = 0; x < 100; x++) server.sendMessage(id, BigInt(x), utf8(`{"x":${x}}`));
  for (let x = 0; x < 100; x++) {
    const { value } = await subscription.next();
    assertEquals([value?.value?.x, value?.logTime, value?.channel.topic], [x, BigInt(x), "/pose"]);
  }
  const unsubscribed = new Promise<number>((resolve) => server.on("unsubscribe", resolve));
  subscription.close();
  assertEquals(await unsubscribed, id);
  await close();
});

test("our client sees the npm server's channels go", async () => {
  const { server, client, close } = await setUp();
  const [added, removed] = [new Inbox<string>("advertise"), new Inbox<string>("unadvertise")];
  client.on("advertise", ({ channels }) => channels.forEach(({ topic }) => added.put(topic)));
  client.on("unadvertise", ({ channels }) => channels.forEach(({ topic }) => removed.put(topic)));
  const id = server.addChannel(POSE);
  assertEquals(await added.next(), "/pose");
  server.removeChannel(id);
  assertEquals(await removed.next(), "/pose");
  assertEquals(client.channels.size, 0);
  await close();
});

test("our client publishes to the npm server", async () => {
  const { server, client, close } = await setUp();
  const [advertised, message, gone] = [
    new Inbox<{ topic: string }>("advertise"),
    new Inbox<string>("message"),
    new Inbox<number>("unadvertise"),
  ];
  server.on("advertise", (channel) => advertised.put(channel));
  server.on("message", ({ data }) => message.put(new TextDecoder().decode(data)));
  server.on("unadvertise", ({ channelId }) => gone.put(channelId));
  const publisher = client.publisher({ topic: "/goal", encoding: "json", schema: { name: "Goal" } });
  assertEquals((await advertised.next()).topic, "/goal");
  publisher.publish({ x: 1 });
  assertEquals(await message.next(), '{"x":1}');
  publisher.close();
  assertEquals(await gone.next(), publisher.channel.id);
  await close();
});

test("our client takes the npm server's statuses and time", async () => {
  const { server, client, sockets, close } = await setUp();
  const [status, time] = [new Inbox<string>("status"), new Inbox<bigint>("time")];
  client.on("status", ({ level, message }) => status.put(`${level}: ${message}`));
  client.on("time", (timestamp) => time.put(timestamp));
  // deno-lint-ignore no-explicit-any -- its interface predates the types of `ws`
  server.sendStatus({ level: 1, message: "Low battery" }, sockets[0] as any);
  assertEquals(await status.next(), "warning: Low battery");
  server.broadcastTime(987_654_321n);
  assertEquals(await time.next(), 987_654_321n);
  assertEquals(client.time, 987_654_321n);
  await close();
});
