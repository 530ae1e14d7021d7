/** Time and playback. */
import { assertEquals, assertGreater, assertGreaterOrEqual, assertLess } from "@std/assert";
import { playbackRequest, readPlayback, readTime } from "../../support/raw_bytes.ts";
import type { On, Visitor } from "./scene.ts";

const START = 1_700_000_000_000_000_000n;
const SECOND = 1_000_000_000n;
const END = START + 60n * SECOND;

/** On the wire. */
const STATUS = { playing: 0, paused: 1, ended: 3 } as const;
const COMMAND = { play: 0, pause: 1 } as const;

async function state(visitor: Visitor, requestId?: string) {
  for (;;) {
    const state = readPlayback(await visitor.binary("playback"));
    if (requestId === undefined || state.requestId === requestId) return state;
  }
}

export function playbackRows(on: On, protocols: readonly string[]): void {
  on("time comes while playback stands still, and repeats", async ({ visit }) => {
    for (const protocol of [...protocols, "foxglove.websocket.v1"]) {
      const visitor = await visit(protocol);
      const times = [await visitor.binary("time"), await visitor.binary("time"), await visitor.binary("time")];
      assertEquals(times.map(readTime), [START, START, START]);
    }
  });

  for (const protocol of protocols) declarePlayback(on, protocol);

  on("foxglove.websocket.v1 has no playback", async ({ visit }) => {
    const [old, other] = [await visit("foxglove.websocket.v1"), await visit()];
    const [info] = old.greeting("serverInfo");
    assertEquals((info!.capabilities as string[]).includes("playbackControl"), false);
    assertEquals([info!.dataStartTime, info!.dataEndTime], [undefined, undefined]);
    const subscription = old.subscribe("/playback");
    await old.raw.settle();
    other.send(playbackRequest({ command: COMMAND.play, requestId: "p" }));
    await state(other, "p");
    // The data it has, and nothing of opcode 5 before it.
    for (let messages = 0; messages < 3;) {
      const message = await old.raw.next();
      if (!(message instanceof Uint8Array)) continue;
      assertEquals([1, 2].includes(message[0]!), true, `opcode ${message[0]}`);
      if (message[0] === 1 && message[1] === subscription) messages++;
    }
    old.send(playbackRequest({ command: COMMAND.pause }));
    const { message } = await old.json("status", ({ id }) => id === undefined);
    assertEquals(message, "Server does not support playbackControl capability");
  });
}

