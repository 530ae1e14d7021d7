/**
 * Cases of playback. Each leaves it at the start, paused.
 *
 * @module
 */
import { playbackRequest, readPlayback } from "../bytes.ts";
import type { ConformCase, Scene } from "../case.ts";
import { check, none, same } from "../steps/check.ts";
import { complaintsIn, isBinary, LEVELS, OPCODES } from "../steps/messages.ts";
import {
  ask,
  COMMANDS,
  playing,
  rangeOf,
  SECOND,
  type Stage,
  stateOf,
  statesIn,
  stateWith,
  STATUSES,
  type Wanted,
  whileToldTwice,
} from "../steps/playback.ts";
import { foxwire, protocol, sdk } from "../steps/sources.ts";

const PROTOCOLS = ["foxglove.sdk.v1", "foxglove.sdk.v1.1"] as const;
const NEEDS = { capabilities: ["playbackControl"], protocols: PROTOCOLS } as const;
const SOURCE = protocol("Time and playback");
const { play, pause } = COMMANDS;

/** Runs something while playback stands at the start. */
const onStage = (run: (stage: Stage, scene: Scene) => Promise<void>) => (scene: Scene): Promise<void> =>
  playing(scene, (stage) => run(stage, scene));

/** Fails unless a request is refused by a status of level error, and nothing is what it asked for. */
const refuses = (wanted: Wanted) =>
  onStage(async ({ peer, start }) => {
    const answers = await peer.ask(playbackRequest({ command: play, ...wanted, requestId: "bad" }));
    same(complaintsIn(answers).map(({ level }) => level), [LEVELS.error], "levels of the statuses that answer");
    const { status, currentTime } = await ask(peer, { command: pause });
    same([status, currentTime], [STATUSES.paused, start], "status and time behind the refused request");
  });

