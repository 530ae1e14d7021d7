/** The client on our own server, feature by feature, under each subprotocol that there is. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AssetError } from "../../src/client/assets.ts";
import type { FoxgloveClient } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import { type Subprotocol, SUBPROTOCOLS } from "../../src/protocol/constants.ts";
import type { PlaybackState } from "../../src/protocol/messages.ts";
import type { PlaybackSource } from "../../src/server/playback.ts";
import { FoxgloveServer, type ServerOptions } from "../../src/server/server.ts";
import { linkedTransports } from "../../src/transport/linked.ts";
import { utf8Encode } from "../../src/util/bytes.ts";
import { FoxgloveError } from "../../src/util/errors.ts";
import { event, quiet } from "../support/scripted_robot.ts";
import { test } from "../support/test.ts";

/** A server of ours, whatever there is to prepare, and as many clients as are wanted. */
class Robot {
  readonly server: FoxgloveServer;
  readonly errors: unknown[] = [];
  readonly #clients: FoxgloveClient[] = [];

  constructor(options: ServerOptions = {}) {
    this.server = new FoxgloveServer({ name: "robot", ...options });
    this.server.on("error", ({ error }) => this.errors.push(error));
  }

  async client(protocol: Subprotocol = "foxglove.sdk.v1"): Promise<FoxgloveClient> {
    const [serverEnd, clientEnd] = linkedTransports({ protocol });
    this.server.accept(serverEnd);
    const client = await connect(clientEnd);
    client.on("error", ({ error }) => this.errors.push(error));
    this.#clients.push(client);
    return client;
  }