function declarePlayback(on: On, protocol: string): void {
  on(`${protocol}: playback stands at the start, plays and pauses for all clients`, async ({ visit }) => {
    const [one, two] = [await visit(protocol), await visit(protocol)];
    const [info] = one.greeting("serverInfo");
    const { capabilities, dataStartTime, dataEndTime } = info!;
    assertEquals((capabilities as string[]).includes("playbackControl"), true);
    assertEquals([dataStartTime, dataEndTime], [{ sec: 1_700_000_000, nsec: 0 }, { sec: 1_700_000_060, nsec: 0 }]);
    const greeting = one.raw.greeting.filter((message) => message instanceof Uint8Array && message[0] === 5);
    assertEquals(greeting.map((message) => readPlayback(message as Uint8Array)), [
      { status: STATUS.paused, currentTime: START, speed: 1, didSeek: 0, requestId: "" },
    ]);
    const subscription = one.subscribe("/playback");
    await one.raw.settle();
    two.send(playbackRequest({ command: COMMAND.play, requestId: "play" }));
    const playing = { status: STATUS.playing, currentTime: START, speed: 1, didSeek: 0, requestId: "play" };
    assertEquals([await state(one), await state(two)], [playing, playing]);
    const messages = await one.data(subscription, 5);
    assertEquals(messages.map(({ logTime }) => logTime), [0n, 1n, 2n, 3n, 4n].map((i) => START + i * SECOND / 20n));
    assertEquals(messages.map(({ payload }) => JSON.parse(new TextDecoder().decode(payload))), [
      { t: 0 },
      { t: 0.05 },
      { t: 0.1 },
      { t: 0.15 },
      { t: 0.2 },
    ]);
    two.send(playbackRequest({ command: COMMAND.pause, requestId: "pause" }));
    const paused = await state(two);
    assertEquals([paused.status, paused.requestId, paused.didSeek], [STATUS.paused, "pause", 0]);
    assertGreaterOrEqual(paused.currentTime, messages.at(-1)!.logTime);
    assertEquals(await state(one), paused);
    assertEquals(readTime(await one.binary("time")), paused.currentTime);
  });

  on(`${protocol}: playback seeks, into the range, and goes on from there at another speed`, async ({ visit }) => {
    const visitor = await visit(protocol);
    visitor.send(playbackRequest({ command: COMMAND.pause, seekTime: 5n, requestId: "far" }));
    const far = await state(visitor, "far");
    assertEquals([far.currentTime, far.didSeek, far.status], [START, 1, STATUS.paused]);
    const subscription = visitor.subscribe("/playback");
    const place = START + 10n * SECOND + 1n;
    visitor.send(playbackRequest({ command: COMMAND.play, speed: 4, seekTime: place, requestId: "seek" }));
    const { speed, didSeek, currentTime, status } = await state(visitor, "seek");
    assertEquals([speed, didSeek, currentTime, status], [4, 1, place, STATUS.playing]);
    const [first] = await visitor.jsonData(subscription, 1);
    assertEquals(first, { t: 10.05 });
    visitor.send(playbackRequest({ command: COMMAND.play, speed: 0.5, requestId: "slow" }));
    const slow = await state(visitor, "slow");
    assertEquals([slow.speed, slow.status, slow.didSeek], [0.5, STATUS.playing, 0]);
    assertGreater(slow.currentTime, place);
    assertLess(slow.currentTime, END);
  });

  on(`${protocol}: playback ends, stands at the end, and plays again after a seek`, async ({ visit }) => {
    const visitor = await visit(protocol);
    const subscription = visitor.subscribe("/playback");
    const seekTime = END - SECOND / 20n;
    visitor.send(playbackRequest({ command: COMMAND.play, seekTime, requestId: "last" }));
    await state(visitor, "last");
    const last = await visitor.data(subscription, 2);
    assertEquals(last.map(({ logTime }) => logTime), [seekTime, END]);
    const ended = await state(visitor);
    assertEquals([ended.status, ended.currentTime, ended.requestId], [STATUS.ended, END, ""]);
    const times = [await visitor.binary("time"), await visitor.binary("time")];
    assertEquals(times.map(readTime), [END, END]);
    visitor.send(playbackRequest({ command: COMMAND.play, requestId: "again" }));
    assertEquals((await state(visitor)).status, STATUS.ended);
    visitor.send(playbackRequest({ command: COMMAND.play, seekTime: START, requestId: "back" }));
    assertEquals((await state(visitor)).status, STATUS.playing);
    assertEquals(await visitor.jsonData(subscription, 1), [{ t: 0 }]);
  });

  on(`${protocol}: playback at 1000 times the speed gives every message once, in order`, async ({ visit }) => {
    const [reader, player] = [await visit(protocol), await visit(protocol)];
    const subscription = reader.subscribe("/playback");
    await reader.raw.settle();
    player.send(playbackRequest({ command: COMMAND.play, speed: 1_000, requestId: "fast" }));
    await state(player, "fast");
    const ended = await state(player);
    assertEquals([ended.status, ended.currentTime, ended.speed], [STATUS.ended, END, 1_000]);
    const messages = await reader.jsonData(subscription, 1_201);
    assertEquals(messages, Array.from({ length: 1_201 }, (_, i) => ({ t: i / 20 })));
  });
}
