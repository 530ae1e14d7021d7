/** Rows of "Limits": those of time, and of what waits for a client that is too slow. */
import { assertEquals } from "@std/assert";
import { MESSAGE_OVERHEAD } from "../../../src/flow/lane.ts";
import type { ServerClient } from "../../../src/server/server_client.ts";
import { systemClock } from "../../../src/util/time.ts";
import { messageData, playbackRequest, readData } from "../../support/raw_bytes.ts";
import { type JsonMessage, LEVELS, type RawClient, type Received, status } from "../../support/raw_client.ts";
import { closeFrame, OPCODES } from "../../support/raw_socket.ts";
import { nextEvent } from "../../support/wire_client.ts";
import { type On, type Scene, takeErrors } from "./scene.ts";

/** Declares the tests. */
export function slowLimitRows(on: On): void {
  control(on);
  data(on);
  times(on);
  ends(on);
}

const NEVER = () => new Promise<never>(() => {});

/** An advertised channel, so that own code runs in the turn of a message, in which nothing else is sent. */
async function publisher({ client }: Scene): Promise<RawClient> {
  const viewer = await client();
  await viewer.ask({ op: "advertise", channels: [{ id: 1, topic: "/in", encoding: "raw", schemaName: "" }] });
  return viewer;
}

/** Shows a status that costs so many bytes in the queue. */
function show(client: ServerClient, cost: number): void {
  const { length } = JSON.stringify({ op: "status", level: LEVELS.info, message: "" });
  client.status("info", "x".repeat(cost - MESSAGE_OVERHEAD - length));
}

/** All messages up to the server's Close, and that. */
async function untilClose({ socket }: RawClient): Promise<{ messages: Received[]; code: number; reason: string }> {
  const messages: Received[] = [];
  for (;;) {
    const { opcode, payload } = await socket.readFrame();
    if (opcode === OPCODES.text) messages.push(JSON.parse(new TextDecoder().decode(payload)));
    if (opcode !== OPCODES.close) continue;
    socket.send(closeFrame());
    const code = (payload[0]! << 8) | payload[1]!;
    return { messages, code, reason: new TextDecoder().decode(payload.subarray(2)) };
  }
}

const TOO_SLOW = "Control messages wait in more than 4096 bytes: the client is too slow";

function control(on: On): void {
  on("controlBytes: N wait, N + 1 close with 1013, and a status says why", async (scene) => {
    const costs = [[1000, 2048, 2048], [1000, 2048, 2049]];
    scene.server.on("message", ({ client }) => {
      // The first finds the way free and leaves at once, the others wait for the end of the turn.
      for (const cost of costs.shift()!) show(client, cost);
    });
    const [viewer, other] = [await publisher(scene), await scene.client()];
    viewer.send(messageData(1, ""));
    for (let i = 0; i < 3; i++) assertEquals((await viewer.expect("status")).level, LEVELS.info);
    assertEquals(await viewer.settle(), []);
    const gone = nextEvent(scene.server, "disconnect");
    viewer.send(messageData(1, ""));
    const { messages, code, reason } = await untilClose(viewer);
    assertEquals([code, reason], [1013, "Client is too slow"]);
    assertEquals(messages.filter((message) => (message as JsonMessage).level === LEVELS.error), [
      status("error", TOO_SLOW),
    ]);
    // Whatever was in the queue is not lost: the one that did not fit is.
    assertEquals(messages.length, 3);
    assertEquals((await gone).client.id, 1);
    assertEquals(await other.settle(), []);
  }, { clientPublish: true, limits: { controlBytes: 4096 } });

  on("controlBytes: one message of any size is taken when none waits", async (scene) => {
    scene.server.on("message", ({ client }) => {
      show(client, 1000);
      show(client, 9000);
    });
    const viewer = await publisher(scene);
    viewer.send(messageData(1, ""));
    for (let i = 0; i < 2; i++) assertEquals((await viewer.expect("status")).level, LEVELS.info);
    assertEquals(await viewer.settle(), []);
  }, { clientPublish: true, limits: { controlBytes: 4096 } });

  on("controlBytes: a client that reads nothing is closed with 1013", async (scene) => {
    const { server, client } = scene;
    const [viewer, other] = [await client(), await client()];
    const [stalled] = server.clients;
    viewer.socket.pause();
    const gone = nextEvent(server, "disconnect");
    // More than kernel and runtime take for a peer that does not read. What comes after the end costs nothing.
    for (let i = 0; i < 400; i++) show(stalled!, 64 * KIB);
    viewer.socket.resume();
    const { code } = await untilClose(viewer);
    assertEquals(code, 1013);
    viewer.socket.finish();
    await gone;
    assertEquals(await other.settle(), []);
  }, { limits: { controlBytes: 128 * KIB, closeMs: 5000 } });
}

const KIB = 1024;

