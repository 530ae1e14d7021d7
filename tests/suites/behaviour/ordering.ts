/** Rows of "Order": what never follows what, also for a client whose queues are full. */
import { assertEquals, assertGreater } from "@std/assert";
import type { Channel } from "../../../src/server/channel.ts";
import type { FoxgloveServer } from "../../../src/server/server.ts";
import { playbackRequest, readData, readPlayback, readTime } from "../../support/raw_bytes.ts";
import type { JsonMessage, RawClient, Received } from "../../support/raw_client.ts";
import { nextEvent } from "../../support/wire_client.ts";
import type { On, Scene } from "./scene.ts";

/** Declares the tests. */
export function orderRows(on: On): void {
  unsubscribed(on);
  unadvertised(on);
  jumps(on);
  parameters(on);
}

const KIB = 1024;
const SMALL = { limits: { dataBytes: 512 * KIB } };

/** A payload that is as large as its beginning is short. */
const large = (text: string) => new TextEncoder().encode(`${text} `.padEnd(32 * KIB, "x"));

/** What a message of a channel was about. */
const aboutOf = (frame: Uint8Array) => readData(frame).payload.split(" ", 1)[0];

/** A client that is subscribed to channels, each under its id, and has stopped reading. */
async function stalled({ client }: Scene, ...channels: Channel[]): Promise<RawClient> {
  const viewer = await client();
  await viewer.ask({ op: "subscribe", subscriptions: channels.map(({ id }) => ({ id, channelId: id })) });
  viewer.socket.pause();
  return viewer;
}

/** Publishes until the queue of the first client is full. */
function fill(server: FoxgloveServer, publish: () => void): void {
  const [client] = server.clients;
  const { droppedMessages } = client!.stats();
  while (client!.stats().droppedMessages < droppedMessages + 10) publish();
}

/** The messages up to the first that `isEnd` says yes to, without it. */
async function until(viewer: RawClient, isEnd: (message: Received) => boolean): Promise<Received[]> {
  const messages: Received[] = [];
  for (;;) {
    const message = await viewer.next();
    if (isEnd(message)) return messages;
    messages.push(message);
  }
}

const isOp = (message: Received, op: string) => !(message instanceof Uint8Array) && message.op === op;
const binaries = (messages: Received[]) => messages.filter((message) => message instanceof Uint8Array);
const subscriptionsIn = (messages: Received[]) =>
  new Set(binaries(messages).map((frame) => readData(frame).subscriptionId));

/** Requests that have an answer of their own, behind an `unsubscribe`. */
const LATER: Record<string, [request: object, answer: string]> = {
  getParameters: [{ op: "getParameters", parameterNames: [], id: "later" }, "parameterValues"],
  subscribeConnectionGraph: [{ op: "subscribeConnectionGraph" }, "connectionGraphUpdate"],
  "a subscribe that is refused": [{ op: "subscribe", subscriptions: [{ id: 9, channelId: 99 }] }, "status"],
};

function unsubscribed(on: On): void {
  for (const [what, [request, answer]] of Object.entries(LATER)) {
    on(`unsubscribe: nothing of the subscription after the answer to ${what}, with full queues`, async (scene) => {
      const { server } = scene;
      const [gone, stays] = ["/gone", "/stays"].map((topic) => server.channel(topic, { encoding: "raw" }));
      const viewer = await stalled(scene, gone!, stays!);
      const publish = () => [gone!, stays!].forEach((channel) => channel.publish(large("old")));
      fill(server, publish);
      const ended = nextEvent(server, "unsubscribe");
      viewer.send({ op: "unsubscribe", subscriptionIds: [gone!.id] }, request);
      await ended;
      // Not so much that the full queue would lose the old ones by itself.
      publish();
      stays!.publish(large("last"));
      viewer.socket.resume();
      const isAnswer = (message: Received) =>
        isOp(message, answer) && !String((message as JsonMessage).id).startsWith("drops:");
      const before = await until(viewer, isAnswer);
      assertGreater(binaries(before).length, 0, "something was on its way");
      const after = await until(viewer, (message) => message instanceof Uint8Array && aboutOf(message) === "last");
      assertEquals(subscriptionsIn(after), new Set([stays!.id]));
    }, { ...SMALL, parameters: {}, connectionGraph: true });
  }

  on("unsubscribe and subscribe under the same id: nothing of the old channel under it", async (scene) => {
    const { server } = scene;
    const [old, fresh] = ["/old", "/fresh"].map((topic) => server.channel(topic, { encoding: "raw" }));
    const viewer = await stalled(scene, old!);
    fill(server, () => old!.publish(large("old")));
    const subscribed = nextEvent(server, "subscribe");
    viewer.send(
      { op: "unsubscribe", subscriptionIds: [old!.id] },
      { op: "subscribe", subscriptions: [{ id: old!.id, channelId: fresh!.id }] },
      { op: "getParameters", parameterNames: [], id: "later" },
    );
    await subscribed;
    old!.publish(large("old"));
    fresh!.publish(large("fresh"));
    fresh!.publish(large("last"));
    viewer.socket.resume();
    await until(viewer, (message) => isOp(message, "parameterValues"));
    const after = await until(viewer, (message) => message instanceof Uint8Array && aboutOf(message) === "last");
    assertEquals(binaries(after).map(aboutOf), ["fresh"]);
  }, { ...SMALL, parameters: {} });
}

