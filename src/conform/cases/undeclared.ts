/**
 * Cases of what a server has not declared: who asks for it all the same is told, and does not wait for ever.
 *
 * @module
 */
import { messageData, playbackRequest, readAsset, serviceCall } from "../bytes.ts";
import type { ConformCase } from "../case.ts";
import { Skip } from "../mismatch.ts";
import type { Received, Sendable } from "../peer.ts";
import type { Capability } from "../../protocol/constants.ts";
import { expectFailure, nextAnswer } from "../steps/calls.ts";
import { check } from "../steps/check.ts";
import { advertise, channelFor, topicOf } from "../steps/echo.ts";
import { SUBSCRIBE, UNSUBSCRIBE } from "../steps/graph.ts";
import { find, isBinary, isOp, LEVELS, OPCODES } from "../steps/messages.ts";
import { getting, setting, UNKNOWN_NAME, unwatching, watching } from "../steps/parameters.ts";
import { foxwire, sdk } from "../steps/sources.ts";

/** A request, and the capability without which it is refused. */
interface Undeclared {
  name: string;
  capability: Capability;
  send: Sendable;
}

const REFUSED: readonly Undeclared[] = [
  { name: "advertise", capability: "clientPublish", send: advertise(channelFor(1, topicOf("undeclared"))) },
  { name: "message-data", capability: "clientPublish", send: messageData(1, "{}") },
  { name: "get-parameters", capability: "parameters", send: getting([], "undeclared") },
  { name: "set-parameters", capability: "parameters", send: setting([{ name: UNKNOWN_NAME, value: 1 }], "undeclared") },
  { name: "watch-parameters", capability: "parametersSubscribe", send: watching(UNKNOWN_NAME) },
  { name: "unwatch-parameters", capability: "parametersSubscribe", send: unwatching(UNKNOWN_NAME) },
  { name: "subscribe-graph", capability: "connectionGraph", send: SUBSCRIBE },
  { name: "unsubscribe-graph", capability: "connectionGraph", send: UNSUBSCRIBE },
  { name: "playback", capability: "playbackControl", send: playbackRequest({ command: 1, requestId: "undeclared" }) },
];

/** Makes a case one of servers that have not declared something. */
function undeclared(capability: Capability, { run, ...rest }: ConformCase): ConformCase {
  return {
    ...rest,
    run(scene) {
      if (scene.greeting.capabilities.includes(capability)) throw new Skip(`the server declares "${capability}"`);
      return run(scene);
    },
  };
}

const isError = (message: Received) => isOp(message, "status") && message.level === LEVELS.error;
const isAsset = (message: Received) => isBinary(message, OPCODES.asset);

function refusedCase({ name, capability, send }: Undeclared): ConformCase {
  return undeclared(capability, {
    name: `undeclared/${name}`,
    level: "should",
    rule: `Without the capability ${capability} this request is answered by a status of level error`,
    source: sdk("send_error: Server does not support … capability"),
    async run(scene) {
      const peer = await scene.connect();
      peer.send(send);
      await peer.expectStatus("error");
    },
  });
}

/** The cases. */
export const UNDECLARED: readonly ConformCase[] = [
  ...REFUSED.map(refusedCase),
  undeclared("services", {
    name: "undeclared/call",
    level: "should",
    rule: "Without the capability services a call is answered by a serviceCallFailure",
    source: sdk("on_service_call: Server does not support services"),
    async run(scene) {
      const peer = await scene.connect();
      peer.send(serviceCall(1, 2, "json", "{}"));
      expectFailure(await nextAnswer(peer), 1, 2);
    },
  }),
  undeclared("assets", {
    name: "undeclared/fetch-asset",
    level: "should",
    rule: "Without the capability assets a fetchAsset is answered: by a status of level error, or by its failure",
    source: sdk("on_fetch_asset: Server does not support assets capability"),
    async run(scene) {
      const peer = await scene.connect();
      peer.send({ op: "fetchAsset", uri: "package://foxwire_conform/x", requestId: 3 });
      await find(peer, "a status of level error, or a fetchAssetResponse", (m) => isError(m) || isAsset(m));
    },
  }),
  undeclared("assets", {
    name: "undeclared/fetch-asset-answer",
    level: "extra",
    rule: "Without the capability assets a fetchAsset is answered by a fetchAssetResponse of status 1 with its id",
    source: foxwire("Assets: no handler was ever added"),
    async run(scene) {
      const peer = await scene.connect();
      peer.send({ op: "fetchAsset", uri: "package://foxwire_conform/x", requestId: 3 });
      const message = await find(peer, "a fetchAssetResponse", isAsset) as Uint8Array;
      const { requestId, status } = readAsset(message);
      check(requestId === 3 && status === 1, "request id 3 and status 1", { requestId, status });
    },
  }),
];
