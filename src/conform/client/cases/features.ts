/**
 * Statuses, time, assets, the connection graph, playback; and that nothing is used which the server does not declare.
 *
 * @module
 */
import type { JsonObject } from "../../case.ts";
import { check, none, same } from "../../steps/check.ts";
import { choice, spec } from "../../steps/sources.ts";
import { assetResponse, playbackState, readPlaybackRequest, serverTime } from "../binary.ts";
import type { ClientCase, Instruction } from "../case.ts";
import type { ServerEnd } from "../server_end.ts";
import type { Stage } from "../stage.ts";
import { driven } from "./steps.ts";

const LEVELS = ["info", "warning", "error"];

const told = driven("status", spec("Status: and Time"), [
  ["levels", "must", "A status arrives with its level and its message", async (stage) => {
    const { end } = await stage.subscribed();
    for (const [level, name] of LEVELS.entries()) {
      end.send({ op: "status", level, message: `of level ${level}` });
      const report = await stage.reported(
        "status",
        '{"got":"status",…}',
        ({ message }) => message === `of level ${level}`,
      );
      check(report.level === level || report.level === name, `level ${level} or "${name}"`, report.level);
    }
  }],
  ["time", "must", "A time arrives to the nanosecond", async (stage) => {
    const { end } = await stage.subscribed({ info: { capabilities: ["time"] } });
    end.send(serverTime(1_700_000_000_123_456_789n));
    const { timestamp } = await stage.reported("time", '{"got":"time",…}');
    same(String(timestamp), "1700000000123456789", "timestamp, as a decimal text");
  }],
]);

const ASSETS = { capabilities: ["assets"] };

async function fetched(stage: Stage, end: ServerEnd, uri: string) {
  const tag = stage.tag();
  stage.tell({ do: "fetchAsset", tag, uri });
  const message = await end.expect("fetchAsset", (message) => message.uri === uri, `with uri "${uri}"`);
  return { tag, requestId: message.requestId as number };
}

const assets = driven("assets", spec("Fetch Asset"), [
  ["fetch", "must", "An asset is asked for by its uri, and arrives", async (stage) => {
    const end = await stage.ready({ info: ASSETS });
    for (const data of ["solid a", ""]) {
      const { tag, requestId } = await fetched(stage, end, "package://arm/a.stl");
      end.send(assetResponse(requestId, { data }));
      same((await stage.answered(tag)).data, data, "data of the answer");
    }
  }],
  ["failure", "must", "A fetchAssetResponse with status 1 fails the request, with its message", async (stage) => {
    const end = await stage.ready({ info: ASSETS });
    const { tag, requestId } = await fetched(stage, end, "package://arm/none.stl");
    end.send(assetResponse(requestId, { error: "there is no such file" }));
    const { message } = await stage.answered(tag, "failure");
    check(String(message).includes("there is no such file"), 'a failure with "there is no such file"', message);
  }],
  ["out-of-order", "must", "Assets may come in any order: the request id says which they are", async (stage) => {
    const end = await stage.ready({ info: ASSETS });
    const a = await fetched(stage, end, "package://a");
    const b = await fetched(stage, end, "package://b");
    end.send(assetResponse(b.requestId, { data: "b" }), assetResponse(a.requestId, { data: "a" }));
    same((await stage.answered(b.tag)).data, "b", "data of package://b");
    same((await stage.answered(a.tag)).data, "a", "data of package://a");
  }],
]);

const GRAPH = { capabilities: ["connectionGraph"] };

function graphUpdate(publishedTopics: JsonObject[]): JsonObject {
  const none = { subscribedTopics: [], advertisedServices: [], removedTopics: [], removedServices: [] };
  return { op: "connectionGraphUpdate", publishedTopics, ...none };
}

const graphs = driven("graph", spec("Subscribe connection graph updates"), [
  ["updates", "must", "The connection graph is subscribed to, and its updates arrive", async (stage) => {
    const end = await stage.ready({ info: GRAPH });
    stage.tell({ do: "subscribeGraph" });
    await end.expect("subscribeConnectionGraph");
    for (const name of ["/image", "/pose"]) {
      end.send(graphUpdate([{ name, publisherIds: ["camera"] }]));
      await stage.reported(
        "graph",
        `{"got":"graph",…} with "${name}"`,
        (report) => JSON.stringify(report).includes(name),
      );
    }
  }],
  ["ends", "must", "The connection graph is unsubscribed from", async (stage) => {
    const end = await stage.ready({ info: GRAPH });
    stage.tell({ do: "subscribeGraph" });
    await end.expect("subscribeConnectionGraph");
    stage.tell({ do: "unsubscribeGraph" });
    await end.expect("unsubscribeConnectionGraph");
  }],
]);

