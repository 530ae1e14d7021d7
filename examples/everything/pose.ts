/** `/pose`: protobuf, `foxglove.PoseInFrame`, twice per second: something that goes round the origin in a minute. */
import type { FoxgloveServer } from "@foxwire/foxwire/server";
import { encodePose, POSE_SCHEMA, type PoseInFrame } from "./pose_schema.ts";
import { every } from "./timers.ts";

const ROUND_MS = 60_000;
const RADIUS = 2;

export function addPose(server: FoxgloveServer, signal: AbortSignal): void {
  const channel = server.channel("/pose", { encoding: "protobuf", schema: POSE_SCHEMA, encode: encodePose });
  every(2, signal, () => {
    const now = Date.now();
    channel.publish(poseAt(now), { logTime: BigInt(now) * 1_000_000n });
  });
}

function poseAt(millis: number): PoseInFrame {
  const angle = 2 * Math.PI * (millis % ROUND_MS) / ROUND_MS;
  return {
    timestamp: new Date(millis).toISOString(),
    frameId: "map",
    pose: {
      position: { x: RADIUS * Math.cos(angle), y: RADIUS * Math.sin(angle), z: 0 },
      orientation: { x: 0, y: 0, z: Math.sin(angle / 2), w: Math.cos(angle / 2) },
    },
  };
}
