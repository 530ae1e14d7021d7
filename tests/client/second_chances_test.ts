import { assertEquals } from "@std/assert";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

/** A client that has subscribed to channel 7, as subscription 1. */
async function subscribed() {
  const clock = new ManualClock();
  const { server, client } = await ScriptedServer.connected({ client: { clock } });
  const messages = client.subscribe("/pose");
  server.advertise({ id: 7, topic: "/pose" });
  assertEquals(await server.subscriptions(), [[1, 7]]);
  const running = clock.delays;
  const refuse = async (channelId = 7) => {
    server.send({ op: "status", level: "error", message: `Unknown channel ID: ${channelId}` });
    await server.settle(client);
  };
  return { clock, server, client, messages, refuse, waits: () => clock.delays - running };
}

test("a subscription that the server refuses to a channel of its own is asked for again, under the same id", async () => {
  const { clock, server, client, messages, refuse } = await subscribed();
  for (const ms of [10, 40, 160, 640]) {
    await refuse();
    clock.advance(ms - 1);
    await server.settle(client);
    assertEquals(server.inbox, []);
    clock.advance(1);
    assertEquals(await server.subscriptions(), [[1, 7]]);
  }
  server.data(1, "here");
  assertEquals((await messages.next()).value?.value, "here");
  await client.close();
});

test("a subscription that is refused again and again is given up", async () => {
  const { clock, server, client, refuse, waits } = await subscribed();
  for (let attempt = 0; attempt < 4; attempt++) {
    await refuse();
    clock.advance(640);
    await server.subscriptions();
  }
  await refuse();
  assertEquals(waits(), 0);
  await client.close();
});

test("two refusals at once are asked about once", async () => {
  const { clock, server, client, refuse } = await subscribed();
  await refuse();
  await refuse();
  clock.advance(640);
  assertEquals(await server.subscriptions(), [[1, 7]]);
  await server.settle(client);
  assertEquals(server.inbox, []);
  await client.close();
});

test("the user hears of a refusal", async () => {
  const { client, refuse } = await subscribed();
  const heard: string[] = [];
  client.on("status", ({ message }) => heard.push(message));
  await refuse();
  assertEquals(heard, ["Unknown channel ID: 7"]);
  await client.close();
});

test("a channel that nobody wants, or that is gone, is not asked for again", async () => {
  const { server, client, messages, refuse, waits } = await subscribed();
  await refuse(8);
  server.advertise({ id: 9, topic: "/other" });
  await refuse(9);
  assertEquals(waits(), 0);
  await refuse();
  assertEquals(waits(), 1);
  server.unadvertise(7);
  await server.settle(client);
  assertEquals(waits(), 0);
  await refuse();
  assertEquals(waits(), 0);
  messages.close();
  await client.close();
});

for (const how of ["closed", "unsubscribed", "lost"] as const) {
  test(`nothing is asked for again when the client is ${how} before`, async () => {
    const { server, client, messages, refuse, waits } = await subscribed();
    await refuse();
    assertEquals(waits(), 1);
    if (how === "closed") await client.close();
    if (how === "unsubscribed") messages.close();
    if (how === "lost") {
      server.transport.terminate();
      await client.closed;
    }
    assertEquals(waits() <= 0, true);
    await client.close();
  });
}