  /** Ends everything; nothing of it may be an error. */
  async close(): Promise<void> {
    for (const client of this.#clients) await client.close();
    await this.server.close();
    assertEquals(this.errors, []);
  }
}

/** A recording of 100 ns that remembers what it was told. */
function recording(): PlaybackSource & { told: string[] } {
  const told: string[] = [];
  return {
    told,
    startTime: 1_000n,
    endTime: 1_100n,
    play: () => void told.push("play"),
    pause: () => void told.push("pause"),
    seek: (time) => void told.push(`seek ${time}`),
    setSpeed: (speed) => void told.push(`speed ${speed}`),
  };
}

for (const protocol of ["foxglove.sdk.v1.1", "foxglove.sdk.v1"] as const) {
  test(`our server: playback is controlled and followed by two clients under ${protocol}`, async () => {
    const robot = new Robot();
    const source = recording();
    const control = robot.server.playback(source);
    const [one, two] = [await robot.client(protocol), await robot.client(protocol)];
    const seen: PlaybackState[] = [];
    two.on("playbackState", (state) => seen.push(state));
    const { dataStartTime, dataEndTime, capabilities } = one.serverInfo;
    assertEquals([dataStartTime, dataEndTime], [{ sec: 0, nsec: 1000 }, { sec: 0, nsec: 1100 }]);
    assert(capabilities.includes("playbackControl"));
    await quiet();
    assertEquals([one.playback.state?.status, one.playback.state?.currentTime], ["paused", 1_000n]);

    assertEquals((await one.playback.play({ speed: 2 })).status, "playing");
    // A request says all that is wanted, so it has to know what others have asked for.
    await quiet();
    const sought = await two.playback.seek(1_050n);
    assertEquals([sought.status, sought.didSeek, sought.currentTime, sought.speed], ["playing", true, 1_050n, 2]);
    assertEquals((await one.playback.setSpeed(0.5)).speed, 0.5);
    await quiet();
    assertEquals((await two.playback.seek(9_999n)).currentTime, 1_100n);
    await quiet();
    assertEquals((await one.playback.pause({ time: 1_010n })).status, "paused");
    assertEquals(source.told, ["speed 2", "play", "seek 1050", "speed 0.5", "seek 1100", "pause", "seek 1010"]);

    await quiet();
    control.ended();
    await quiet();
    for (const { playback } of [one, two]) {
      assertEquals([playback.state?.status, playback.state?.requestId], ["ended", ""]);
    }
    // Both have seen all of it, whoever has asked.
    assertEquals(seen.slice(1).map(({ status }) => status), [
      ...["playing", "playing", "playing", "playing", "paused", "ended"],
    ]);
    assertEquals([one.playback.state, one.stats().ignoredMessages], [two.playback.state, 0]);
    await robot.close();
  });
}

test("our server: the time that playback tells is the client's time, as an event and as a stream", async () => {
  const robot = new Robot();
  const control = robot.server.playback(recording());
  const client = await robot.client();
  const times = client.timeUpdates();
  control.update({ currentTime: 1_020n });
  assertEquals([(await times.next()).value, client.time], [1_020n, 1_020n]);
  robot.server.time(5n);
  assertEquals([(await times.next()).value, client.time], [5n, 5n]);
  await robot.close();
});

test("our server: what was not read before a seek is gone when the client tells of it", async () => {
  const robot = new Robot();
  const t = robot.server.channel<bigint>("/t", { encoding: "text", encode: (time) => utf8Encode(`${time}`) });
  const playback = robot.server.playback({ ...recording(), seek: () => {} });
  const client = await robot.client();
  const messages = client.subscribe("/t");
  const times = client.timeUpdates();
  await quiet();
  for (let time = 1_000n; time < 1_005n; time++) {
    t.publish(time, { logTime: time });
    playback.update({ currentTime: time });
  }
  await quiet();
  const { didSeek } = await client.playback.seek(1_050n);
  t.publish(1_050n, { logTime: 1_050n });
  playback.update({ currentTime: 1_050n });
  assertEquals([didSeek, messages.dropped > 0], [true, true]);
  assertEquals((await messages.next()).value?.logTime, 1_050n);
  assertEquals((await times.next()).value, 1_050n);
  await robot.close();
});

test("our server: under foxglove.websocket.v1 there is no playback, and the data comes all the same", async () => {
  const robot = new Robot();
  const control = robot.server.playback(recording());
  const channel = robot.server.channel("/pose", { encoding: "json" });
  const old = await robot.client("foxglove.websocket.v1");
  const states: PlaybackState[] = [];
  old.on("playbackState", (state) => states.push(state));
  const poses = old.subscribe<string>("/pose");
  await event(old, "advertise");
  assertEquals([old.protocol, old.serverInfo.capabilities.includes("playbackControl")], [
    "foxglove.websocket.v1",
    false,
  ]);
  const asks = [
    () => old.playback.play(),
    () => old.playback.pause(),
    () => old.playback.seek(1_001n),
    () => old.playback.setSpeed(2),
  ];
  for (const ask of asks) assertEquals((await assertRejects(ask, FoxgloveError)).code, "capability");
  const current = await robot.client();
  await current.playback.play();
  await current.playback.seek(1_050n);
  control.ended();
  channel.publish("here");
  assertEquals((await poses.next()).value?.value, "here");
  assertEquals([states, old.playback.state, old.stats().ignoredMessages], [[], undefined, 0]);
  await robot.close();
});

/** A stream that gives so many chunks, each when it is asked for. */
function chunked(count: number, size: number): ReadableStream<Uint8Array> {
  let i = 0;
  return new ReadableStream({
    pull: (controller) => i === count ? controller.close() : controller.enqueue(new Uint8Array(size).fill(i++)),
  });
}

test("our server: assets are streams too, which may fail, be empty or be too large, and the next one is served", async () => {
  const robot = new Robot({ limits: { assetBytes: 5_000 } });
  const bodies: Record<string, () => ReadableStream<Uint8Array>> = {
    "package://good": () => chunked(5, 1_000),
    "package://empty": () => chunked(0, 0),
    "package://large": () => chunked(5, 1_001),
    "package://broken": () => new ReadableStream({ pull: (controller) => controller.error(new Error("Disk is gone")) }),
  };
  robot.server.asset((uri) => bodies[uri]?.());
  const client = await robot.client();
  const uris = ["package://broken", "package://good", "package://large", "package://none", "package://empty"];
  const [broken, good, large, none, empty] = await Promise.allSettled(uris.map((uri) => client.fetchAsset(uri)));
  assert(good?.status === "fulfilled" && good.value.length === 5_000);
  assertEquals([good.value[0], good.value[4_999]], [0, 4]);
  assertEquals(empty, { status: "fulfilled", value: new Uint8Array() });
  for (const [result, reason] of [[broken, "Disk is gone"], [large, "5000 bytes"], [none, ""]] as const) {
    assert(result?.status === "rejected" && result.reason instanceof AssetError);
    assert(result.reason.reason.includes(reason), result.reason.reason);
  }
  assertEquals(robot.errors.splice(0).length, 2);
  await robot.close();
});

test("our server: a fetch that is given up harms no other, and its asset is counted as late", async () => {
  const robot = new Robot();
  let release = () => {};
  const slow = new Promise<void>((resolve) => release = resolve);
  robot.server.asset(async (uri) => {
    if (uri === "slow") await slow;
    return new TextEncoder().encode(uri);
  });
  const client = await robot.client();
  const controller = new AbortController();
  const fetching = client.fetchAsset("slow", { signal: controller.signal }).catch((error) => error);
  const next = client.fetchAsset("next");
  await quiet();
  controller.abort("enough");
  assertEquals(await fetching, "enough");
  release();
  assertEquals(new TextDecoder().decode(await next), "next");
  await quiet();
  assertEquals(client.stats().lateMessages, 1);
  await robot.close();
});

test("our server: the connection graph is one live view of what servers and clients do", async () => {
  const robot = new Robot({ connectionGraph: true, clientPublish: true });
  const { server } = robot;
  const channel = server.channel("/pose", { encoding: "json" });
  const [watcher, other] = [await robot.client(), await robot.client("foxglove.sdk.v1.1")];
  const graph = watcher.connectionGraph();
  await graph.next();
  const topics = () => [[...graph.publishers.keys()], [...graph.subscribers.keys()], [...graph.providers.keys()]];
  assertEquals(topics(), [["/pose"], [], []]);
  /** Does something, and waits until the view has changed as often as it says. */
  const after = async (change: () => unknown, changes = 1) => {
    change();
    for (let i = 0; i < changes; i++) await graph.next();
    return topics();
  };
  const service = server.service("/add", {}, () => ({}));
  await graph.next();
  assertEquals(topics(), [["/pose"], [], ["/add"]]);
  const poses = other.subscribe("/pose");
  await graph.next();
  assertEquals(topics(), [["/pose"], ["/pose"], ["/add"]]);
  const goal = other.publisher({ topic: "/goal", encoding: "json" });
  await graph.next();
  assertEquals([...graph.publishers.keys()].sort(), ["/goal", "/pose"]);
  assertEquals(await after(() => goal.close()), [["/pose"], ["/pose"], ["/add"]]);
  assertEquals(await after(() => poses.close()), [["/pose"], [], ["/add"]]);
  assertEquals(await after(() => service.close()), [["/pose"], [], []]);
  assertEquals(await after(() => server.graph.subscribe("/pose", "logger")), [["/pose"], ["/pose"], []]);
  // A second view begins with all that there is.
  const second = watcher.connectionGraph();
  await second.next();
  assertEquals([...second.subscribers.get("/pose") ?? []], ["logger"]);
  assertEquals(await after(() => channel.close()), [[], ["/pose"], []]);
  await robot.close();
});

test("our server: parameter updates go to those who watch, those to come among them, until they stop", async () => {
  const robot = new Robot();
  const { parameters } = robot.server;
  parameters.set("gain", 1.5);
  const [one, two] = [await robot.client(), await robot.client("foxglove.websocket.v1")];
  const [gain, all] = [one.parameterUpdates(["gain"]), two.parameterUpdates()];
  await two.getParameters();
  await one.setParameters({ gain: 2.5 });
  await two.setParameters({ name: "arm" });
  parameters.set("later", true);
  parameters.set("gain", 3.5);
  parameters.delete("name");
  const read = async (feed: typeof gain, count: number) => {
    const updates: [string, unknown][] = [];
    for (let i = 0; i < count; i++) {
      const { value } = await feed.next();
      updates.push([value!.name, value!.value]);
    }
    return updates;
  };
  assertEquals(await read(gain, 2), [["gain", 2.5], ["gain", 3.5]]);
  assertEquals(await read(all, 5), [
    ["gain", 2.5],
    ["name", "arm"],
    ["later", true],
    ["gain", 3.5],
    ["name", undefined],
  ]);
  gain.close();
  await one.getParameters();
  parameters.set("gain", 4.5);
  assertEquals(await read(all, 1), [["gain", 4.5]]);
  await quiet();
  assertEquals([gain.size, one.stats().lateMessages], [0, 0]);
  await robot.close();
});

for (const protocol of SUBPROTOCOLS) {
  test(`our server: a call waits for its service to appear, also when it goes and comes back, under ${protocol}`, async () => {
    const robot = new Robot();
    const client = await robot.client(protocol);
    const early = client.callService<number>("/twice", { n: 1 });
    await quiet();
    const handler = ({ n }: { n: number }) => 2 * n;
    const first = robot.server.service("/twice", {}, handler);
    assertEquals(await early, 2);
    first.close();
    await event(client, "unadvertiseServices");
    const again = client.callService<number>("/twice", { n: 2 });
    await quiet();
    robot.server.service("/twice", {}, handler);
    assertEquals(await again, 4);
    await robot.close();
  });

  test(`our server: a stream that is piped into a publisher arrives whole and in order, under ${protocol}`, async () => {
    const robot = new Robot({ clientPublish: true, supportedEncodings: ["json"] });
    const heard: number[] = [];
    const events: string[] = [];
    robot.server.on("advertise", ({ channel }) => events.push(`advertise ${channel.topic}`));
    robot.server.on("message", ({ data }) => heard.push(JSON.parse(new TextDecoder().decode(data)).i));
    const gone = new Promise<void>((resolve) =>
      robot.server.on("unadvertise", ({ channel }) => {
        events.push(`unadvertise ${channel.topic} after ${heard.length}`);
        resolve();
      })
    );
    const client = await robot.client(protocol);
    const { writable } = client.publisher<{ i: number }>({ topic: "/goal", encoding: "json" });
    let i = 0;
    const source = new ReadableStream<{ i: number }>({
      pull: (controller) => i === 2_000 ? controller.close() : controller.enqueue({ i: i++ }),
    });
    await source.pipeTo(writable);
    await gone;
    assertEquals(heard, Array.from({ length: 2_000 }, (_, i) => i));
    assertEquals([events, client.stats().droppedMessages], [["advertise /goal", "unadvertise /goal after 2000"], 0]);
    await robot.close();
  });

  test(`our server: a new session in mid-connection is told, and what is subscribed goes on, under ${protocol}`, async () => {
    const robot = new Robot({ sessionId: "one" });
    const channel = robot.server.channel("/pose", { encoding: "json" });
    const client = await robot.client(protocol);
    const poses = client.subscribe<number>("/pose");
    await event(client, "advertise");
    await quiet();
    channel.publish(1);
    const session = event(client, "session");
    robot.server.clearSession("two");
    channel.publish(2);
    assertEquals([(await session).attempts, client.serverInfo.sessionId], [0, "two"]);
    assertEquals([(await poses.next()).value?.value, (await poses.next()).value?.value], [1, 2]);
    assertEquals([client.channels.size, client.stats().subscriptions], [1, 1]);
    await robot.close();
  });

  test(`our server: statuses are shown, replaced and taken away, under ${protocol}`, async () => {
    const robot = new Robot();
    const client = await robot.client(protocol);
    const { server } = robot;
    server.status("warning", "Battery at 20 %", { id: "battery" });
    server.status("error", "Battery at 5 %", { id: "battery" });
    server.status("info", "Hello");
    await quiet();
    const battery = { level: "error", message: "Battery at 5 %", id: "battery" } as const;
    assertEquals([...client.statuses.values()], [battery]);
    const removed = event(client, "removeStatus");
    server.removeStatus("battery");
    assertEquals([(await removed).statusIds, client.statuses.size], [["battery"], 0]);
    await robot.close();
  });
}