/** The cases. */
export const PLAYBACK: readonly ConformCase[] = [
  {
    name: "playback/range",
    level: "must",
    rule: "A server with playbackControl says begin and end of its data: dataStartTime and dataEndTime in serverInfo",
    source: SOURCE,
    needs: NEEDS,
    run(scene) {
      const { start, end } = rangeOf(scene);
      check(start <= end, "a dataStartTime that is not after dataEndTime", [start, end]);
      return Promise.resolve();
    },
  },
  {
    name: "playback/time-declared",
    level: "must",
    rule: "A server with playbackControl declares time, too: it is the clock",
    source: SOURCE,
    needs: NEEDS,
    run({ greeting: { capabilities } }) {
      check(capabilities.includes("time"), 'the capability "time"', capabilities);
      return Promise.resolve();
    },
  },
  {
    name: "playback/old-protocol",
    level: "should",
    rule: "Under foxglove.websocket.v1 there is no playback: no capability, no range and no playbackState",
    source: foxwire("Time and playback: that protocol has no playback"),
    needs: { protocols: ["foxglove.websocket.v1"] },
    async run(scene) {
      const { serverInfo, capabilities } = scene.greeting;
      check(!capabilities.includes("playbackControl"), 'no capability "playbackControl"', capabilities);
      same([serverInfo.dataStartTime, serverInfo.dataEndTime], [undefined, undefined], "data times in serverInfo");
      none(statesIn((await scene.connect()).greeting), "playbackState in the greeting");
    },
  },
  {
    name: "playback/greeting",
    level: "extra",
    rule: "A client that connects is told how playback stands, by a playbackState without a request id",
    source: foxwire("The course of a connection: a client connects"),
    needs: NEEDS,
    run: onStage(async ({ start }, scene) => {
      const [state] = statesIn((await scene.connect()).greeting);
      const expected = { status: STATUSES.paused, currentTime: start, speed: 1, didSeek: 0, requestId: "" };
      same(state, expected, "playbackState behind the greeting");
    }),
  },
  {
    name: "playback/answer",
    level: "must",
    rule: "A playbackControlRequest is answered by a playbackState with its request id",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer }) => void await ask(peer, { command: pause, requestId: "größe \u{1f916}" })),
  },
  {
    name: "playback/answer-once",
    level: "should",
    rule: "A playbackControlRequest is answered once",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer }) => {
      await ask(peer, { command: pause, requestId: "once" });
      same(statesIn(await peer.settle()).filter(({ requestId }) => requestId === "once"), [], "further answers");
    }),
  },
  {
    name: "playback/long-id",
    level: "should",
    rule: "A long request id comes back whole",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer }) => void await ask(peer, { command: pause, requestId: "ä".repeat(500) })),
  },
  {
    name: "playback/no-id",
    level: "should",
    rule: "A request with an empty id is done and answered as well",
    source: sdk("PlaybackControlRequest"),
    needs: NEEDS,
    run: onStage(async ({ peer }) => {
      peer.send(playbackRequest({ command: pause, speed: 3, requestId: "" }));
      same((await stateOf(peer, "")).speed, 3, "speed in the answer");
    }),
  },
  {
    name: "playback/all-clients",
    level: "must",
    rule: "The answer goes to all clients: they show the same playback",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer }, scene) => {
      const other = await scene.connect();
      const state = await ask(peer, { command: pause, requestId: "for all" });
      same(await stateOf(other, "for all"), state, "the state that another client gets");
    }),
  },
  {
    name: "playback/play-pause",
    level: "must",
    rule: "The command play is answered by status playing, pause by paused",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer }) => {
      same((await ask(peer, { command: play })).status, STATUSES.playing, "status after play");
      same((await ask(peer, { command: pause })).status, STATUSES.paused, "status after pause");
    }),
  },
  {
    name: "playback/speed",
    level: "must",
    rule: "The state has the speed that was asked for",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer }) => {
      for (const speed of [4, 0.5]) same((await ask(peer, { command: play, speed })).speed, speed, "speed");
    }),
  },
  {
    name: "playback/fast",
    level: "should",
    rule: "Playback goes as fast as it is asked to: at speed 200 a minute takes a third of a second",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer, start, end }) => {
      const minute = end - start > 60n * SECOND ? end - 60n * SECOND : start;
      await ask(peer, { command: play, speed: 200, seekTime: minute });
      await stateWith(peer, STATUSES.ended);
    }),
  },
  {
    name: "playback/seek",
    level: "must",
    rule: "A seek is answered by a state at the wanted time with didSeek",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer, start }) => {
      const seekTime = start + 1n;
      const { currentTime, didSeek } = await ask(peer, { command: pause, seekTime });
      same({ currentTime, didSeek }, { currentTime: seekTime, didSeek: 1 }, "state after a seek");
    }),
  },
  {
    name: "playback/seek-status",
    level: "must",
    rule: "A request carries the whole wanted state: a seek with pause stands still, one with play plays",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer, start }) => {
      for (const [command, status] of [[play, STATUSES.playing], [pause, STATUSES.paused]] as const) {
        same((await ask(peer, { command, seekTime: start })).status, status, "status after a seek");
      }
    }),
  },
  {
    name: "playback/no-seek",
    level: "must",
    rule: "Without a seek didSeek is 0 and the time goes on from where it was, whatever the request's seekTime says",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer, start, end }) => {
      const { currentTime, didSeek } = await ask(peer, { command: pause, hasSeek: 0, seekTime: end });
      same({ currentTime, didSeek }, { currentTime: start, didSeek: 0 }, "state without a seek");
    }),
  },
  {
    name: "playback/seek-before",
    level: "extra",
    rule: "A seek before the data goes to its begin",
    source: foxwire("Time and playback: a seek outside the range"),
    needs: NEEDS,
    run: onStage(async ({ peer, start }) => {
      const { currentTime, didSeek } = await ask(peer, { command: pause, seekTime: 0n });
      same({ currentTime, didSeek }, { currentTime: start, didSeek: 1 }, "state after a seek before the data");
    }),
  },
  {
    name: "playback/seek-behind",
    level: "extra",
    rule: "A seek behind the data goes to its end",
    source: foxwire("Time and playback: a seek outside the range"),
    needs: NEEDS,
    run: onStage(async ({ peer, end }) => {
      const { currentTime } = await ask(peer, { command: pause, seekTime: 2n ** 64n - 1n });
      same(currentTime, end, "time after a seek behind the data");
    }),
  },
  {
    name: "playback/ended",
    level: "must",
    rule: "At the end of the data a state with status ended goes out, without a request id",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer, end }) => {
      await ask(peer, { command: play, seekTime: end - SECOND / 20n });
      const { currentTime, requestId } = await stateWith(peer, STATUSES.ended);
      same({ currentTime, requestId }, { currentTime: end, requestId: "" }, "state at the end");
    }),
  },
  {
    name: "playback/ended-once",
    level: "must",
    rule: "The status ended goes out once",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer, end }) => {
      await ask(peer, { command: play, seekTime: end - 1n });
      await stateWith(peer, STATUSES.ended);
      none(statesIn(await whileToldTwice(peer)), "state after that, as nothing has changed");
    }),
  },
  {
    name: "playback/ended-play",
    level: "extra",
    rule: "play at the end without a seek is answered with status ended",
    source: foxwire("Time and playback: play at the end without a seek"),
    needs: NEEDS,
    run: onStage(async ({ peer, end }) => {
      await ask(peer, { command: play, seekTime: end - 1n });
      await stateWith(peer, STATUSES.ended);
      same((await ask(peer, { command: play })).status, STATUSES.ended, "status after play at the end");
    }),
  },
  {
    name: "playback/ended-seek",
    level: "must",
    rule: "play at the end with a seek plays again",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer, start, end }) => {
      await ask(peer, { command: play, seekTime: end - 1n });
      await stateWith(peer, STATUSES.ended);
      same((await ask(peer, { command: play, seekTime: start })).status, STATUSES.playing, "status");
    }),
  },
  {
    name: "playback/bad-command",
    level: "should",
    rule: "A request with an unknown command is answered by a status of level error, and nothing is done",
    source: sdk("PlaybackControlRequest"),
    needs: NEEDS,
    run: refuses({ command: 2, seekTime: 5n }),
  },
  ...[0, -1, NaN, Infinity].map((speed): ConformCase => ({
    name: `playback/bad-speed-${`${speed}`.toLowerCase()}`,
    level: "extra",
    rule: `A request with speed ${speed} is answered by a status of level error, and nothing is done`,
    source: foxwire("Time and playback: a speed that is not finite or not above 0"),
    needs: NEEDS,
    run: refuses({ speed }),
  })),
  {
    name: "playback/bad-seek",
    level: "extra",
    rule: "A request whose hasSeek is neither 0 nor 1 is answered by a status of level error, and nothing is done",
    source: foxwire("Time and playback: hasSeek above 1"),
    needs: NEEDS,
    run: refuses({ hasSeek: 2, seekTime: 5n }),
  },
  {
    name: "playback/cut-short",
    level: "should",
    rule: "A request that is cut short is answered by a status of level error, and nothing is done",
    source: sdk("handle_message: Invalid message"),
    needs: NEEDS,
    run: onStage(async ({ peer }) => {
      const whole = playbackRequest({ command: play, requestId: "cut" });
      for (const length of [2, 10, 18, whole.length - 1]) {
        const answers = await peer.ask(whole.slice(0, length));
        same(complaintsIn(answers).map(({ level }) => level), [LEVELS.error], `levels at ${length} bytes`);
      }
      same((await ask(peer, { command: pause })).status, STATUSES.paused, "status");
    }),
  },
  {
    name: "playback/shape",
    level: "must",
    rule: "In each playbackState status is 0 to 3, didSeek 0 or 1, and speed a finite number",
    source: SOURCE,
    needs: NEEDS,
    run: onStage(async ({ peer, start }) => {
      const messages = await peer.ask(
        ...[play, pause, play].map((command) => playbackRequest({ command, seekTime: start })),
      );
      const states = messages.filter((message) => isBinary(message, OPCODES.playback));
      for (const state of states.map((message) => readPlayback(message as Uint8Array))) {
        const right = state.status <= 3 && state.didSeek <= 1 && Number.isFinite(state.speed);
        check(right, "status 0 to 3, didSeek 0 or 1, a finite speed", state);
      }
    }),
  },
];