function unadvertised(on: On): void {
  on("unadvertise comes after the last message of its channel, with full queues", async (scene) => {
    const { server } = scene;
    const [gone, stays] = ["/gone", "/stays"].map((topic) => server.channel(topic, { encoding: "raw" }));
    const viewer = await stalled(scene, gone!, stays!);
    fill(server, () => [gone!, stays!].forEach((channel) => channel.publish(large("old"))));
    gone!.close();
    for (let i = 0; i < 20; i++) gone!.publish(large("too late"));
    stays!.publish(large("last"));
    viewer.socket.resume();
    const before = await until(viewer, (message) => isOp(message, "unadvertise"));
    assertEquals(subscriptionsIn(before), new Set([gone!.id, stays!.id]), "something was on its way");
    const after = await until(viewer, (message) => message instanceof Uint8Array && aboutOf(message) === "last");
    assertEquals(subscriptionsIn(after), new Set([stays!.id]));
  }, SMALL);
}

/** What a frame of data or of time is about: `"old"` before the jump, `"new"` after it. */
function sideOf(frame: Uint8Array): string | undefined {
  if (frame[0] === 1) return aboutOf(frame);
  return readTime(frame) < 1000n ? "old" : "new";
}

function jumps(on: On): void {
  const source = { startTime: 0n, endTime: 10_000n, play() {}, pause() {}, setSpeed() {} };
  /** Fills the queues of a client that reads nothing, and lets it or another one seek. */
  const jump = async (scene: Scene, seeker: "itself" | "another"): Promise<Received[]> => {
    const { server } = scene;
    const channel = server.channel("/a", { encoding: "raw" });
    const publish = (side: string, time: bigint) => {
      channel.publish(large(side));
      server.time(time);
    };
    server.playback({
      ...source,
      seek(_time, { arrived }) {
        fill(server, () => publish("old", 500n));
        arrived();
        for (let i = 0; i < 5; i++) publish("new", 2000n);
        channel.publish(large("last"));
      },
    });
    const viewer = await stalled(scene, channel);
    fill(server, () => publish("old", 500n));
    (seeker === "itself" ? viewer : await scene.client()).send(playbackRequest({ seekTime: 2000n, requestId: "j" }));
    viewer.socket.resume();
    const before = await until(viewer, (message) => message instanceof Uint8Array && message[0] === 5);
    assertEquals(new Set(binaries(before).map(sideOf)), new Set(["old"]), "something was on its way");
    return await until(viewer, (message) => message instanceof Uint8Array && sideOf(message) === "last");
  };
  for (const seeker of ["itself", "another"] as const) {
    on(`didSeek: no data and no time from before it, with full queues (asked for by ${seeker})`, async (scene) => {
      assertEquals(new Set(binaries(await jump(scene, seeker)).map(sideOf)), new Set(["new"]));
    }, SMALL);
  }

  on("didSeek: its own request id to who asked, once, although arrived() is called twice", async (scene) => {
    const late: (() => void)[] = [];
    scene.server.playback({
      ...source,
      seek(_time, { arrived }) {
        arrived();
        arrived();
        late.push(arrived);
      },
    });
    const viewer = await scene.client();
    viewer.send(playbackRequest({ command: 1, seekTime: 7n, requestId: "j" }));
    const { didSeek, requestId, currentTime } = readPlayback(await viewer.expectBinary());
    assertEquals([didSeek, requestId, currentTime], [1, "j", 7n]);
    late.forEach((arrived) => arrived());
    assertEquals(await viewer.settle(), []);
  });
}

function parameters(on: On): void {
  on("parameter replies come in the order of the requests, however long validators think", async (scene) => {
    const { server } = scene;
    const verdicts = new Map<string, (verdict: undefined) => void>();
    const slow = ({ name }: { name: string }) =>
      new Promise<undefined>((resolve) => {
        verdicts.set(name, resolve);
        // The first is decided when the last request has come; each of the others at once.
        if (name !== "a") resolve(undefined);
      });
    for (const name of ["a", "b"]) server.parameters.declare(name, { value: 0, validate: slow });
    server.parameters.set("c", 0);
    const [viewer, other] = [await scene.client(), await scene.client()];
    const set = (name: string, value: number, id: string) => ({
      op: "setParameters",
      parameters: [{ name, value }],
      id,
    });
    const get = (id: string) => ({ op: "getParameters", parameterNames: [], id });
    const requests = [set("a", 1, "1"), get("2"), set("c", 1, "3"), set("b", 1, "4"), get("5")];
    assertEquals(await viewer.ask(...requests), [], "all wait for the first");
    const [reply] = await other.ask(get("x")) as JsonMessage[];
    assertEquals(reply?.id, "x", "another client waits for nobody");
    verdicts.get("a")!(undefined);
    const replies: JsonMessage[] = [];
    while (replies.length < requests.length) replies.push(await viewer.expect("parameterValues"));
    const shown = replies.map(({ id, parameters }) => [
      id,
      (parameters as { name: string; value: number }[]).map(({ name, value }) => `${name} ${value}`).join(),
    ]);
    assertEquals(shown, [["1", "a 1"], ["2", "a 1,b 0,c 0"], ["3", "c 1"], ["4", "b 1"], ["5", "a 1,b 1,c 1"]]);
  });

  on(
    "parameters: the same name set twice while the first waits ends with the second value",
    async ({ server, client }) => {
      const go: (() => void)[] = [];
      const validate = () => new Promise<undefined>((resolve) => go.push(() => resolve(undefined)));
      server.parameters.declare("gain", { value: 0, validate });
      const viewer = await client();
      const set = (value: number) => ({ op: "setParameters", parameters: [{ name: "gain", value }], id: `${value}` });
      assertEquals(await viewer.ask(set(1), set(2)), []);
      for (const value of [1, 2]) {
        go.shift()!();
        assertEquals((await viewer.expect("parameterValues")).id, `${value}`);
      }
      assertEquals(server.parameters.get("gain"), 2);
    },
  );
}
