/** Rows of "Server: connection": how connections, channels and the server end. */
import { assert, assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { OPCODES, RawSocket } from "../../support/raw_socket.ts";
import { readData } from "../../support/raw_bytes.ts";
import type { RawClient } from "../../support/raw_client.ts";
import { nextEvent, recordEvents } from "../../support/wire_client.ts";
import type { On, Scene } from "./scene.ts";

const JSON_CHANNEL = { encoding: "json" };
/** What we say of a connection without a goodbye, and what workerd says by itself. */
const LOST = ["Connection was lost", "WebSocket disconnected without sending Close frame."];

/** Declares the tests. */
export function endingRows(on: On): void {
  disconnect(on);
  channelRemoved(on);
  serverClose(on);
}

/** Everything that a client can have, and the order in which the server says that it is gone. */
async function withEverything({ server, client }: Scene): Promise<{ viewer: RawClient; events: string[] }> {
  const channel = server.channel("/pose", JSON_CHANNEL);
  server.parameters.set("gain", 1);
  const viewer = await client();
  await viewer.ask(
    { op: "subscribe", subscriptions: [{ id: 1, channelId: channel.id }] },
    { op: "advertise", channels: [{ id: 7, topic: "/goal", encoding: "json", schemaName: "" }] },
    { op: "subscribeParameterUpdates", parameterNames: ["gain"] },
    { op: "subscribeConnectionGraph" },
  );
  const events = recordEvents(server);
  server.parameters.on("unsubscribe", ({ client, names }) => events.push(`parameters ${client.id} [${names}]`));
  server.graph.on("unsubscribe", ({ client }) => events.push(`graph ${client.id}`));
  return { viewer, events };
}

const RELEASED = ["unsubscribe 1 /pose", "unadvertise 1 /goal", "parameters 1 []", "graph 1"];
const WITH_EVERYTHING = { clientPublish: true, connectionGraph: true };

function disconnect(on: On): void {
  on("disconnect: subscriptions, client channels, parameters, graph, then the event with code", async (scene) => {
    const { viewer, events } = await withEverything(scene);
    const gone = nextEvent(scene.server, "disconnect");
    await viewer.close(4001, "Bye");
    const { code, reason } = await gone;
    assertEquals([code, reason], [4001, "Bye"]);
    assertEquals(events, [...RELEASED, "disconnect 1 4001"]);
    assertEquals([scene.server.clients.size, scene.server.stats().subscriptions], [0, 0]);
  }, WITH_EVERYTHING);

  on("disconnect: a connection that breaks has code 1006 and a reason, once", async (scene) => {
    const { viewer, events } = await withEverything(scene);
    const gone = nextEvent(scene.server, "disconnect");
    viewer.socket.reset();
    assert(LOST.includes((await gone).reason));
    // Another client comes and goes: what the first might still raise has been raised.
    const other = await scene.client();
    const otherGone = nextEvent(scene.server, "disconnect");
    await other.close(1000);
    await otherGone;
    assertEquals(events, [...RELEASED, "disconnect 1 1006", "connect 2", "disconnect 2 1000"]);
  }, WITH_EVERYTHING);
}

function channelRemoved(on: On): void {
  on("channel removed: queued data purged, unadvertise, unsubscribe event per subscriber", async (scene) => {
    const { server } = scene;
    const [channel, other] = [server.channel("/a", JSON_CHANNEL), server.channel("/b", JSON_CHANNEL)];
    const subscriptions = [{ id: 1, channelId: channel.id }, { id: 2, channelId: other.id }];
    const viewers = [await scene.client(), await scene.client()];
    for (const viewer of viewers) await viewer.ask({ op: "subscribe", subscriptions });
    const bystander = await scene.client();
    const events = recordEvents(server);
    // What finds the way free leaves at once; what follows in the same turn waits.
    other.publish("first");
    channel.publish("never seen");
    other.publish("last");
    channel.close();
    assertEquals(events, ["unsubscribe 1 /a", "unsubscribe 2 /a"]);
    for (const viewer of [...viewers, bystander]) {
      if (viewer !== bystander) assertEquals(shownData(await viewer.expectBinary()), '2 "first"');
      assertEquals(await viewer.next(), { op: "unadvertise", channelIds: [channel.id] });
      if (viewer !== bystander) assertEquals(shownData(await viewer.expectBinary()), '2 "last"');
      assertEquals(await viewer.settle(), []);
    }
  });
}

function shownData(frame: Uint8Array): string {
  const { subscriptionId, payload } = readData(frame);
  return `${subscriptionId} ${payload}`;
}

function serverClose(on: On): void {
  on("server close: 1001 to every client, behind what waits in their control lanes", async ({ server, client }) => {
    const viewers = [await client(), await client()];
    const texts = ["The first leaves at once", "This one waits", "Goodbye"];
    for (const text of texts) server.status("info", text);
    const closed = server.close();
    for (const viewer of viewers) {
      for (const text of texts) await viewer.expectStatus("info", text);
      assertEquals(await viewer.socket.readClose(), { code: 1001, reason: "Server is closing" });
      viewer.socket.finish();
    }
    await closed;
    assertEquals(server.clients.size, 0);
  });

  on("server close: drains more control than the kernel takes, for a peer that reads late", async (scene) => {
    const viewer = await scene.client();
    viewer.socket.pause();
    flood(scene.server);
    const closed = scene.server.close({ timeoutMs: 10_000 });
    viewer.socket.resume();
    for (let i = 0; i < FLOOD_MESSAGES; i++) assertEquals((await viewer.expect("status")).level, 0);
    assertEquals((await viewer.socket.readClose()).code, 1001);
    viewer.socket.finish();
    await closed;
  });

  on("server close: with the code and the reason that were given", async ({ server, client }) => {
    const viewer = await client();
    const closed = server.close({ code: 4000, reason: "Update" });
    assertEquals(await viewer.socket.readClose(), { code: 4000, reason: "Update" });
    viewer.socket.finish();
    await closed;
  });

  on("server close: stops accepting", async ({ server, port }) => {
    await server.close();
    const late = await RawSocket.connect(port);
    const { status, body } = await late.request({ protocols: ["foxglove.sdk.v1"] });
    assertEquals([status, body], [503, "Server is closing\n"]);
    await late.destroy();
  });

  on("server close: idempotent, and a second call waits for the same end", async ({ server, client }) => {
    const viewer = await client();
    const [first, second] = [server.close({ code: 4000 }), server.close({ code: 4001 })];
    assertEquals((await viewer.socket.readClose()).code, 4000);
    viewer.socket.finish();
    await Promise.all([first, second, server.close()]);
    assertEquals(server.clients.size, 0);
  });

  on("server close: resolves in bounded time with a peer that reads nothing", async ({ server, client, traits }) => {
    const [stalled, silent] = [await client(), await client()];
    stalled.socket.pause();
    for (const each of server.clients) if (each.id === 1) flood(each);
    // Far from the limit of the server, and below those of the libraries underneath.
    await deadline(server.close({ timeoutMs: 50 }), 10_000);
    assertEquals(server.clients.size, 0);
    // The other one has got its Close and did not answer.
    assertEquals((await silent.socket.readFrame()).opcode, OPCODES.close);
    // A standard WebSocket, which is all that Deno.serve gives, cannot be cut.
    if (traits.pings) await stalled.socket.end();
  });
}

const FLOOD_MESSAGES = 12;

/** More control than any kernel buffers. */
function flood(to: { status(level: "info", message: string): void }): void {
  const text = "x".repeat(1024 * 1024);
  for (let i = 0; i < FLOOD_MESSAGES; i++) to.status("info", text);
}
