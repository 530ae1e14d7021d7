/** Rows of "Server: messages": clients that are too slow, and callbacks of the user that fail. */
import { assert, assertEquals } from "@std/assert";
import type { FoxgloveServer } from "../../../src/server/server.ts";
import { messageData, playbackRequest, readAsset, serviceCall } from "../../support/raw_bytes.ts";
import { type JsonMessage, type RawClient, type Received, status } from "../../support/raw_client.ts";
import { nextEvent } from "../../support/wire_client.ts";
import { type On, type Scene, takeErrors } from "./scene.ts";

/** Declares the tests. */
export function harmRows(on: On): void {
  drops(on);
  callbacks(on);
}

const KIB = 1024;

function drops(on: On): void {
  on(
    "data is dropped for a client: W once per topic with an id, removed when its queue has recovered",
    async (scene) => {
      const { server, client } = scene;
      const channels = ["/big", "/other"].map((topic) => server.channel(topic, { encoding: "raw" }));
      const [slow, fast] = [await client(), await client()];
      const subscriptions = channels.map(({ id }) => ({ id, channelId: id }));
      await slow.ask({ op: "subscribe", subscriptions });
      const [stalled] = server.clients;
      slow.socket.pause();
      // More than the kernel takes for a peer that does not read, until enough was dropped of both.
      while (stalled!.stats().droppedMessages < 50) {
        for (const channel of channels) channel.publish(new Uint8Array(64 * KIB));
      }
      slow.socket.resume();
      const statuses = await textsUntil(slow, "removeStatus");
      // Which topic loses first is the transport's affair.
      const topics = statuses[0]?.id === "drops:/big" ? ["/big", "/other"] : ["/other", "/big"];
      const warnings = topics.map((topic) =>
        status("warning", `Send buffer limit reached: ${topic}`, `drops:${topic}`)
      );
      const statusIds = topics.map((topic) => `drops:${topic}`);
      assertEquals(statuses, [...warnings, { op: "removeStatus", statusIds }]);
      assertEquals(await fast.settle(), []);
    },
    { limits: { dataBytes: 256 * KIB } },
  );
}

/** The JSON messages up to the first of an op; data in between is passed over. */
async function textsUntil(client: RawClient, op: string): Promise<JsonMessage[]> {
  const messages: JsonMessage[] = [];
  for (;;) {
    const message = await client.next();
    if (message instanceof Uint8Array) continue;
    messages.push(message);
    if (message.op === op) return messages;
  }
}

/** A callback that fails, what calls it, where the error event says it was, and the failure answer, if one is due. */
interface Failing {
  what: string;
  register(server: FoxgloveServer, fail: () => never): void;
  request: object | Uint8Array;
  during: string;
  answer?: (answer: Received | undefined) => string | undefined;
}

const text = (answer: Received | undefined) => (answer as { message?: string }).message;
const CHANNEL = { id: 1, topic: "/goal", encoding: "json", schemaName: "" };
const RANGE = { startTime: 0n, endTime: 10n, pause() {}, seek() {}, setSpeed() {} };

