/** Rows of "Server: messages": playback control. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { FoxgloveServer } from "../../../src/server/server.ts";
import type { PlaybackController, PlaybackSource } from "../../../src/server/playback.ts";
import { playbackRequest, readData, readPlayback, readTime } from "../../support/raw_bytes.ts";
import { errorText, type JsonMessage, type RawClient, status } from "../../support/raw_client.ts";
import { type On, takeErrors } from "./scene.ts";

const [START, END] = [1_700_000_000_000_000_000n, 1_700_000_060_000_000_000n];
const PLAYING = 0, PAUSED = 1, ENDED = 3;

/** What a new client is told. */
const AT_START = { status: PAUSED, currentTime: START, speed: 1, didSeek: 0, requestId: "" };

/** Declares the tests. */
export function playbackRows(on: On): void {
  greeting(on);
  requests(on);
  refusals(on);
  jumps(on);
}

/** A source that writes down what it is asked. */
function play(server: FoxgloveServer, own: Partial<PlaybackSource> = {}): [PlaybackController, string[]] {
  const calls: string[] = [];
  const playback = server.playback({
    startTime: START,
    endTime: END,
    play: () => void calls.push("play"),
    pause: () => void calls.push("pause"),
    seek: (time) => void calls.push(`seek ${time - START}`),
    setSpeed: (speed) => void calls.push(`speed ${speed}`),
    ...own,
  });
  return [playback, calls];
}

async function nextState(viewer: RawClient) {
  return readPlayback(await viewer.expectBinary());
}

function greeting(on: On): void {
  for (const protocol of ["foxglove.sdk.v1", "foxglove.sdk.v1.1"]) {
    on(`a client connects to a server with playback: playbackState after the greeting (${protocol})`, async (scene) => {
      const [playback] = play(scene.server);
      playback.update({ currentTime: START + 5n, speed: 2 });
      const { greeting } = await scene.client(protocol);
      const { capabilities, dataStartTime, dataEndTime } = greeting[0] as JsonMessage;
      assertEquals(capabilities, ["time", "playbackControl"]);
      assertEquals([dataStartTime, dataEndTime], [{ sec: 1_700_000_000, nsec: 0 }, { sec: 1_700_000_060, nsec: 0 }]);
      assertEquals((greeting[1] as JsonMessage).op, "advertise");
      const [state, ...rest] = greeting.slice(2);
      assertEquals(readPlayback(state as Uint8Array), { ...AT_START, currentTime: START + 5n, speed: 2 });
      assertEquals(rest, []);
    });
  }

  on("foxglove.websocket.v1 has no playback: neither capability nor opcode 0x05", async ({ server, client }) => {
    const [playback] = play(server);
    const [old, viewer] = [await client("foxglove.websocket.v1"), await client()];
    const { capabilities, dataStartTime } = old.greeting[0] as JsonMessage;
    assertEquals([capabilities, dataStartTime, old.greeting.length], [[], undefined, 2]);
    playback.update({ status: "playing" });
    assertEquals((await nextState(viewer)).status, PLAYING);
    viewer.send(playbackRequest({ seekTime: START + 1n }));
    assertEquals((await nextState(viewer)).didSeek, 1);
    const text = "Server does not support playbackControl capability";
    assertEquals(await old.ask(playbackRequest({})), [status("error", text)]);
  });
}

function requests(on: On): void {
  on("playbackControlRequest: playbackState with its request id, to all clients", async ({ server, client }) => {
    const [, calls] = play(server);
    const viewers = [await client(), await client("foxglove.sdk.v1.1")];
    viewers[0]!.send(playbackRequest({ command: 0, speed: 2, requestId: "mine" }));
    const state = { ...AT_START, status: PLAYING, speed: 2, requestId: "mine" };
    for (const viewer of viewers) assertEquals(await nextState(viewer), state);
    viewers[1]!.send(playbackRequest({ command: 1, speed: 2, requestId: "" }));
    for (const viewer of viewers) assertEquals(await nextState(viewer), { ...state, status: PAUSED, requestId: "" });
    assertEquals(calls, ["speed 2", "play", "pause"]);
  });

  on("playbackControlRequest: a seek outside the range is clamped", async ({ server, client }) => {
    const [, calls] = play(server);
    const viewer = await client();
    for (const [seekTime, currentTime] of [[0n, START], [2n ** 64n - 1n, END]] as const) {
      viewer.send(playbackRequest({ command: 1, seekTime }));
      assertEquals(await nextState(viewer), { ...AT_START, currentTime, didSeek: 1 });
    }
    assertEquals(calls, ["seek 0", `seek ${END - START}`]);
  });

  on("playbackControlRequest: play at the end without a seek is answered with ended", async ({ server, client }) => {
    const [playback, calls] = play(server);
    const viewer = await client();
    playback.ended();
    const ended = { ...AT_START, status: ENDED, currentTime: END };
    assertEquals(await nextState(viewer), ended);
    viewer.send(playbackRequest({ command: 0, requestId: "again" }));
    assertEquals(await nextState(viewer), { ...ended, requestId: "again" });
    assertEquals(calls, []);
    viewer.send(playbackRequest({ command: 0, seekTime: START }));
    const { status, currentTime } = await nextState(viewer);
    assertEquals([status, currentTime, calls], [PLAYING, START, ["seek 0", "play"]]);
  });
}

