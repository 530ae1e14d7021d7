/** What clients are told of the channels and services, while own code does something else. */
import { assertEquals } from "@std/assert";
import type { Channel } from "../../src/server/channel.ts";
import { FoxgloveServer } from "../../src/server/server.ts";
import type { Service } from "../../src/server/service.ts";
import { DRAIN_BYTES } from "../../src/transport/transport.ts";
import { systemClock } from "../../src/util/time.ts";
import { test } from "../support/test.ts";
import { nextEvent, WireClient } from "../support/wire_client.ts";

const turn = () => new Promise<void>((resolve) => systemClock.defer(resolve));
const RAW = { encoding: "raw" };

/** What a client was told of channels and services, in short: `["+1", "-1"]`. */
async function toldOf(client: WireClient): Promise<string[]> {
  return (await client.settle()).flatMap((message) => {
    if (message.op === "advertise") return message.channels.map((channel) => `+${(channel as { id: number }).id}`);
    if (message.op === "unadvertise") return message.channelIds.map((id) => `-${id}`);
    if (message.op === "advertiseServices") return message.services.map((it) => `+s${(it as { id: number }).id}`);
    return message.op === "unadvertiseServices" ? message.serviceIds.map((id) => `-s${id}`) : [];
  });
}

/** A server whose filters do what a test says, once, when they are asked about `topic` or `service`. */
function withFilter() {
  const acts = new Map<string, () => void>();
  const filter = (_client: unknown, name: string) => {
    const act = acts.get(name);
    acts.delete(name);
    act?.();
    return true;
  };
  return { acts, server: new FoxgloveServer({ permissions: { see: filter, call: filter } }) };
}

test("a filter may close the channel and the service that it is asked about: nobody hears of them", async () => {
  const { acts, server } = withFilter();
  const clients = [await WireClient.greeted(server), await WireClient.greeted(server)];
  const doomed: (Channel | Service)[] = [server.channel("/a", RAW), server.service("/s", {}, () => {})];
  acts.set("/a", () => doomed[0]!.close());
  acts.set("/s", () => doomed[1]!.close());
  server.channel("/b", RAW);
  for (const client of clients) assertEquals(await toldOf(client), ["+2"]);
  await server.close();
});

test("a filter may close one that was told before, and add others: each is told once", async () => {
  const { acts, server } = withFilter();
  const old = server.channel("/old", RAW);
  const clients = [await WireClient.greeted(server), await WireClient.greeted(server)];
  acts.set("/a", () => {
    old.close();
    server.channel("/b", RAW);
  });
  server.channel("/a", RAW);
  for (const client of clients) {
    // What a filter adds is told in a turn of its own.
    const told = [...await toldOf(client), ...await toldOf(client)];
    assertEquals(told.sort(), ["+2", "+3", "-1"]);
  }
  await server.close();
});

test("a filter may replace the channel that it is asked about by another", async () => {
  const { acts, server } = withFilter();
  const client = await WireClient.greeted(server);
  const first = server.channel("/a", RAW);
  acts.set("/a", () => {
    server.channel("/b", RAW);
    first.close();
  });
  assertEquals([...await toldOf(client), ...await toldOf(client)], ["+2"]);
  server.channel("/c", RAW);
  assertEquals(await toldOf(client), ["+3"]);
  await server.close();
});

test("a filter that is asked while a client is greeted may add and close channels, and close the server", async () => {
  const { acts, server } = withFilter();
  const first = server.channel("/a", RAW);
  await WireClient.greeted(server);
  acts.set("/a", () => {
    first.close();
    server.channel("/b", RAW);
  });
  const client = new WireClient(server);
  assertEquals(await toldOf(client), ["+2"]);
  acts.set("/b", () => void server.close({ code: 4000 }));
  assertEquals((await new WireClient(server).closed).code, 1001);
  await server.close();
});

test("a client that is refused raises neither connect nor disconnect", async () => {
  const server = new FoxgloveServer({ limits: { clients: 1 } });
  const events: string[] = [];
  for (const type of ["connect", "disconnect"] as const) {
    server.on(type, ({ client }) => events.push(`${type} ${client.id}`));
  }
  const first = await WireClient.greeted(server);
  const second = new WireClient(server);
  await second.closed;
  const left = nextEvent(server, "disconnect");
  first.transport.close();
  await left;
  assertEquals(events, ["connect 1", "disconnect 1"]);
  assertEquals(server.clients.size, 0);
  await server.close();
});

test("channels come and go beside a client that reads nothing: it hears of none of them", async () => {
  const server = new FoxgloveServer({ limits: { controlBytes: 200_000, dataBytes: DRAIN_BYTES } });
  const client = await WireClient.greeted(server);
  client.transport.pause();
  // Beyond half of the lane nothing is announced.
  while (client.serverSide.queuedBytes < DRAIN_BYTES + 120_000) {
    client.serverSide.status("info", "x".repeat(10_000));
    await turn();
  }
  for (let i = 0; i < 100; i++) {
    const channel = server.channel(`/t${i}`, RAW);
    await turn();
    channel.close();
  }
  client.transport.resume();
  assertEquals((await client.settle()).filter(({ op }) => op !== "status"), []);
  await server.close();
});
