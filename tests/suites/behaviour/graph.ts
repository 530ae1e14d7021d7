/** Rows of "Server: messages": the connection graph. */
import { assertEquals } from "@std/assert";
import { status } from "../../support/raw_client.ts";
import type { On } from "./scene.ts";

const SUBSCRIBE = { op: "subscribeConnectionGraph" };
const UNSUBSCRIBE = { op: "unsubscribeConnectionGraph" };
const NOTHING = {
  op: "connectionGraphUpdate",
  publishedTopics: [],
  subscribedTopics: [],
  advertisedServices: [],
  removedTopics: [],
  removedServices: [],
};
const GRAPH = { connectionGraph: true, clientPublish: true };

/** Declares the tests. */
export function graphRows(on: On): void {
  for (const request of [SUBSCRIBE, UNSUBSCRIBE]) {
    on(`${request.op} without capability: E`, async ({ client }) => {
      const viewer = await client();
      const text = "Server does not support connectionGraph capability";
      assertEquals(await viewer.ask(request), [status("error", text)]);
    });
  }

  on("subscribeConnectionGraph: the whole graph, then differences only", async ({ server, client }) => {
    const channel = server.channel("/a", { encoding: "json" });
    server.service("/reset", {}, () => "{}");
    server.graph.subscribe("/a", "detector");
    const [viewer, other] = [await client(), await client()];
    assertEquals(await viewer.ask(SUBSCRIBE), [{
      ...NOTHING,
      publishedTopics: [{ name: "/a", publisherIds: ["server"] }],
      subscribedTopics: [{ name: "/a", subscriberIds: ["detector"] }],
      advertisedServices: [{ name: "/reset", providerIds: ["server"] }],
    }]);
    await other.ask({ op: "subscribe", subscriptions: [{ id: 1, channelId: channel.id }] });
    const subscribedTopics = [{ name: "/a", subscriberIds: ["detector", "client-2"] }];
    assertEquals(await viewer.next(), { ...NOTHING, subscribedTopics });
    await other.ask({ op: "advertise", channels: [{ id: 1, topic: "/b", encoding: "json", schemaName: "" }] });
    const publishedTopics = [{ name: "/b", publisherIds: ["client-2"] }];
    assertEquals(await viewer.next(), { ...NOTHING, publishedTopics });
    await other.destroy();
    const left = [{ name: "/a", subscriberIds: ["detector"] }];
    assertEquals(await viewer.next(), { ...NOTHING, subscribedTopics: left, removedTopics: ["/b"] });
  }, GRAPH);

  on("unsubscribeConnectionGraph: no update any more", async ({ server, client }) => {
    const viewer = await client();
    assertEquals(await viewer.ask(SUBSCRIBE, UNSUBSCRIBE, UNSUBSCRIBE), [NOTHING]);
    server.graph.publish("/a", "camera");
    assertEquals(await viewer.settle(), []);
  }, GRAPH);
}