const FAILING: Failing[] = [
  {
    what: "service handler",
    register: (server, fail) => server.service("/fail", {}, fail),
    request: serviceCall(1, 1, "json", "{}"),
    during: 'service "/fail"',
    answer: text,
  },
  {
    what: "asset handler",
    register: (server, fail) => server.asset(fail),
    request: { op: "fetchAsset", requestId: 1, uri: "x" },
    during: 'asset "x"',
    answer: (answer) => readAsset(answer as Uint8Array).error,
  },
  {
    what: "validator of a parameter",
    register: (server, fail) => server.parameters.declare("gain", { value: 1, validate: fail }),
    request: { op: "setParameters", parameters: [{ name: "gain", value: 2 }] },
    during: 'validator of parameter "gain"',
    answer: (answer) => text(answer)?.replace("Parameter gain was not set: ", ""),
  },
  {
    what: "playback handler",
    register: (server, fail) => server.playback({ ...RANGE, play: fail }),
    request: playbackRequest({}),
    during: 'playback "play"',
    answer: (answer) => text(answer)?.replace("Playback control failed: ", ""),
  },
  {
    what: "subscribe listener",
    register: (server, fail) => server.on("subscribe", fail),
    request: { op: "subscribe", subscriptions: [{ id: 1, channelId: 1 }] },
    during: 'listener of "subscribe"',
  },
  {
    what: "unsubscribe listener",
    register: (server, fail) => server.on("unsubscribe", fail),
    request: { op: "unsubscribe", subscriptionIds: [9] },
    during: 'listener of "unsubscribe"',
  },
  {
    what: "advertise listener",
    register: (server, fail) => server.on("advertise", fail),
    request: { op: "advertise", channels: [CHANNEL] },
    during: 'listener of "advertise"',
  },
  {
    what: "unadvertise listener",
    register: (server, fail) => server.on("unadvertise", fail),
    request: { op: "unadvertise", channelIds: [9] },
    during: 'listener of "unadvertise"',
  },
  {
    what: "message listener",
    register: (server, fail) => server.on("message", fail),
    request: messageData(9, "x"),
    during: 'listener of "message"',
  },
  {
    what: "listener of parameter changes",
    register(server, fail) {
      server.parameters.set("gain", 1);
      server.parameters.on("change", fail);
    },
    request: { op: "setParameters", parameters: [{ name: "gain", value: 2 }] },
    during: 'listener of "change"',
  },
  {
    what: "listener of graph subscriptions",
    register: (server, fail) => server.graph.on("subscribe", fail),
    request: { op: "subscribeConnectionGraph" },
    during: 'listener of "subscribe"',
  },
];

/** How a callback fails. */
const WAYS: Record<string, (error: Error) => unknown> = {
  throws(error) {
    throw error;
  },
  rejects: (error) => Promise.reject(error),
};

function callbacks(on: On): void {
  for (const failing of FAILING) {
    for (const [how, fail] of Object.entries(WAYS)) {
      const answered = failing.answer === undefined ? "" : ", the requester gets its failure answer";
      on(`a user callback ${how} (${failing.what}): the error event${answered}, all live on`, async (scene) => {
        await playFailing(scene, failing, fail as () => never);
      }, { clientPublish: true, connectionGraph: true });
    }
  }

  on("a user callback throws (connect and disconnect listener): the error event, all live on", async (scene) => {
    for (const type of ["connect", "disconnect"] as const) scene.server.on(type, () => WAYS.throws!(BROKEN));
    const leaving = await scene.client();
    const gone = nextEvent(scene.server, "disconnect");
    await leaving.close();
    await gone;
    assertEquals((await scene.client()).greeting.length, 2);
    const during = ["connect", "disconnect", "connect"].map((type) => `listener of "${type}": Broken`);
    assertEquals(takeErrors(scene), during);
  });
}

const BROKEN = new Error("Broken");

async function playFailing(scene: Scene, failing: Failing, fail: (error: Error) => never): Promise<void> {
  const { server } = scene;
  const channel = server.channel("/a", { encoding: "json" });
  const other = server.channel("/b", { encoding: "json" });
  failing.register(server, () => fail(BROKEN));
  const viewer = await scene.client();
  await viewer.ask(
    { op: "subscribe", subscriptions: [{ id: 9, channelId: other.id }] },
    { op: "advertise", channels: [{ ...CHANNEL, id: 9 }] },
  );
  // What preparing this has raised.
  takeErrors(scene);
  viewer.send(failing.request);
  if (failing.answer !== undefined) assertEquals(failing.answer(await viewer.next()), "Broken");
  await viewer.settle();
  assertEquals(takeErrors(scene), [`${failing.during}: Broken`]);
  await viewer.ask({ op: "subscribe", subscriptions: [{ id: 10, channelId: channel.id }] });
  takeErrors(scene);
  channel.publish("on");
  assert(await viewer.next());
}
