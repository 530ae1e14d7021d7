/** Rows of "Server: messages": subscribe and unsubscribe. */
import { assertEquals, assertMatch } from "@std/assert";
import { readData } from "../../support/raw_bytes.ts";
import { errorText, type RawClient, status } from "../../support/raw_client.ts";
import { recordEvents } from "../../support/wire_client.ts";
import type { On, Scene } from "./scene.ts";

const JSON_CHANNEL = { encoding: "json" };

/** Declares the tests. */
export function channelRows(on: On): void {
  subscribe(on);
  unsubscribe(on);
  batches(on);
}

function subscribing(...pairs: [id: number, channelId: number][]): object {
  return { op: "subscribe", subscriptions: pairs.map(([id, channelId]) => ({ id, channelId })) };
}

const unsubscribing = (...subscriptionIds: number[]): object => ({ op: "unsubscribe", subscriptionIds });

/** Two channels and a client that is subscribed to the first with id 10. */
async function subscribed({ server, client }: Scene): Promise<RawClient> {
  server.channel("/a", JSON_CHANNEL);
  server.channel("/b", JSON_CHANNEL);
  const viewer = await client();
  assertEquals(await viewer.ask(subscribing([10, 1])), []);
  return viewer;
}

function subscribe(on: On): void {
  on("subscribe, unknown channel: E Unknown channel ID", async (scene) => {
    const viewer = await subscribed(scene);
    assertEquals(await viewer.ask(subscribing([11, 99])), [status("error", "Unknown channel ID: 99")]);
  });

  on("subscribe, hidden channel: E Unknown channel ID, and it is not named anywhere", async ({ server, client }) => {
    const hidden = server.channel("/secret", JSON_CHANNEL);
    const viewer = await client();
    assertEquals(viewer.greeting[1], { op: "advertise", channels: [] });
    const answer = await viewer.ask(subscribing([1, hidden.id]));
    assertEquals(answer, [status("error", `Unknown channel ID: ${hidden.id}`)]);
    hidden.publish("secret");
    hidden.close();
    assertEquals(await viewer.settle(), []);
  }, { permissions: { see: (_client, topic) => topic !== "/secret" } });

  on("subscribe, channel that is gone: E Unknown channel ID", async (scene) => {
    const viewer = await subscribed(scene);
    const gone = scene.server.channel("/gone", JSON_CHANNEL);
    await viewer.expect("advertise");
    gone.close();
    await viewer.expect("unadvertise");
    assertEquals(await viewer.ask(subscribing([11, gone.id])), [status("error", `Unknown channel ID: ${gone.id}`)]);
  });

  on("subscribe, channel already subscribed by this client: W, and the subscription stays", async (scene) => {
    const viewer = await subscribed(scene);
    const text = "Client is already subscribed to channel: 1; ignoring subscription";
    // Also with the id that is in use: this row comes first.
    for (const id of [11, 10]) assertEquals(await viewer.ask(subscribing([id, 1])), [status("warning", text)]);
    const other = await scene.client();
    assertEquals(await other.ask(subscribing([10, 1])), []);
  });

  on("subscribe, subscription id in use: E, and the first subscription stays", async (scene) => {
    const viewer = await subscribed(scene);
    const text = "Subscription ID was already used: 10; ignoring subscription";
    assertEquals(await viewer.ask(subscribing([10, 2])), [status("error", text)]);
    assertEquals([...scene.server.clients][0]!.stats().subscriptions.map(({ topic }) => topic), ["/a"]);
  });
}

function unsubscribe(on: On): void {
  const unknown = (id: number) => status("warning", `Client is not subscribed with ID: ${id}; ignoring unsubscription`);

  on("unsubscribe, unknown id: W", async (scene) => {
    const viewer = await subscribed(scene);
    assertEquals(await viewer.ask(unsubscribing(77)), [unknown(77)]);
    assertEquals(await viewer.ask(unsubscribing(10)), []);
    assertEquals(await viewer.ask(unsubscribing(10)), [unknown(10)]);
  });

  on("unsubscribe, subscription that the server ended with its channel: silent, once", async ({ server, client }) => {
    const channel = server.channel("/a", JSON_CHANNEL);
    const viewer = await client();
    await viewer.ask(subscribing([10, channel.id]));
    channel.close();
    await viewer.expect("unadvertise");
    assertEquals(await viewer.ask(unsubscribing(10)), []);
    assertEquals(await viewer.ask(unsubscribing(10)), [unknown(10)]);
  });
}

function batches(on: On): void {
  on("subscribe, batch: a bad entry is answered for itself and stops no other, in order", async (scene) => {
    const { server } = scene;
    const viewer = await subscribed(scene);
    const events = recordEvents(server);
    const channel = server.channel("/c", JSON_CHANNEL);
    await viewer.expect("advertise");
    const good = [{ id: 20, channelId: 2 }, { id: 30, channelId: channel.id }];
    const subscriptions = [{ id: "x", channelId: 2 }, good[0], null, { id: 5, channelId: 99 }, good[0], good[1]];
    const [first, second, ...rest] = await viewer.ask({ op: "subscribe", subscriptions });
    assertMatch(errorText(first), /^Invalid message: .*subscriptions\[0\]\.id/);
    assertMatch(errorText(second), /^Invalid message: .*subscriptions\[2\]/);
    assertEquals(rest, [
      status("error", "Unknown channel ID: 99"),
      status("warning", "Client is already subscribed to channel: 2; ignoring subscription"),
    ]);
    assertEquals(events, ["subscribe 1 /b", "subscribe 1 /c"]);
    channel.publish("here");
    assertEquals(readData(await viewer.expectBinary()).subscriptionId, 30);
  });

  on("unsubscribe, batch: entries apply in order, bad ones stop none", async (scene) => {
    const viewer = await subscribed(scene);
    await viewer.ask(subscribing([20, 2]));
    const [invalid, ...rest] = await viewer.ask({ op: "unsubscribe", subscriptionIds: [-1, 10, 10, 20] });
    assertMatch(errorText(invalid), /^Invalid message: .*subscriptionIds\[0\]/);
    assertEquals(rest, [status("warning", "Client is not subscribed with ID: 10; ignoring unsubscription")]);
    assertEquals(scene.server.stats().subscriptions, 0);
  });
}
