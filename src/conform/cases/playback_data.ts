/**
 * Cases of what is played, and of the server's time.
 *
 * @module
 */
import { readTime } from "../bytes.ts";
import type { ConformCase, Scene } from "../case.ts";
import { Mismatch, Skip } from "../mismatch.ts";
import type { Peer } from "../peer.ts";
import { check, none, same } from "../steps/check.ts";
import { findBinary, isBinary, OPCODES, times } from "../steps/messages.ts";
import { ask, COMMANDS, playing, rangeOf, SECOND, type Stage, stateOf, whileToldTwice } from "../steps/playback.ts";
import { foxwire, protocol, spec } from "../steps/sources.ts";
import { channelOf, dataIn, dataTimes, liveChannel, nextData, subscribe } from "../steps/subscriptions.ts";

const PROTOCOLS = ["foxglove.sdk.v1", "foxglove.sdk.v1.1"] as const;
const NEEDS = { capabilities: ["playbackControl"], protocols: PROTOCOLS, topic: "/playback" } as const;
const TIME = { capabilities: ["time"] } as const;
const SOURCE = protocol("Time and playback");
const { play, pause } = COMMANDS;
const SUBSCRIPTION = 5;

/** Runs something while playback stands at the start, with a subscription to `/playback`. */
const onStage = (run: (stage: Stage) => Promise<void>) => (scene: Scene): Promise<void> =>
  playing(scene, async (stage) => {
    await stage.peer.ask(subscribe([SUBSCRIPTION, channelOf(scene, "/playback")]));
    await run(stage);
  });

/** The next time of the server. */
async function nextTime(peer: Peer): Promise<bigint> {
  return readTime(await findBinary(peer, OPCODES.time));
}

/** A time message. @throws {Skip} when the server has none to send: it may, and need not. */
async function timeMessage(scene: Scene): Promise<Uint8Array> {
  const peer = await scene.connect();
  try {
    return await findBinary(peer, OPCODES.time);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw new Skip("no time was seen");
  }
}

/** Times and log times that come until there are so many messages of `/playback`. */
async function playedTimes(peer: Peer, count: number): Promise<bigint[]> {
  const found: bigint[] = [];
  for (let messages = 0; messages < count;) {
    const message = await peer.next("a message of /playback");
    const data = dataIn([message], SUBSCRIPTION).map(({ logTime }) => logTime);
    messages += data.length;
    found.push(...data, ...(isBinary(message, OPCODES.time) ? [readTime(message)] : []));
  }
  return found;
}

/** Fails unless times grow. */
function expectGrowing(all: readonly bigint[], what: string): void {
  const back = all.findIndex((time, index) => index > 0 && time < all[index - 1]!);
  check(back < 0, `${what} that do not go back`, all);
}