function refusals(on: On): void {
  on("playbackControlRequest without capability: E", async ({ client }) => {
    const viewer = await client();
    const text = "Server does not support playbackControl capability";
    assertEquals(await viewer.ask(playbackRequest({})), [status("error", text)]);
  });

  on("playbackControlRequest with unknown command, hasSeek above 1, bad speed: E Invalid message", async (scene) => {
    const [, calls] = play(scene.server);
    const viewer = await scene.client();
    const table: [request: Parameters<typeof playbackRequest>[0], named: string][] = [
      [{ command: 2 }, "command is 2"],
      [{ command: 255 }, "command is 255"],
      [{ hasSeek: 2 }, "hasSeek is 2"],
      [{ hasSeek: 255 }, "hasSeek is 255"],
      [{ speed: 0 }, "speed is 0"],
      [{ speed: -1 }, "speed is -1"],
      [{ speed: NaN }, "speed is NaN"],
      [{ speed: Infinity }, "speed is Infinity"],
    ];
    for (const [request, named] of table) {
      const [first, ...rest] = await viewer.ask(playbackRequest(request));
      const text = errorText(first);
      assertEquals([text.slice(0, 17), rest], ["Invalid message: ", []]);
      for (const part of ["playbackControlRequest", named]) assertStringIncludes(text, part);
    }
    assertEquals(calls, []);
  });

  on("playbackControlRequest, handler throws: E, and the answer says how things are", async (scene) => {
    play(scene.server, {
      play: () => Promise.reject(new Error("Out of film")),
    });
    const viewer = await scene.client();
    viewer.send(playbackRequest({ requestId: "mine" }));
    await viewer.expectStatus("error", "Playback control failed: Out of film");
    assertEquals(await nextState(viewer), { ...AT_START, requestId: "mine" });
    assertEquals(takeErrors(scene), ['playback "play": Out of film']);
  });
}

function jumps(on: On): void {
  on("didSeek: queued data and time from before the jump are discarded before it", async ({ server, client }) => {
    const channel = server.channel("/a", { encoding: "json" });
    const publish = (text: string, time: bigint) => {
      channel.publish(text);
      server.time(time);
    };
    play(server, {
      seek(_time, { arrived }) {
        publish("leaves at once", 1n);
        publish("old", 2n);
        arrived();
        publish("new", 3n);
      },
    });
    const viewers = [await client(), await client()];
    for (const viewer of viewers) {
      await viewer.ask({ op: "subscribe", subscriptions: [{ id: 1, channelId: channel.id }] });
    }
    viewers[0]!.send(playbackRequest({ command: 1, seekTime: START + 7n, requestId: "jump" }));
    for (const viewer of viewers) {
      assertEquals(readData(await viewer.expectBinary()).payload, '"leaves at once"');
      const state = { ...AT_START, currentTime: START + 7n, didSeek: 1, requestId: "jump" };
      assertEquals(await nextState(viewer), state);
      assertEquals(readData(await viewer.expectBinary()).payload, '"new"');
      assertEquals(readTime(await viewer.expectBinary()), 3n);
    }
  });

  on(
    "playback: its clients know of time already, so the first time sends no serverInfo",
    async ({ server, client }) => {
      play(server);
      const [old, viewer] = [await client("foxglove.websocket.v1"), await client()];
      server.time(5n);
      assertEquals((await old.expect("serverInfo")).capabilities, ["time"]);
      for (const each of [old, viewer]) assertEquals(readTime(await each.expectBinary()), 5n);
    },
  );

  on("didSeek: a jump that nobody asked for does the same, without an id", async ({ server, client }) => {
    const channel = server.channel("/a", { encoding: "json" });
    const [playback] = play(server);
    const viewer = await client();
    await viewer.ask({ op: "subscribe", subscriptions: [{ id: 1, channelId: channel.id }] });
    channel.publish("leaves at once");
    channel.publish("old");
    playback.jump(START);
    channel.publish("new");
    assertEquals(readData(await viewer.expectBinary()).payload, '"leaves at once"');
    assertEquals(await nextState(viewer), { ...AT_START, didSeek: 1 });
    assertEquals(readData(await viewer.expectBinary()).payload, '"new"');
  });
}