const SECOND = 1_000_000_000n;
const RANGE = {
  capabilities: ["playbackControl", "time"],
  dataStartTime: { sec: 0, nsec: 0 },
  dataEndTime: { sec: 60, nsec: 0 },
};
const PAUSED = { status: 1, currentTime: 5n * SECOND, speed: 2 };

/** A server that plays recorded data, paused at 5 s with speed 2; gives the request that the client makes of an instruction. */
async function playback(stage: Stage, instruct: (tag: string) => Instruction) {
  const { end } = await stage.subscribed({ info: RANGE });
  end.send(playbackState(PAUSED));
  await stage.alive(end, "a playbackState");
  const tag = stage.tag();
  stage.tell(instruct(tag));
  const request = readPlaybackRequest(await end.expectBinary(3, "playbackControlRequest"));
  return { end, tag, request };
}

const playing = driven("playback", choice("Time and playback"), [
  ["play", "must", "A request carries the whole wanted state: command, the speed in force, no seek", async (stage) => {
    const { end, tag, request: { requestId, ...rest } } = await playback(stage, (tag) => ({ do: "play", tag }));
    same(rest, { command: 0, speed: 2, hasSeek: 0, seekTime: 0n }, "the request");
    end.send(playbackState({ ...PAUSED, status: 0, requestId }));
    await stage.answered(tag);
  }],
  ["pause", "must", "Pausing is command 1", async (stage) => {
    const { request: { command, hasSeek } } = await playback(stage, (tag) => ({ do: "pause", tag }));
    same([command, hasSeek], [1, 0], "command and hasSeek");
  }],
  ["seek", "must", "A seek carries its time, and leaves command and speed as they are", async (stage) => {
    const time = String(10n * SECOND + 1n);
    const { end, tag, request: { requestId, ...rest } } = await playback(stage, (tag) => ({ do: "seek", tag, time }));
    same(rest, { command: 1, speed: 2, hasSeek: 1, seekTime: BigInt(time) }, "the request");
    end.send(playbackState({ ...PAUSED, currentTime: BigInt(time), didSeek: true, requestId }));
    await stage.answered(tag);
  }],
  ["speed", "must", "A new speed leaves the command as it is", async (stage) => {
    const { request } = await playback(stage, (tag) => ({ do: "setSpeed", tag, speed: 0.5 }));
    same([request.command, request.speed, request.hasSeek], [1, 0.5, 0], "command, speed and hasSeek");
  }],
  ["state", "must", "A playbackState that nobody asked for arrives", async (stage) => {
    const { end } = await stage.subscribed({ info: RANGE });
    end.send(playbackState({ status: 3, currentTime: 60n * SECOND, speed: 1 }));
    const { status, currentTime } = await stage.reported("playbackState", '{"got":"playbackState",…}');
    check(status === 3 || status === "ended", 'status 3 or "ended"', status);
    same(String(currentTime), String(60n * SECOND), "currentTime, as a decimal text");
  }],
]).map((entry): ClientCase => ({ ...entry, protocol: "foxglove.sdk.*" }));

const UNDECLARED: readonly [name: string, capability: string, kind: string | number, Instruction][] = [
  ["publish", "clientPublish", "advertise", { do: "publish", topic: "/goal", encoding: "json", data: "{}" }],
  ["call", "services", 2, { do: "callService", tag: "x", service: "/echo", encoding: "json", data: "{}" }],
  ["get-parameters", "parameters", "getParameters", { do: "getParameters", tag: "x", names: [] }],
  ["set-parameters", "parameters", "setParameters", {
    do: "setParameters",
    tag: "x",
    parameters: [{ name: "a", value: true }],
  }],
  ["parameter-updates", "parametersSubscribe", "subscribeParameterUpdates", {
    do: "subscribeParameters",
    names: ["a"],
  }],
  ["fetch-asset", "assets", "fetchAsset", { do: "fetchAsset", tag: "x", uri: "package://a" }],
  ["graph", "connectionGraph", "subscribeConnectionGraph", { do: "subscribeGraph" }],
  ["play", "playbackControl", 3, { do: "play", tag: "x" }],
];

const undeclared: ClientCase[] = UNDECLARED.map(([name, capability, kind, instruction]) => ({
  name: `undeclared/${name}`,
  level: "must",
  rule: `Nothing that needs "${capability}" is sent to a server that does not declare it`,
  source: spec("Server Info: capabilities"),
  driven: true,
  async run(stage) {
    const { end } = await stage.subscribed();
    stage.tell(instruction);
    await stage.settled(end);
    none(end.heard(kind), `message that needs "${capability}"`);
  },
}));

export const features: readonly ClientCase[] = [...told, ...assets, ...graphs, ...playing, ...undeclared];