function data(on: On): void {
  on("dataBytes: the newest are kept, the oldest dropped and counted, and nothing else is lost", async (scene) => {
    const channel = scene.server.channel("/a", { encoding: "raw" });
    const viewer = await scene.client();
    await viewer.ask({ op: "subscribe", subscriptions: [{ id: 1, channelId: channel.id }] });
    const [client] = scene.server.clients;
    viewer.socket.pause();
    let published = 0;
    while (client!.stats().droppedMessages < 50) {
      channel.publish(new TextEncoder().encode(`${published++} `.padEnd(64 * KIB, "x")));
    }
    const { droppedMessages } = client!.stats();
    viewer.socket.resume();
    const seen: number[] = [];
    while (seen.at(-1) !== published - 1) {
      const message = await viewer.next();
      if (message instanceof Uint8Array) seen.push(Number.parseInt(readData(message).payload));
    }
    assertEquals(seen, seen.toSorted((a, b) => a - b));
    assertEquals(seen.length + droppedMessages, published);
    assertEquals(client!.stats().droppedMessages, droppedMessages);
  }, { limits: { dataBytes: 256 * KIB } });
}

function times(on: On): void {
  on("parameterMs: a validator that is silent for N ms has refused", async (scene) => {
    scene.server.parameters.declare("gain", { value: 1, validate: NEVER });
    const viewer = await scene.client();
    viewer.send({ op: "setParameters", parameters: [{ name: "gain", value: 2 }], id: "a" });
    const reason = 'No verdict on parameter "gain" within 5 ms';
    await viewer.expectStatus("error", `Parameter gain was not set: ${reason}`);
    const reply = { op: "parameterValues", parameters: [{ name: "gain", value: 1 }], id: "a" };
    assertEquals(await viewer.next(), reply);
    assertEquals(takeErrors(scene), [`validator of parameter "gain": ${reason}`]);
  }, { limits: { parameterMs: 5 } });

  on("playbackMs: a handler that is silent for N ms has failed, and the next request is served", async (scene) => {
    const signals: AbortSignal[] = [];
    const seek = (_time: bigint, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return NEVER();
    };
    scene.server.playback({ startTime: 0n, endTime: 9n, play() {}, pause() {}, setSpeed() {}, seek });
    const viewer = await scene.client();
    viewer.send(playbackRequest({ seekTime: 1n }), playbackRequest({ command: 0 }));
    const reason = 'No answer of playback to "seek" within 5 ms';
    await viewer.expectStatus("error", `Playback control failed: ${reason}`);
    assertEquals([(await viewer.expectBinary())[1], (await viewer.expectBinary())[1]], [1, 0]);
    assertEquals(signals.map(({ aborted }) => aborted), [true]);
    assertEquals(takeErrors(scene), [`playback "seek": ${reason}`]);
  }, { limits: { playbackMs: 5 } });
}

function ends(on: On): void {
  on("stallMs: a client that takes nothing while data is dropped for it is cut off", async (scene) => {
    const { server, client, traits } = scene;
    const channel = server.channel("/big", { encoding: "raw" });
    const [stalled, other] = [await client(), await client()];
    await stalled.ask({ op: "subscribe", subscriptions: [{ id: 1, channelId: channel.id }] });
    stalled.socket.pause();
    let waits = true;
    const gone = nextEvent(server, "disconnect").finally(() => waits = false);
    // Again and again: the kernel takes some of it.
    while (waits) {
      channel.publish(new Uint8Array(64 * KIB));
      await Promise.race([gone, new Promise<void>((resolve) => systemClock.defer(resolve))]);
    }
    const { client: { id }, code, reason } = await gone;
    assertEquals([id, code, reason], [1, 1006, "Took nothing for 100 ms"]);
    assertEquals(await other.settle(), []);
    if (traits.pings) await stalled.socket.end();
  }, { limits: { stallMs: 100, dataBytes: 256 * KIB, idleMs: 0 } });

  on("stallMs: a client that takes little by little lives", async ({ server, client }) => {
    const channel = server.channel("/big", { encoding: "raw" });
    const viewer = await client();
    await viewer.ask({ op: "subscribe", subscriptions: [{ id: 1, channelId: channel.id }] });
    const [slow] = server.clients;
    viewer.socket.pause();
    while (slow!.stats().droppedMessages === 0) channel.publish(new Uint8Array(64 * KIB));
    viewer.socket.resume();
    // Everything that was not lost arrives, and the connection with it.
    while ((await viewer.next() as JsonMessage).op !== "removeStatus");
    await viewer.settle();
    assertEquals(server.clients.size, 1);
  }, { limits: { stallMs: 1000, dataBytes: 256 * KIB, idleMs: 0 } });

  on("closeMs: a client that does not answer a Close is cut off", async ({ server, client, traits }) => {
    const viewer = await client();
    const gone = nextEvent(server, "disconnect");
    for (const each of server.clients) each.close({ code: 4000, reason: "Bye" });
    assertEquals(await viewer.socket.readClose(), { code: 4000, reason: "Bye" });
    const { code, reason } = await gone;
    // Bun takes a close for done as soon as it is sent.
    assertEquals(
      code === 4000 ? reason : `${code} ${reason}`,
      code === 4000 ? "Bye" : "1006 Has not closed within 20 ms",
    );
    assertEquals(server.clients.size, 0);
    if (traits.pings) await viewer.socket.end();
  }, { limits: { closeMs: 20 } });
}