/** The cases. */
export const PLAYBACK_DATA: readonly ConformCase[] = [
  {
    name: "playback/data",
    level: "should",
    rule: "While playback plays, the channels have the recorded messages from where it stands, in order",
    source: foxwire("What to offer it: the reference server"),
    needs: NEEDS,
    run: onStage(async ({ peer, start, end }) => {
      await ask(peer, { command: play });
      const logTimes = (await dataTimes(peer, 4, SUBSCRIPTION)).map(({ logTime }) => logTime);
      expectGrowing(logTimes, "log times");
      const inside = logTimes.every((time) => time >= start && time <= end);
      check(inside, `log times between ${start} and ${end}`, logTimes);
    }),
  },
  {
    name: "playback/data-after-seek",
    level: "must",
    rule:
      "After a state with didSeek no message and no time from before the jump comes: clients have dropped what they had",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer, start }) => {
      await ask(peer, { command: play });
      await nextData(peer, SUBSCRIPTION);
      const seekTime = start + 30n * SECOND;
      await ask(peer, { command: play, seekTime });
      const before = (await playedTimes(peer, 4)).filter((time) => time < seekTime);
      same(before, [], `times before ${seekTime}`);
    }),
  },
  {
    name: "playback/data-after-seek-back",
    level: "must",
    rule: "After a seek back the messages come from the new place on",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer, start }) => {
      const [early, late] = [start + 10n * SECOND, start + 40n * SECOND];
      await ask(peer, { command: play, seekTime: late });
      await nextData(peer, SUBSCRIPTION);
      await ask(peer, { command: play, seekTime: early });
      const after = (await playedTimes(peer, 4)).filter((time) => time < early || time >= late);
      same(after, [], `times that are not soon after ${early}`);
    }),
  },
  {
    name: "playback/data-for-others",
    level: "must",
    rule: "A seek holds for all clients: each gets the state with didSeek, and nothing from before the jump after it",
    source: SOURCE,
    needs: NEEDS,
    run: (scene) =>
      playing(scene, async ({ peer, start }) => {
        const other = await scene.connect();
        await other.ask(subscribe([SUBSCRIPTION, channelOf(scene, "/playback")]));
        await ask(peer, { command: play });
        await nextData(other, SUBSCRIPTION);
        const seekTime = start + 30n * SECOND;
        const { requestId } = await ask(peer, { command: play, seekTime });
        await stateOf(other, requestId);
        same((await playedTimes(other, 3)).filter((time) => time < seekTime), [], `times before ${seekTime}`);
      }),
  },
  {
    name: "playback/paused-data",
    level: "should",
    rule: "While playback is paused its channels have no messages",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer }) => {
      await ask(peer, { command: play });
      await nextData(peer, SUBSCRIPTION);
      await ask(peer, { command: pause });
      await peer.settle();
      none(dataIn(await whileToldTwice(peer), SUBSCRIPTION), "messages of a recording that is paused");
    }),
  },
  {
    name: "time/frame",
    level: "must",
    rule: "A time message is the opcode and a u64 of nanoseconds, 9 bytes",
    source: spec("Time"),
    needs: TIME,
    async run(scene) {
      const message = await timeMessage(scene);
      check(message.length >= 9, "a time of 9 bytes", message);
      check(readTime(message) > 0n, "a time above 0", readTime(message));
    },
  },
  {
    name: "time/in-range",
    level: "should",
    rule: "The time of a server with playback is that of playback: nanoseconds, within its data",
    source: SOURCE,
    needs: { capabilities: ["time", "playbackControl"], protocols: PROTOCOLS },
    async run(scene) {
      const [{ start, end }, time] = [rangeOf(scene), readTime(await timeMessage(scene))];
      check(time >= start && time <= end, `a time from ${start} to ${end}`, time);
    },
  },
  {
    name: "time/sent",
    level: "extra",
    rule: "A server that declares time sends it: else viewers stand still",
    source: foxwire("Time and playback"),
    needs: TIME,
    run: async (scene) => void await nextTime(await scene.connect()),
  },
  {
    name: "time/all-clients",
    level: "should",
    rule: "All clients are told the time",
    source: spec("Time: inform clients about the latest server time"),
    needs: TIME,
    async run(scene) {
      await timeMessage(scene);
      for (const peer of [await scene.connect(), await scene.connect()]) await nextTime(peer);
    },
  },
  {
    name: "time/undeclared",
    level: "must",
    rule: "A server sends time only when it has declared the capability",
    source: spec("Time: only if it previously declared support for it via the time capability"),
    async run(scene) {
      if (scene.greeting.capabilities.includes("time")) throw new Skip("the server declares time");
      const [channel, peer] = [await liveChannel(scene), await scene.connect()];
      peer.send(subscribe([1, channel]));
      const messages = [...peer.greeting, ...await times(3, () => peer.next()), ...await peer.settle()];
      none(messages.filter((message) => isBinary(message, OPCODES.time)), "time messages");
    },
  },
  {
    name: "time/grows",
    level: "should",
    rule: "While playback plays the time does not go back",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer, start }) => {
      await ask(peer, { command: play, speed: 4 });
      const all = await times(4, () => nextTime(peer));
      expectGrowing(all, "times");
      check(all.at(-1)! > start, `a time behind ${start}`, all);
    }),
  },
  {
    name: "time/paused",
    level: "should",
    rule: "While playback is paused the time stands still",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer, start }) => {
      const seekTime = start + 7n * SECOND;
      await ask(peer, { command: pause, seekTime });
      const all = await times(2, () => nextTime(peer));
      same(all, [seekTime, seekTime], "times while paused");
    }),
  },
];
